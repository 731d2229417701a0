# SPDX-License-Identifier: Apache-2.0
"""The attacks. Each identity is attacked at most once, in the last weeks of the log, while the victim
goes on working: one run over the log scores every attack from its victim's state at that time, and
nothing honest that is counted comes after it. Whoever an attacker is, asked for a second factor he
fails."""

from atlas import COUNTRIES, DAY, NEIGHBOURS
from company import key_of
from journal import Visit

SHARES = (30, 60, 90)  # per cent of the touched tenants that the victim has used
WINDOW = 14  # days at the end of the log in which attacks begin (a poisoner comes earlier)
LEAST_DAYS = 30  # a victim has worked this long
MINUTES = {  # from one login to the next
    "naive": (0.7, 5),
    "vpn": (2, 15),
    "targeted": (20, 110),
    "colleague": (8, 60),
    "hop-fast": (0.5, 4),
    "hop-slow": (110, 540),
    "seat": (4, 40),
    "poisoner": (3, 30),
    "graft": (2, 25),
    "stuffing": (1, 10),
}
KINDS = tuple(MINUTES)


class Attacks:
    def __init__(self, world, journal):
        self.world, self.journal = world, journal
        self.rng, self.days = world.rng("attacks"), world.traits.days
        world.measured_days = self.days - WINDOW
        self.instances = []

    def run(self):
        victims = self.world.people[:]
        self.rng.shuffle(victims)
        cards, dealt = self.deal(), None
        for victim in victims:
            dealt = dealt or next(cards)
            if self.attack(victim, *dealt):
                dealt = None

    def deal(self):
        """Round by round every kind once, each time with another share."""
        turn = self.rng.randrange(len(SHARES))
        while True:
            for kind in self.rng.sample(KINDS, len(KINDS)):
                yield kind, SHARES[(KINDS.index(kind) + turn) % len(SHARES)]
            turn += 1

    def attack(self, victim, kind, share):
        """False when this victim gives no occasion: on leave, too new, or without enough work."""
        anchor = self.anchor(victim, kind)
        if anchor is None:
            return False
        day = anchor.time // DAY - self.world.traits.start
        self.known = {v.tenant.name for v in victim.log if v.time < anchor.time}
        route = self.route(victim, anchor, share)
        self.victim, self.kind, self.share = victim, kind, share
        self.name, self.logins, self.touched = f"{kind}-{victim.name}", 0, {}
        self.key = anchor.key
        self.first = None
        getattr(self, kind.replace("-", "_"))(anchor, route, day)
        hits = sum(name in self.known for name in self.touched)
        self.instances.append({
            "id": self.name, "kind": kind, "victim": victim.name, "share": share, "logins": self.logins,
            "tenants": len(self.touched), "known": round(hits / max(1, len(self.touched)), 3), "begins": self.first,
        })
        return True

    def anchor(self, victim, kind):
        """An honest login of the victim near which the attack begins."""
        world = self.world.traits
        end = (world.start + self.days - (8 if kind == "hop-slow" else 4 if kind == "targeted" else 2)) * DAY
        begin = (world.start + self.days - WINDOW) * DAY
        window = [v for v in victim.log if begin <= v.time < end and v.place != "tenant-bastion"]
        if victim.hired > self.days - WINDOW - LEAST_DAYS or not window:
            return None
        return self.rng.choice(window)

    def route(self, victim, anchor, share):
        """12 to 15 tenants, `share` per cent of them known to the victim."""
        day = anchor.time // DAY - self.world.traits.start
        active = [t for t in self.world.tenants if t.start_day <= day]
        known = [t for t in active if t.name in self.known]
        fresh = [t for t in active if t.name not in self.known]
        count = min(self.rng.randint(12, 15), len(active))
        familiar = min(len(known), max(round(count * share / 100), count - len(fresh)))
        route = self.rng.sample(known, familiar) + self.rng.sample(fresh, min(len(fresh), count - familiar))
        self.rng.shuffle(route)
        return route

    # -- logins

    def login(self, time, tenant, source, key, phase="hop"):
        name = tenant.name
        self.first = self.first or int(time)
        self.logins += 1
        self.touched.setdefault(name, len(self.touched) + 1)
        day = int(time // DAY) - self.world.traits.start
        host = self.rng.choice(tenant.hosts[: tenant.hosts_on(day)])
        self.journal.add(time, self.victim, tenant, host, source, key, self.truth(tenant, phase), step_up_fails=True)

    def truth(self, tenant, phase):
        counted = "" if phase == "guess" else f'"login":{self.logins},"tenant":{self.touched.get(tenant.name, 0)},'
        known = "true" if tenant.name in self.known else "false"
        return (
            f'"kind":"{self.kind}","instance":"{self.name}","phase":"{phase}",{counted}'
            f'"known":{known},"share":{self.share}'
        )

    def sweep(self, time, route, source, key, awake=None):
        """Through the tenants at the kind's tempo; a fifth of them gets a second login. `awake` keeps
        to the victim's hours of the day."""
        low, high = MINUTES[self.kind]
        pace = low + (high - low) * self.rng.random() ** 2
        for tenant in route:
            for _ in range(1 + (self.rng.random() < 0.2)):
                if awake:
                    time = self.waking(time, awake)
                at = source(time) if callable(source) else source
                self.login(time, tenant, at, "" if tenant.legacy else key)
                time += pace * 60 * self.rng.uniform(0.4, 1.6)

    def waking(self, time, anchor):
        clock = self.victim.site.clock
        day, hour = clock.local(time)
        begin, end = self.victim.begins, self.victim.begins + self.victim.length
        if self.victim.shift != "day" or begin <= hour <= end:
            return time
        return clock.utc(day + (hour > end), begin + self.rng.random() * 2)

    def at_night(self, anchor):
        return anchor.time + self.rng.randrange(3, 21) * 3600 + self.rng.randrange(3600)

    def soon(self, anchor):
        return anchor.time + self.rng.randrange(60, 5400)

    # -- the kinds

    def naive(self, anchor, route, day):
        """A stolen key, used from wherever the thief lives, at any hour."""
        atlas, rng = self.world.atlas, self.rng
        country = rng.choice([c for c in COUNTRIES if c != self.victim.site.country])
        provider = rng.choice(atlas.fixed[country] + atlas.hosting[country])
        source = atlas.source(provider.address(rng, atlas.city(rng, country)), day)
        self.sweep(self.at_night(anchor), route, source, self.key)

    def vpn(self, anchor, route, day):
        """Through a VPN exit or a rented server in the victim's country, in her hours."""
        self.sweep(self.soon(anchor), route, self.near_hosting(day), self.key)

    def near_hosting(self, day):
        atlas, rng, country = self.world.atlas, self.rng, self.victim.site.country
        if rng.random() < 0.2:
            country = rng.choice(NEIGHBOURS[country])
        if rng.random() < 0.5:
            return atlas.source(rng.choice(rng.choice(atlas.vpn)[country]), day)
        return atlas.source(rng.choice(atlas.hosting[country]).address(rng, atlas.city(rng, country)), day)

    def near_home(self, day):
        """A residential proxy: mostly her provider, mostly her city."""
        atlas, rng, line = self.world.atlas, self.rng, self.victim.home
        provider = line.provider if rng.random() < 0.6 else rng.choice(atlas.fixed[line.country])
        city = line.city if rng.random() < 0.7 else atlas.city(rng, line.country)
        return atlas.source(provider.address(rng, city), day)

    def targeted(self, anchor, route, day):
        """Knows her: provider, city, hours, and takes her own tenants first."""
        route.sort(key=lambda t: t.name not in self.known and self.rng.random() < 0.5)
        self.sweep(self.soon(anchor), route, self.near_home(day), self.key, awake=anchor)

    def colleague(self, anchor, route, day):
        """An insider with her key, from where he works himself."""
        others = [p for p in self.world.people if p is not self.victim and p.log]
        mates = [p for p in others if p.team == self.victim.team]
        pool = mates if mates and self.rng.random() < 0.5 else others
        for _ in range(50):
            insider = self.rng.choice(pool)
            visit = self.last_seat(insider, anchor.time)
            if visit and anchor.time - visit.time < 3 * DAY:
                break
            pool = others
        self.sweep(self.soon(anchor), route, visit.source if visit else anchor.source, self.key)

    @staticmethod
    def last_seat(person, time):
        for visit in reversed(person.log):
            if visit.time <= time and visit.place not in ("tenant-bastion", "sister"):
                return visit
        return None

    def out_of_tenant(self, anchor, day):
        """A host of a tenant she has used lately: her agent, her key or her session is in his hands."""
        recent = [v.tenant for v in self.victim.log if anchor.time - 30 * DAY < v.time <= anchor.time]
        nest = self.rng.choice(recent)
        inside = f"{nest.private}.{self.rng.randrange(10, 200)}"
        ip = inside if self.rng.random() < 0.25 else self.rng.choice(nest.public)
        return nest, self.world.atlas.source(ip, day)

    def hop_fast(self, anchor, route, day):
        nest, source = self.out_of_tenant(anchor, day)
        start = self.soon(anchor) if self.rng.random() < 0.5 else self.at_night(anchor)
        self.sweep(start, [t for t in route if t is not nest], source, self.key)

    def hop_slow(self, anchor, route, day):
        nest, source = self.out_of_tenant(anchor, day)
        awake = anchor if self.rng.random() < 0.5 else None
        self.sweep(self.soon(anchor), [t for t in route if t is not nest], source, self.key, awake=awake)

    def seat(self, anchor, route, day):
        """Her own machine, her address and key: between her logins, or after work."""
        own = Visit(*anchor) if anchor.place != "sister" else self.last_seat(self.victim, anchor.time) or anchor
        start = self.soon(anchor) if self.rng.random() < 0.6 else anchor.time + self.rng.randrange(4, 9) * 3600
        self.sweep(start, route, own.source, self.key)

    def poisoner(self, anchor, route, day):
        """One quiet login a day to one of her tenants for two weeks, then the walk."""
        source = self.near_hosting(day) if self.rng.random() < 0.5 else self.near_home(day)
        known = [t for t in self.world.tenants if t.name in self.known] or route
        bait = self.rng.choice(known)
        for back in range(self.rng.randint(10, 15), 0, -1):
            time = anchor.time - back * DAY + self.rng.randrange(-5400, 5400)
            self.login(time, bait, source, "" if bait.legacy else self.key, "bait")
        self.sweep(self.soon(anchor), route, source, self.key)

    def graft(self, anchor, route, day):
        """A key of his own, written into her authorized_keys."""
        draw = self.rng.random()
        own = key_of("graft", self.world.seed, self.victim.name)
        if draw < 0.4:
            nest, source = self.out_of_tenant(anchor, day)
            route = [t for t in route if t is not nest]
        else:
            source = self.near_hosting(day) if draw < 0.8 else self.near_home(day)
        self.sweep(self.at_night(anchor), route, source, own)

    def stuffing(self, anchor, route, day):
        """Guesses from many places, on her account and others', until a password fits."""
        atlas, rng = self.world.atlas, self.rng
        start = self.at_night(anchor)
        countries = sorted(COUNTRIES)
        for _ in range(rng.randint(8, 40)):
            country = rng.choice(countries)
            provider = rng.choice(atlas.fixed[country] + atlas.hosting[country])
            source = atlas.source(provider.address(rng, atlas.city(rng, country)), day)
            target = rng.choice(route)
            person = self.victim if rng.random() < 0.5 else rng.choice(self.world.people)
            time = start - rng.randrange(60, 5400)
            self.journal.add(time, person, target, target.hosts[0], source, "", self.truth(target, "guess"), "failure")
        self.sweep(start, route, source, "")
