# SPDX-License-Identifier: Apache-2.0
"""Another provider of keys or principals behind the helper: its keys are judged as any, its options reach sshd, its trouble stays small."""
import os
import signal

import sandbox
from case import HostCase
from certificate_test import CertificateCase, LANES
from scene import OFFICE, USUAL

PROVIDER = "/usr/local/libexec/provider"
PROVIDED = "/etc/ssh/provided"
DEADLINE_MS = 1500
OPTIONS = (  # sshd(8), AUTHORIZED_KEYS FILE FORMAT; cert-authority and principals, which belong together, have a test of their own
    "agent-forwarding", 'command="echo \\"forced, inside\\" # c"', 'environment="NAME=a value"', 'expiry-time="20380101000000Z"',
    'from="127.0.0.0/8,!127.0.66.6"', "no-agent-forwarding", "no-port-forwarding", "no-pty", "no-touch-required", "no-user-rc",
    "no-X11-forwarding", 'permitlisten="localhost:8080"', 'permitopen="[2001:db8::1]:80"', "port-forwarding",
    "pty", "restrict", 'tunnel="0"', "user-rc", "verify-required", "X11-forwarding")


def chained(text):
    """contrib's lanes with a chain behind each helper, and sshd's debugging lines."""
    return text.replace("%u %t %k\n", f"%u %t %k --chain {PROVIDER} %u\n").replace("    AuthorizedKeysFile none\n",
                                                                                "    AuthorizedKeysFile none\n    LogLevel DEBUG1\n")


def provide(script):
    sandbox.write(PROVIDER, f"#!/bin/sh\n{script}\n", 0o755)


class Keys(HostCase):
    """keys.d is empty: all keys come from the provider."""
    sshd = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in os.listdir("/etc/hopwarden/keys.d"):
            os.remove(f"/etc/hopwarden/keys.d/{name}")
        cls.box.start_sshd(change=chained, extra="PermitUserEnvironment yes\nMatch User carol\n    LogLevel DEBUG1\nMatch all\n")

    @classmethod
    def configure(cls, **more):
        super().configure(**{"more": f"helper_deadline_ms = {DEADLINE_MS}", **more})

    def setUp(self):
        super().setUp()
        provide(f"cat {PROVIDED}")

    def public(self, name):
        with open(f"{self.box.accounts[name].key}.pub", encoding="ascii") as file:
            return file.read()

    def provided(self, name, options=""):
        others = "".join(self.public(other) for other in ("ben", "carol"))
        sandbox.write(PROVIDED, f"# of a directory\n{others}{options}{' ' if options else ''}{self.public(name)}")

    def enters(self, expected, name="ansible", **more):
        login = self.box.ssh(name, OFFICE, batch=True, **more)
        self.assertEqual(login.inside, expected, str(login))
        return login

    def test_a_provided_key_is_let_in_and_judged(self):
        self.provided("ansible")
        login = self.enters(True)
        self.assertEqual(login.alert["hopwarden.key"], self.print_of("ansible"), str(login))
        self.provided("anna")
        login = self.box.ssh("anna", USUAL)
        self.assert_in(login)
        self.assert_verdict(login, "allow", "auth")

    def test_another_s_key_is_not(self):
        self.provided("anna")
        self.enters(False)

    def test_a_frozen_key_is_refused(self):
        self.provided("dora")
        done = self.box.hopwarden("freeze", "key", self.print_of("dora"), "--block")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.addCleanup(self.box.hopwarden, "unfreeze", "key", self.print_of("dora"))
        login = self.enters(False, "dora")
        self.assertIn("helper-refused", [alert["event.action"] for alert in login.alerts], str(login))

    # -- options --------------------------------------------------------------------------------------------------

    @staticmethod
    def understood(login, begins):
        """What sshd says it has understood of the key's options."""
        return {line.text.partition("key options:")[2] for line in login.lines
                if "key options:" in line.text and begins in line.text.partition("key options:")[0]}

    def test_sshd_understands_every_option_as_it_was_written(self):
        """The same key line, once in carol's authorized_keys without hopwarden, once through the chain."""
        carol = self.box.accounts["carol"]
        plain = self.box.accounts["ansible"].key
        for option in OPTIONS:
            for options in (option, f"restrict,{option}"):
                with self.subTest(options):
                    sandbox.write(f"{carol.home}/.ssh/authorized_keys", f"{options} {self.public('ansible')}", 0o600, (carol.uid, carol.uid))
                    os.chown(f"{carol.home}/.ssh", carol.uid, carol.uid)
                    direct = self.understood(self.box.ssh("carol", OFFICE, key=plain, batch=True), "authorized_keys")
                    self.provided("ansible", options)
                    login = self.box.ssh("ansible", OFFICE, batch=True)
                    self.assertEqual(len(direct), 1, "sshd's own reading")
                    self.assertEqual(self.understood(login, "hopwarden-keys"), direct, str(login))

    def test_options_hold(self):
        self.provided("ansible", 'command="echo forced inside"')
        self.assertIn("forced inside", self.enters(True).seen)
        self.provided("ansible", 'environment="NAME=a value inside"')
        self.assertIn("a value inside", self.enters(True, command="echo $NAME").seen)
        self.provided("ansible", f'from="{USUAL}"')
        self.enters(False)
        self.provided("ansible", 'expiry-time="20200101000000Z"')
        self.enters(False)
        self.provided("ansible", "restrict")
        self.assertIn("PTY allocation request failed", self.box.ssh("ansible", OFFICE, batch=True, options=["RequestTTY=force"]).seen)

    def test_a_certificate_by_an_authority_line(self):
        ca, key = self.box.make_key("ca"), self.box.make_key("short")
        sandbox.run("ssh-keygen", "-q", "-s", ca, "-I", "deploy", "-n", "deployers", "-V", "-1m:+5m", f"{key}.pub")
        self.configure(ansible_key=f"{self.box.fingerprint(ca)}/deploy")
        self.addCleanup(self.configure)
        with open(f"{ca}.pub", encoding="ascii") as file:
            sandbox.write(PROVIDED, f'cert-authority,principals="deployers" {file.read()}')
        self.assertIn(" agent-forwarding port-forwarding principals pty user-rc x11-forwarding",
                      self.understood(self.enters(True, key=key), "hopwarden-keys"))
        stranger = self.box.make_key("stranger")
        sandbox.run("ssh-keygen", "-q", "-s", ca, "-I", "deploy", "-n", "strangers", "-V", "-1m:+5m", f"{stranger}.pub")
        self.enters(False, key=stranger)

    # -- as they print them -----------------------------------------------------------------------------------------

    def test_the_output_of_the_usual_providers(self):
        kind, blob = self.public("ansible").split()[:2]
        ben, dora = (" ".join(self.public(name).split()[:2]) for name in ("ben", "dora"))
        for name, text in {
                "sss_ssh_authorizedkeys: bare keys, one a line": f"{ben}\n{kind} {blob}\n",
                "sss_ssh_authorizedkeys: keys with their owners": f"{dora} dora@ipa.example\n{kind} {blob} ansible@ipa.example\n",
                "userdbctl ssh-authorized-keys: as in the user record, options too": f"# home\nno-pty {kind} {blob} José 💻\n\n{ben}\n",
                "eic_run_authorized_keys: the pushed key and nothing else": f"{kind} {blob}",
                "ldapsearch through sed: CRLF, blanks and blank lines": f"\r\n  {ben}\r\n\t{kind} {blob} cn=ansible,dc=example\r\n\r\n",
                "ldapsearch: attributes that are no keys beside one": f"dn: uid=ansible,dc=example\nsshPublicKey: {ben}\n{kind} {blob}\n",
                "one key twice": f"{kind} {blob} first\n{kind} {blob} second\n"}.items():
            with self.subTest(name):
                sandbox.write(PROVIDED, text)
                self.enters(True)

    def test_a_user_that_it_does_not_know(self):
        """userdbctl fails for a user it does not know; SSSD prints nothing."""
        provide("exit 0")
        self.assertEqual([alert for alert in self.enters(False).alerts if alert["event.action"] == "trouble"], [])
        provide("echo \"No user $1 known.\" >&2; exit 1")
        self.told(self.enters(False), "exit status 1")

    def test_sshd_s_tokens_reach_it(self):
        """As EC2 Instance Connect's helper wants them: account and fingerprint."""
        self.provided("ansible")
        provide(f'[ "$1" = ansible ] && [ "$2" = {self.print_of("ansible")} ] && cat {PROVIDED}')
        path = "/etc/ssh/sshd_config.d/hopwarden.conf"
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.enters(False)
        self.addCleanup(self.restart, path, text)
        self.restart(path, text.replace(f"--chain {PROVIDER} %u", f"--chain {PROVIDER} %u %f"))
        self.enters(True)

    def restart(self, path, text):
        """sshd reads its files again for each server it starts anew."""
        sandbox.write(path, text)
        mark = len(self.box.syslog.lines)
        os.kill(self.box._sshd.pid, signal.SIGHUP)
        sandbox.await_true(lambda: self.box.syslog.has(mark, "Server listening on 127.0.0.1"), "sshd listens again")

    # -- trouble --------------------------------------------------------------------------------------------------

    def told(self, login, words):
        self.assertTrue(any(words in alert.get("hopwarden.note", "") for alert in login.alerts), str(login))
        os.system("rm -f /run/hopwarden/notes/trouble.*")  # once an hour, else

    def none_left(self, words):
        done = sandbox.run("pgrep", "-x", "-f", words, check=False)
        self.assertEqual(done.stdout, "")

    def test_one_that_hangs_is_ended(self):
        self.provided("ansible")
        provide(f"cat {PROVIDED}; exec sleep 98765")
        login = self.enters(False)
        self.told(login, "no answer within the deadline")
        self.none_left("sleep 98765")

    def test_one_that_leaves_something_running_does_not_hold_the_login(self):
        self.provided("ansible")
        provide(f"sleep 98766 & cat {PROVIDED}")
        self.enters(True)
        self.none_left("sleep 98766")

    def test_one_that_fails_or_floods_is_not_believed(self):
        self.provided("ansible")
        provide(f"cat {PROVIDED}; exit 1")
        self.told(self.enters(False), "exit status 1")
        provide(f"cat {PROVIDED}; yes")
        self.told(self.enters(False), "more than")

    def test_one_that_crashes_is_not_believed(self):
        self.provided("ansible")
        provide(f"cat {PROVIDED}; kill -SEGV $$")
        self.told(self.enters(False), "signal 11")

    def test_one_that_hangs_behind_a_closed_output_is_ended(self):
        self.provided("ansible")
        provide(f"trap '' TERM HUP; cat {PROVIDED}; exec >&- 2>&-; exec sleep 98767")
        self.told(self.enters(False), "no answer within the deadline")
        self.none_left("sleep 98767")

    def test_one_that_is_slow_but_in_time(self):
        self.provided("ansible")
        provide(f"for part in 1 2 3 4; do sleep 0.05; done; dd if={PROVIDED} bs=1 status=none")
        self.enters(True)

    def test_one_that_knows_thousands_of_keys(self):
        self.provided("ansible")
        provide(f"yes '{self.public('ben').strip()}' | head -n 5000; cat {PROVIDED}")
        self.enters(True)

    def test_one_that_others_can_write_is_not_run(self):
        self.provided("ansible")
        os.chmod(PROVIDER, 0o777)
        self.told(self.enters(False), "writable by others")

    def test_it_runs_as_the_helper_without_a_shell(self):
        self.provided("ansible")
        provide(f'[ "$(id -un)" = hopwarden ] && [ "$*" = ansible ] && [ -z "$(cat)" ] && cat {PROVIDED}')
        self.enters(True)

    def test_without_a_configuration_it_still_provides(self):
        self.box.configure("wrong")
        self.addCleanup(self.configure)
        self.provided("ansible")
        login = self.box.ssh("ansible", OFFICE, batch=True)
        self.assertTrue(any("Accepted publickey" in line.text or "Accepted key" in line.text for line in login.lines), str(login))


class Principals(CertificateCase):
    """principals.d is empty: the provider knows who may log in."""

    @classmethod
    def start(cls):
        cls.configure(ansible_key=f"{cls.box.fingerprint(cls.ca)}/deploy")
        cls.box.start_sshd(lanes=LANES, change=chained)

    def test_provided_principals_are_filtered(self):
        provide("echo others; echo 'restrict,command=\"echo forced inside\" deployers'; echo ansible-admins")
        login = self.box.ssh("ansible", OFFICE, key=self.certificate("deploy", "deployers"), batch=True)
        self.assertTrue(login.inside and "forced" in login.seen, str(login))
        for principals in ("ansible", "strangers"):
            self.assert_out(self.box.ssh("ansible", OFFICE, key=self.certificate("deploy", principals), batch=True))

    def test_a_provider_that_fails_lets_nobody_in(self):
        provide("echo ansible; exit 1")
        self.assert_out(self.box.ssh("ansible", OFFICE, key=self.certificate("deploy", "ansible"), batch=True))
