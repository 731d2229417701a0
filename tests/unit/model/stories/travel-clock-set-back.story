# The last place lies in the future: a clock was set back, and travel says nothing.
login 2026-11-23T11:00:00Z t0/db1 SHA256:anna
from internet 218.92.0.31 CN 4134 fixed 31.2 121.5
use anna.profile
last -3h internet NL 33915 fixed 52.3 4.9
