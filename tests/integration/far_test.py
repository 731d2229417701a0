# SPDX-License-Identifier: Apache-2.0
"""A history 100 ms away over TLS: a proxy holds all bytes up for 50 ms each way. What that costs, what the manual says to set, and what
`hopwarden doctor` tells of it."""
import json
import os

import client
import peer
import redis_place
import sandbox
import scene
from in_process_test import ALL, InProcessCase

WAY_S = .05
TRIP_MS = 2000 * WAY_S
TRIPS = 3  # TCP, TLS 1.3, the question with all that stands before it
DEFAULT_MS, DOCUMENTED_MS = 250, 1000
SECRET = "/etc/hopwarden/redis.secret"
SPOOL = "/var/lib/hopwarden/fallback.db.spool"
ANNA = f"SSH_CONNECTION={scene.USUAL} 40000 127.0.0.1 22"


class Far(InProcessCase):
    """The server's certificate is checked as always; the proxy sees nothing but records."""

    @classmethod
    def make_box(cls):
        box = super().make_box()
        folder = box.path("server")
        os.makedirs(folder)
        redis_place.certificates(folder)
        port = client.free_port()
        cls.server = redis_place.Server(folder, extra=redis_place.tls(folder, port))
        cls.addClassCleanup(cls.server.stop)
        cls.near = f"rediss://127.0.0.1:{port}"
        cls.far = f"rediss://127.0.0.1:{peer.Distant(port, WAY_S).port}"
        cls.authority = f"{folder}/ca.pem"
        sandbox.write(SECRET, redis_place.ADMIN + "\n", 0o600)
        return box

    @classmethod
    def configure(cls, deadline_ms=4 * DOCUMENTED_MS, url=None):
        cls.box.configure(scene.configuration(history=url or cls.near, more=(
            f"services = good sshd\nhistory_user = admin\nhistory_secret = {SECRET}\nhistory_ca = {cls.authority}\n"
            f"deadline_ms = {deadline_ms}\n")))

    @classmethod
    def give_history(cls):
        past = cls.box.path("past.ndjson")
        sandbox.write(past, scene.as_log(scene.logins("anna", cls.print_of("anna"))))
        done = cls.box.hopwarden("import", past)
        assert done.returncode == 0, done.stderr

    def setUp(self):
        """A login near the history: now this host's fallback knows her."""
        super().setUp()
        self.addCleanup(self.configure)
        self.assertEqual(self.log_in()[0], "allow")

    def log_in(self):
        """Action, losses and id."""
        self.mark = len(self.box.syslog.lines)
        codes = self.play("good", "anna", ALL, ANNA, self.proof("anna"))
        self.assertEqual(set(codes.values()), {0}, self.text)
        self.box.syslog.settle()
        scored = next(alert for alert in self.alerts() if alert["event.action"] == "login-scored")
        lost = sorted({word for alert in self.alerts() for word in alert.get("hopwarden.degraded", [])})
        return scored["hopwarden.action"], lost, scored["event.id"]

    def entries(self, login):
        return [entry for entry in self.box.log() if entry.get("event.id") == login]

    def test_as_the_manual_says_it_is_scored_and_recorded(self):
        self.configure(DOCUMENTED_MS, self.far)
        action, lost, login = self.log_in()
        self.assertEqual((action, lost), ("allow", []), self.text)
        self.assertFalse(os.path.exists(SPOOL), "all of it went to the store")
        self.configure()
        entry, = self.entries(login)
        self.assertEqual(entry["event.outcome"], "success")

    def test_with_the_default_it_is_degraded_and_nothing_is_lost(self):
        self.configure(DEFAULT_MS, self.far)
        action, lost, login = self.log_in()
        self.assertEqual((action, lost), ("step_up", ["fallback"]))
        self.assertTrue(os.path.exists(SPOOL))
        flushed = self.box.hopwarden("flush")  # it has the time, over the same way
        self.assertEqual(flushed.returncode, 0, flushed.stdout + flushed.stderr)
        self.assertFalse(os.path.exists(SPOOL))
        self.configure()
        self.assertEqual(len(self.entries(login)), 1)

    def pace(self):
        done = self.box.hopwarden("doctor", "--json")
        return next(finding for finding in json.loads(done.stdout) if finding["check"] == "pace")

    def test_doctor_measures_the_way_and_advises(self):
        self.configure(DEFAULT_MS, self.far)
        told = self.pace()
        self.assertEqual(told["state"], "warning", told)
        self.assertRegex(told["what"], r"a login makes \d+ round trips of 1\d\d\.\d ms")
        advised = int(told["mend"].split("deadline_ms = ")[1].split()[0])
        self.assertGreaterEqual(advised, 2 * TRIPS * TRIP_MS, told)
        self.configure(2 * advised, self.far)
        self.assertEqual(self.pace()["state"], "fine")
        self.assertEqual(self.log_in()[:2], ("allow", []))

    def test_doctor_has_nothing_to_say_of_a_near_one(self):
        self.configure(DOCUMENTED_MS)
        self.assertEqual(self.pace()["state"], "fine")
