# A morning's round of her usual tenants brings no sum.
login 2026-11-23T08:30:00Z t0/db1 SHA256:anna
from home 192.0.2.10 NL 64500 fixed
use anna.profile
touch 40m tag-a -30
touch 30m tag-b -28
touch 20m tag-c 4
