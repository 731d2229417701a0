# Out of tenant t6's network into a usual tenant: asked.
login 2026-11-23T11:00:00Z t0/db1 SHA256:anna
from tenant:t6 10.6.0.1 NL 64518 fixed
use anna.profile
