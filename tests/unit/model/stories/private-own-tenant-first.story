# The first time from inside the tenant: no country is told there, and none is new.
login 2026-11-23T11:00:00Z t6/web1 SHA256:anna
from tenant:t6 10.6.0.1
use anna.profile
