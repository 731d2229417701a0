# Home's new VPN gate, in a data centre abroad: declared as home's own, it asks nobody anything.
login 2026-11-24T08:30:00Z t0/db1 SHA256:anna
from home 198.51.100.1 DE 64666 hosting
use anna.profile
