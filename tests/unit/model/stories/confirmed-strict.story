# In strict mode one confirmed visit does.
login 2026-11-23T08:30:00Z t0/db1 SHA256:anna
from internet 218.92.0.31 CN 4134 fixed 31.2 121.5
use anna.profile
confirmed 3 to 3 daily c:CN a:4134 n:218.92.0.0/24 i:218.92.0.31
last 20h internet CN 4134 fixed 31.2 121.5
flag strict
