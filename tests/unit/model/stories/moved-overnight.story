# The same network the next morning: her provider has given her another address.
login 2026-11-23T09:30:00Z t0/db1 SHA256:anna
from internet 84.24.77.9 NL 33915 fixed 52.3 4.9
use anna.profile
