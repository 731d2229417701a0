# A colleague's key in the office: only the shared list says so, which asks and never blocks.
login 2026-11-23T08:30:00Z t0/db1 SHA256:colleague
from home 192.0.2.10 NL 64500 fixed
use anna.profile
flag key-of-another
