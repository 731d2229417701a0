# SPDX-License-Identifier: Apache-2.0
"""The source address in the helper: sshd's %C, which versions before 9.4 do not have and later ones tell in either order."""
import os
import unittest

import case
import newer
import sandbox
from case import HostCase
from certificate_test import CertificateCase, LANES
from scene import ABROAD, IN_BETA, OFFICE, USUAL

HELPER = "/usr/local/libexec/hopwarden-keys"
TOLD = "/run/hopwarden/notes/told"


def with_connection(text):
    return text.replace(" %u %t %k", ' --connection "%C" %u %t %k')


class Asked(HostCase):
    """The helper called directly, with what an sshd on this port would say."""

    def prints(self, connection):
        with open(f"{self.box.accounts['ben'].key}.pub", encoding="ascii") as file:
            key = file.read().split()[:2]
        return sandbox.run("setpriv", "--reuid", "hopwarden", "--regid", "hopwarden", "--clear-groups", HELPER, "--connection", connection,
                           "ben", *key, cwd="/").stdout

    def test_either_order_is_understood(self):
        """ben is blocked from another customer's network; the host's own network would be none of theirs."""
        for connection in (f"127.0.0.1 {self.box.port} {IN_BETA} 50000", f"{IN_BETA} 50000 127.0.0.1 {self.box.port}"):
            with self.subTest(connection):
                self.assertEqual(self.prints(connection), "")

    def test_the_server_s_own_address_is_not_taken_for_the_source(self):
        for connection in (f"{IN_BETA} {self.box.port} {USUAL} 50000", f"{USUAL} 50000 {IN_BETA} {self.box.port}"):
            with self.subTest(connection):
                self.assertNotEqual(self.prints(connection), "")

    def test_what_is_no_connection_is_not_known(self):
        for connection in ("", "UNKNOWN 65535 UNKNOWN 65535", f"{IN_BETA} 50000", "%C", f"{IN_BETA} 50000 127.0.0.1 50001"):
            with self.subTest(connection):
                self.assertNotEqual(self.prints(connection), "", "PAM judges")


class BeforeNineFour(HostCase):
    """Debian 12's sshd."""
    sshd = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.box.sshd_version() >= (9, 4):
            raise unittest.SkipTest(f"the machine's sshd is {cls.box.sshd_version()}")

    def test_percent_c_passes_the_check_and_ends_every_publickey_login(self):
        self.box.start_sshd(change=with_connection)  # which asks sshd -t
        for name, source in (("anna", USUAL), ("ansible", OFFICE)):
            self.assert_out(self.box.ssh(name, source, options=["PreferredAuthentications=publickey"]))

    def test_without_it_the_address_is_not_known_and_pam_judges(self):
        self.box.start_sshd()
        self.assert_in(self.box.ssh("ansible", OFFICE, batch=True))
        login = self.box.ssh("ansible", USUAL, batch=True)
        self.assert_out(login)
        self.assert_verdict(login, "block", "account")
        self.assertNotIn("helper-refused", [alert["event.action"] for alert in login.alerts])


class NewerCase:
    """Mixed into a case: the host runs the newer sshd."""
    exempt = "PerSourcePenaltyExemptList 127.0.0.0/8\n"

    @classmethod
    def make_box(cls):
        folder, why_not = newer.make(os.environ["HOP_BUILD"])
        if not folder:
            raise unittest.SkipTest(why_not)
        return newer.NewerSandbox(case.FOLDER, folder)


class Newer(NewerCase, HostCase):
    """With %C the helper refuses by address, before a key is used at all."""
    sshd = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.box.start_sshd(extra=cls.exempt, change=with_connection)

    def test_it_is_one(self):
        self.assertGreaterEqual(self.box.sshd_version(), (9, 4))

    def refused_by_the_helper(self, login, source):
        self.assert_out(login)
        told = [alert for alert in login.alerts if alert["event.action"] == "helper-refused"]
        self.assertEqual([alert["source.ip"] for alert in told], [source], str(login))
        self.assertEqual(login.alert, {}, f"PAM was not asked\n{login}")

    def test_automation_outside_its_binding_is_refused_before_its_key_is_used(self):
        self.refused_by_the_helper(self.box.ssh("ansible", USUAL, batch=True), USUAL)

    def test_a_hop_is_refused_before_the_key_is_used(self):
        self.refused_by_the_helper(self.box.ssh("ben", IN_BETA), IN_BETA)

    def test_automation_inside_its_binding(self):
        login = self.box.ssh("ansible", OFFICE, batch=True)
        self.assert_in(login)
        self.assert_verdict(login, "allow", "account")

    def test_people(self):
        self.assert_in(self.box.ssh("anna", USUAL))
        login = self.box.ssh("anna", ABROAD, answers=[self.right()])
        self.assert_in(login, prompts=1)
        self.assertEqual(login.acts, ["login-scored", "step-up-passed"], str(login))


class NewerWithout(NewerCase, HostCase):
    """Without %C it is as with an older one."""
    sshd = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.box.start_sshd(extra=cls.exempt)

    def test_pam_judges(self):
        self.assert_in(self.box.ssh("ansible", OFFICE, batch=True))
        login = self.box.ssh("ansible", USUAL, batch=True)
        self.assert_out(login)
        self.assert_verdict(login, "block", "account")
        self.assertNotIn("helper-refused", [alert["event.action"] for alert in login.alerts])

    def test_percent_c_is_one_word_of_both_ends(self):
        """Whichever comes first: the manual says the client, OpenSSH 10 the server."""
        sandbox.write("/usr/local/libexec/asked", f'#!/bin/sh\n[ "$#" = 4 ] && echo "$1" >{TOLD}\nshift\nexec {HELPER} "$@"\n', 0o755)
        self.box.stop()
        self.box.start_sshd(extra=self.exempt,
                            change=lambda text: text.replace(f"{HELPER} %u", '/usr/local/libexec/asked "%C" %u'))
        self.assert_in(self.box.ssh("ansible", OFFICE, batch=True))
        with open(TOLD, encoding="ascii") as file:
            words = file.read().split()
        ends = {(words[0], words[1]), (words[2], words[3])}
        self.assertIn(("127.0.0.1", str(self.box.port)), ends)
        self.assertIn(OFFICE, {address for address, _ in ends})


class NewerCertificates(NewerCase, CertificateCase):

    @classmethod
    def start(cls):
        cls.configure(ansible_key=f"{cls.box.fingerprint(cls.ca)}/deploy")
        cls.box.start_sshd(extra=cls.exempt, lanes=LANES, change=with_connection)

    def test_a_certificate_is_judged_by_its_source(self):
        self.assert_in(self.box.ssh("ansible", OFFICE, key=self.certificate("deploy", "ansible"), batch=True))
        login = self.box.ssh("ansible", USUAL, key=self.certificate("deploy", "ansible"), batch=True)
        self.assert_out(login)
        told = [alert for alert in login.alerts if alert["event.action"] == "helper-refused"]
        self.assertEqual([alert["source.ip"] for alert in told], [USUAL], str(login))

    def test_a_fresh_certificate_for_every_login_is_the_same_key(self):
        first = self.box.ssh("anna", USUAL, key=self.certificate("anna@corp", "anna"), answers=[self.right()])
        self.assert_in(first, prompts=1)
        for _ in range(2):
            self.assert_in(self.box.ssh("anna", USUAL, key=self.certificate("anna@corp", "anna")))
