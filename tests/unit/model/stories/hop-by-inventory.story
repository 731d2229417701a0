# Only the shared inventory says that the address is t6's: suspicion, never a block.
login 2026-11-23T11:00:00Z t37/app1 SHA256:anna
from tenant:t6 84.24.10.7 NL 33915 fixed 52.3 4.9
use anna.profile
around 0 14 2 160
flag inventory
