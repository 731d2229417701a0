# A VPN exit to her usual tenant: asked, for the hosting network is new.
login 2026-11-23T11:00:00Z t0/db1 SHA256:anna
from internet 185.65.134.9 NL 39351 hosting 52.4 4.9
use anna.profile
