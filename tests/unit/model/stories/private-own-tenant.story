# A private address is this tenant's own network: no hop.
login 2026-11-23T11:00:00Z t6/web1 SHA256:anna
from tenant:t6 10.6.0.1
use anna.profile
seen 150 to 4 weekly c:unknown a:unknown n:10.6.0.0/24 i:10.6.0.1
