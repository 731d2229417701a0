#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The bench counts right: bounds against known values, detectors against small stories."""

import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import baselines
from bounds import poisson_upper, share_bounds
from measure import MONTH, Trial, caught, threshold, untied


def login(n, hours, tenant="t1", who="anna", country="NL", point=(52.4, 4.9), key="k1", ip="84.24.10.7", ok=True):
    event = {
        "event.id": f"e{n}", "hopwarden.team": "north", "hopwarden.tenant": tenant, "host.name": "h1", "source.ip": ip,
        "source.as.number": 64512, "source.geo.country_iso_code": country, "hopwarden.key": key,
        "source.geo.location": {"lat": point[0], "lon": point[1]}, "event.outcome": "success" if ok else "failure",
    }
    return baselines.Login(event, {"identity": who}, int(hours * 3600))


class Bounds(unittest.TestCase):
    def test_poisson(self):
        self.assertAlmostEqual(poisson_upper(0), 2.9957, places=3)
        self.assertAlmostEqual(poisson_upper(4), 9.1535, places=3)

    def test_clopper_pearson(self):
        known = ((0, 10, 0, 0.3085), (10, 10, 0.6915, 1), (7, 10, 0.3475, 0.9333), (50, 100, 0.3983, 0.6017))
        for count, n, low, high in known:
            found = share_bounds(count, n)
            self.assertAlmostEqual(found[0], low, places=3)
            self.assertAlmostEqual(found[1], high, places=3)


class Counting(unittest.TestCase):
    def test_caught_at_the_first_stop(self):
        self.assertEqual(caught([(True, 1)]), (True, True, True))
        self.assertEqual(caught([(False, 1), (False, 1), (True, 2)]), (False, True, True))
        self.assertEqual(caught([(False, 1), (True, 4)]), (False, False, True))
        self.assertEqual(caught([(False, 1), (True, 13)]), (False, False, False))
        self.assertEqual(caught([(False, 1)]), (False, False, False))

    def test_threshold_spends_the_budget_and_no_more(self):
        honest = sorted((untied(s, f"e{i}") for i, s in enumerate([3, 1, 1, 1, 0])), reverse=True)
        for budget in range(5):
            self.assertEqual(sum(score >= threshold(honest, budget) for score in honest), budget)
        self.assertEqual(threshold(honest, 9), float("-inf"))

    def test_ties_are_told_apart_always_alike(self):
        self.assertEqual(untied(1.0, "a"), untied(1.0, "a"))
        self.assertNotEqual(untied(1.0, "a"), untied(1.0, "b"))
        self.assertLess(untied(1.0, "a"), 1.001)

    def trial(self):
        world = {
            "measured_until": int(MONTH),
            "robots": ["ansible"],
            "people": {"anna": {"months": 1.0}, "bram": {"months": 1.0}},
            "attacks": [{"victim": "anna", "begins": int(MONTH / 2)}],
        }
        honest = {"kind": "honest", "task": "ticket", "place": "home"}
        step = {"kind": "vpn", "instance": "vpn-anna", "share": 60, "login": 1, "tenant": 1}
        rows = [
            (login(0, 1), honest),
            (login(1, 400), honest),
            (login(2, 400, who="bram"), honest),
            (login(3, 2, ok=False), honest),
            (login(4, 1, who="ansible"), {**honest, "task": "automation"}),
            (login(5, 366), step),
            (login(6, 800, who="bram"), honest),
        ]
        return Trial(world, *zip(*rows))

    def test_honest_logins_count_until_the_attack(self):
        trial = self.trial()
        self.assertEqual(trial.honest, ["e0", "e2"])
        self.assertEqual(trial.automation, ["e4"])
        self.assertAlmostEqual(trial.months, 1.5, places=2)

    def test_floors_are_told_from_the_score(self):
        trial = self.trial()
        verdicts = {
            "e0": ("step_up", -12.0, ["country-new"]), "e2": ("step_up", -4.0, []), "e4": ("allow", None, []),
            "e5": ("block", 1.0, []),
        }
        trial.add_verdicts("home", verdicts)
        counts = trial.verdicts["home"]
        self.assertEqual((counts["asked"], counts["floored"], counts["blocked"], counts["automation"]), (2, 1, 0, 0))
        self.assertEqual(counts["attacks"], [[(True, 1)]])

    def test_a_missing_verdict_is_an_error(self):
        with self.assertRaises(SystemExit):
            self.trial().add_verdicts("home", {})


class Detectors(unittest.TestCase):
    def taught(self, make, days=40):
        detector = make()
        for n in range(days * 4):
            for who, ip in (("anna", "84.24.10.7"), ("bram", "84.24.11.9")):
                one = login(n, 6 * n, tenant=f"t{n % 3}", who=who, key=f"key of {who}", ip=ip)
                detector.score(one)
                detector.learn(one)
        return detector

    def test_the_usual_scores_below_the_unusual(self):
        usual = login("u", 1000, key="key of anna")
        unusual = [
            login("o", 1000, tenant="t99", key="key of anna"),
            login("o", 1000, key="other"),
            login("o", 1000, ip="5.6.7.8", country="VN", key="key of anna"),
        ]
        for make in (baselines.Freeman, baselines.NaiveBayes, baselines.Points):
            detector = self.taught(make)
            for odd in unusual:
                self.assertLess(detector.score(usual), detector.score(odd), make.name)

    def test_points_let_the_first_two_weeks_be(self):
        detector = baselines.Points()
        self.assertEqual(detector.score(login(0, 0)), 0)
        self.assertGreater(detector.score(login(1, 24 * 15)), 0)

    def test_points_for_failures_before(self):
        detector = self.taught(baselines.Points)
        before = detector.score(login(0, 1000, key="key of anna"))
        for n in range(8):
            detector.fail(login(n, 1000, ok=False))
        self.assertGreater(detector.score(login(0, 1000, key="key of anna")), before)

    def test_never_seen_pair(self):
        detector = self.taught(baselines.NeverSeen)
        self.assertEqual((detector.score(login(0, 9)), detector.score(login(0, 9, tenant="t9"))), (0, 1))

    def test_velocity_and_country(self):
        detector = self.taught(baselines.Velocity)
        last = detector.last["anna"][0] / 3600
        self.assertEqual(detector.score(login(0, last + 1)), 0)
        self.assertEqual(detector.score(login(0, last + 1, point=(41.0, 29.0))), 1)
        self.assertEqual(detector.score(login(0, last + 9, point=(41.0, 29.0))), 0)
        self.assertEqual(detector.score(login(0, last + 99, point=(41.0, 29.0), country="TR")), 1)

    def test_failures_are_not_scored(self):
        found = baselines.scores([login(0, 1), login(1, 2, ok=False)])
        self.assertTrue(all(set(scores) == {"e0"} for scores in found.values()))


class WholeBench(unittest.TestCase):
    def run_bench(self, *more):
        command = [sys.executable, "-B", HERE / "detection", "--baselines-only", "--admins", "10", "--days", "70"]
        command += more
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def test_the_report_says_which_seeds_it_used(self):
        self.assertIn("Seeds 1001 to 1001, for reporting", self.run_bench("--report", "1"))
        self.assertIn("Seeds 1 to 2, for tuning: not a result to report", self.run_bench("--tune", "2"))

    def test_every_detector_at_every_budget(self):
        report = self.run_bench("--report", "1")
        for budget in ("0.5", "1", "2"):
            self.assertIn(f"### at {budget} step-ups per admin-month", report)
        for make in baselines.BASELINES:
            self.assertEqual(report.count(f"| {make.name} |"), 3)


if __name__ == "__main__":
    unittest.main()
