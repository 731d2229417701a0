# SPDX-License-Identifier: Apache-2.0
"""Honest work: shifts, tickets, on-call and patch nights, incidents, cover, travel, automation."""

from bisect import bisect_left
from itertools import accumulate

from atlas import DAY, COUNTRIES, Clock, weekday
from journal import Visit, honest


class Place:
    """Where somebody sits, and with which address she appears."""

    def __init__(self, name, world, person, day):
        self.name, self.world, self.person, self.day = name, world, person, day
        self.fixed, self.country = None, person.site.country

    def source(self, rng, six):
        person, atlas, day = self.person, self.world.atlas, self.day
        if self.fixed:
            return self.fixed
        if self.name == "vpn":
            return atlas.source(rng.choice(person.vpn[self.country][:6]), day)
        if self.name == "office":
            return person.site.source(rng, day)
        if self.name == "mobile":
            return atlas.source(atlas.mobile_address(rng, person.mobile), day)
        line = person.second_home if self.name == "second-home" else person.home
        return line.source(rng, day, six and person.six)


class Work:
    def __init__(self, world, journal):
        self.world, self.journal, self.traits = world, journal, world.traits
        self.rng = world.rng("plans")
        self.end = (self.traits.start + self.traits.days) * DAY
        self.plans = {}  # (person name, day) -> [(task, local hour, tenants, step in minutes)]
        self.holidays = set(self.rng.sample(range(self.traits.days), self.traits.days // 30))
        self.active = [[t for t in world.tenants if t.start_day <= day] for day in range(self.traits.days)]
        self.clocks = {country: Clock(country) for country in COUNTRIES}
        self.choices = {}

    def run(self):
        self.plan_onboarding()
        self.plan_on_call()
        self.plan_patching()
        self.plan_incidents()
        for person in self.world.people:
            self.join_onboarded(person)
        for person in self.world.people:
            self.live(person)
        for robot in self.world.robots:
            self.automate(robot)

    # -- plans that bind several people

    def plan(self, person, day, task, hour, tenants, step):
        self.plans.setdefault((person.name, day), []).append((task, hour, tenants, step))

    def present(self, people, day):
        return [p for p in people if not p.away(day)]

    def plan_onboarding(self):
        """A new customer is a project of two or three, then part of the team's tenants."""
        for tenant in self.world.tenants:
            if tenant.start_day == 0:
                continue
            team = next(name for name, tenants in self.world.team_tenants.items() if tenant in tenants)
            members = self.world.teams[team]
            for person in self.rng.sample(members, min(len(members), self.rng.randint(2, 3))):
                for day in range(tenant.start_day, min(self.traits.days, tenant.start_day + 10)):
                    if not person.away(day) and weekday(self.traits.start + day) < 5 and self.rng.random() < 0.6:
                        hour, logins = person.begins + 1 + self.rng.random() * 5, self.rng.randint(1, 4)
                        self.plan(person, day, "onboarding", hour, [tenant] * logins, 12)

    def plan_on_call(self):
        """One of each team a week; now and then a call at night or on the weekend."""
        for team, members in self.world.teams.items():
            own = self.world.team_tenants[team]
            for week in range(self.traits.days // 7):
                ready = self.present(members, week * 7) or members
                person = ready[week % len(ready)]
                for _ in range(self.rng.choice([0, 0, 1, 1, 2, 3])):
                    day = min(self.traits.days - 1, week * 7 + self.rng.randrange(7))
                    if not person.away(day):
                        pool = own if own and self.rng.random() < 0.7 else self.active[day]
                        calls = [self.rng.choice(pool)] * self.rng.randint(1, 4)
                        self.plan(person, day, "on-call", self.rng.uniform(20, 30), calls, 8)

    def plan_patching(self):
        """An evening in which one admin walks 6 to 12 tenants in steps of 3 to 7 minutes."""
        count = max(1, round(self.traits.patch_per_month * self.traits.days / 30))
        for team, members in self.world.teams.items():
            for _ in range(count):
                day = self.rng.randrange(self.traits.days)
                ready = self.present(members, day)
                own = [t for t in self.world.team_tenants[team] if t.start_day <= day]
                if not ready:
                    continue
                more = self.rng.sample(self.active[day], min(len(self.active[day]), 8))
                route = list(dict.fromkeys(self.rng.sample(own, len(own)) + more))[: self.rng.randint(6, 12)]
                person, hour = self.rng.choice(ready), self.rng.uniform(18.5, 22.5)
                self.plan(person, day, "patch", hour, route, self.rng.uniform(3, 7))

    def plan_incidents(self):
        """Something breaks at one to three tenants, and a third of the admins is pulled in."""
        count = max(1, round(self.traits.incidents_per_month * self.traits.days / 30))
        for _ in range(count):
            day, hour = self.rng.randrange(self.traits.days), self.rng.uniform(7, 23)
            ready = self.present(self.world.people, day)
            struck = self.rng.sample(self.active[day], min(len(self.active[day]), self.rng.randint(1, 3)))
            for person in self.rng.sample(ready, len(ready) // 3):
                visits = [self.rng.choice(struck) for _ in range(self.rng.randint(2, 7))]
                self.plan(person, day, "incident", hour + self.rng.expovariate(2), visits, 15)

    # -- one person

    def live(self, person):
        for day in range(person.hired, self.traits.days):
            plans = self.plans.get((person.name, day), ())
            away = person.away(day)
            if away and not plans:
                continue
            place = self.place(person, day)
            clock = self.clocks[place.country]
            begin = None if away else self.shift(person, day)
            self.session_until = -1
            if begin is not None:
                self.workday(person, day, place, clock, begin)
            for task, hour, tenants, step in plans:
                self.walk(person, day, place, clock, task, hour, tenants, step)
        person.log.sort(key=lambda visit: visit.time)

    def join_onboarded(self, person):
        """A customer that comes later replaces nobody: it joins the weights when it comes."""
        starts = sorted((self.world.by_name[name].start_day, name) for name in person.weights)
        person.later = [(day, name, person.weights.pop(name)) for day, name in starts if day > 0]
        if not person.weights:
            tenant = person.rng.choice(self.active[0])
            person.weights[tenant.name] = 1.0
        person.ward = person.rng.choice(self.world.people)
        person.nearby = person.rng.sample(self.world.tenants, min(len(self.world.tenants), 6))
        self.refresh(person)

    def refresh(self, person):
        person.names = list(person.weights)
        person.sums = list(accumulate(person.weights.values()))

    def drift(self, person, day):
        """Projects end and begin: now and then two tenants swap their importance."""
        while person.later and person.later[0][0] <= day:
            _, name, weight = person.later.pop(0)
            person.weights[name] = weight
            self.refresh(person)
        rng = person.rng
        if rng.random() < 0.02 and len(person.names) > 1:
            a, b = rng.sample(person.names, 2)
            person.weights[a], person.weights[b] = person.weights[b], person.weights[a]
            self.refresh(person)

    def place(self, person, day):
        rng, draw = person.rng, person.rng.random()
        trip = next((t for t in person.trips if t[0] <= day <= t[1]), None)
        name, fixed, country = "home", None, person.site.country
        if trip:
            name, country = "travel", trip[2]
            provider = self.world.atlas.fixed[country][day % 2]
            fixed = self.world.atlas.source(provider.address(rng, self.world.atlas.city(rng, country)), day)
        elif draw < self.traits.visits_to_tenants and person.names:
            tenant = self.world.by_name[rng.choice(person.names)]
            inside = rng.random() < 0.5
            name, fixed = "customer", self.world.atlas.source(tenant.public[1] if inside else tenant.guest, day)
        elif rng.random() < person.office:
            name = "office"
        elif rng.random() < 0.04 * self.traits.roaming:
            name, fixed = "cafe", self.world.atlas.source(rng.choice(person.cafes), day)
        elif person.second_home and rng.random() < 0.15:
            name = "second-home"
        elif rng.random() < 0.03 * self.traits.roaming:
            name = "mobile"
        if person.vpn and name in ("home", "cafe", "travel", "second-home") and rng.random() < person.vpn_habit:
            name, fixed = "vpn", None
        place = Place(name, self.world, person, day)
        place.fixed, place.country = fixed, country
        return place

    def shift(self, person, day):
        """The local hour at which this day's work begins, or None."""
        date, week = self.traits.start + day, (self.traits.start + day + 3) // 7
        dow, rng = weekday(date), person.rng
        if day in self.holidays and person.shift == "day":
            return None
        number = sum(map(ord, person.name))
        if person.shift == "round":
            resting = (dow + number) % 7 >= 5 if (week + number) % 3 == 0 else dow >= 5
            return None if resting else (6, 14, 22)[(week + number) % 3] + rng.gauss(0, 0.2)
        if dow not in person.workdays:
            return None
        if person.shift == "late":
            return (6.5, 13.5)[(week + number) % 2] + rng.gauss(0, 0.25)
        return person.begins + rng.gauss(0, 0.35)

    def workday(self, person, day, place, clock, begin):
        rng = person.rng
        self.drift(person, day)
        tickets, left = [], max(1, min(26, round(person.logins * rng.lognormvariate(-0.06, 0.35))))
        while left > 0:
            count = min(left, 1 + int(rng.expovariate(1 / (person.hosts_per_ticket - 0.6))))
            left -= count
            hour = begin + person.length * rng.random()
            if person.shift == "day" and 12 < hour < 13 and rng.random() < 0.7:
                hour += 1
            if rng.random() < person.evening * 0.3:
                hour = rng.uniform(20, 23.5)
            tickets.append((hour, count))
        for hour, count in sorted(tickets):
            task, tenant = self.ticket(person, day)
            self.walk(person, day, place, clock, task, hour, [tenant] * count, rng.lognormvariate(1.2, 0.7))

    def ticket(self, person, day):
        rng, traits, draw = person.rng, self.traits, person.rng.random()
        if person.recent and draw < traits.sticky:
            return "ticket", rng.choice(person.recent)
        if draw > 1 - person.crossing:
            near = [t for t in person.nearby if t.start_day <= day]
            return "cross", rng.choice(near if near and rng.random() < 0.85 else self.active[day])
        if draw > 0.85:
            absent = self.absent_mate(person, day)
            if absent:
                return "cover", self.world.by_name[self.weighted(rng, absent)]
        tenant = self.world.by_name[self.weighted(rng, person)]
        person.recent = (person.recent + [tenant])[-4:]
        return "ticket", tenant

    def absent_mate(self, person, day):
        """Whoever is away is covered by the two before in the team; for long, by somebody of another."""
        mates = self.world.teams[person.team]
        at = mates.index(person)
        absent = [p for p in (mates * 2)[at + 1 : at + 3] if p is not person and p.hired <= day and p.away(day)]
        if person.rng.random() < 0.1:
            gone = any(first <= day <= last for first, last, long in person.ward.absent if long)
            absent = [person.ward] if gone else []
        return person.rng.choice(absent) if absent else None

    @staticmethod
    def weighted(rng, person):
        return person.names[min(bisect_left(person.sums, rng.random() * person.sums[-1]), len(person.names) - 1)]

    # -- logins

    def walk(self, person, day, place, clock, task, hour, tenants, step):
        """Logins to these tenants in this order, one each `step` minutes or so."""
        rng = person.rng
        if task in ("on-call", "patch", "incident") and place.name in ("office", "cafe") and not 7 < hour < 19:
            place = Place("home", self.world, person, day)
        elif place.name in ("office", "home") and rng.random() < 0.02 * self.traits.roaming:
            place = Place("mobile", self.world, person, day)
        time = clock.utc(self.traits.start + day, hour)
        key = person.key(day)
        through = person.via if rng.random() < person.via_share else "direct"
        for tenant in tenants:
            if tenant.start_day > day or time >= self.end:
                continue
            source = self.route(person, time, place, key, through, tenant, task)
            self.login(person, time, tenant, person.host(tenant, day), source, key, task, place, day)
            time += max(8, int(step * 60 * rng.uniform(0.6, 1.5)))

    def route(self, person, time, place, key, through, tenant, task):
        """The address the tenant's host sees; a bastion on the way is logged in to first."""
        rng, world = person.rng, self.world
        if through == "bastion":
            host, address = world.bastions[len(person.name) % 2]
            if not 0 <= time - self.session_until < 4 * 3600:
                source = place.source(rng, False)
                self.journal.add(time - 20, person, None, host, source, key, honest(task, place.name))
                self.session_until = time
            return world.atlas.source(address, place.day)
        if through == "vpn" and place.name != "office":
            return world.atlas.source(world.vpn_gate, place.day)
        return place.source(rng, tenant.six)

    def login(self, person, time, tenant, host, source, key, task, place, day):
        rng, name = person.rng, place.name
        if tenant.name in person.bastions and rng.random() < 0.8:
            self.put(person, time - 15, tenant, "jump", source, key, task, name)
            source, name = self.world.atlas.source(f"{tenant.private}.5", day), "tenant-bastion"
            if tenant.sisters and rng.random() < 0.3:
                sister = rng.choice(tenant.sisters)
                if sister.start_day <= day:
                    self.put(person, time + 90, sister, person.host(sister, day), source, key, task, "sister")
        self.put(person, time, tenant, host, source, key, task, name)

    def put(self, person, time, tenant, host, source, key, task, place):
        rng = person.rng
        used = "" if tenant.legacy else key
        truth = honest(task, place)
        if rng.random() < person.typos:
            self.journal.add(time - rng.randrange(6, 25), person, tenant, host, source, used, truth, "failure")
        fails = rng.random() < self.traits.step_up_fails
        self.journal.add(time, person, tenant, host, source, used, truth, step_up_fails=fails)
        person.log.append(Visit(time, tenant, source, key, place))

    def automate(self, robot):
        """Every tenant, every day, one after the other."""
        rng = self.world.rng(robot.name)
        clock = self.world.sites[0].clock
        truth = honest("automation", "home")
        for day in range(self.traits.days):
            source = self.world.atlas.source(robot.address, day)
            time = clock.utc(self.traits.start + day, robot.hour)
            for tenant in self.active[day]:
                for host in tenant.hosts[: robot.hosts]:
                    self.journal.add(time, robot, tenant, host, source, robot.key, truth)
                    time += robot.gap * rng.uniform(0.8, 1.2)
