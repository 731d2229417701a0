# SPDX-License-Identifier: Apache-2.0
"""One-time codes by the two modules that Debian has for them, as the factor of the recommended stack: a right code, a wrong one, nobody enrolled,
and a code that was used before."""
import base64
import os

import client
import sandbox
from case import HostCase
from scene import USUAL

FACTOR = "pam_google_authenticator.so"


class Google(HostCase):
    """pam_google_authenticator. anna's account is frozen: every login of hers is a step-up."""
    line = FACTOR
    seeds = "{home}/.google_authenticator"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.box.use_pam("sshd.step_up", lambda text: text.replace(FACTOR, cls.line))
        done = cls.box.hopwarden("freeze", "account", "anna")
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)

    def setUp(self):
        super().setUp()
        self.enrol()

    def enrol(self):
        anna = self.box.accounts["anna"]
        sandbox.write(self.path(), f'{client.SECRET}\n" DISALLOW_REUSE\n" TOTP_AUTH\n', 0o400, (anna.uid, anna.uid))

    def path(self):
        return self.seeds.format(home=self.box.accounts["anna"].home)

    def steps_up(self, answers):
        login = self.box.ssh("anna", USUAL, answers=answers)
        self.assert_verdict(login, "step_up", "auth")
        return login

    def refused(self, answers):
        login = self.steps_up(answers)
        self.assert_out(login)
        self.assertNotIn("step-up-passed", login.acts, str(login))
        self.assertIn("step-up-failed", login.acts, str(login))
        return login

    def test_the_right_code(self):
        login = self.steps_up([self.right()])
        self.assert_in(login, prompts=1)
        self.assertEqual(login.acts, ["login-scored", "step-up-passed"], str(login))

    def test_a_wrong_code(self):
        self.assertGreaterEqual(len(self.refused([self.wrong()] * 9).prompts), 1)

    def test_a_code_that_was_used_before(self):
        code = self.right()
        self.assert_in(self.steps_up([code]), prompts=1)
        self.refused([code] * 9)

    def test_somebody_not_enrolled(self):
        os.remove(self.path())
        self.refused([self.right()] * 9)

    def test_a_file_of_seeds_that_is_garbage(self):
        sandbox.write(self.path(), "no such thing\n", 0o600)
        self.refused([self.right()] * 9)


class Oath(Google):
    """pam_oath."""
    line = "pam_oath.so usersfile=/etc/users.oath window=5 digits=6"
    seeds = "/etc/users.oath"

    def enrol(self):
        seed = base64.b32decode(client.SECRET).hex()
        sandbox.write(self.path(), f"HOTP/T30 ben - {seed}\nHOTP/T30 anna - {seed}\n", 0o600)

    def test_somebody_not_enrolled(self):
        sandbox.write(self.path(), f"HOTP/T30 ben - {base64.b32decode(client.SECRET).hex()}\n", 0o600)
        self.refused([self.right()] * 9)
