# Her key, out of a network of her own provider where she never was, while she works at home.
login 2026-11-23T09:30:00Z t0/db1 SHA256:anna
from internet 84.24.77.9 NL 33915 fixed 52.3 4.9
use anna.profile
last 20m internet NL 33915 fixed 52.3 4.9 84.24.10.7
