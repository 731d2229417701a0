# SPDX-License-Identifier: Apache-2.0
"""What one world tells about each detector: the scores of honest logins, and those along each attack."""

import zlib
from array import array
from collections import Counter

MONTH = 365.25 / 12 * 86400
STEP_UP_AT = -6.3  # of the generated configuration: below it a step-up comes from a floor
FLOORED = 1e6


def untied(score, event_id):
    """Equal scores are told apart at random, but always alike, so that a detector with two or three
    levels can be held to any budget."""
    return score + zlib.crc32(event_id.encode()) * 2.0**-32 * 1e-6


class Trial:
    """One world. An honest login counts when it lies before the attacks of the world's last weeks and
    before the first attack on the same person."""

    def __init__(self, world, logins, truths):
        self.world, self.robots = world, set(world["robots"])
        begins = {attack["victim"]: attack["begins"] for attack in world["attacks"]}
        until = world["measured_until"]
        self.months = sum(person["months"] for person in world["people"].values())
        self.months -= sum(max(0, until - time) for time in begins.values()) / MONTH
        self.honest, self.automation, self.attacks = [], [], {}
        self.about, self.episode = {}, {}
        for login, truth in zip(logins, truths):
            if truth["kind"] != "honest":
                self.add_step(login, truth)
            elif not login.ok:
                continue
            elif login.who in self.robots:
                self.automation.append(login.id)
            elif login.time < min(until, begins.get(login.who, until)):
                self.honest.append(login.id)
                self.about[login.id] = f"{truth['task']}, {truth['place']}"
                self.episode[login.id] = login.who, login.tenant, login.time // 86400
        self.scores, self.verdicts = {}, {}

    def add_step(self, login, truth):
        if "login" in truth:
            new = {"kind": truth["kind"], "share": truth["share"], "steps": []}
            attack = self.attacks.setdefault(truth["instance"], new)
            attack["steps"].append((login.id, truth["tenant"]))

    def add_scores(self, name, found):
        self.scores[name] = {
            "honest": array("d", sorted((untied(found[i], i) for i in self.honest), reverse=True)),
            "attacks": [[(untied(found[i], i), tenant) for i, tenant in a["steps"]] for a in self.attacks.values()],
        }

    def add_verdicts(self, witness, found):
        """hopwarden as configured, and its risk as a score, with and without its floors."""
        missing = [i for i in self.honest + self.automation if i not in found]
        if missing:
            raise SystemExit(f"replay gave no verdict for {len(missing)} logins, first {missing[0]}")
        risk, floored = {}, {}
        for event_id, (action, bits, _) in found.items():
            risk[event_id] = -FLOORED if bits is None else bits
            floor = action != "allow" and risk[event_id] < STEP_UP_AT
            floored[event_id] = FLOORED if floor else risk[event_id]
        self.add_scores(f"hopwarden, {witness}", risk)
        self.add_scores(f"hopwarden, {witness}, with floors", floored)
        self.verdicts[witness] = self.counts(found, floored)

    def counts(self, found, floored):
        asked = [i for i in self.honest if found[i][0] != "allow"]
        blocked = [i for i in asked if found[i][0] == "block"]
        return {
            "asked": len(asked),
            "floored": sum(floored[i] == FLOORED for i in asked),
            "blocked": len(blocked),
            "episodes": len({self.episode[i] for i in blocked}),
            "automation": sum(found[i][0] != "allow" for i in self.automation),
            "reasons": Counter(first_reason(found[i]) for i in asked),
            "blocked for": Counter(first_reason(found[i]) for i in blocked),
            "about": Counter(self.about[i] for i in asked),
            "attacks": [[(found[i][0] != "allow", tenant) for i, tenant in a["steps"]] for a in self.attacks.values()],
        }

    def result(self):
        return {
            "months": self.months,
            "honest": len(self.honest),
            "automation": len(self.automation),
            "attacks": [{"kind": a["kind"], "share": a["share"]} for a in self.attacks.values()],
            "scores": self.scores,
            "verdicts": self.verdicts,
        }


def first_reason(verdict):
    codes = verdict[2]
    return codes[0] if codes else "none"


def caught(steps):
    """(at login 1, by tenant 3, by tenant 12) of an attack, from (stopped, ordinal of tenant)."""
    for n, (stopped, tenant) in enumerate(steps):
        if stopped:
            return n == 0, tenant <= 3, tenant <= 12
    return False, False, False


def threshold(honest, budget):
    """The lowest score at which no more than `budget` honest logins are asked. `honest` descends."""
    return honest[budget] + 1e-12 if budget < len(honest) else float("-inf")
