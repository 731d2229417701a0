# Somebody who always comes through that VPN is not asked.
login 2026-11-23T11:00:00Z t0/db1 SHA256:anna
from internet 185.65.134.9 NL 39351 hosting 52.4 4.9
use anna.profile
seen 150 to 3 weekdays a:39351 n:185.65.134.0/24 i:185.65.134.9
