# From tenant to tenant, every one of them usual: the fourth within the hour.
login 2026-11-23T11:08:00Z t12/fw1 SHA256:anna
from home 192.0.2.10 NL 64500 fixed
use anna.profile
around 3 14 6 160
touch 40m tag-a -30
touch 25m tag-b -25
touch 10m tag-c -28
