#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The generator keeps its promises: same seed, same bytes; valid and ordered; everything it claims
to contain really occurs."""

import configparser
import datetime
import functools
import ipaddress
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import unittest
from collections import Counter, defaultdict

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from atlas import Clock, day_of, distance_km, weekday
from attacks import KINDS, SHARES

KEY = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
NAMES = {
    "@timestamp": str, "event.id": str, "event.outcome": str, "user.name": str, "hopwarden.team": str,
    "hopwarden.tenant": str, "host.name": str, "source.ip": str, "source.as.number": int,
    "source.geo.country_iso_code": str, "source.geo.location": dict, "source.geo.accuracy_km": int,
    "source.kind": str, "hopwarden.key": str, "hopwarden.method": str, "hopwarden.step_up": str,
}


def run(seed, folder, *more):
    subprocess.run([sys.executable, "-B", HERE / "generate", "--seed", str(seed), "--out", folder, *more], check=True)


def lines(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


@functools.cache
def instant(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def epoch(event):
    return instant(event["@timestamp"])


class Repetition(unittest.TestCase):
    def test_same_seed_same_bytes(self):
        with tempfile.TemporaryDirectory() as folder:
            a, b, c = (pathlib.Path(folder, name) for name in "abc")
            run(7, a, "--admins", "10", "--days", "70")
            run(7, b, "--admins", "10", "--days", "70")
            run(8, c, "--admins", "10", "--days", "70")
            for name in ("events.ndjson", "truth.ndjson", "hopwarden.conf", "world.json"):
                self.assertEqual((a / name).read_bytes(), (b / name).read_bytes(), name)
                self.assertNotEqual((a / name).read_bytes(), (c / name).read_bytes(), name)

    def test_too_small_a_world_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaises(subprocess.CalledProcessError):
                subprocess.run(
                    [sys.executable, "-B", HERE / "generate", "--seed", "1", "--out", folder, "--days", "20"],
                    check=True, stderr=subprocess.DEVNULL,
                )


class Clocks(unittest.TestCase):
    def test_summer_time_in_europe(self):
        clock = Clock("NL")
        self.assertFalse(clock.summer(day_of(2025, 3, 29)))
        self.assertTrue(clock.summer(day_of(2025, 3, 30)))
        self.assertTrue(clock.summer(day_of(2025, 10, 25)))
        self.assertFalse(clock.summer(day_of(2025, 10, 26)))

    def test_summer_time_in_the_south_spans_new_year(self):
        clock = Clock("AU")
        self.assertTrue(clock.summer(day_of(2026, 1, 1)))
        self.assertFalse(clock.summer(day_of(2026, 6, 1)))

    def test_no_summer_time(self):
        self.assertFalse(any(Clock("IN").summer(day_of(2025, 1, 1) + n) for n in range(365)))

    def test_local_is_the_inverse_of_utc(self):
        for country in ("US", "IN", "NZ"):
            clock = Clock(country)
            day, hour = clock.local(clock.utc(day_of(2025, 7, 1), 9.5))
            self.assertEqual((day, hour), (day_of(2025, 7, 1), 9.5))


class Whole(unittest.TestCase):
    """One world of full size, read once."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        path = pathlib.Path(cls.folder.name)
        run(3, path)
        cls.events, cls.truth = lines(path / "events.ndjson"), lines(path / "truth.ndjson")
        cls.world = json.loads((path / "world.json").read_text())
        cls.conf_text = (path / "hopwarden.conf").read_text()
        cls.conf = configparser.ConfigParser(strict=True, interpolation=None)
        cls.conf.read_string(cls.conf_text)
        cls.pairs = list(zip(cls.events, cls.truth))
        cls.attacks = defaultdict(list)
        for event, truth in cls.pairs:
            if truth["kind"] != "honest":
                cls.attacks[truth["instance"]].append((event, truth))
        cls.honest = [(e, t) for e, t in cls.pairs if t["kind"] == "honest"]
        cls.human = [(e, t) for e, t in cls.honest if t["task"] != "automation" and e["event.outcome"] == "success"]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    # -- format

    def test_time_order_and_ids(self):
        times = [e["@timestamp"] for e in self.events]
        self.assertEqual(times, sorted(times))
        ids = [e["event.id"] for e in self.events]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual(ids, [t["event.id"] for t in self.truth])

    def test_names_and_types(self):
        for event in self.events:
            for name, value in event.items():
                self.assertIs(type(value), NAMES[name], name)
            self.assertIn(event["event.outcome"], ("success", "failure"))
            self.assertIn(event.get("source.kind", "fixed"), ("fixed", "mobile", "hosting"))
            self.assertIn(event.get("hopwarden.step_up", "fail"), ("pass", "fail"))
            self.assertEqual("hopwarden.key" in event, event["hopwarden.method"] == "publickey")

    def test_values(self):
        for event in self.events[::7]:
            ipaddress.ip_address(event["source.ip"])
            self.assertRegex(event["hopwarden.tenant"], r"^[a-z0-9-]{1,32}$")
            if "hopwarden.key" in event:
                self.assertRegex(event["hopwarden.key"], KEY)
            place = event.get("source.geo.location", {"lat": 0, "lon": 0})
            self.assertTrue(-90 <= place["lat"] <= 90 and -180 <= place["lon"] <= 180)

    def test_configuration(self):
        self.assertLess(max(map(len, self.conf_text.splitlines())), 4096)
        self.assertEqual(self.conf["hopwarden"]["witness"], "home")
        tenants = {e["hopwarden.tenant"] for e in self.events} - {"home"}
        for tenant in tenants:
            self.assertIn(f'tenant "{tenant}"', self.conf)
        members = {n for s in self.conf.sections() if s.startswith("team") for n in self.conf[s]["members"].split()}
        self.assertEqual(members, set(self.world["people"]))
        for section in self.conf.sections():
            for network in (self.conf[section].get("networks") or "").split():
                ipaddress.ip_network(network)

    def test_accounts_lead_to_their_people(self):
        listed = {}
        for section in self.conf.sections():
            if section.startswith("person"):
                name = section.split('"')[1]
                listed.update({account: name for account in self.conf[section]["accounts"].split()})
        for event, truth in self.pairs:
            account = f"{event['hopwarden.tenant']}:{event['user.name']}"
            self.assertEqual(listed.get(account, event["user.name"]), truth["identity"])
        self.assertTrue(any(e["user.name"] != t["identity"] for e, t in self.pairs))

    # -- the provider

    def test_size(self):
        self.assertTrue(34 <= len(self.world["people"]) <= 46)
        self.assertTrue(2 <= len({p["team"] for p in self.world["people"].values()}) <= 8)
        self.assertTrue(40 <= self.world["tenants"] <= 85)

    def test_logins_a_day(self):
        days = Counter((t["identity"], e["@timestamp"][:10]) for e, t in self.human)
        per_person = defaultdict(list)
        for (person, _), count in days.items():
            per_person[person].append(count)
        means = sorted(statistics.mean(counts) for counts in per_person.values())
        self.assertTrue(3 <= means[0] and means[-1] <= 27, means)
        self.assertGreater(means[-1], 2 * means[0])

    def test_tenants_differ_in_size_and_some_come_later(self):
        hosts, first = defaultdict(set), {}
        for event, _ in self.honest:
            hosts[event["hopwarden.tenant"]].add(event["host.name"])
            first.setdefault(event["hopwarden.tenant"], epoch(event))
        counts = [len(h) for h in hosts.values()]
        self.assertGreater(max(counts), 4 * statistics.median(counts) / 1.5)
        late = sum(time > self.world["start"] + 15 * 86400 for time in first.values())
        self.assertTrue(0.03 < late / len(first) < 0.35)

    def test_tasks(self):
        tasks = Counter(t["task"] for _, t in self.human)
        for task in ("ticket", "cross", "cover", "on-call", "patch", "incident", "onboarding"):
            self.assertGreater(tasks[task], 0, task)

    def test_patch_nights_walk(self):
        walks = defaultdict(list)
        for event, truth in self.human:
            if truth["task"] == "patch":
                walks[truth["identity"], int(epoch(event) + 43200) // 86400].append(event)
        steps, widths = [], []
        for walk in walks.values():
            widths.append(len({e["hopwarden.tenant"] for e in walk}))
            steps += [epoch(b) - epoch(a) for a, b in zip(walk, walk[1:])]
        self.assertTrue(6 <= statistics.median(widths) <= 12)
        self.assertTrue(100 < statistics.median(steps) < 600)

    def test_incidents_pull_in_a_third(self):
        struck = defaultdict(set)
        for event, truth in self.human:
            if truth["task"] == "incident":
                struck[event["@timestamp"][:10]].add(truth["identity"])
        self.assertGreater(max(map(len, struck.values())), len(self.world["people"]) // 5)

    def test_places(self):
        places = Counter(t["place"] for _, t in self.human)
        for place in ("office", "home", "mobile", "cafe", "travel", "vpn", "customer", "tenant-bastion", "sister"):
            self.assertGreater(places[place], 0, place)

    def test_home_lines_change(self):
        addresses = defaultdict(set)
        for event, truth in self.human:
            if truth["place"] == "home" and ":" not in event["source.ip"] and event["hopwarden.tenant"] != "home":
                addresses[truth["identity"]].add(event["source.ip"])
        counts = [len(found) for found in addresses.values()]
        self.assertGreater(max(counts), 8)
        self.assertLessEqual(min(counts), 3)

    def test_v6_privacy_addresses(self):
        six = defaultdict(set)
        for event, truth in self.human:
            if ":" in event["source.ip"]:
                six[truth["identity"]].add(event["source.ip"])
        self.assertTrue(0.1 < len(six) / len(self.world["people"]) < 0.65)
        self.assertGreater(max(map(len, six.values())), 20)

    def test_mobile_addresses_are_shared(self):
        users = defaultdict(set)
        for event, truth in self.human:
            if truth["place"] == "mobile" and event["hopwarden.tenant"] != "home":
                users[event["source.ip"].rsplit(".", 1)[0]].add(truth["identity"])
        self.assertGreater(max(map(len, users.values())), 2)

    def test_the_office_moves(self):
        first, last = {}, {}
        for event, truth in self.human:
            if truth["place"] == "office":
                net = event["source.ip"].rsplit(".", 1)[0]
                first.setdefault(net, epoch(event))
                last[net] = epoch(event)
        span = self.world["start"], self.world["start"] + 183 * 86400
        self.assertTrue(any(last[n] < span[1] - 20 * 86400 for n in last))
        self.assertTrue(any(first[n] > span[0] + 20 * 86400 for n in first))

    def test_keys_rotate_for_some(self):
        keys = [person["keys"] for person in self.world["people"].values()]
        self.assertTrue(0.2 < sum(n == 1 for n in keys) / len(keys) < 0.85)
        used = defaultdict(set)
        for event, truth in self.human:
            used[truth["identity"]].add(event.get("hopwarden.key"))
        self.assertGreater(max(map(len, used.values())), 1)

    def test_new_hires_and_long_leave(self):
        days = defaultdict(list)
        for event, truth in self.human:
            days[truth["identity"]].append(epoch(event))
        self.assertTrue(any(d[0] > self.world["start"] + 19 * 86400 for d in days.values()))
        gaps = [max(b - a for a, b in zip(d, d[1:])) for d in days.values()]
        self.assertTrue(any(gap > 30 * 86400 for gap in gaps))

    def test_shifts_follow_local_time(self):
        hours = Counter(epoch(e) // 3600 % 24 for e, t in self.human if t["task"] == "ticket")
        busy = sum(sorted(hours.values())[-10:])
        self.assertGreater(busy, 0.7 * sum(hours.values()))
        self.assertGreater(len(hours), 16)

    def test_daylight_saving_moves_the_working_day(self):
        """By UTC the day begins an hour earlier in summer."""
        clock = Clock(self.world["traits"]["home"])
        starts = {True: [], False: []}
        seen = set()
        for event, truth in self.human:
            who = truth["identity"], event["@timestamp"][:10]
            person = self.world["people"][truth["identity"]]
            if truth["task"] == "ticket" and who not in seen and person["shift"] == "day":
                seen.add(who)
                starts[clock.summer(int(epoch(event)) // 86400)].append(epoch(event) % 86400 / 3600)
        shift = statistics.median(starts[False]) - statistics.median(starts[True])
        self.assertTrue(0.6 < shift < 1.4, shift)

    def test_automation_touches_every_tenant_daily(self):
        days = defaultdict(set)
        for event, truth in self.honest:
            if truth["task"] == "automation":
                days[truth["identity"], event["@timestamp"][:10]].add(event["hopwarden.tenant"])
        self.assertGreaterEqual(len(self.world["robots"]), 2)
        self.assertGreater(statistics.median(map(len, days.values())), 0.8 * self.world["tenants"])
        for robot in self.world["robots"]:
            self.assertEqual(self.conf[f'account "{robot}"']["class"], "automation")

    def test_automation_stays_inside_its_binding(self):
        for event, truth in self.honest:
            if truth["task"] == "automation":
                binding = self.conf[f'account "{truth["identity"]}"']
                self.assertEqual(event["hopwarden.key"], binding["keys"])
                self.assertEqual(event["source.ip"] + "/32", binding["sources"])
                self.assertIn(event["hopwarden.tenant"], binding["tenants"].split())

    def test_typing_errors(self):
        failures = sum(e["event.outcome"] == "failure" for e, _ in self.honest)
        self.assertTrue(0.001 < failures / len(self.human) < 0.05)

    # -- the attacks

    def test_every_kind_and_share_occurs(self):
        kinds = Counter(attack["kind"] for attack in self.world["attacks"])
        self.assertEqual(set(kinds), set(KINDS))
        self.assertGreaterEqual(min(kinds.values()), 2)
        self.assertEqual({attack["share"] for attack in self.world["attacks"]}, set(SHARES))

    def test_known_tenants_match_the_share(self):
        by_share = defaultdict(list)
        for attack in self.world["attacks"]:
            by_share[attack["share"]].append(attack["known"])
        for share, known in by_share.items():
            self.assertAlmostEqual(statistics.mean(known), share / 100, delta=0.1)

    def test_known_means_used_before(self):
        used = defaultdict(set)
        for event, truth in self.pairs:
            who = truth["identity"]
            if truth["kind"] == "honest":
                used[who].add(event["hopwarden.tenant"])
            elif truth["known"] and truth["phase"] == "hop" and truth.get("login"):
                self.assertIn(event["hopwarden.tenant"], used[who])

    def test_one_attack_an_identity(self):
        victims = [attack["victim"] for attack in self.world["attacks"]]
        self.assertEqual(len(victims), len(set(victims)))

    def test_attacks_come_after_what_is_measured(self):
        for attack in self.world["attacks"]:
            if attack["kind"] != "poisoner":
                self.assertGreaterEqual(attack["begins"], self.world["measured_until"])

    def test_ordinals(self):
        for name, steps in self.attacks.items():
            steps = [(e, t) for e, t in steps if "login" in t]
            self.assertEqual([t["login"] for _, t in steps], list(range(1, len(steps) + 1)), name)
            order = {}
            for event, truth in steps:
                order.setdefault(event["hopwarden.tenant"], len(order) + 1)
                self.assertEqual(truth["tenant"], order[event["hopwarden.tenant"]])
                self.assertEqual(event["hopwarden.step_up"], "fail")
            self.assertGreaterEqual(len(order), 9)

    def test_victims_keep_working(self):
        alive = 0
        for name, steps in self.attacks.items():
            begin, end = epoch(steps[0][0]), epoch(steps[-1][0]) + 86400
            who = steps[0][1]["identity"]
            alive += any(t["identity"] == who and begin <= epoch(e) <= end for e, t in self.human[-30000:])
        self.assertGreater(alive, len(self.attacks) * 0.7)

    def of_kind(self, kind):
        return [[s for s in steps if "login" in s[1]] for steps in self.attacks.values() if steps[0][1]["kind"] == kind]

    def keys_of(self, name):
        return {e.get("hopwarden.key") for e, t in self.human if t["identity"] == name}

    def test_naive_comes_from_abroad(self):
        for steps in self.of_kind("naive"):
            home = self.world["people"][steps[0][1]["identity"]]["country"]
            country = steps[0][0].get("source.geo.country_iso_code")
            self.assertNotEqual(country or "??", home)

    def test_keys_of_attackers(self):
        for kind in ("naive", "vpn", "targeted", "colleague", "hop-fast", "hop-slow", "seat", "poisoner"):
            for steps in self.of_kind(kind):
                used = {e.get("hopwarden.key") for e, _ in steps} - {None}
                self.assertTrue(used <= self.keys_of(steps[0][1]["identity"]), kind)
        for steps in self.of_kind("graft"):
            used = {e.get("hopwarden.key") for e, _ in steps} - {None}
            self.assertFalse(used & self.keys_of(steps[0][1]["identity"]))
        for steps in self.of_kind("stuffing"):
            self.assertTrue(all("hopwarden.key" not in e for e, _ in steps))

    def test_stuffing_begins_with_guesses(self):
        for name, steps in self.attacks.items():
            if steps[0][1]["kind"] == "stuffing":
                guesses = [e for e, t in steps if t["phase"] == "guess"]
                self.assertGreaterEqual(len(guesses), 8)
                self.assertTrue(all(e["event.outcome"] == "failure" for e in guesses))

    def test_seats_are_the_admins_own_address(self):
        for steps in self.of_kind("seat"):
            who = steps[0][1]["identity"]
            self.assertIn(steps[0][0]["source.ip"], {e["source.ip"] for e, t in self.human if t["identity"] == who})

    def test_colleagues_sit_at_their_own_address(self):
        for steps in self.of_kind("colleague"):
            self.assertIn(steps[0][0]["source.ip"], {e["source.ip"] for e, _ in self.human})

    def test_hops_come_out_of_another_tenant(self):
        networks = {}
        for section in self.conf.sections():
            if section.startswith("tenant"):
                for network in (self.conf[section].get("networks") or "").split():
                    networks[ipaddress.ip_network(network)] = section.split('"')[1]
        inside = outside = 0
        for kind in ("hop-fast", "hop-slow"):
            for steps in self.of_kind(kind):
                self.assertEqual(len({e["source.ip"] for e, _ in steps}), 1)
                address = ipaddress.ip_address(steps[0][0]["source.ip"])
                nest = next((networks[n] for n in networks if address in n), None)
                inside, outside = inside + (nest is not None), outside + (nest is None)
                self.assertNotIn(nest, {e["hopwarden.tenant"] for e, _ in steps})
        self.assertGreater(inside, outside)  # not every tenant's networks are configured

    def test_tempo(self):
        def pace(kind):
            gaps = [epoch(b[0]) - epoch(a[0]) for steps in self.of_kind(kind) for a, b in zip(steps, steps[1:])]
            return statistics.median(gaps)

        self.assertLess(pace("hop-fast"), 300)
        self.assertGreater(pace("hop-slow"), 3600)

    def test_poisoners_are_patient(self):
        for steps in self.of_kind("poisoner"):
            days = {e["@timestamp"][:10] for e, t in steps if t["phase"] == "bait"}
            self.assertGreaterEqual(len(days), 8)

    def test_geolocation_errs(self):
        missing = sum("source.geo.location" not in e for e, _ in self.human)
        self.assertGreater(missing, 0)
        kinds = {e.get("source.kind") for e, t in self.human if t["place"] == "vpn"}
        self.assertTrue(kinds)
        self.assertGreater(distance_km((52, 5), (40, -3)), 1000)
        self.assertEqual(weekday(day_of(2025, 9, 1)), 0)


class Variety(unittest.TestCase):
    def test_worlds_differ(self):
        with tempfile.TemporaryDirectory() as folder:
            homes, offices = set(), []
            for seed in range(20, 26):
                path = pathlib.Path(folder, str(seed))
                run(seed, path, "--admins", "8", "--days", "60")
                traits = json.loads((path / "world.json").read_text())["traits"]
                homes.add(traits["home"])
                offices.append(traits["office"])
            self.assertGreaterEqual(len(homes), 3)
            self.assertGreater(max(offices) - min(offices), 0.2)


if __name__ == "__main__":
    unittest.main()
