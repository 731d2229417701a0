# Three in the morning, from home, to a usual tenant: unusual hours alone ask nothing.
login 2026-11-23T03:00:00Z t0/db1 SHA256:anna
from internet 84.24.10.7 NL 33915 fixed 52.3 4.9
use anna.profile
