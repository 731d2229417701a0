# Five wrong passwords within minutes, then a right one, from an address of another network of hers.
login 2026-11-23T11:08:00Z t0/db1 SHA256:anna
from internet 84.24.77.7 NL 33915 fixed 52.3 4.9
use anna.profile
around 3 14 6 160
failed 9m credential
failed 8m credential
failed 7m credential
failed 6m credential
failed 5m credential
