# With everything it would be a block, but half of that is what shared lists say: asked.
login 2026-11-23T03:00:00Z t37/app1 SHA256:anna
from home 192.0.2.10 NL 64500 fixed
use anna.profile
around 0 14 1 160
touch 12m tag-a 55
touch 8m tag-b 55
