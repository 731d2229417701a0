# The third unfamiliar tenant within a quarter of an hour, from the office seat.
login 2026-11-23T11:08:00Z t57/app1 SHA256:anna
from home 192.0.2.10 NL 64500 fixed
use anna.profile
around 0 14 1 160
touch 8m tag-a 55
touch 4m tag-b 55
