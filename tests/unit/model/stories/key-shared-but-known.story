# A key that somebody else has used as well, but which is hers since long.
login 2026-11-23T08:30:00Z t0/db1 SHA256:anna
from home 192.0.2.10 NL 64500 fixed
use anna.profile
flag key-of-another
