# SPDX-License-Identifier: Apache-2.0
"""FIDO keys for real: ssh-keygen and ssh with a security key in software, and an sshd that is told to want verification."""
import sandbox
from case import HostCase
from connection_test import NewerCase, with_connection
from scene import USUAL

PIN, WRONG_PIN = "2468", "1357"
KINDS = ("ed25519-sk", "ecdsa-sk")


class FidoCase(HostCase):
    """anna has keys of both kinds: plain ones, which are only touched, and ones that verify their owner."""
    sshd = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = f"{cls.box.build}/tests/integration/soft_key.so"
        cls.keys = {(kind, verified): cls.make_key(kind, verified) for kind in KINDS for verified in (False, True)}
        cls.start()
        for key in cls.keys.values():
            cls.box.allow_key("anna", key)

    @classmethod
    def make_key(cls, kind, verified):
        path = cls.box.path("keys", f"{kind}-{'verified' if verified else 'touched'}")
        sandbox.run("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "anna@token", "-f", path, "-w", cls.provider,
                    *(["-O", "verify-required"] if verified else []))
        return path

    @classmethod
    def start(cls):
        cls.box.start_sshd()

    def ssh(self, key, source, answers=(), **environment):
        return self.box.ssh("anna", source, key=key, answers=answers, environment=environment,
                            options=[f"SecurityKeyProvider={self.provider}", "PreferredAuthentications=publickey,keyboard-interactive"])

    def refused_by_sshd(self, login):
        """Its key is turned down before PAM is asked anything."""
        self.assert_out(login)
        self.assertEqual(login.alert, {}, str(login))


class Keys(FidoCase):
    """What sshd makes of the keys by itself, and of the words in keys.d."""

    def test_a_touch_is_enough_where_nobody_asks_for_more(self):
        for kind in KINDS:
            with self.subTest(kind):
                login = self.ssh(self.keys[kind, False], USUAL, [self.right()])
                self.assertTrue(login.inside, str(login))
                self.assertEqual(login.alert["hopwarden.key"], self.box.fingerprint(self.keys[kind, False]), str(login))

    def test_without_a_touch_nothing_works(self):
        self.refused_by_sshd(self.ssh(self.keys["ed25519-sk", False], USUAL, SOFT_KEY_TOUCH="no"))

    def test_verify_required_in_keys_d(self):
        path = "/etc/hopwarden/keys.d/anna"
        with open(path, encoding="ascii") as file:
            before = file.read()
        self.addCleanup(sandbox.write, path, before, 0o640, (0, 63999))
        for kind in KINDS:
            for verified in (False, True):
                key = self.keys[kind, verified]
                with self.subTest(kind, verified=verified), open(f"{key}.pub", encoding="ascii") as file:
                    sandbox.write(path, f"verify-required {file.read()}", 0o640, (0, 63999))
                    login = self.ssh(key, USUAL, [PIN, self.right()] if verified else [self.right()])
                    self.assertEqual(login.inside, verified, str(login))
                    if verified:
                        self.refused_by_sshd(self.ssh(key, USUAL, [WRONG_PIN]))
                    else:
                        self.refused_by_sshd(login)


class Verdicts(NewerCase, FidoCase):
    """An sshd that tells the address: the helper's verdict decides whether the key has to verify."""

    @classmethod
    def start(cls):
        cls.box.start_sshd(extra=cls.exempt, change=with_connection)

    def setUp(self):
        super().setUp()
        for kind in KINDS:  # known and confirmed
            self.assertTrue(self.ssh(self.keys[kind, True], USUAL, [PIN, self.right()]).inside)
            self.ssh(self.keys[kind, False], USUAL, [self.right()], SOFT_KEY_VERIFY="always")

    def test_allow_asks_for_a_touch_alone(self):
        for kind in KINDS:
            with self.subTest(kind):
                login = self.ssh(self.keys[kind, False], USUAL)
                self.assert_in(login)
                self.assert_verdict(login, "allow", "auth")

    def test_step_up_wants_a_verified_signature(self):
        self.box.hopwarden("freeze", "account", "anna")
        self.addCleanup(self.box.hopwarden, "unfreeze", "account", "anna")
        for kind in KINDS:
            with self.subTest(kind):
                refused = self.ssh(self.keys[kind, False], USUAL, [self.right()])
                self.refused_by_sshd(refused)
                self.assertTrue(any("user verification" in line.text for line in refused.lines), str(refused))
                wrong = self.ssh(self.keys[kind, True], USUAL, [WRONG_PIN])
                self.refused_by_sshd(wrong)
                login = self.ssh(self.keys[kind, True], USUAL, [PIN, self.right()])
                self.assertTrue(login.inside, str(login))
