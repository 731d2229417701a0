# SPDX-License-Identifier: Apache-2.0
"""hopwarden enforce at a real sshd: it does not switch when too much would be refused, falls back by itself, and is confirmed by a fresh
login and by nothing else."""
import json
import os
import re
import time

import sandbox
import scene
from case import HostCase
from scene import ABROAD, IN_BETA, OFFICE, USUAL

DROP_IN = "/etc/hopwarden/conf.d/enforce.conf"
FIDO = ("sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIPcAWuz2yzo8wB0D4Nn6NDjkCh4RWv3mE0kQyGBD5GxSAAAABHNzaDo=")
ANY = ("--max-refusals", "100")


def stamp(epoch):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


class Enforce(HostCase):
    mode = "observe"

    @classmethod
    def give_history(cls):
        super().give_history()
        path = cls.box.path("root.ndjson")
        sandbox.write(path, scene.as_log(scene.logins("root", cls.print_of("root"))))
        done = cls.box.hopwarden("import", path)
        assert done.returncode == 0, done.stderr

    def setUp(self):
        super().setUp()
        self.addCleanup(self.box.hopwarden, "enforce", "--back")

    def enforce(self, *words, expect):
        done = self.box.hopwarden("enforce", *words)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def state(self):
        told = json.loads(self.box.hopwarden("enforce", "--json").stdout)
        return told["mode"], told["state"]

    def as_root(self, command, **more):
        """In a login of root's own; what it printed, and the exit status of the command."""
        login = self.box.ssh("root", USUAL, command=f"{command}; echo \"exit $?\"", **more)
        found = re.findall(r"exit (\d+)", login.seen)
        self.assertTrue(found, str(login))
        return login, [int(status) for status in found]

    def block_ben(self):
        """Whatever was observed and learned of him before."""
        self.assertEqual(self.box.hopwarden("freeze", "account", "ben", "--block").returncode, 0)
        self.addCleanup(self.box.hopwarden, "unfreeze", "account", "ben")

    def switched(self, *words):
        self.assertTrue(self.box.ssh("anna", USUAL).inside)
        return self.enforce("--confirm-within", "15m", *ANY, *words, expect=0)

    def end_now(self):
        """As if the quarter of an hour were over in a second."""
        with open(DROP_IN, encoding="ascii") as file:
            text = file.read()
        end = int(time.time()) + 1
        text = re.sub(r"(?m)^since = .*$", f"since = {stamp(end - 900)}", text)
        text = re.sub(r"(?m)^boot = .*\n", "", text)
        sandbox.write(DROP_IN, re.sub(r"(?m)^until = .*$", f"until = {stamp(end)}", text))
        sandbox.await_true(lambda: time.time() > end, "the time is over")

    # -- before --------------------------------------------------------------------------------------------------

    def test_1_without_a_judged_login_nothing_is_known(self):
        self.assertIn("not known", self.enforce("--confirm-within", "15m", expect=3))
        self.assertEqual(self.state(), ("observe", "none"))

    def test_2_not_when_too_much_would_be_refused(self):
        self.assert_in(self.box.ssh("anna", USUAL))
        self.assert_in(self.box.ssh("ben", IN_BETA))
        self.assertIn("would have been refused", self.enforce("--confirm-within", "15m", expect=2))
        self.assertIn("%", self.enforce("--confirm-within", "15m", "--max-refusals", "49.9", expect=2))
        self.assertEqual(self.state(), ("observe", "none"))
        self.assertFalse(os.path.exists(DROP_IN))

    def test_3_not_where_the_stack_observes(self):
        self.box.use_pam("sshd.observe")
        self.addCleanup(self.box.use_pam, self.stack)
        self.assertIn("nothing would be refused", self.enforce("--confirm-within", "15m", *ANY, expect=1))
        self.assertEqual(self.state(), ("observe", "none"))

    def test_4_words(self):
        for words in (["--confirm-within", "59s"], ["--confirm-within", "25h"], ["--confirm", "--back"], ["--max-refusals", "x"], ["now"]):
            self.enforce(*words, expect=64)
        self.enforce("--confirm", expect=1)
        self.enforce("--back", expect=1)

    def test_5_readiness_knows_who_can_pass_here(self):
        path = self.box.path("token")
        sandbox.write(f"{path}.pub", f"{FIDO} anna@token\n")
        self.box.allow_key("ben", path)
        for name, more in (("anna", {}), ("ben", {}), ("pavel", {"answers": ["pavel-word"]})):
            self.assert_in(self.box.ssh(name, USUAL, **more), prompts=len(more))
        told = json.loads(self.box.hopwarden("readiness", "--json").stdout)
        factors = {account["account"]: account["second_factor"] for account in told["accounts"]}
        self.assertEqual({name: factor["can"] for name, factor in factors.items()}, {"anna": "yes", "ben": "yes", "pavel": "no"})
        self.assertIn(".google_authenticator", factors["anna"]["why"])
        self.assertEqual((factors["anna"]["fido_key"], factors["ben"]["fido_key"]), (False, True))
        self.assertIn("has a FIDO key", self.box.hopwarden("readiness").stdout)
        sandbox.write("/etc/hopwarden/keys.d/pavel", f"# his token\nverify-required {FIDO} pavel@token\n", 0o640)
        told = json.loads(self.box.hopwarden("readiness", "--json").stdout)
        pavel = next(account for account in told["accounts"] if account["account"] == "pavel")
        self.assertEqual(pavel["second_factor"], {"can": "yes", "why": "its keys are FIDO keys with verify-required", "fido_key": True})

    # -- on trial --------------------------------------------------------------------------------------------------

    def test_enforces_at_once_and_falls_back(self):
        self.block_ben()
        self.assertIn("confirm", self.switched())
        self.assertEqual(self.state(), ("enforce", "running"))
        self.assertEqual(os.stat(DROP_IN).st_mode & 0o777, 0o644)
        login = self.box.ssh("ben", IN_BETA)
        self.assert_out(login)
        self.assertEqual(login.alert["hopwarden.mode"], "enforce")
        self.assert_in(self.box.ssh("anna", USUAL))
        self.enforce("--confirm-within", "15m", *ANY, expect=1)
        self.end_now()
        login = self.box.ssh("ben", IN_BETA)
        self.assert_in(login)
        self.assertEqual(login.alert["hopwarden.mode"], "observe")
        self.assertIn("not confirmed", login.alert["hopwarden.note"])
        login = self.box.ssh("anna", USUAL)
        self.assertIn("not confirmed", login.alert["hopwarden.note"])
        told = [line.severity for line in login.lines if line.alert and line.alert["event.action"] == "login-scored"]
        self.assertEqual(told, [3], "an allowed login is told at err")
        self.assertEqual(self.state(), ("observe", "lapsed"))
        self.assertIn("not confirmed", self.enforce(expect=1))
        self.assertIn("enforce was not confirmed in time", self.box.hopwarden("doctor").stdout)
        self.enforce("--confirm", expect=1)
        self.switched()
        self.assertEqual(self.state(), ("enforce", "running"))

    def test_confirmed_by_a_fresh_login(self):
        self.block_ben()
        self.switched()
        time_of_switch = int(time.time())
        sandbox.await_true(lambda: int(time.time()) > time_of_switch, "the next second")
        login, status = self.as_root("hopwarden enforce --confirm")
        self.assertEqual(status, [0], str(login))
        with open(DROP_IN, encoding="ascii") as file:
            self.assertIn(f"confirmed = {login.alert['event.id']}\n", file.read())
        self.assertIn("enforce-confirmed", [alert["event.action"] for alert in login.alerts])
        self.end_now()
        self.assertEqual(self.state(), ("enforce", "confirmed"))
        self.assert_out(self.box.ssh("ben", IN_BETA))
        self.enforce("--confirm", expect=0)
        self.enforce("--back", expect=0)
        self.assertEqual(self.state(), ("observe", "none"))
        self.assert_in(self.box.ssh("ben", IN_BETA))

    def test_not_by_the_login_that_switched(self):
        self.assert_in(self.box.ssh("anna", USUAL))
        login, status = self.as_root(f"hopwarden enforce --confirm-within 15m {' '.join(ANY)}; echo \"exit $?\"; sleep 1.1; "
                                     "hopwarden enforce --confirm")
        self.assertEqual(status, [0, 1], str(login))
        self.assertIn("is the one that switched", login.seen)
        self.assertEqual(self.state(), ("enforce", "running"))

    def test_not_by_an_older_login_whatever_it_says(self):
        """The environment is the user's: only the own connection counts."""
        flag = self.box.path("go")

        def meanwhile():
            sandbox.await_true(lambda: self.box.syslog.has(mark, "session opened for user root"), "root is in")
            self.enforce("--confirm-within", "15m", *ANY, expect=0)
            sandbox.write(flag, "go")

        self.assert_in(self.box.ssh("anna", USUAL))
        mark = len(self.box.syslog.lines)
        login, status = self.as_root(f"while ! test -s {flag}; do sleep 0.1; done; "
                                     "HOPWARDEN_LOGIN=7ZZZZZZZZZZZZZZZZZZZZZZZZZ hopwarden enforce --confirm", meanwhile=meanwhile)
        self.assertEqual(status, [1], str(login))
        self.assertIn("is older than the switch", login.seen)
        self.assertEqual(self.state(), ("enforce", "running"))

    def test_not_from_outside_any_login(self):
        self.switched()
        self.assertIn("no record of this session", self.enforce("--confirm", expect=3))
        self.assertEqual(self.state(), ("enforce", "running"))

    def test_not_by_a_permit(self):
        self.switched()
        self.box.hopwarden("permit", "root", "--key", self.print_of("root"), "--for", "1h", "--why", "test")
        self.addCleanup(self.box.hopwarden, "unpermit", "root", "--key", self.print_of("root"))
        time_of_switch = int(time.time())
        sandbox.await_true(lambda: int(time.time()) > time_of_switch, "the next second")
        login = self.box.ssh("root", ABROAD, command="hopwarden enforce --confirm; echo inside")
        self.assert_in(login)
        self.assertIn("by a permit", login.seen)
        self.assertEqual(self.state(), ("enforce", "running"))

    def test_not_by_break_glass(self):
        glass = scene.configuration(mode="observe", history=self.history, ansible_key=self.print_of("ansible"))
        self.box.configure(glass.replace('[account "root"]\nclass = shared', '[account "root"]\nclass = break-glass'))
        self.addCleanup(self.configure)
        self.switched()
        time_of_switch = int(time.time())
        sandbox.await_true(lambda: int(time.time()) > time_of_switch, "the next second")
        login = self.box.ssh("root", OFFICE, command="hopwarden enforce --confirm; echo inside")
        self.assertIn("break-glass", login.seen)
        self.assertEqual(self.state(), ("enforce", "running"))

    def test_back_works_when_the_rest_is_broken(self):
        self.switched()
        self.addCleanup(self.configure)
        with open("/etc/hopwarden/hopwarden.conf", "a", encoding="ascii") as file:
            file.write("no such thing\n")
        self.enforce("--back", expect=78)
        self.assertFalse(os.path.exists(DROP_IN))
