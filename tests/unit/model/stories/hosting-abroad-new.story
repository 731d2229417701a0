# The same place, not declared: a data centre abroad where nobody has been.
login 2026-11-24T08:30:00Z t0/db1 SHA256:anna
from internet 198.51.100.1 DE 64666 hosting
use anna.profile
