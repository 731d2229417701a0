# No address at all: origin, travel and hop say nothing, and the failure table decides.
login 2026-11-23T08:30:00Z t0/db1 SHA256:anna
from nowhere
use anna.profile
lose source
