# SPDX-License-Identifier: Apache-2.0
"""SSH certificates: known by CA and key id, so that a new one for every login is no news; principals by the helper."""
import os

import sandbox
from case import HostCase
from scene import OFFICE, USUAL

LANES = ("hopwarden.conf", "hopwarden-certificates.conf")


class CertificateCase(HostCase):
    """One CA that sshd trusts. Nobody's plain key is known to sshd."""
    sshd = False
    serial = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ca = cls.box.make_key("ca")
        with open(f"{cls.ca}.pub", encoding="ascii") as file:
            sandbox.write("/etc/ssh/msp-ca.pub", file.read())
        for name in ("anna", "dora", "ansible"):
            os.remove(f"/etc/hopwarden/keys.d/{name}")
        cls.start()

    @classmethod
    def start(cls):
        cls.box.start_sshd(lanes=LANES)

    @classmethod
    def certificate(cls, key_id, principals, *words, ca=None):
        """A new key pair and its certificate, which lives for minutes; the path of the private key."""
        CertificateCase.serial += 1
        key = cls.box.make_key(f"short-lived-{cls.serial}")
        sandbox.run("ssh-keygen", "-q", "-s", ca or cls.ca, "-I", key_id, "-n", principals, "-z", cls.serial, "-V", "-1m:+5m", *words,
                    f"{key}.pub")
        return key

    def allow_principals(self, account, text):
        path = f"/etc/hopwarden/principals.d/{account}"
        sandbox.write(path, text, 0o640, (0, 63999))
        self.addCleanup(lambda: os.path.exists(path) and os.remove(path))

    def name_of(self, key_id):
        """What hopwarden calls such a certificate."""
        return f"{self.box.fingerprint(self.ca)}/{key_id}"


class Identity(CertificateCase):

    def test_a_fresh_certificate_for_every_login_is_the_same_key(self):
        first = self.box.ssh("anna", USUAL, key=self.certificate("anna@corp", "anna"), answers=[self.right()])
        self.assert_in(first, prompts=1)
        self.assertIn("key-new", first.alert["hopwarden.reason_codes"], str(first))
        keys = set()
        for _ in range(4):
            key = self.certificate("anna@corp", "anna")
            login = self.box.ssh("anna", USUAL, key=key)
            self.assert_in(login)
            self.assert_verdict(login, "allow", "auth")
            self.assertEqual(login.alert["hopwarden.key"], self.name_of("anna@corp"))
            self.assertNotIn("key-new", login.alert["hopwarden.reason_codes"], str(login))
            keys.add(self.box.fingerprint(key))
        self.assertEqual(len(keys), 4)
        known = self.box.hopwarden("history", "anna").stdout
        self.assertIn("anna@corp", known)
        self.assertFalse([key for key in keys if key in known], "no inner key was learned")

    def test_another_id_is_another_key(self):
        login = self.box.ssh("anna", USUAL, key=self.certificate("somebody@corp", "anna"), answers=[self.right()])
        self.assert_in(login, prompts=1)
        self.assertIn("key-new", login.alert["hopwarden.reason_codes"], str(login))
        self.assertEqual(login.alert["hopwarden.key"], self.name_of("somebody@corp"))

    def test_publickey_alone_is_judged_with_the_certificate(self):
        """The helper's note names it to the account phase as the session phase then finds it."""
        key = self.certificate("dora@corp", "dora")
        login = self.box.ssh("dora", OFFICE, key=key)
        self.assert_in(login)
        self.assert_verdict(login, "allow", "account")
        self.assertEqual(login.alert["hopwarden.key"], self.name_of("dora@corp"), str(login))
        self.assertEqual(login.acts, ["login-scored"], str(login))

    def test_automation_is_bound_to_an_id(self):
        self.configure(ansible_key=self.name_of("deploy"))
        self.addCleanup(self.configure)
        for _ in range(2):
            self.assert_in(self.box.ssh("ansible", OFFICE, key=self.certificate("deploy", "ansible"), batch=True))
        login = self.box.ssh("ansible", OFFICE, key=self.certificate("other", "ansible"), batch=True)
        self.assert_out(login)

    def test_the_inner_key_is_told_as_sshd_prints_it(self):
        done = self.box.hopwarden("freeze", "key", self.name_of("ben@corp"), "--block")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.addCleanup(self.box.hopwarden, "unfreeze", "key", self.name_of("ben@corp"))
        key = self.certificate("ben@corp", "ben")
        login = self.box.ssh("ben", USUAL, key=key)
        self.assert_out(login)
        self.assertEqual(login.prompts, [])
        told = [alert for alert in login.alerts if alert["event.action"] == "helper-refused"]
        self.assertEqual(len(told), 1, f"two commands, one notice\n{login}")
        self.assertEqual(told[0]["hopwarden.note"], f"certificate {self.serial} of key {self.box.fingerprint(key)}")
        self.assertTrue(any(f"CERT {self.box.fingerprint(key)} ID ben@corp (serial {self.serial})" in line.text for line in login.lines),
                        f"sshd prints the same\n{login}")


class Principals(CertificateCase):

    def enters(self, principals, expected, account="ansible"):
        login = self.box.ssh(account, OFFICE, key=self.certificate("deploy", principals), batch=True)
        self.assertEqual(login.inside, expected, str(login))
        return login

    @classmethod
    def configure(cls, **more):
        super().configure(ansible_key=f"{cls.box.fingerprint(cls.ca)}/deploy" if hasattr(cls, "ca") else "SHA256:" + "A" * 43, **more)

    @classmethod
    def start(cls):
        cls.configure()
        super().start()

    def test_without_a_file_the_account_is_its_principal(self):
        self.enters("ansible", True)
        self.enters("other,ansible", True)
        self.enters("other", False)

    def test_a_file_says_who_else(self):
        self.allow_principals("ansible", "# who deploys\n\ndeployers\nrestrict,pty on-call # nights\n")
        self.enters("deployers", True)
        self.enters("x,on-call", True)
        self.enters("ansible", False)
        self.enters("nights", False)

    def test_a_file_that_is_not_roots_is_not_believed(self):
        self.allow_principals("ansible", "ansible\n")
        os.chmod("/etc/hopwarden/principals.d/ansible", 0o666)
        self.enters("ansible", False)

    def test_options_hold(self):
        self.allow_principals("ansible", 'restrict,command="echo forced inside" deployers\n')
        self.assertIn("forced inside", self.enters("deployers", True).seen)
        self.allow_principals("ansible", 'from="192.0.2.1" deployers\n')
        self.enters("deployers", False)

    def test_a_certificate_for_nobody_and_of_another_ca(self):
        key = self.box.make_key("nobody")
        sandbox.run("ssh-keygen", "-q", "-s", self.ca, "-I", "deploy", "-V", "-1m:+5m", f"{key}.pub")
        self.assert_out(self.box.ssh("ansible", OFFICE, key=key, batch=True))
        other = self.certificate("deploy", "ansible", ca=self.box.make_key("other-ca"))
        self.assert_out(self.box.ssh("ansible", OFFICE, key=other, batch=True))

    def test_a_cert_authority_line_of_keys_d_is_the_other_way(self):
        other = self.box.make_key("their-ca")
        self.configure()
        sandbox.write("/etc/hopwarden/hopwarden.conf", open("/etc/hopwarden/hopwarden.conf", encoding="utf-8").read().replace(
            self.box.fingerprint(self.ca), self.box.fingerprint(other)))
        self.addCleanup(self.configure)
        self.box.allow_key("ansible", other, options='cert-authority,principals="deployers"')
        self.addCleanup(os.remove, "/etc/hopwarden/keys.d/ansible")
        self.assert_in(self.box.ssh("ansible", OFFICE, key=self.certificate("deploy", "deployers", ca=other), batch=True))
        self.assert_out(self.box.ssh("ansible", OFFICE, key=self.certificate("deploy", "ansible", ca=other), batch=True))
