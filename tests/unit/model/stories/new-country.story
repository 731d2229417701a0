# A hotel abroad, fourteen hours after the last login: she is asked, once.
login 2026-11-23T08:30:00Z t0/db1 SHA256:anna
from internet 80.58.61.3 ES 3352 fixed 40.4 -3.7
use anna.profile
last 14h internet NL 33915 fixed 52.3 4.9
