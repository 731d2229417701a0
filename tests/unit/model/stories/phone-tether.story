# Her phone's network in her own country: new operator, no question.
login 2026-11-23T09:00:00Z t0/db1 SHA256:anna
from internet 62.140.132.9 NL 1136 mobile 52.1 5.1
use anna.profile
