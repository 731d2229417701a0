# A customer's host, witness of its own: the first login there is asked for.
login 2026-11-23T08:30:00Z t37/app1 SHA256:anna
from internet 84.24.10.7 NL 33915 fixed 52.3 4.9
seen 180 to 3 weekdays c:NL a:33915 n:84.24.10.0/24 i:84.24.10.7 k:SHA256:anna x:0 w:wd08
visits 40 44 42 45 40 38 41
flag witness-tenant
