# The same in the office: the new laptop's key is no question there.
login 2026-11-23T08:30:00Z t0/db1 SHA256:fresh
from home 192.0.2.10 NL 64500 fixed
use anna.profile
