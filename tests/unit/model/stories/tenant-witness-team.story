# A tenant's own witness that never saw her: her team administers it, and she is asked nothing.
login 2026-11-23T08:30:00Z t37/app1 SHA256:anna
from home 192.0.2.10 NL 64500 fixed
around 3 14 6 160
visits 20 22
flag witness-tenant
