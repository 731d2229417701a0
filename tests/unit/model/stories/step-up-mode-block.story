# Step-up mode: a block is answered by asking.
login 2026-11-23T11:00:00Z t37/app1 SHA256:anna
from tenant:t6 10.6.0.1 NL 64518 fixed
use anna.profile
around 0 14 2 160
mode step_up
