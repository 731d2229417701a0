# Second day, the first one's step-up passed.
login 2026-11-24T08:30:00Z t0/db1 SHA256:anna
from home 192.0.2.10 NL 64500 fixed
confirmed 1 to 1 daily c:NL a:64500 n:192.0.2.0/24 i:192.0.2.10 k:SHA256:anna t:t0 h:t0/db1 x:0 w:wd08
around 3 14 6 160
