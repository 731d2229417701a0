# The same where nobody can be asked: let in, told aloud.
login 2026-11-23T08:30:00Z t0/db1 SHA256:anna
from home 192.0.2.10 NL 64500 fixed
use anna.profile
flag touches-flooded
lane unasked
phase account
