# SPDX-License-Identifier: Apache-2.0
"""Logins by a real sshd over a history that Sentinels watch or that is a Redis Cluster, with the users of `hopwarden acl`, while servers die,
stop, move and come back: no login waits longer than its time, none is lost."""
import json
import os
import time

import fleet_place
import sandbox
from case import TROUBLE, HostCase
from scene import USUAL

CONF = "/etc/hopwarden/hopwarden.conf"
DEADLINE_MS = 500                 # more than a login needs on a machine that has other things to do
PHASES = 3                        # of a login that ask the history: auth or account, session, and the helper twice
HANG_S = 10 * PHASES * DEADLINE_MS / 1000  # far beyond what a login may wait, and less than any server's own time-out
FAILOVER_S = 90
USERS = f"""deadline_ms = {DEADLINE_MS}
helper_deadline_ms = {DEADLINE_MS}
history_user = {{user}}
history_secret = /etc/hopwarden/{{user}}.secret
helper_user = acme-keys
helper_secret = /etc/hopwarden/acme-keys.secret
{{more}}"""
PROFILE = "hop:1:p:{{{}}}:acme"


class Fleet:
    """Of one kind; set_up in the place of the single server."""
    place = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("anna", "dora"):  # now this host's fallback knows them
            login = cls.box.ssh(name, USUAL)
            if not login.inside or TROUBLE in login.alert:
                raise RuntimeError(str(login))

    @classmethod
    def start_history(cls):
        cls.fleet = cls.place(cls.box.path("fleet"))
        cls.addClassCleanup(cls.fleet.stop)
        cls.history = cls.fleet.url
        for name in ("acme", "acme-keys", "home", "reviewer"):
            reader = name == "acme-keys"
            sandbox.write(f"/etc/hopwarden/{name}.secret", f"sesame-{name}\n", 0o640 if reader else 0o600, (0, 63999 if reader else 0))
        cls.configure()
        cls.fleet.start(cls.acl(), cls.acl("--sentinels"))
        return cls.history

    @classmethod
    def acl(cls, *words):
        lines = cls.box.hopwarden("acl", "acme", *words).stdout.splitlines()
        if len(lines) != 5:
            raise RuntimeError(f"{lines}")
        return [line.replace(" on ", f" on >sesame-{line.split()[1]} ", 1) for line in lines]

    @classmethod
    def configure(cls, user="acme", more="", **settings):
        super().configure(more=USERS.format(user=user, more=more), **settings)

    @classmethod
    def give_history(cls):
        """Home knows what happened before its customers' hosts had users of their own."""
        hopwarden, cls.box.hopwarden = cls.box.hopwarden, lambda *words: cls.run_as("home", *words, tenant="acme")
        super().give_history()
        cls.box.hopwarden = hopwarden

    @classmethod
    def run_as(cls, user, verb, *words, tenant="acme"):
        """A verb over the same history, as another of its users."""
        with open(CONF, encoding="utf-8") as file:
            text = file.read().replace("history_user = acme", f"history_user = {user}").replace("acme.secret", f"{user}.secret", 1)
        path = cls.box.path(f"{user}.conf")
        sandbox.write(path, text.replace("tenant   = acme", f"tenant   = {tenant}", 1))
        return sandbox.Sandbox.hopwarden(cls.box, verb, "--conf", path, *words)

    def as_user(self, user, *words, expect=0, **more):
        done = self.run_as(user, *words, **more)
        self.assertEqual(done.returncode, expect, f"{words}: {done.stdout}{done.stderr}")
        return done.stdout

    # -- a stream of logins -------------------------------------------------------------------------------------------

    def login(self, name="dora"):
        """One that has to come in, whatever the servers do; its alert."""
        began = time.monotonic()
        login = self.box.ssh(name, USUAL, answers=[self.right()])
        self.assertLess(time.monotonic() - began, HANG_S + 5, str(login))  # 5: sshd and ssh on a busy machine
        self.assertTrue(login.inside, str(login))
        self.ids.append(login.alert["event.id"])
        self.degraded += TROUBLE in login.alert
        return login

    def logins_until(self, fine):
        """At least one; until the history serves them again, or no more."""
        end = time.monotonic() + FAILOVER_S
        while True:
            for name in ("dora", "anna"):
                login = self.login(name)
            if (TROUBLE not in login.alert) == fine:
                return
            self.assertLess(time.monotonic(), end, str(login))

    def setUp(self):
        super().setUp()
        self.ids, self.degraded = [], 0

    def nothing_is_lost(self):
        """Flushes; every login stands in the log, and as one that came in."""
        def flushed():
            return self.box.hopwarden("flush").returncode == 0
        fleet_place.await_true(flushed, "the spool is empty")
        entries = {entry["event.id"]: entry for entry in self.box.log()}
        self.assertLessEqual(set(self.ids), set(entries))
        for one in self.ids:
            self.assertEqual(entries[one]["event.outcome"], "success", entries[one])

    # -- what both kinds have to do -----------------------------------------------------------------------------------

    def test_1_helpers_refuse_a_frozen_key(self):
        client = self.fleet.client()
        frozen = "key:" + self.print_of("dora")
        client("HSET", "hop:1:freeze", frozen, "block|1|home|stolen")
        login = self.box.ssh("dora", USUAL)
        self.assert_out(login)
        client("HDEL", "hop:1:freeze", frozen)
        client.close()
        self.assertIn("helper-refused", [alert["event.action"] for alert in login.alerts], str(login))
        self.login("dora")

    def test_2_names_are_resolved_outside_the_login(self):
        sandbox.write("/etc/hosts", "127.0.0.1 localhost store-a store-b store-c\n")
        named = self.history
        for letter in "abc":
            named = named.replace("127.0.0.1", f"store-{letter}", 1)
        self.addCleanup(self.configure)
        self.configure(history=named)
        self.assert_degraded(self.box.ssh("dora", USUAL), "fallback")
        found = self.findings("names")
        self.assertEqual([state for state, _ in found], ["critical"] * 3, found)
        self.assertEqual(self.box.hopwarden("resolve").returncode, 0)
        self.assertNotIn(TROUBLE, self.login().alert)
        self.assertEqual([state for state, _ in self.findings("names")], ["fine"] * 3)

    def findings(self, check):
        done = self.box.hopwarden("doctor", "--json")
        return [(one["state"], one["what"]) for one in json.loads(done.stdout) if one["check"] == check]

    def test_2_doctor_is_content(self):
        self.assertEqual(self.findings("fleet"), [("fine", "all 3 servers answer")])
        self.assertEqual(self.findings("users"), [])

    def test_3_a_server_that_stops_costs_a_login_its_time_and_no_more(self):
        holder = self.fleet.holder(PROFILE.format("anna"))
        self.logins_until(fine=True)
        holder.freeze()
        self.addCleanup(holder.thaw)
        self.logins_until(fine=False)
        self.login("anna")
        holder.thaw()
        self.logins_until(fine=True)
        self.assertGreater(self.degraded, 0)
        self.nothing_is_lost()

    def test_8_a_primary_killed_in_a_stream_of_logins(self):
        holder = self.fleet.holder(PROFILE.format("anna"))
        self.logins_until(fine=True)
        self.fleet.catch_up(holder)
        before = self.degraded
        holder.kill()
        self.logins_until(fine=False)
        self.fleet.hurry()
        self.logins_until(fine=True)
        self.login("anna")
        self.assertGreater(self.degraded, before)
        self.nothing_is_lost()

    def test_9_all_of_it_can_be_walked(self):
        """After the failover: what is dumped is what a store of one file holds, and forgotten is gone everywhere."""
        self.as_user("home", "prune", tenant="home")
        for name in ("first", "second"):
            path = self.box.path(f"{name}.dump")
            if os.path.exists(path):
                os.remove(path)
        self.as_user("reviewer", "dump", self.box.path("first.dump"))
        first = self.lines("first.dump")
        self.assertTrue([line for line in first if "ben" in line and "home" in line], first)
        self.assertGreater(len(first), 50)
        sandbox.write(self.box.path("one.conf"), f"[hopwarden]\ntenant = acme\nhistory = sqlite:{self.box.path('one.db')}\n"
                      f"fallback = {self.box.path('one.fallback')}\n")
        for words in (["load", self.box.path("first.dump")], ["dump", self.box.path("second.dump")]):
            done = self.box.hopwarden(words[0], "--conf", self.box.path("one.conf"), *words[1:])
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.lines("second.dump"), first)
        seen = self.as_user("reviewer", "history", "ben")
        self.as_user("home", "forget", "--yes", "ben", tenant="home")
        self.assertEqual(self.as_user("reviewer", "history", "ben", expect=1), "")
        self.as_user("home", "load", self.box.path("first.dump"), tenant="home")
        self.assertEqual(self.as_user("reviewer", "history", "ben"), seen)

    def lines(self, name):
        """As a set: a server that grows its table meanwhile may tell a key twice. The last line counts them."""
        with open(self.box.path(name), encoding="utf-8") as file:
            return {line for line in file if not line.startswith("end ")}


class OverSentinels(Fleet, HostCase):
    place = fleet_place.Watched

    def test_9_sentinels_are_asked_only_when_they_have_to_be(self):
        """The last: those that were stopped trust their clock no more for half a minute."""
        for node in self.fleet.sentinels:
            node.freeze()
            self.addCleanup(node.thaw)
        self.assertNotIn(TROUBLE, self.login().alert)
        os.remove("/var/lib/hopwarden/route")
        self.assert_degraded(self.login(), "fallback")
        self.fleet.sentinels[1].thaw()
        self.assertNotIn(TROUBLE, self.login().alert)
        self.nothing_is_lost()

    def test_9_zz_doctor_tells_which_sentinel_is_away_or_open_to_all(self):
        first, second, third = self.fleet.sentinels
        first.kill()
        second.told("ACL", "SETUSER", "default", "on", "nopass", "+@all")
        third.told("SENTINEL", "REMOVE", fleet_place.SERVICE)
        (state, away), (other_state, nobody) = self.findings("fleet")
        self.assertEqual((state, other_state), ("warning", "warning"))
        self.assertIn(f"port {first.port}: socket: connect: Connection refused", away)
        self.assertIn(f"port {third.port}: names no primary of hop", nobody)
        (state, what), = self.findings("users")
        self.assertEqual(state, "critical")
        self.assertIn(f"port {second.port} lets in whoever has no password", what)
        third.told("SENTINEL", "MONITOR", fleet_place.SERVICE, "127.0.0.1", first.port, 2)
        self.assertIn(("warning", f"redis 127.0.0.1 port {third.port} names another primary than the Sentinel before it"),
                      self.findings("fleet"))


class OverACluster(Fleet, HostCase):
    place = fleet_place.Sliced

    def test_4_a_slot_on_its_way_and_moved_is_followed(self):
        """ASK and MOVED under logins: none of them so much as notices."""
        key = PROFILE.format("dora")
        source = self.fleet.holder(key)
        target = next(node for node in self.fleet.nodes[:3] if node is not source)
        self.fleet.move_begin(key, source, target)
        self.assertNotIn(TROUBLE, self.login().alert)
        self.fleet.move_key(key, source, target)
        self.assertNotIn(TROUBLE, self.login().alert)
        self.fleet.move_end(key, source, target)
        self.assertNotIn(TROUBLE, self.login().alert)
        self.assertNotIn(TROUBLE, self.login("anna").alert)
        self.assertIs(self.fleet.holder(key), target)
        self.nothing_is_lost()

    def test_9_zz_doctor_tells_which_node_is_away(self):
        """One is gone since the failover, and what took its place goes now; then nobody has those slots."""
        gone = next(node for node in self.fleet.nodes[:3] if node.process.poll() is not None)
        (state, away), = self.findings("fleet")
        self.assertEqual(state, "warning")
        self.assertIn(f"port {gone.port}: socket: connect: Connection refused", away)
        heir = self.fleet.nodes[self.fleet.nodes.index(gone) + 3]
        heir.kill()
        found = self.findings("fleet")
        self.assertEqual([state for state, _ in found], ["warning", "critical"], found)
        self.assertIn(f"port {heir.port}: socket: connect: Connection refused (it owns slots", found[1][1])
        slots = (100, 6000, 12000)  # one of each third
        for node in self.fleet.nodes:
            if node.process.poll() is None:
                for slot, owner in zip(slots, self.fleet.nodes):
                    if owner is not gone:
                        node.told("CLUSTER", "DELSLOTS", slot)
        self.assertIn(("critical", "nobody owns 2 slots of the cluster"), self.findings("fleet"))
