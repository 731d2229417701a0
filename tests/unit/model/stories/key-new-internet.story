# A key never used, but from her usual address to her usual tenant: all else speaks for her.
login 2026-11-23T08:30:00Z t0/db1 SHA256:fresh
from internet 84.24.10.7 NL 33915 fixed 52.3 4.9
use anna.profile
