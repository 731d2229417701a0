# She works from t6's jump host every week: that hop is hers.
login 2026-11-23T11:00:00Z t0/db1 SHA256:anna
from tenant:t6 10.6.0.1 NL 64518 fixed
use anna.profile
seen 150 to 3 weekdays e:t6/t0 x:1 a:64518 n:10.6.0.0/24 i:10.6.0.1
