# SPDX-License-Identifier: Apache-2.0
"""Bad input and trouble: each has a defined verdict and a line that says what happened; nothing crashes, hangs or is lost."""
import glob
import json
import os
import signal
import subprocess

import client
import peer
import private
import sandbox
from case import HostCase
from scene import ABROAD, IN_BETA, NOWHERE, OFFICE, USUAL

CONF = "/etc/hopwarden/hopwarden.conf"
WRONG = ("[hopwarden\n", "tenant = acme\n", "[hopwarden]\n", "[hopwarden]\ntenant = acme\nmoed = enforce\n", "\0\1\2",
         "[hopwarden]\ntenant = acme\nmode = enforce\nmode = observe\n", "[hopwarden]\ntenant = ../acme\n", "x" * 100000)


def forget_last_good():
    for path in glob.glob("/var/lib/hopwarden/*.last-good"):
        os.remove(path)


class BrokenConfiguration(HostCase):
    """It yields, loudly, to the last one that did parse; without one the PAM line decides."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.box.use_pam, self.stack)
        self.addCleanup(self.configure)
        self.configure()
        self.assertTrue(self.box.ssh("dora", USUAL).inside)  # leaves the last good copy

    def arguments(self, words):
        self.box.use_pam(self.stack, lambda text: text.replace("pam_hopwarden.so", f"pam_hopwarden.so {words}"))

    def test_the_last_good_one_is_used(self):
        for text in WRONG:
            with self.subTest(text[:40]):
                self.box.configure(text)
                login = self.box.ssh("anna", USUAL)
                self.assert_in(login)
                self.assert_degraded(login, "config")
                self.assertIn("hopwarden.note", login.alert)
        self.assert_out(self.box.ssh("ben", IN_BETA))

    def test_unreadable_gone_or_anybody_s(self):
        for change in (lambda: os.chmod(CONF, 0o666), lambda: os.chown(CONF, self.box.accounts["anna"].uid, 0),
                       lambda: os.remove(CONF), lambda: (os.remove(CONF), os.mkfifo(CONF)), lambda: (os.remove(CONF), os.mkdir(CONF))):
            self.configure()
            change()
            login = self.box.ssh("anna", USUAL)
            if os.path.isdir(CONF):
                os.rmdir(CONF)
            elif os.path.lexists(CONF):
                os.remove(CONF)
            self.assert_in(login)
            self.assert_degraded(login, "config")

    def test_none_at_all_asks(self):
        self.box.configure("wrong")
        forget_last_good()
        login = self.box.ssh("anna", USUAL, answers=[self.right()])
        self.assert_in(login, prompts=1)
        self.assert_degraded(login, "config")
        self.assert_out(self.box.ssh("dora", USUAL))

    def test_none_at_all_and_on_error(self):
        self.box.configure("wrong")
        for word, inside in (("allow", True), ("block", False)):
            forget_last_good()
            self.arguments(f"on_error={word}")
            for name in ("anna", "dora"):
                with self.subTest(f"{word} {name}"):
                    login = self.box.ssh(name, USUAL)
                    self.assertEqual(login.inside, inside, str(login))
                    self.assertEqual(login.prompts, [])
                    self.assert_degraded(login, "config")

    def test_none_at_all_under_observe_refuses_nobody(self):
        self.box.configure("wrong")
        forget_last_good()
        self.arguments("mode=observe")
        for name, source in (("anna", USUAL), ("ben", IN_BETA), ("dora", ABROAD), ("ansible", ABROAD), ("root", ABROAD)):
            with self.subTest(name):
                self.assert_in(self.box.ssh(name, source))

    def test_none_at_all_and_break_glass(self):
        self.box.configure("wrong")
        forget_last_good()
        self.arguments("break_glass=rescue on_error=block")
        login = self.box.ssh("rescue", ABROAD)
        self.assert_in(login)
        self.assertEqual(login.alert["event.kind"], "alert")
        self.assert_out(self.box.ssh("anna", USUAL))

    def test_an_argument_that_is_not_understood(self):
        self.arguments("mood=observe")
        login = self.box.ssh("anna", USUAL)
        self.assertTrue(any("mood" in json.dumps(alert) for alert in login.alerts), str(login))


class HistoryDown(HostCase):
    """The redis-server has gone, hangs, forgets or lies. One class, one host; every test brings its own server."""
    redis = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("anna", "dora"):  # now this host's fallback knows them
            login = cls.box.ssh(name, USUAL)
            if not login.inside:
                raise RuntimeError(str(login))

    def with_history(self, url):
        self.configure(history=url)
        self.addCleanup(self.configure)

    def every_lane(self):
        """The row of the failure table for a history that is lost."""
        login = self.box.ssh("anna", USUAL, answers=[self.right()])
        self.assert_in(login, prompts=1)
        self.assert_verdict(login, "step_up", "auth")
        self.assert_degraded(login, "fallback")
        login = self.box.ssh("dora", USUAL)
        self.assert_in(login)
        self.assertEqual(login.alert["event.kind"], "alert", str(login))
        self.assert_degraded(login, "fallback")
        self.assert_out(self.box.ssh("dora", ABROAD))
        login = self.box.ssh("ben", USUAL, answers=[self.right()])
        self.assert_verdict(login, "step_up", "auth")
        self.assert_degraded(login, "history")
        self.assert_in(self.box.ssh("ansible", OFFICE, batch=True))
        self.assert_out(self.box.ssh("ansible", ABROAD, batch=True))
        self.assert_in(self.box.ssh("rescue", USUAL))

    def test_nobody_listens(self):
        self.with_history(f"unix:{self.box.path('nobody.sock')}")
        self.every_lane()
        spooled = self.box.hopwarden("flush")
        self.assertNotEqual(spooled.returncode, 0, "what waits cannot be written yet")
        self.configure()
        self.assertEqual(self.box.hopwarden("flush").returncode, 0)
        sources = [entry.get("user.name") for entry in self.box.log()]
        self.assertIn("ben", sources, "what was spooled is in the log now")

    def test_it_hangs(self):
        self.box.redis.send_signal(signal.SIGSTOP)
        self.addCleanup(self.box.redis.send_signal, signal.SIGCONT)
        login = self.box.ssh("anna", USUAL, answers=[self.right()])
        self.assert_in(login, prompts=1)
        self.assert_degraded(login, "fallback")

    def test_it_lies(self):
        replies = (b"garbage\r\n", b"$99999999999\r\n", b"*1000000000\r\n", b"*1\r\n" * 5000, b"-ERR no\r\n" * 50, b":1\r\n" * 50,
                   b"$-1\r\n" * 50, b"\0" * 4096, b"*2\r\n$3\r\nfoo\r\n$3\r\nba")
        for n, reply in enumerate(replies):
            with self.subTest(reply[:20]):
                self.with_history(peer.Saying(self.box.path(f"lies{n}.sock"), reply).url)
                login = self.box.ssh("anna", USUAL, answers=[self.right()])
                self.assert_in(login, prompts=1)
                self.assertTrue(login.alert.get("hopwarden.degraded"), str(login))

    def test_it_dawdles_is_silent_or_hangs_up(self):
        for made in (peer.Saying(self.box.path("slow.sock"), b"*0\r\n" * 50, pace_s=0.05), peer.Silent(self.box.path("silent.sock")),
                     peer.Closing(self.box.path("closing.sock"))):
            with self.subTest(made.path):
                self.with_history(made.url)
                login = self.box.ssh("anna", USUAL, answers=[self.right()])
                self.assert_in(login, prompts=1)
                self.assertTrue(login.alert.get("hopwarden.degraded"), str(login))
                self.assertGreater(made.served, 0, "it was asked")

    def test_clocks_differ(self):
        """This host's clock is set back an hour: the verdict stands, its records wait."""
        shifted = peer.ShiftedClock(self.box.path("shifted.sock"), self.box.path("redis.sock"), 3600)
        self.with_history(shifted.url)
        login = self.box.ssh("dora", USUAL)
        self.assert_in(login)
        self.assert_degraded(login, "clock")
        self.assertNotIn(login.alert["event.id"], {entry.get("event.id") for entry in self.box.log()})


class HistoryForgotten(HostCase):
    """An emptied store must neither refuse everybody nor trust the next comer."""
    redis = True

    def test_it_counts_as_lost(self):
        self.assert_in(self.box.ssh("anna", USUAL))  # now this host's fallback knows her
        sandbox.run("redis-cli", "-s", self.box.path("redis.sock"), "FLUSHALL")
        login = self.box.ssh("anna", USUAL, answers=[self.right()])
        self.assert_in(login, prompts=1)
        self.assert_degraded(login, "fallback")

    def test_an_import_mends_it(self):
        self.assert_in(self.box.ssh("ben", USUAL, answers=[self.right()] * 3), prompts=1)
        self.assert_in(self.box.ssh("dora", USUAL))
        sandbox.run("redis-cli", "-s", self.box.path("redis.sock"), "FLUSHALL")
        self.give_history()
        login = self.box.ssh("dora", USUAL)
        self.assert_in(login)
        self.assertNotIn("hopwarden.degraded", login.alert, str(login))


class LostFacts(HostCase):
    """Databases, disk and folders that are gone or full."""

    def without(self, path):
        os.rename(path, path + ".away")
        self.addCleanup(os.rename, path + ".away", path)

    def test_no_geo_database(self):
        for name in ("city", "asn"):
            self.without(f"/var/lib/hopwarden/{name}.mmdb")
        login = self.box.ssh("anna", USUAL, answers=[self.right()])
        self.assertTrue(login.inside, str(login))
        self.assert_degraded(login, "geo")

    def test_a_cut_geo_database(self):
        self.without("/var/lib/hopwarden/city.mmdb")
        with open("/var/lib/hopwarden/city.mmdb.away", "rb") as file:
            half = file.read()[:300]
        with open("/var/lib/hopwarden/city.mmdb", "wb") as file:
            file.write(half)
        login = self.box.ssh("anna", USUAL, answers=[self.right()])
        self.assertTrue(login.inside, str(login))
        self.assert_degraded(login, "geo")

    def test_an_address_no_database_knows(self):
        login = self.box.ssh("anna", NOWHERE, answers=[self.right()])
        self.assertTrue(login.inside, str(login))
        self.assertNotIn("hopwarden.degraded", login.alert)
        self.assertNotIn("source.geo.country_iso_code", login.alert)

    def test_full_disk(self):
        """Neither the history nor the spool can be written: the alert says so; the login goes on."""
        full = self.box.path("full")
        os.makedirs(full)
        private.mount("tmpfs", full, "tmpfs", 0, "size=1m,mode=2750,gid=63999")
        sandbox.run("cp", "-a", "/var/lib/hopwarden/.", full)
        with open(f"{full}/filler", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        private.bind(full, "/var/lib/hopwarden")
        self.addCleanup(private.unmount, full)
        self.addCleanup(private.unmount, "/var/lib/hopwarden")
        login = self.box.ssh("anna", USUAL, answers=[self.right()])
        self.assertTrue(login.alerts, str(login))
        self.assert_degraded(login, "not-recorded")
        self.assertTrue(login.inside, str(login))

    def test_full_runtime_folder(self):
        """The connection record cannot be kept: no step-up can be proven to the account phase, and it is told."""
        private.mount("tmpfs", "/run/hopwarden", "tmpfs", private.MS_NOSUID, "size=4k,nr_inodes=1,mode=755")
        self.addCleanup(private.unmount, "/run/hopwarden")
        login = self.box.ssh("anna", USUAL, answers=[self.right()])
        self.assertTrue(login.inside, str(login))
        self.assert_degraded(login, "runtime")

    def test_no_syslog(self):
        """The line waits in a file, and comes with the next login."""
        os.rename("/dev/log", "/dev/log.away")
        try:
            self.box.ssh("dora", ABROAD)
        finally:
            os.rename("/dev/log.away", "/dev/log")
        login = self.box.ssh("dora", USUAL)
        told = [alert for alert in login.alerts if alert.get("source.ip") == ABROAD]
        self.assertTrue(told, str(login))

    def test_a_killed_connection_loses_nothing_that_was_opened(self):
        """kill -9 of the monitor once the session is open: the login is in the log, and the history still opens."""
        here = f"{self.box.accounts['dora'].home}/here"
        ids = []
        for _ in range(5):
            def kill():
                sandbox.await_true(lambda: os.path.exists(here), "the session is open")
                for pid in self.box.connections():
                    os.kill(int(pid), signal.SIGKILL)
                os.remove(here)
            login = self.box.ssh("dora", USUAL, command=f"touch {here}; while [ -e {here} ]; do sleep 0.05; done", meanwhile=kill)
            ids.append(login.alert["event.id"])
        opened = {entry.get("event.id") for entry in self.box.log()}
        self.assertLessEqual(set(ids), opened)
        self.assert_in(self.box.ssh("dora", USUAL))


class HostileNames(HostCase):
    """What the client controls reaches syslog encoded, and no length or character of it hurts."""
    names = ('an"na', "an'na", "anna\\", "anna\tx", "anna\x1b[31m", "anna\x7f", "{}", "$(id)", "../anna", "anna\u202e", "a" * 300)

    def test_odd_user_names(self):
        for name in self.names:
            with self.subTest(ascii(name)):
                login = self.box.ssh(name, USUAL, key=self.box.accounts["anna"].key, answers=["x"], options=["NumberOfPasswordPrompts=1",
                                     "PreferredAuthentications=publickey"])
                self.assert_out(login)
                for alert in login.alerts:
                    self.assertTrue(json.dumps(alert).isascii())

    def drive(self, user, phases, *words):
        return sandbox.run(f"{self.box.build}/tests/integration/pam_driver", "/etc/pam.d", "sshd", user, phases, *words, check=False)

    def test_64_kib_user_name(self):
        done = self.drive("x", "auth,account,open", "--user-size", "65536", f"SSH_CONNECTION={USUAL} 5000 127.0.0.1 22")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("auth=0", done.stdout)
        login = self.box.ssh("b" * 60000, USUAL, answers=["x"], options=["NumberOfPasswordPrompts=1"])
        self.assert_out(login)

    def test_odd_addresses(self):
        """A source that is no address is unknown: never better than a step-up."""
        self.box.use_pam(self.stack)
        for connection in ("", "nonsense", "1.2.3.4.5 1 2 3", "a" * 5000, f"{USUAL}", "::ffff:127.0.10.7 x y z", "127.0.10.7%eth0 1 2 3"):
            with self.subTest(connection[:30]):
                mark = len(self.box.syslog.lines)
                done = self.drive("anna", "account,open", f"SSH_CONNECTION={connection}", "SSH_AUTH_INFO_0=publickey bogus AAAA\\n")
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertNotIn("account=0", done.stdout)
                self.assertTrue([line for line in self.box.syslog.since(mark) if line.alert], done.stdout)

    def test_crash_free_under_valgrind(self):
        """The module as it is, all phases, under valgrind."""
        driver = f"{self.box.build}/tests/integration/pam_driver"
        with open(f"{self.box.accounts['anna'].key}.pub", encoding="ascii") as file:
            key = " ".join(file.read().split()[:2])
        done = subprocess.run(["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite",
                               f"--suppressions={os.path.dirname(os.path.abspath(__file__))}/valgrind.supp", driver, "/etc/pam.d", "sshd", "anna", "auth,account,setcred,open,close",
                               f"SSH_CONNECTION={ABROAD} 5000 127.0.0.1 22", f"SSH_AUTH_INFO_0=publickey {key}\\n",
                               "--answer", client.code_now()], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("auth=0", done.stdout, done.stdout + done.stderr)
