# SPDX-License-Identifier: Apache-2.0
"""FIDO keys for real: ssh-keygen and ssh with a security key in software, and an sshd that is told to want verification. A key that had to verify
its owner has passed a step-up."""
import os

import sandbox
from case import HostCase
from connection_test import NewerCase, with_connection
from scene import IN_BETA, USUAL

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

    def freeze(self):
        """From now on every login of anna is a step-up."""
        self.box.hopwarden("freeze", "account", "anna")
        self.addCleanup(self.box.hopwarden, "unfreeze", "account", "anna")

    def passed(self, login):
        """By the key: nobody was asked for a code."""
        self.assert_in(login, prompts=1)
        self.assertEqual(login.acts, ["login-scored", "step-up-passed"], str(login))
        self.assert_verdict(login, "step_up", "auth")

    def ssh(self, key, source, answers=(), account="anna", **environment):
        return self.box.ssh(account, source, key=key, answers=answers, environment=environment,
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
        self.freeze()
        path = "/etc/hopwarden/keys.d/anna"
        with open(path, encoding="ascii") as file:
            before = file.read()
        self.addCleanup(sandbox.write, path, before, 0o640, (0, 63999))
        for kind in KINDS:
            for verified in (False, True):
                key = self.keys[kind, verified]
                with self.subTest(kind, verified=verified), open(f"{key}.pub", encoding="ascii") as file:
                    sandbox.write(path, f"verify-required {file.read()}", 0o640, (0, 63999))
                    login = self.ssh(key, USUAL, [PIN] if verified else [self.right()])
                    self.assertEqual(login.inside, verified, str(login))
                    if verified:
                        self.passed(login)
                        self.refused_by_sshd(self.ssh(key, USUAL, [WRONG_PIN]))
                    else:
                        self.refused_by_sshd(login)

    def test_a_key_that_verified_unasked_is_asked_for_a_code(self):
        """sshd would have taken its signature without: nobody knows on this side."""
        self.freeze()
        login = self.ssh(self.keys["ed25519-sk", True], USUAL, [PIN, self.right()])
        self.assert_in(login, prompts=2)
        self.assertEqual(login.acts, ["login-scored", "step-up-passed"], str(login))

    def test_publickey_alone_can_pass_a_step_up(self):
        """Where nothing can be asked, the key has answered before."""
        key = self.keys["ed25519-sk", True]
        self.addCleanup(os.remove, "/etc/hopwarden/keys.d/dora.before")
        os.rename("/etc/hopwarden/keys.d/dora", "/etc/hopwarden/keys.d/dora.before")
        self.box.allow_key("dora", key)
        refused = self.ssh(key, USUAL, [PIN], account="dora")
        self.assert_out(refused)
        self.assert_verdict(refused, "step_up", "account")
        os.remove("/etc/hopwarden/keys.d/dora")
        self.box.allow_key("dora", key, options="verify-required")
        login = self.ssh(key, USUAL, [PIN], account="dora")
        self.assert_in(login, prompts=1)
        self.assert_verdict(login, "step_up", "account")
        self.assertEqual(login.acts, ["login-scored", "step-up-passed"], str(login))
        again = self.ssh(key, USUAL, [PIN], account="dora")
        self.assert_in(again, prompts=1)
        self.assert_verdict(again, "allow", "account")

    def test_a_block_stays_a_block(self):
        sandbox.write("/etc/hopwarden/keys.d/ben", "", 0o640, (0, 63999))
        self.box.allow_key("ben", self.keys["ed25519-sk", True], options="verify-required")
        self.assert_out(self.ssh(self.keys["ed25519-sk", True], IN_BETA, [PIN], account="ben"))


class Verdicts(NewerCase, FidoCase):
    """An sshd that tells the address: the helper's verdict decides whether the key has to verify."""

    @classmethod
    def start(cls):
        cls.box.start_sshd(extra=cls.exempt, change=with_connection)

    def setUp(self):
        super().setUp()
        for key in self.keys.values():  # known and confirmed: new keys step up, and have to verify
            login = self.ssh(key, USUAL, [PIN], SOFT_KEY_VERIFY="always")
            self.assertTrue(login.inside, str(login))

    def test_allow_asks_for_a_touch_alone(self):
        for kind in KINDS:
            with self.subTest(kind):
                login = self.ssh(self.keys[kind, False], USUAL)
                self.assert_in(login)
                self.assert_verdict(login, "allow", "auth")

    def test_step_up_wants_a_verified_signature(self):
        self.freeze()
        for kind in KINDS:
            with self.subTest(kind):
                refused = self.ssh(self.keys[kind, False], USUAL, [self.right()])
                self.refused_by_sshd(refused)
                self.assertTrue(any("user verification" in line.text for line in refused.lines), str(refused))
                wrong = self.ssh(self.keys[kind, True], USUAL, [WRONG_PIN])
                self.refused_by_sshd(wrong)
                self.passed(self.ssh(self.keys[kind, True], USUAL, [PIN]))
