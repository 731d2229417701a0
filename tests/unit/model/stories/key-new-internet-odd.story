# A key never used, from her usual address, to a tenant she never used: asked.
login 2026-11-23T08:30:00Z t31/db1 SHA256:fresh
from internet 84.24.10.7 NL 33915 fixed 52.3 4.9
use anna.profile
