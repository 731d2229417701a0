# A tenant nobody of her team uses, from her desk at home: surprising, not alarming.
login 2026-11-23T08:30:00Z t37/app1 SHA256:anna
from internet 84.24.10.7 NL 33915 fixed 52.3 4.9
use anna.profile
around 0 14 2 160
