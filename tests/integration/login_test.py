# SPDX-License-Identifier: Apache-2.0
"""A login is scored, stepped up or blocked: the three ways into sshd, on the recommended stack."""
import os

from case import HostCase
from scene import ABROAD, IN_BETA, OFFICE, USUAL


class PublickeyThenInteractive(HostCase):
    """The people's lane: the auth phase decides and can ask."""

    def test_usual_login_sees_nothing(self):
        login = self.box.ssh("anna", USUAL)
        self.assert_in(login)
        self.assert_verdict(login, "allow", "auth")
        self.assertEqual(login.alert["hopwarden.key"], self.print_of("anna"))
        self.assertEqual(login.alert["source.ip"], USUAL)

    def test_unfamiliar_origin_is_asked_and_the_right_code_gets_in(self):
        login = self.box.ssh("anna", ABROAD, answers=[self.right()])
        self.assert_in(login, prompts=1)
        self.assert_verdict(login, "step_up", "auth")
        self.assertEqual(login.acts, ["login-scored", "step-up-passed"], str(login))

    def test_a_wrong_code_stays_out(self):
        login = self.box.ssh("anna", ABROAD, answers=[self.wrong()] * 9)
        self.assert_out(login)
        self.assertIn("step-up-failed", login.acts, str(login))
        self.assertNotIn(ABROAD, self.box.hopwarden("history", "anna").stdout)

    def test_hop_out_of_another_tenant_is_blocked(self):
        login = self.box.ssh("ben", IN_BETA, answers=[self.right()])
        self.assert_out(login)
        self.assertEqual(login.prompts, [], "a block asks nothing")
        self.assert_verdict(login, "block", "auth")
        self.assertEqual(login.alert["hopwarden.story"], "hop", str(login))
        self.assertIn("hop", login.alert["hopwarden.reason_codes"], str(login))
        self.sees_its_id(login)

    def test_what_was_learned_is_recorded(self):
        login = self.box.ssh("anna", OFFICE, answers=[self.right()])
        self.assertTrue(login.inside, str(login))
        shown = self.box.hopwarden("explain", login.alert["event.id"])
        self.assertIn(OFFICE, shown.stdout)
        self.assertIn(OFFICE, self.box.hopwarden("history", "anna").stdout)

    def test_a_blocked_login_is_logged_and_not_learned(self):
        login = self.box.ssh("ben", IN_BETA)
        self.assertIn(login.alert["event.id"], {entry.get("event.id") for entry in self.box.log()})
        self.assertNotIn(IN_BETA, self.box.hopwarden("history", "ben").stdout)

    def test_customers_own_people_are_untouched(self):
        login = self.box.ssh("carol", ABROAD, answers=["carol-word"])
        self.assert_in(login, prompts=1)
        self.assertEqual(login.alerts, [], str(login))

    def test_other_spellings_of_a_name_do_not_escape(self):
        self.assert_out(self.box.ssh("ANNA", ABROAD, key=self.box.accounts["anna"].key, answers=["x"],
                                     options=["NumberOfPasswordPrompts=1"]))

    def test_login_id_is_left_for_the_user(self):
        login = self.box.ssh("anna", USUAL, command="echo inside $HOPWARDEN_LOGIN")
        self.assertIn(f"inside {login.alert['event.id']}", login.seen, str(login))


class PublickeyAlone(HostCase):
    """Judged in the account phase, where nothing can be asked, and in the session phase, which knows the key."""

    def test_usual_login(self):
        login = self.box.ssh("dora", USUAL)
        self.assert_in(login)
        self.assert_verdict(login, "allow", "account")
        self.assertEqual(login.alert["hopwarden.key"], self.print_of("dora"), str(login))

    def test_a_step_up_is_a_refusal(self):
        login = self.box.ssh("dora", ABROAD)
        self.assert_out(login)
        self.assert_verdict(login, "step_up", "account")
        self.sees_its_id(login)

    def test_another_key_is_known_to_the_account_phase(self):
        other = self.box.make_key("dora-other")
        self.box.allow_key("dora", other)
        login = self.box.ssh("dora", USUAL, key=other)
        self.assertEqual(login.alert.get("hopwarden.key"), self.box.fingerprint(other), str(login))

    def test_automation_inside_its_binding(self):
        login = self.box.ssh("ansible", OFFICE, batch=True)
        self.assert_in(login)
        self.assert_verdict(login, "allow")

    def test_automation_outside_its_binding(self):
        for source in (USUAL, ABROAD, IN_BETA):
            with self.subTest(source):
                login = self.box.ssh("ansible", source, batch=True)
                self.assert_out(login)
                self.assert_verdict(login, "block")
                self.assertEqual(login.alert["event.kind"], "alert")

    def test_automation_with_another_key(self):
        other = self.box.make_key("ansible-other")
        self.box.allow_key("ansible", other)
        login = self.box.ssh("ansible", OFFICE, key=other, batch=True)
        self.assert_out(login)

    def test_break_glass_is_let_in_and_loud(self):
        login = self.box.ssh("rescue", IN_BETA)
        self.assert_in(login)
        self.assertEqual(login.alert["event.kind"], "alert")
        self.assertEqual([line.severity for line in login.lines if line.alert], [1], str(login))

    def test_root_with_the_people_list_elsewhere_is_judged_by_key(self):
        login = self.box.ssh("root", ABROAD)
        self.assert_out(login)
        self.assertTrue(login.alerts, str(login))


class OwnEnvironment(HostCase):
    """Debian's stack reads ~/.pam_environment as PAM variables: a person's own words about the connection are no evidence."""

    def test_it_changes_nothing_that_is_recorded(self):
        home = self.box.accounts["dora"].home
        with open(f"{home}/.pam_environment", "w", encoding="ascii") as file:
            file.write(f"SSH_CONNECTION DEFAULT=\"{ABROAD} 1 127.0.0.1 22\"\nSSH_AUTH_INFO_0 DEFAULT=x\nHOPWARDEN_LOGIN DEFAULT=mine\n")
        login = self.box.ssh("dora", USUAL, command="echo inside $SSH_CONNECTION")
        self.assert_in(login)
        self.assertNotIn(ABROAD, self.box.hopwarden("history", "dora").stdout)
        self.assertNotIn(str(login.monitor), os.listdir("/run/hopwarden/connections"), "the session's end was seen")


class Password(HostCase):
    """The auth phase scores and stands aside: the site's own stack checks the password; the account phase answers."""

    def test_usual_login(self):
        login = self.box.ssh("pavel", USUAL, answers=["pavel-word"])
        self.assert_in(login, prompts=1)
        self.assert_verdict(login, "allow")

    def test_a_password_cannot_be_skipped(self):
        login = self.box.ssh("pavel", USUAL, answers=["wrong"])
        self.assert_out(login)
        self.assertNotIn("learned", str(login.alerts))

    def test_a_step_up_is_a_refusal(self):
        login = self.box.ssh("pavel", ABROAD, answers=["pavel-word"])
        self.assert_out(login)
        self.assert_verdict(login, "step_up")
        self.assertIn("login-refused", login.acts, str(login))

    def test_the_code_alone_does_not_get_in(self):
        """A right one-time code without a first factor: by password method for somebody who is enrolled."""
        self.box.enrol(self.box.accounts["pavel"])
        login = self.box.ssh("pavel", ABROAD, answers=[self.right()])
        self.assert_out(login)


class OnRedis(HostCase):
    """The same over a redis-server."""
    redis = True

    def test_the_three_answers(self):
        login = self.box.ssh("anna", USUAL)
        self.assert_in(login)
        self.assert_verdict(login, "allow", "auth")
        login = self.box.ssh("anna", ABROAD, answers=[self.right()])
        self.assert_in(login, prompts=1)
        login = self.box.ssh("ben", IN_BETA)
        self.assert_out(login)
        self.assert_verdict(login, "block", "auth")

    def test_what_was_learned_is_recorded(self):
        login = self.box.ssh("dora", USUAL)
        self.assert_in(login)
        self.assertIn(login.alert["event.id"], {entry.get("event.id") for entry in self.box.log()})
