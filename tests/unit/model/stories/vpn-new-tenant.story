# A VPN exit in her own country, to a tenant she never used.
login 2026-11-23T11:00:00Z t37/app1 SHA256:anna
from internet 185.65.134.9 NL 39351 hosting 52.4 4.9
use anna.profile
around 0 14 2 160
