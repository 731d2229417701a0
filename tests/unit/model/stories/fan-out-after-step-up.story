# The same after a passed step-up: the sum starts anew.
login 2026-11-23T11:12:00Z t58/app1 SHA256:anna
from home 192.0.2.10 NL 64500 fixed
use anna.profile
around 0 14 1 160
touch 12m tag-a 55
touch 8m tag-b 55
touch 4m tag-c 55
stepup 3m
