# SPDX-License-Identifier: Apache-2.0
"""Home's permit at a real sshd: who would be refused or asked is let in while it lasts, in every lane, and it is told of each."""
import json

import sandbox
from case import HostCase
from scene import ABROAD, IN_BETA, OFFICE, USUAL


class Permitted(HostCase):
    def permit(self, *words):
        done = self.box.hopwarden("permit", *words, "--for", "1h", "--why", "token lost", "--json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.addCleanup(self.box.hopwarden, "unpermit", *words)
        return json.loads(done.stdout)["permit"]

    def assert_permitted(self, login, permit, action):
        self.assert_in(login)
        self.assert_verdict(login, action, answer="allow")
        self.assertEqual(login.alert["hopwarden.permit"], permit)
        self.assertEqual(login.alert["event.kind"], "alert")
        told = [line for line in login.lines if line.alert and line.alert["event.action"] == "login-scored"]
        self.assertEqual({line.severity for line in told}, {1}, str(login))
        entry = next(entry for entry in self.box.log() if entry["event.id"] == login.alert["event.id"])
        self.assertEqual((entry["hopwarden.permit"], entry["hopwarden.session"]), (permit, "opened"))

    def values(self, name):
        return self.box.history_of(name).get("values")

    def test_a_person_is_not_asked(self):
        before = self.values("anna")
        permit = self.permit("anna")
        self.assert_permitted(self.box.ssh("anna", ABROAD), permit, "step_up")
        self.assertEqual(self.values("anna"), before, "nothing of it is learned")
        self.box.hopwarden("unpermit", "anna")
        self.assert_in(self.box.ssh("anna", ABROAD, answers=[self.right()]), prompts=1)

    def test_a_block(self):
        permit = self.permit("ben")
        login = self.box.ssh("ben", IN_BETA)
        self.assert_permitted(login, permit, "block")
        self.box.hopwarden("unpermit", "ben")
        self.assert_out(self.box.ssh("ben", IN_BETA))

    def test_publickey_alone(self):
        permit = self.permit("dora")
        self.assert_permitted(self.box.ssh("dora", ABROAD), permit, "step_up")

    def test_automation_outside_its_binding(self):
        permit = self.permit("ansible")
        self.assert_permitted(self.box.ssh("ansible", USUAL, batch=True), permit, "block")

    def test_a_shared_account_by_its_key(self):
        permit = self.permit("root", "--key", self.print_of("root"))
        self.assert_permitted(self.box.ssh("root", USUAL), permit, "step_up")

    def test_the_helper_serves_the_key(self):
        with open(f"{self.box.accounts['ben'].key}.pub", encoding="ascii") as file:
            key = file.read().split()[:2]
        words = ["setpriv", "--reuid", "hopwarden", "--regid", "hopwarden", "--clear-groups", "/usr/local/libexec/hopwarden-keys", "ben", *key,
                 "--source", IN_BETA]
        self.assertEqual(sandbox.run(*words, cwd="/").stdout, "")
        self.permit("ben")
        self.assertIn(key[1], sandbox.run(*words, cwd="/").stdout)

    def test_the_usual_login_is_no_alert(self):
        self.permit("anna")
        login = self.box.ssh("anna", USUAL)
        self.assert_in(login)
        self.assertNotIn("hopwarden.permit", login.alert)

    def test_a_freeze_is_stronger(self):
        self.permit("dora")
        self.box.hopwarden("freeze", "source", OFFICE)
        self.addCleanup(self.box.hopwarden, "unfreeze", "source", OFFICE)
        login = self.box.ssh("dora", OFFICE)
        self.assert_out(login)
        self.assertIn("permit-void", login.alert["hopwarden.reason_codes"])

    def test_it_holds_when_the_history_is_lost(self):
        """From this host's own copy, like a freeze."""
        permit = self.permit("dora")
        self.assert_in(self.box.ssh("dora", USUAL))
        self.addCleanup(self.configure)
        self.configure(history="unix:/run/no-such.sock")
        login = self.box.ssh("dora", ABROAD)
        self.assert_degraded(login, "fallback")
        self.assert_in(login)
        self.assertEqual(login.alert["hopwarden.permit"], permit)

    def test_not_even_a_permit_changes_what_is_observed(self):
        self.permit("dora")
        self.configure(mode="observe")
        self.addCleanup(self.configure)
        login = self.box.ssh("dora", IN_BETA)
        self.assert_in(login)
        self.assertNotIn("hopwarden.permit", login.alert)
