# SPDX-License-Identifier: Apache-2.0
"""The provider and its customers: traits of a world, tenants with hosts and networks, sites, teams,
people with their keys, lines and habits, automation accounts, and the configuration that fits them."""

import base64
import hashlib
from bisect import bisect_right
from random import Random

from atlas import COUNTRIES, HOMES, NEIGHBOURS, Atlas, Clock, Line, day_of

NAMES = (
    "anna bram carla daan elif femke goran hana ivo jelle kaja lars mila noor olek petra quint rosa sven tess ugo vera "
    "wout xenia yara zeno alma bela chen dora emil farah gita hugo inga joao kim leon maya nils omar pia raj sara tom "
    "uma vik wen yusuf zoe adam bea cem dina eva finn gail hans ines jan kofi lena marc nina otto paul rita sam tara "
    "uwe vito willa yan zara"
).split()
TEAM_NAMES = "north south east west cloud network night storage".split()


class Traits:
    """What differs from world to world. One draw per line, so that worlds vary widely."""

    def __init__(self, rng, admins, days):
        self.days = days
        self.home = rng.choice(HOMES)
        self.second = rng.choice([c for c in HOMES if c != self.home]) if rng.random() < 0.3 else None
        self.start = day_of(2024, 10, 7) + rng.randrange(0, 430)
        self.admins = admins or rng.randint(34, 46)
        self.teams = max(2, min(8, round(self.admins / rng.uniform(5, 9))))
        self.tenants = max(8, round(self.admins * rng.uniform(1.2, 1.8)))
        self.office = rng.uniform(0.1, 0.9)  # share of working days there
        self.via_home = rng.uniform(0.0, 0.7)  # people who reach tenants through home's bastion or VPN
        self.pace = rng.uniform(0.8, 1.25)
        self.shift_work = rng.uniform(0.05, 0.4)  # people with rotating shifts
        self.generalists = rng.uniform(0.0, 0.25)
        self.crossing = 0.006 * 8 ** rng.random()  # tickets outside the own tenants
        self.sticky = rng.uniform(0.2, 0.5)  # tickets that go on with a recent tenant
        self.zipf = rng.uniform(0.7, 1.3)
        self.visits_to_tenants = rng.uniform(0.0, 0.012)  # days on a customer's premises
        self.incidents_per_month = rng.uniform(0.6, 1.8)
        self.patch_per_month = rng.choice([1, 2, 2, 4])
        self.networks_known = rng.uniform(0.7, 1.0)  # tenants whose networks are configured
        self.office_move_known = rng.random() < 0.5
        self.roaming = rng.lognormvariate(0, 0.7)  # cafés, mobile, travel: times the usual
        self.renumbering = rng.choice([(1, 1, 1, 1), (3, 2, 1, 1), (0, 1, 2, 4)])  # lines: 7, 20, 60 days, never
        self.legacy = rng.uniform(0.0, 0.08)  # tenants that take passwords
        self.step_up_fails = rng.uniform(0.0, 0.02)


def key_of(*label):
    digest = hashlib.sha256("/".join(map(str, label)).encode()).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


class Tenant:
    def __init__(self, rng, number, traits, atlas, start_day):
        self.name, self.start_day = f"t{number}", start_day
        self.country = traits.home if rng.random() < 0.9 else rng.choice(NEIGHBOURS[traits.home])
        self.hosts = self.host_names(rng)
        count = len(self.hosts)
        late = sorted(rng.randrange(traits.days) for _ in range(count // 8))
        self.births = [0] * (count - len(late)) + late
        cloud = rng.random() < 0.3
        self.provider = rng.choice((atlas.hosting if cloud else atlas.fixed)[self.country])
        self.net = self.provider.net(rng, atlas.city(rng, self.country))
        low = rng.randrange(0, 16) * 16
        self.public = [f"{self.net}.{low + 1 + i}" for i in range(4)]
        self.networks = [f"10.{number}.0.0/16", f"{self.net}.{low}/28"]
        self.private = f"10.{number}.0"
        self.guest = atlas.fixed[self.country][0].address(rng, 0)
        self.known_networks = rng.random() < traits.networks_known
        self.six = rng.random() < 0.4
        self.legacy = rng.random() < traits.legacy
        self.naming = rng.choices(["{}", "msp-{}", "{}.adm"], (8, 1, 1))[0]
        self.sisters = []
        self.size = count**0.7

    @staticmethod
    def host_names(rng):
        """Lognormal, median 9."""
        count = max(1, min(150, round(9 * rng.lognormvariate(0, 0.8))))
        kinds = ["web", "db", "app", "mail", "file", "dc", "bk"]
        return [f"{kinds[i % 7]}{i // 7 + 1}" for i in range(count)]

    def hosts_on(self, day):
        return max(1, bisect_right(self.births, day))

    def account(self, name):
        return self.naming.format(name)


class Site:
    """An office: its address, and from a day on another one."""

    def __init__(self, rng, atlas, country, move_day):
        self.country, self.clock = country, Clock(country)
        self.city = atlas.city(rng, country)
        self.move_day, self.atlas = move_day, atlas
        self.nets = [rng.choice(atlas.fixed[country]).net(rng, self.city) for _ in range(2)]
        self.networks = [f"{net}.0/29" for net in self.nets]

    def source(self, rng, day):
        moved = self.move_day is not None and day >= self.move_day
        return self.atlas.source(f"{self.nets[moved]}.{rng.randrange(2, 5)}", day)


class Person:
    """Habits of one admin. Places and hours are drawn day by day in work.py."""

    def __init__(self, rng, name, team, site, world):
        traits, atlas = world.traits, world.atlas
        self.rng, self.name, self.team, self.site = rng, name, team, site
        self.days = traits.days
        self.hired = rng.randrange(20, max(21, traits.days - 60)) if rng.random() < 0.15 else 0
        city = site.city if rng.random() < 0.8 else atlas.city(rng, site.country)
        self.home, self.second_home = Line(rng, atlas, site.country, city, traits), None
        if rng.random() < 0.2:
            self.second_home = Line(rng, atlas, site.country, atlas.city(rng, site.country), traits)
        self.mobile = rng.choice(atlas.mobile[site.country])
        self.cafes = [rng.choice(atlas.fixed[site.country]).address(rng, self.home.city) for _ in range(3)]
        self.six = rng.random() < 0.35
        self.vpn = rng.choice(atlas.vpn) if rng.random() < 0.10 else None
        self.vpn_habit = rng.choice([0.05, 0.3, 0.95])
        self.draw_hours(rng, traits)
        self.draw_style(rng, traits)
        self.keys = self.draw_keys(rng, traits, name)
        self.absent = self.draw_absences(rng, traits)
        self.trips = self.draw_trips(rng, traits)
        self.weights, self.hosts_liked, self.recent = {}, {}, []
        self.bastions = []
        self.log = []  # Visit: honest logins to tenants

    def draw_hours(self, rng, traits):
        self.shift = rng.choice(["late", "round"]) if rng.random() < traits.shift_work else "day"
        self.begins = rng.gauss(8.4, 0.9)
        self.length = rng.uniform(7.5, 9)
        self.evening = rng.choice([0, 0, 0.05, 0.3])  # share of days with a session after dinner
        self.workdays = rng.choices([(0, 1, 2, 3, 4), (0, 1, 2, 3), (1, 2, 3, 4), (0, 1, 3)], (80, 8, 7, 5))[0]
        self.logins = min(22, max(4, rng.lognormvariate(2.2, 0.42))) * traits.pace

    def draw_style(self, rng, traits):
        self.office = min(0.98, max(0, rng.gauss(traits.office, 0.25)))
        self.via = rng.choice(["bastion", "vpn"]) if rng.random() < traits.via_home else "direct"
        self.via_share = rng.uniform(0.8, 1.0)
        self.generalist = rng.random() < traits.generalists
        self.crossing = min(0.3, traits.crossing * rng.lognormvariate(0, 0.6))
        self.hosts_per_ticket = rng.uniform(1.2, 2.8)
        self.typos = rng.uniform(0.0, 0.03)

    @staticmethod
    def draw_keys(rng, traits, name):
        """[(first day, key)]. A rotation can come any time of the first period."""
        draw = rng.random()
        period = 0 if draw < 0.46 else rng.choice([90, 180, 365])
        keys, day, n = [(0, key_of(name, 0, rng.random()))], 0, 1
        if period:
            day = rng.randrange(period)
            while day < traits.days:
                keys.append((day, key_of(name, n, rng.random())))
                day, n = day + period + rng.randrange(-5, 6), n + 1
        return keys

    def draw_absences(self, rng, traits):
        """[(first, last, long leave)]. Holidays of one or two weeks, single days, long leave for 12 %."""
        absences = []
        for _ in range(rng.choice([1, 2, 2, 3])):
            first = rng.randrange(traits.days)
            absences.append((first, first + rng.choice([4, 6, 11, 13]), False))
        for _ in range(rng.randrange(0, 7)):
            first = rng.randrange(traits.days)
            absences.append((first, first, False))
        if rng.random() < 0.12:
            length = min(rng.randrange(32, 100), traits.days // 2)
            first = rng.randrange(10, max(11, traits.days - length))
            absences.append((first, first + length, True))
        return absences

    def draw_trips(self, rng, traits):
        """[(first, last, country, address)]: conferences, family, a working holiday."""
        trips = []
        for _ in range(min(6, round(rng.choice([0, 0.4, 1, 1, 2, 3]) * traits.roaming))):
            first = rng.randrange(traits.days)
            near, far = NEIGHBOURS.get(self.site.country, ["DE"]), sorted(COUNTRIES)
            country = rng.choice(rng.choices(([self.site.country], near, far), (40, 35, 25))[0])
            trips.append((first, first + rng.choice([1, 2, 4, 6, 13]), country))
        return trips

    def key(self, day):
        found = self.keys[0][1]
        for first, key in self.keys:
            if day >= first:
                found = key
        return found

    def away(self, day):
        return day < self.hired or any(first <= day <= last for first, last, _ in self.absent)

    def months(self, until):
        """Months of employment up to a day, long leave left out."""
        leave = sum(max(0, min(last + 1, until) - max(first, self.hired)) for first, last, long in self.absent if long)
        return max(0, until - self.hired - leave) / (365.25 / 12)

    def host(self, tenant, day):
        """A host by personal taste: a few make up most of the logins."""
        count = tenant.hosts_on(day)
        taste = self.hosts_liked.get(tenant.name)
        if taste is None:
            taste = self.hosts_liked[tenant.name] = self.rng.randrange(1000)
        index = int(count * self.rng.random() ** 2.5)
        return tenant.hosts[(index * 7 + taste) % count if count % 7 else (index + taste) % count]


class Robot:
    """An automation account: one key, one source, every tenant daily."""

    def __init__(self, rng, name, hour, address):
        self.name, self.hour, self.address = name, hour, address
        self.key = key_of("robot", name, rng.random())
        self.hosts = rng.choice([1, 1, 2])
        self.gap = rng.uniform(5, 90)


class World:
    """Everything that exists before anybody logs in."""

    def __init__(self, seed, admins=0, days=183):
        self.seed = seed
        rng = Random(f"hopwarden world {seed}")
        self.traits = traits = Traits(rng, admins, days)
        self.atlas = Atlas(self.rng("atlas"), days)
        self.tenants = self.make_tenants(self.rng("tenants"))
        self.by_name = {t.name: t for t in self.tenants}
        self.make_sites(self.rng("sites"))
        self.make_people(self.rng("people"))
        self.make_robots(self.rng("robots"))

    def rng(self, label):
        return Random(f"hopwarden world {self.seed} {label}")

    def make_tenants(self, rng):
        tenants = []
        for number in range(1, self.traits.tenants + 1):
            late = rng.random() < 0.15
            start = rng.randrange(15, self.traits.days - 10) if late else 0
            tenants.append(Tenant(rng, number, self.traits, self.atlas, start))
        for tenant in tenants:  # groups of companies reach into each other
            if rng.random() < 0.2:
                tenant.sisters.append(rng.choice(tenants))
        return tenants

    def make_sites(self, rng):
        traits = self.traits
        move = rng.randrange(traits.days // 4, traits.days * 3 // 4)
        self.sites = [Site(rng, self.atlas, traits.home, move)]
        if traits.second:
            self.sites.append(Site(rng, self.atlas, traits.second, None))
        provider = rng.choice(self.atlas.hosting[traits.home])
        net = provider.net(rng, self.sites[0].city)
        self.bastions = [("jump1", f"{net}.10"), ("jump2", f"{net}.11")]
        self.vpn_gate, self.robot_host = f"{net}.20", f"{net}.30"
        self.home_networks = [f"{net}.0/27", self.sites[0].networks[0]]
        if traits.office_move_known:
            self.home_networks.append(self.sites[0].networks[1])
        for site in self.sites[1:]:
            self.home_networks.append(site.networks[0])

    def make_people(self, rng):
        traits = self.traits
        names = NAMES[:]
        rng.shuffle(names)
        sizes = [rng.uniform(0.5, 1.5) for _ in range(traits.teams)]
        self.teams = {name: [] for name in TEAM_NAMES[: traits.teams]}
        self.people = []
        for i in range(traits.admins):
            team = TEAM_NAMES[i] if i < traits.teams else rng.choices(list(self.teams), sizes)[0]
            abroad = traits.second and list(self.teams).index(team) % 3 == 1
            name = names[i] if i < len(names) else f"{names[i % len(names)]}{i // len(names) + 1}"
            person = Person(self.rng(f"person {i}"), name, team, self.sites[1 if abroad else 0], self)
            self.people.append(person)
            self.teams[team].append(person)
        self.guarantee(rng)
        self.deal_tenants(rng)

    def guarantee(self, rng):
        """What a share of people has, somebody has, however small the world."""
        some = rng.sample(self.people, min(5, len(self.people)))
        if not any(p.vpn for p in self.people):
            some[0].vpn, some[0].vpn_habit = rng.choice(self.atlas.vpn), 0.3
        if not any(p.hired for p in self.people):
            some[1].hired = self.traits.days // 3
        if not any(long for p in self.people for _, _, long in p.absent):
            length = min(45, self.traits.days // 3)
            some[2].absent.append((self.traits.days // 3, self.traits.days // 3 + length, True))
        if not any(p.trips for p in self.people):
            middle = self.traits.days // 2
            some[3].trips.append((middle, middle + 6, rng.choice(NEIGHBOURS[self.traits.home])))
        if not any(p.six for p in self.people):
            some[4 % len(some)].six = True

    def deal_tenants(self, rng):
        """Each tenant has a team, some a second; each admin knows part of the team's."""
        self.team_tenants = {name: [] for name in self.teams}
        names = list(self.teams)
        for i, tenant in enumerate(rng.sample(self.tenants, len(self.tenants))):
            team = names[i % len(names)]
            self.team_tenants[team].append(tenant)
            if rng.random() < 0.2:
                other = rng.choice(names)
                if other != team:
                    self.team_tenants[other].append(tenant)
        for person in self.people:
            self.give_tenants(person)

    def give_tenants(self, person):
        rng = person.rng
        pool = self.tenants if person.generalist else self.team_tenants[person.team]
        share = rng.uniform(0.4, 1.0)
        mine = [t for t in pool if rng.random() < share] or pool[:1]
        rng.shuffle(mine)
        for rank, tenant in enumerate(mine):
            person.weights[tenant.name] = (rank + 1) ** -self.traits.zipf * tenant.size * rng.uniform(0.5, 1.5)
        if rng.random() < 0.15 or not any(p.bastions for p in self.people) and person is self.people[-1]:
            own = sorted((t for t in mine if t.start_day == 0), key=lambda t: not t.sisters)
            person.bastions = [t.name for t in own[: rng.randint(1, 3)]]

    def make_robots(self, rng):
        names = ["ansible", "backup", "inventory"][: rng.choice([2, 2, 3])]
        self.robots = [Robot(rng, name, 1.5 + 1.7 * i, self.robot_host) for i, name in enumerate(names)]

    # -- what goes with the log

    def configuration(self):
        lines = [
            "# A made-up provider and its customers.",
            "[hopwarden]",
            "tenant = home",
            "witness = home",
            "mode = enforce",
            "accounts = *",
            f"tenant_count = {len(self.tenants)}",
            "",
            "[home]",
            f"networks = {' '.join(self.home_networks)}",
            f"bastions = {' '.join(address + '/32' for _, address in self.bastions)}",
        ]
        taken = set()
        for tenant in self.tenants:
            lines += ["", f'[tenant "{tenant.name}"]']
            if tenant.known_networks:  # two may share a cloud's network: the first has it
                own = [network for network in tenant.networks if network not in taken]
                lines.append(f"networks = {' '.join(own)}")
                taken.update(own)
        for person in self.people:
            named = [f"{t.name}:{t.account(person.name)}" for t in self.tenants if t.naming != "{}"]
            if named:
                lines += ["", f'[person "{person.name}"]', f"accounts = {' '.join(named)}"]
        for team, members in self.teams.items():
            lines += ["", f'[team "{team}"]', f"members = {' '.join(p.name for p in members)}"]
        for robot in self.robots:
            lines += ["", f'[account "{robot.name}"]', "class = automation", f"keys = {robot.key}"]
            lines.append(f"sources = {robot.address}/32")
            lines.append(f"tenants = {' '.join(t.name for t in self.tenants)}")
        return "\n".join(lines) + "\n"
