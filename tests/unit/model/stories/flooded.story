# Somebody stuffed the shared touches: full accusation, and still no block by that alone.
login 2026-11-23T08:30:00Z t37/app1 SHA256:anna
from home 192.0.2.10 NL 64500 fixed
use anna.profile
around 0 14 2 160
flag touches-flooded
