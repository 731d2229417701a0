# Back after four months of leave, at her own desk.
login 2027-03-23T11:08:00Z t0/db1 SHA256:anna
from internet 84.24.10.7 NL 33915 fixed 52.3 4.9
seen 300 to 120 weekdays c:NL k:SHA256:anna x:0 w:wd07 w:wd08 w:wd12 w:wd13
seen 300 to 120 weekdays a:33915 n:84.24.10.0/24 i:84.24.10.7 t:t0 h:t0/db1
last 120d internet NL 33915 fixed 52.3 4.9
around 3 14 6 160
