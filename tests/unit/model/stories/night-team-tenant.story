# At night a tenant that is new to her, though not to her team.
login 2026-11-23T03:00:00Z t30/app1 SHA256:anna
from internet 84.24.10.7 NL 33915 fixed 52.3 4.9
use anna.profile
around 1 14 3 160
