# A country not seen for a year has faded: as new again.
login 2026-11-23T08:30:00Z t0/db1 SHA256:anna
from internet 80.58.61.3 ES 3352 fixed 40.4 -3.7
use anna.profile
seen 400 to 395 daily c:ES a:3352
