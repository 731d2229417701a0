# The second day on a line of another operator: not known yet, but seen.
login 2026-11-24T09:00:00Z t0/db1 SHA256:anna
from internet 62.140.132.9 NL 1136 mobile 52.1 5.1
use anna.profile
seen 1 to 1 daily a:1136 n:62.140.132.0/24 i:62.140.132.9
