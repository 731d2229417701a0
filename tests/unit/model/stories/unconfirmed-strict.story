# Strict mode: the fourth day in a café's network, which nobody ever vouched for.
login 2026-11-23T11:08:00Z t0/db1 SHA256:anna
from internet 84.24.77.7 NL 33915 fixed 52.3 4.9
use anna.profile
seen 6 to 4 daily n:84.24.77.0/24 i:84.24.77.7
around 3 14 6 160
flag strict
