# Out of tenant t6's network into a tenant never used: the hop this project exists for.
login 2026-11-23T11:00:00Z t37/app1 SHA256:anna
from tenant:t6 10.6.0.1 NL 64518 fixed
use anna.profile
around 0 14 2 160
