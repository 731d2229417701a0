# A tenant of a project that ended in the summer.
login 2026-11-23T09:00:00Z t31/db1 SHA256:anna
from internet 84.24.10.7 NL 33915 fixed 52.3 4.9
use anna.profile
seen 180 to 150 weekdays t:t31 h:t31/db1
