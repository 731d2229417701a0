# A second try at the same tenant does not count the first against her.
login 2026-11-23T11:08:00Z t57/app1 SHA256:anna
from home 192.0.2.10 NL 64500 fixed
use anna.profile
around 0 14 1 160
touch 2m tag-t57 55
