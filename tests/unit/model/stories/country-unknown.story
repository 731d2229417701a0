# Nobody can tell where the address lies: unknown is a country of its own, and a new one.
login 2026-11-23T08:30:00Z t0/db1 SHA256:anna
from internet 203.0.113.9
use anna.profile
