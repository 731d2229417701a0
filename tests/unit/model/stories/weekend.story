# She never works at weekends: Sunday noon is as rare as any hour.
login 2026-11-22T12:30:00Z t0/db1 SHA256:anna
from internet 84.24.10.7 NL 33915 fixed 52.3 4.9
use anna.profile
