# SPDX-License-Identifier: Apache-2.0
"""What PAM stacks do with the answers: the shipped ones, and ones with a mistake in them, which must refuse."""
import os

from case import HostCase
from scene import ABROAD, IN_BETA, OFFICE, USUAL
import sandbox

FACTOR = "pam_google_authenticator.so"


def without(*words):
    """A change to a stack: its auth lines with one of these words are left out."""
    return lambda text: "".join(line for line in text.splitlines(True)
                                if not (line.startswith("auth") and any(word in line for word in words)))


class AlwaysAsking(HostCase):
    """The stack that asks on every login goes on asking; hopwarden only blocks."""
    stack = "sshd.always"

    def test_a_usual_login_is_asked_too(self):
        login = self.box.ssh("anna", USUAL, answers=[self.right()])
        self.assert_in(login, prompts=1)
        self.assert_verdict(login, "allow", "auth")

    def test_a_usual_login_with_a_wrong_code_stays_out(self):
        self.assert_out(self.box.ssh("anna", USUAL, answers=[self.wrong()] * 9))

    def test_a_step_up_is_passed_by_the_same_factor(self):
        login = self.box.ssh("anna", ABROAD, answers=[self.right()])
        self.assert_in(login, prompts=1)
        self.assertEqual(login.acts, ["login-scored", "step-up-passed"], str(login))

    def test_a_block_asks_nothing(self):
        login = self.box.ssh("ben", IN_BETA, answers=[self.right()])
        self.assert_out(login)
        self.assertEqual(login.prompts, [])

    def test_customers_own_people_are_untouched(self):
        self.assert_in(self.box.ssh("carol", USUAL, answers=["carol-word"]), prompts=1)

    def test_a_code_is_no_password(self):
        self.box.enrol(self.box.accounts["carol"])
        self.assert_out(self.box.ssh("carol", USUAL, answers=[self.right()], options=["NumberOfPasswordPrompts=1"]))


class MistakenStacks(HostCase):
    """Whoever forgets a line must be refused where a step-up was wanted."""

    def refused(self, name, source, change, answers):
        self.box.use_pam("sshd.step_up", change)
        login = self.box.ssh(name, source, answers=answers)
        self.assert_out(login)
        return login

    def test_no_second_factor(self):
        def change(text):
            bare = without(FACTOR, "pam_hopwarden.so", "common-auth")(text)
            return "auth required pam_hopwarden.so\nauth required pam_permit.so\n" + bare.replace("@include common-auth", "")
        self.refused("anna", ABROAD, change, [])

    def test_no_second_factor_but_the_line_that_marks_it(self):
        login = self.refused("anna", ABROAD, without(FACTOR), ["anna-word"] * 3)
        self.assertNotIn("step-up-passed", login.acts, str(login))

    def test_the_factor_ends_the_stack_unmarked(self):
        """Its yes lets auth succeed; the account phase knows of no passed step-up."""
        login = self.refused("anna", ABROAD,
                             lambda text: without("stepped_up")(text).replace("[success=1 default=ignore]", "[success=done default=ignore]"),
                             [self.right()] * 3)
        self.assertIn("Login refused", login.seen)

    def test_a_nullok_factor_for_somebody_not_enrolled(self):
        os.rename(f"{self.box.accounts['anna'].home}/.google_authenticator", self.box.path("enrolled"))
        try:
            login = self.refused("anna", ABROAD, lambda text: text.replace(FACTOR, FACTOR + " nullok"), [])
            self.assertNotIn("step-up-passed", login.acts, str(login))
        finally:
            os.rename(self.box.path("enrolled"), f"{self.box.accounts['anna'].home}/.google_authenticator")

    def test_stepped_up_without_a_step_up(self):
        """A line that only marks is reached first, by a login whose verdict would be allow."""
        self.refused("anna", USUAL, lambda text: "auth [success=done default=die] pam_hopwarden.so stepped_up\n" + text, [])

    def test_stepped_up_reached_by_an_allowed_login(self):
        self.refused("anna", USUAL, lambda text: without(FACTOR, "authfail")(text).replace("[success=done cred", "[success=ignore cred"), [])

    def test_module_missing(self):
        """A stack that names a module which cannot be loaded lets nobody in scope in."""
        self.refused("anna", USUAL, lambda text: text.replace("pam_hopwarden.so", "pam_hopwarden_gone.so"), [])


class WithoutFirstFactor(HostCase):
    """sshd that asks PAM alone: no key, no password yet. Nothing is skipped and no code is enough."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.box.stop()
        cls.box.start_sshd(extra="KbdInteractiveAuthentication yes\nPasswordAuthentication no\n", lanes=())

    def test_a_right_code_does_not_get_in(self):
        login = self.box.ssh("anna", ABROAD, answers=[self.right()], options=["PubkeyAuthentication=no", "NumberOfPasswordPrompts=1"])
        self.assert_out(login)
        self.assertNotIn("Verification code", login.seen)

    def test_the_password_is_asked_for(self):
        login = self.box.ssh("anna", USUAL, answers=["anna-word"], options=["PubkeyAuthentication=no"])
        self.assert_in(login, prompts=1)

    def test_password_and_a_step_up_nobody_can_pass(self):
        login = self.box.ssh("anna", ABROAD, answers=["anna-word"], options=["PubkeyAuthentication=no", "NumberOfPasswordPrompts=1"])
        self.assert_out(login)
        self.assertIn("Login refused", login.seen)


class FirstStage(HostCase):
    """INSTALL's first stage: two optional lines with mode=observe, sshd as it was. Nothing refuses, whatever breaks."""
    stack = "sshd.observe"
    sshd = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for account in cls.box.accounts.values():
            cls.box.allow_key_at_home(account)
        cls.box.start_sshd(lanes=())

    def everybody_gets_in(self):
        for name, source, answers in (("anna", USUAL, []), ("anna", ABROAD, []), ("ben", IN_BETA, []), ("dora", ABROAD, []),
                                      ("ansible", ABROAD, []), ("root", ABROAD, []), ("pavel", ABROAD, []), ("carol", ABROAD, [])):
            with self.subTest(f"{name} from {source}"):
                login = self.box.ssh(name, source, answers=answers)
                self.assert_in(login)
                yield login

    def test_a_block_is_told_and_allowed(self):
        login = self.box.ssh("ben", IN_BETA)
        self.assert_in(login)
        self.assert_verdict(login, "block", "account", answer="allow")
        self.assertEqual(login.alert["hopwarden.mode"], "observe")

    def test_everybody(self):
        self.assertGreater(len(list(self.everybody_gets_in())), 7)

    def test_a_typo_in_the_configuration(self):
        self.addCleanup(self.configure)
        for last_good in (True, False):
            self.box.configure("[hopwarden]\ntenant = acme\nmoed = enforce\n")
            if not last_good:
                for name in os.listdir("/var/lib/hopwarden"):
                    if name.endswith(".last-good"):
                        os.remove(f"/var/lib/hopwarden/{name}")
            for login in self.everybody_gets_in():
                if login.alert:
                    self.assert_degraded(login, "config")

    def test_no_history_and_no_databases(self):
        os.rename("/var/lib/hopwarden", "/var/lib/hopwarden.away")
        try:
            self.assertTrue(list(self.everybody_gets_in()))
        finally:
            os.rename("/var/lib/hopwarden.away", "/var/lib/hopwarden")

    def test_the_module_is_gone(self):
        with open("/etc/pam.d/sshd", encoding="utf-8") as file:
            text = file.read()
        self.addCleanup(lambda: sandbox.write("/etc/pam.d/sshd", text))
        sandbox.write("/etc/pam.d/sshd", text.replace("pam_hopwarden.so", "pam_hopwarden_gone.so"))
        self.assertTrue(list(self.everybody_gets_in()))


class Setcred(HostCase):
    """sshd ends a session whose credentials nobody sets: it must survive on every row of the answer table."""
    rows = (("allow", "anna", USUAL, 0), ("step_up, passed", "anna", ABROAD, 1), ("not in scope", "carol", ABROAD, 1),
            ("first factor not proven", "pavel", USUAL, 1), ("publickey alone", "dora", USUAL, 0),
            ("break-glass", "rescue", ABROAD, 0))

    def survives(self, stack, rows):
        self.box.use_pam(stack)
        for row, name, source, prompts in rows:
            with self.subTest(f"{stack}: {row}"):
                answers = [self.right()] if name == "anna" else [f"{name}-word"]
                login = self.box.ssh(name, source, answers=answers)
                self.assert_in(login, prompts)
                self.assertNotIn("setcred", str(login))

    def test_on_the_step_up_stack(self):
        self.survives("sshd.step_up", self.rows)

    def test_on_the_always_asking_stack(self):
        asked = [("allow", "anna", USUAL, 1), ("step_up, passed", "anna", OFFICE, 1)]
        self.survives("sshd.always", asked + [row for row in self.rows if row[1] != "anna"])

    def test_blocked_but_only_observed(self):
        self.configure(mode="observe")
        self.addCleanup(self.configure)
        self.survives("sshd.step_up", [("block, observed", "ben", IN_BETA, 0), ("step_up, observed", "dora", ABROAD, 0)])
