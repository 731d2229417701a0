# An intruder who lists his own address in the inventory gains nothing: travel and country stand.
login 2026-11-23T11:00:00Z t37/app1 SHA256:anna
from tenant:t37 218.92.0.31 CN 4134 fixed 31.2 121.5
use anna.profile
last 3h internet NL 33915 fixed 52.3 4.9
around 0 14 2 160
flag inventory
