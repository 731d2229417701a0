# Anna, network engineer: half a year of weekdays from home (84.24.10.7) and the office
# (192.0.2.10), for tenants t0, t6 and t12; sixty tenants in all, a team of five.
seen 180 to 3 weekdays c:NL k:SHA256:anna x:0 w:wd07 w:wd08 w:wd12 w:wd13
seen 180 to 3 weekdays a:33915 n:84.24.10.0/24 i:84.24.10.7 t:t0 h:t0/db1
seen 179 to 4 weekly a:64500 n:192.0.2.0/24 i:192.0.2.10 t:t6 h:t6/web1
seen 178 to 5 weekly t:t12 h:t12/fw1 h:t0/db2
last 18h internet NL 33915 fixed 52.3 4.9
around 3 14 6 160
