# SPDX-License-Identifier: Apache-2.0
"""The made-up internet: countries with their clocks, providers with their addresses, and the
geolocation database with its mistakes. AS numbers are from the private range; nothing here is a
statement about a real network."""

import math
from datetime import date

EPOCH = date(1970, 1, 1)
DAY = 86400

# code: (hours from UTC, daylight-saving rule, [(latitude, longitude, weight), …])
COUNTRIES = {
    "NL": (1, "eu", [(52.37, 4.90, 5), (51.92, 4.48, 3), (52.09, 5.12, 2), (51.44, 5.47, 2), (53.22, 6.57, 1)]),
    "DE": (1, "eu", [(52.52, 13.40, 4), (53.55, 9.99, 2), (48.14, 11.58, 3), (50.94, 6.96, 2), (50.11, 8.68, 3)]),
    "GB": (0, "eu", [(51.51, -0.13, 6), (53.48, -2.24, 3), (55.86, -4.25, 2), (52.49, -1.89, 2)]),
    "FR": (1, "eu", [(48.86, 2.35, 6), (45.76, 4.84, 2), (43.30, 5.37, 2), (44.84, -0.58, 1)]),
    "SE": (1, "eu", [(59.33, 18.07, 5), (57.71, 11.97, 3), (55.60, 13.00, 2), (63.83, 20.26, 1)]),
    "PL": (1, "eu", [(52.23, 21.01, 4), (50.06, 19.94, 3), (51.11, 17.04, 2), (54.35, 18.65, 2)]),
    "ES": (1, "eu", [(40.42, -3.70, 5), (41.39, 2.17, 4), (39.47, -0.38, 2), (37.39, -5.98, 2)]),
    "US": (-6, "us", [(41.9, -87.63, 4), (29.76, -95.37, 3), (32.78, -96.8, 3), (44.98, -93.27, 2), (39.1, -94.58, 1)]),
    "CA": (-5, "us", [(43.65, -79.38, 5), (45.50, -73.57, 4), (45.42, -75.70, 2)]),
    "BR": (-3, "", [(-23.55, -46.63, 5), (-22.91, -43.17, 3), (-30.03, -51.23, 1)]),
    "ZA": (2, "", [(-26.20, 28.05, 4), (-33.92, 18.42, 3), (-29.86, 31.02, 1)]),
    "IN": (5.5, "", [(12.97, 77.59, 4), (17.39, 78.49, 3), (18.52, 73.86, 2), (28.61, 77.21, 3)]),
    "SG": (8, "", [(1.35, 103.82, 1)]),
    "JP": (9, "", [(35.68, 139.69, 5), (34.69, 135.50, 3), (43.06, 141.35, 1)]),
    "AU": (10, "au", [(-33.87, 151.21, 5), (-37.81, 144.96, 4)]),
    "NZ": (12, "nz", [(-36.85, 174.76, 4), (-41.29, 174.78, 2), (-43.53, 172.64, 1)]),
    "RO": (2, "eu", [(44.43, 26.10, 4), (46.77, 23.59, 2)]),
    "VN": (7, "", [(10.82, 106.63, 4), (21.03, 105.85, 3)]),
    "TR": (3, "", [(41.01, 28.98, 4), (39.93, 32.86, 2)]),
    "UA": (2, "eu", [(50.45, 30.52, 4), (49.84, 24.03, 1)]),
}
HOMES = ["NL", "DE", "GB", "FR", "SE", "PL", "ES", "US", "CA", "BR", "ZA", "IN", "JP", "AU", "NZ"]
NEIGHBOURS = {
    "NL": ["DE", "GB"], "DE": ["NL", "PL", "FR"], "GB": ["NL", "FR"], "FR": ["DE", "ES"], "SE": ["DE", "NL"],
    "PL": ["DE", "SE"], "ES": ["FR"], "US": ["CA"], "CA": ["US"], "BR": ["US"], "ZA": ["GB"], "IN": ["SG"],
    "JP": ["SG"], "AU": ["NZ"], "NZ": ["AU"],
}


def day_of(year, month, dom):
    return (date(year, month, dom) - EPOCH).days


def weekday(day):
    """Monday is 0; day 0 was a Thursday."""
    return (day + 3) % 7


def sunday(year, month, nth):
    """The nth Sunday of a month, as a day number; 0 for the last."""
    if nth == 0:
        last = day_of(year + (month == 12), month % 12 + 1, 1) - 1
        return last - (weekday(last) + 1) % 7
    first = day_of(year, month, 1)
    return first + (6 - weekday(first)) % 7 + 7 * (nth - 1)


RULES = {  # (month, nth Sunday) of begin and end
    "eu": ((3, 0), (10, 0)),
    "us": ((3, 2), (11, 1)),
    "au": ((10, 1), (4, 1)),
    "nz": ((9, 0), (4, 1)),
}


class Clock:
    """Local time of a country. The switch happens at midnight UTC of its Sunday: an hour or two off,
    while nobody looks."""

    def __init__(self, country):
        self.offset, self.rule, _ = COUNTRIES[country]
        self.years = {}

    def summer(self, day):
        if not self.rule:
            return False
        year = 1970 + int((day + 0.5) / 365.2425)
        if year not in self.years:
            self.years[year] = tuple(sunday(year, *at) for at in RULES[self.rule])
        begin, end = self.years[year]
        return begin <= day < end if begin < end else not end <= day < begin

    def utc(self, day, hour):
        """Epoch seconds of a local hour (0 to 48) of a local day."""
        return int(day * DAY + (hour - self.offset - self.summer(day)) * 3600)

    def local(self, time):
        """(day, hour) on the wall at this time."""
        shifted = time + (self.offset + self.summer(time // DAY)) * 3600
        return int(shifted // DAY), shifted % DAY / 3600


def distance_km(a, b):
    lat1, lon1, lat2, lon2 = map(math.radians, (*a, *b))
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 12742 * math.asin(math.sqrt(min(1, h)))


OCTETS = [o for o in range(11, 224) if o not in (100, 127, 169, 172, 192, 198, 203)]


class Provider:
    """An AS: whole /16 blocks, and one IPv6 /32. Each /24 serves one city."""

    def __init__(self, asn, country, kind, blocks, v6):
        self.asn, self.country, self.kind = asn, country, kind
        self.blocks, self.v6 = blocks, v6
        self.cities = [c[:2] for c in COUNTRIES[country][2]]
        weights = [c[2] for c in COUNTRIES[country][2]]
        total = sum(weights)
        self.shares = []  # third octets per city
        begin = 0
        for i, weight in enumerate(weights):
            end = 256 if i == len(weights) - 1 else begin + max(1, weight * 256 // total)
            self.shares.append((begin, end))
            begin = end

    def city_of(self, third):
        for i, (begin, end) in enumerate(self.shares):
            if begin <= third < end:
                return i
        return 0

    def net(self, rng, city):
        """A /24 of a city, as text without the last octet."""
        first, second = rng.choice(self.blocks)
        return f"{first}.{second}.{rng.randrange(*self.shares[city])}"

    def address(self, rng, city):
        return f"{self.net(rng, city)}.{rng.randrange(2, 254)}"

    def prefix6(self, rng, city):
        """A household's /64, as text up to the interface's half."""
        return f"{self.v6}:{rng.randrange(*self.shares[city]):x}{rng.randrange(256):02x}:{rng.randrange(1, 65536):x}"


class Source:
    """An address and how the geolocation database describes it."""

    __slots__ = ("ip", "facts")

    def __init__(self, ip, facts):
        self.ip, self.facts = ip, facts


class Atlas:
    """Providers of every country, and the database. All drawn from the world's seed."""

    def __init__(self, rng, days):
        self.rng, self.days = rng, days
        self.errors = {
            "city": rng.choice([0.0, 0.02, 0.05, 0.12]),
            "country": rng.choice([0.0, 0.003, 0.01, 0.02]),
            "pointless": rng.choice([0.02, 0.1, 0.25, 0.5]),
            "missing": rng.choice([0.0, 0.01, 0.04]),
            "kind": rng.choice([0.03, 0.1, 0.3]),
            "moved": rng.choice([0.0, 0.03, 0.08]),
        }
        self.records, self.sources = {}, {}
        self.octets = [(a, b) for a in OCTETS for b in range(256)]
        rng.shuffle(self.octets)
        self.owner, self.owner6 = {}, {}
        self.next_asn = 64512
        self.fixed, self.mobile, self.hosting = {}, {}, {}
        for country in COUNTRIES:
            self.fixed[country] = [self.provider(country, "fixed", n) for n in (4, 3, 2, 1)]
            self.mobile[country] = [self.provider(country, "mobile", 1) for _ in range(2)]
            self.hosting[country] = [self.provider(country, "hosting", 1) for _ in range(3)]
        self.vpn = [self.vpn_exits() for _ in range(3)]
        self.gateways = {}

    def provider(self, country, kind, blocks):
        v6 = f"2a{self.next_asn % 16:x}{kind[0] == 'h':d}:{self.next_asn:x}"
        found = Provider(self.next_asn, country, kind, [self.octets.pop() for _ in range(blocks)], v6)
        for block in found.blocks:
            self.owner[block] = found
        self.owner6[v6] = found
        self.next_asn += 1
        return found

    def vpn_exits(self):
        """A consumer VPN: a few dozen exit addresses per country, at a hosting provider of it."""
        exits = {}
        for country in COUNTRIES:
            provider = self.rng.choice(self.hosting[country])
            net = provider.net(self.rng, self.rng.randrange(len(provider.cities)))
            exits[country] = [f"{net}.{self.rng.randrange(2, 254)}" for _ in range(24)]
        return exits

    def city(self, rng, country):
        weights = [c[2] for c in COUNTRIES[country][2]]
        return rng.choices(range(len(weights)), weights)[0]

    def mobile_address(self, rng, provider):
        """Carrier NAT: the country shares a few gateways, and the database places each anywhere."""
        if provider not in self.gateways:
            anywhere = [self.rng.randrange(len(provider.cities)) for _ in range(9)]
            self.gateways[provider] = [provider.net(self.rng, city) for city in anywhere]
        return f"{rng.choice(self.gateways[provider])}.{rng.randrange(2, 66)}"

    # -- the database

    def source(self, ip, day=0):
        """What an event says of the address. `day` counts from the world's first: records move."""
        record = self.record(ip)
        late = record[1] is not None and day >= record[0]
        key = (ip, late)
        if key not in self.sources:
            facts = record[2] if late else record[1] if record[1] is not None else record[2]
            self.sources[key] = Source(ip, facts)
        return self.sources[key]

    def record(self, ip):
        """(day of change, facts before it or None when it never changes, facts)"""
        if ":" in ip:
            parts = ip.split(":")
            net, provider = ":".join(parts[:3]), self.owner6.get(":".join(parts[:2]))
        else:
            net = ip[: ip.rindex(".")]
            first, second, _ = net.split(".")
            provider = self.owner.get((int(first), int(second)))
        if net not in self.records:
            before = self.describe(net, provider) if self.rng.random() < self.errors["moved"] else None
            self.records[net] = (self.rng.randrange(self.days), before, self.describe(net, provider))
        return self.records[net]

    def describe(self, net, provider):
        if provider is None or self.rng.random() < self.errors["missing"]:
            return ""
        rng, facts = self.rng, f',"source.as.number":{provider.asn}'
        country, city = provider.country, self.true_city(net, provider)
        if rng.random() < self.errors["country"]:
            country = rng.choice(NEIGHBOURS.get(country, ["DE"]))
            city = self.city(rng, country)
        elif rng.random() < self.errors["city"]:
            city = self.city(rng, country)
        facts += f',"source.geo.country_iso_code":"{country}"'
        if rng.random() >= self.errors["pointless"]:
            facts += self.point(COUNTRIES[country][2][city], provider.kind)
        kind = provider.kind
        if rng.random() < self.errors["kind"]:
            kind = "" if kind != "hosting" or rng.random() < 0.5 else "fixed"
        return facts + (f',"source.kind":"{kind}"' if kind else "")

    def true_city(self, net, provider):
        if ":" in net:
            return provider.city_of(int(net.split(":")[2], 16) >> 8)
        return provider.city_of(int(net[net.rindex(".") + 1 :]))

    def point(self, city, kind):
        rng = self.rng
        scatter_km = 200 if kind == "mobile" else 15
        accuracy = rng.choice([100, 200, 500]) if kind == "mobile" else rng.choice([5, 10, 20, 20, 50, 100])
        lat = city[0] + rng.gauss(0, scatter_km / 2) / 111
        lon = city[1] + rng.gauss(0, scatter_km / 2) / 111 / max(0.3, math.cos(math.radians(city[0])))
        return (
            f',"source.geo.location":{{"lat":{lat:.4f},"lon":{lon:.4f}}}'
            f',"source.geo.accuracy_km":{accuracy}'
        )


class Line:
    """A household's connection: it changes its address every so often, half of the time leaving
    the /24 and the /64's region."""

    def __init__(self, rng, atlas, country, city, traits):
        self.atlas = atlas
        self.provider = rng.choices(atlas.fixed[country], (4, 3, 2, 1))[0]
        self.city, self.country = city, country
        self.period = rng.choices((7, 20, 60, 0), traits.renumbering)[0]
        self.days, self.addresses, self.prefixes = [], [], []
        net, prefix = self.provider.net(rng, city), self.provider.prefix6(rng, city)
        day = 0
        while True:
            self.days.append(day)
            self.addresses.append(f"{net}.{rng.randrange(2, 254)}")
            self.prefixes.append(prefix)
            if self.period == 0:
                break
            day += max(1, round(rng.expovariate(1 / self.period))) if self.period != 7 else 7
            if day >= traits.days:
                break
            if rng.random() < 0.5:
                net = self.provider.net(rng, city)
            prefix = self.provider.prefix6(rng, city)

    def at(self, day):
        low, high = 0, len(self.days)
        while high - low > 1:
            middle = (low + high) // 2
            if self.days[middle] <= day:
                low = middle
            else:
                high = middle
        return low

    def source(self, rng, day, v6):
        """With v6 a privacy address: every day another interface identifier."""
        index = self.at(day)
        if not v6:
            return self.atlas.source(self.addresses[index], day)
        half = (index * 2654435761 + day * 40503 + self.provider.asn * 97) & 0xFFFFFFFF
        words = (half >> 16, half & 0xFFFF, half * 7 & 0xFFFF, half * 13 & 0xFFFF)
        return self.atlas.source(":".join([self.prefixes[index], *(f"{word | 1:x}" for word in words)]), day)
