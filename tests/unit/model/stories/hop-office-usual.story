# Somebody who always works out of t6's network and now comes from elsewhere: that is told.
login 2026-11-23T08:30:00Z t0/db1 SHA256:ben
from internet 84.24.10.7 NL 33915 fixed 52.3 4.9
seen 180 to 3 weekdays c:NL k:SHA256:ben x:1 e:t6/t0 w:wd08 a:64518 n:10.6.0.0/24 i:10.6.0.1 t:t0 h:t0/db1
around 3 14 6 160
