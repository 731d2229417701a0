# From the office, whose network home declares: nothing to ask.
login 2026-11-24T08:30:00Z t6/web1 SHA256:anna
from home 192.0.2.10 NL 64500 fixed
use anna.profile
