# A morning at one other customer, and a short look at another before it: nobody hurries.
login 2026-11-23T11:08:00Z t12/fw1 SHA256:anna
from home 192.0.2.10 NL 64500 fixed
use anna.profile
around 3 14 6 160
touch 3h tag-a -30
touch 80m tag-b -25
touch 55m tag-b -25
touch 20m tag-b -25
