# SPDX-License-Identifier: Apache-2.0
"""The world that the sandbox plays: loopback addresses with facts, customers, people and what they did before."""
import json
import time

USUAL = "127.0.10.7"     # anna's provider at home
ABROAD = "127.0.66.6"    # a hosting provider in a country where nobody of this company ever was
OFFICE = "127.0.1.20"    # the company's own network
IN_ACME = "127.0.20.5"   # the customer whose host this is
IN_BETA = "127.0.130.5"  # another customer
NOWHERE = "127.0.200.9"  # an address that no database knows

NETWORKS = [
    {"network": "127.0.10.0/24", "country": "NL", "lat": 52.37, "lon": 4.9, "radius": 20, "asn": 64610,
     "org": "Example Cable"},
    {"network": "127.0.1.0/24", "country": "NL", "lat": 52.09, "lon": 5.12, "radius": 5, "asn": 64600, "org": "Example MSP"},
    {"network": "127.0.66.0/24", "country": "RO", "lat": 44.43, "lon": 26.1, "radius": 50, "asn": 64666,
     "org": "Example Hosting", "hosting": True},
    {"network": "127.0.20.0/24", "country": "NL", "lat": 51.92, "lon": 4.48, "radius": 10, "asn": 64620, "org": "Acme"},
    {"network": "127.0.130.0/24", "country": "NL", "lat": 51.44, "lon": 5.47, "radius": 10, "asn": 64630, "org": "Beta"},
]

CONFIGURATION = """[hopwarden]
tenant   = acme
accounts = @msp-admins @msp-automation pavel root
mode     = {mode}
block_at = {block_at}
history  = {history}
geo_city = /var/lib/hopwarden/city.mmdb
geo_asn  = /var/lib/hopwarden/asn.mmdb
hosting_networks = AS64666
{more}
[home]
networks = 127.0.1.0/24

[tenant "acme"]
networks = 127.0.20.0/24

[tenant "beta"]
networks = 127.0.130.0/24

[person "anna"]
accounts = acme:anna beta:a.visser

[team "support"]
members = anna

[account "root"]
class = shared

[account "rescue"]
class = break-glass

[account "glass"]
class = break-glass

[account "ansible"]
class = automation
keys = {ansible_key}
sources = 127.0.1.0/24
tenants = acme
"""
NO_KEY = "SHA256:" + "A" * 43
SQLITE = "sqlite:/var/lib/hopwarden/history.db"


def configuration(mode="enforce", history=SQLITE, ansible_key=NO_KEY, more="", block_at="-3.4"):
    return CONFIGURATION.format(mode=mode, history=history, ansible_key=ansible_key, more=more, block_at=block_at)


def _stamp(epoch):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


def logins(account, key, *, source=USUAL, tenant="acme", host="acme-db1", days=21, now=None):
    """A log of one login a day until yesterday, each at another hour: somebody who is on call."""
    now = int(now or time.time())
    for day in range(days, 0, -1):
        moment = now - day * 86400 - (day * 7 % 24) * 3600 % 72000
        yield moment, {"@timestamp": _stamp(moment), "event.outcome": "success", "user.name": account,
                       "hopwarden.tenant": tenant, "host.name": host, "source.ip": source, "hopwarden.key": key,
                       "hopwarden.method": "publickey"}


def as_log(*many):
    """Logs of several people as one file of lines, in time order."""
    entries = sorted((entry for one in many for entry in one), key=lambda entry: entry[0])
    return "".join(json.dumps(entry) + "\n" for _, entry in entries)
