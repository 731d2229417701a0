# Two unfamiliar tenants a day ago are nearly forgotten.
login 2026-11-23T11:00:00Z t0/db1 SHA256:anna
from home 192.0.2.10 NL 64500 fixed
use anna.profile
touch 23h tag-a 55
touch 22h tag-b 55
