# A new host of a usual tenant.
login 2026-11-23T08:30:00Z t0/db9 SHA256:anna
from internet 84.24.10.7 NL 33915 fixed 52.3 4.9
use anna.profile
