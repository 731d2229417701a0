# SPDX-License-Identifier: Apache-2.0
"""`hopwarden doctor` on a whole host: each finding about sshd, PAM, the accounts and the host is produced once, and nothing is found where
nothing is wrong. command_test.py and hostile_test.py have the history's side."""
import json
import os
import shutil
import socket
import time

import case
import peer
import sandbox
import scene

EVERYBODY = "anna, ben, ansible, dora, rescue, root"
LANES = "/etc/ssh/sshd_config.d/hopwarden.conf"
FIRST = "/etc/ssh/sshd_config.d/00-first.conf"
HELPER = "/usr/local/libexec/hopwarden-keys"
SEEDS = "pam_google_authenticator.so keeps its seeds on this customer's host"
FACTOR = "auth [success=1 default=ignore]                                    pam_google_authenticator.so\n"
AUTHFAIL = "auth [default=die]                                                 pam_hopwarden.so authfail\n"
STEPPED_UP = "auth [success=done default=die]                                    pam_hopwarden.so stepped_up\n"
JUDGE = "auth [success=done cred_insufficient=ignore ignore=3 default=die]  pam_hopwarden.so\n"


class Doctor(case.HostCase):
    more = ""

    @classmethod
    def configure(cls, **more):
        """pavel, who comes by password alone, is a finding of his own."""
        text = scene.configuration(mode=cls.mode, history=cls.history, ansible_key=cls.print_of("ansible"), more=cls.more)
        cls.box.configure(text.replace(" pavel", ""))

    def findings(self, *words):
        done = self.box.hopwarden("doctor", "--json", *words)
        self.assertEqual(done.stderr, "")
        found = json.loads(done.stdout)
        worst = max(("fine", "warning", "critical").index(finding["state"]) for finding in found)
        self.assertEqual(done.returncode, worst)
        for finding in found:
            self.assertEqual(finding["state"] == "fine", "mend" not in finding, finding)
        return [f'{finding["state"]} {finding["check"]}: {finding["what"]}' for finding in found if finding["state"] != "fine"]

    def wrong(self, *words):
        """All findings but the one that this host has for good: its one-time codes lie on it."""
        return "\n".join(line for line in self.findings(*words) if SEEDS not in line)

    def changed(self, path, change, mode=0o644):
        """A file of the host in another state until the test ends."""
        with open(path, encoding="utf-8") as file:
            text = file.read()
        changed = change(text)
        self.assertNotEqual(text, changed, "the test changes nothing")
        self.addCleanup(sandbox.write, path, text, mode)
        sandbox.write(path, changed, mode)

    def added(self, path, text):
        self.addCleanup(os.remove, path)
        sandbox.write(path, text)


class Nothing(Doctor):
    def test_nothing_is_wrong_but_the_seeds(self):
        [seeds] = self.findings()
        self.assertIn(f"warning factor: {SEEDS}", seeds)

    def test_a_host_of_home_may_hold_seeds(self):
        self.changed("/etc/hopwarden/hopwarden.conf", lambda text: text.replace("tenant   = acme", "tenant   = home", 1))
        self.assertEqual(self.findings(), [])

    def test_as_text_with_what_to_do(self):
        done = self.box.hopwarden("doctor")
        self.assertEqual(done.returncode, 1)
        self.assertIn("-> FIDO keys with verify-required", done.stdout)
        self.assertRegex(done.stdout, r"fine +sshd +anna, ben: can be asked")
        self.assertRegex(done.stdout, r"fine +sshd +dora, rescue, root: cannot be asked")

    def test_every_stage_that_contrib_ships(self):
        for stage in ("observe", "always", "step_up"):
            self.box.use_pam(f"sshd.{stage}")
            self.assertEqual(self.wrong(), "", stage)


class Sshd(Doctor):
    """Judged by what `sshd -T` says holds for each account."""

    def lanes(self, change, *what):
        self.changed(LANES, change)
        found = self.wrong()
        for words in what:
            self.assertIn(words, found)
        return found

    def test_a_configuration_that_sshd_refuses(self):
        self.lanes(lambda text: text + "NoSuchKeyword yes\n", "critical sshd: sshd -T for anna: ", "NoSuchKeyword")

    def test_keyboard_interactive_off(self):
        found = self.lanes(lambda text: text.replace("    KbdInteractiveAuthentication yes\n", ""))
        self.assertIn("critical sshd: ", found)
        self.assertIn("eyboard", found)

    def test_pam_off(self):
        self.added(FIRST, "UsePAM no\n")
        self.assertIn(f"critical sshd: {EVERYBODY}: UsePAM is not on", self.wrong())

    def test_keys_that_never_reach_the_helper(self):
        self.lanes(lambda text: text.replace("    AuthorizedKeysFile none\n", "", 1),
                   "critical sshd: anna, ben: keys in .ssh/authorized_keys .ssh/authorized_keys2 never reach the helper")

    def test_percent_c_before_9_4(self):
        change = lambda text: text.replace("hopwarden-keys %u %t %k", "hopwarden-keys %u %t %k %C", 1)
        if self.box.sshd_version() < (9, 4):
            self.lanes(change, "critical sshd: anna, ben: AuthorizedKeysCommand has %C")
        else:
            self.assertNotIn("%C", self.lanes(change))

    def test_another_key_command_for_the_same_people(self):
        self.added(FIRST, "Match User anna\n  AuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys %u\n"
                   "  AuthorizedKeysCommandUser nobody\nMatch all\n")
        self.assertIn("warning sshd: anna: keys come from /usr/bin/sss_ssh_authorizedkeys %u and never reach hopwarden-keys",
                      self.wrong())

    def test_two_key_commands(self):
        self.added(FIRST.replace("00", "zz"), "AuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys %u\nAuthorizedKeysCommandUser nobody\n")
        self.assertIn(f"{EVERYBODY}: two key commands: /usr/bin/sss_ssh_authorizedkeys %u serves others", self.wrong())
        self.changed(LANES, lambda text: text.replace("hopwarden-keys %u %t %k",
                                                      "hopwarden-keys %u %t %k --chain /usr/bin/sss_ssh_authorizedkeys %u"))
        self.assertNotIn("two key commands", self.wrong())

    def test_somebody_without_the_helper(self):
        self.lanes(lambda text: text.replace("Match User root", "Match User toor"),
                   "warning sshd: root: no AuthorizedKeysCommand, while other accounts have hopwarden-keys")

    def test_root_asked_and_without_password(self):
        self.lanes(lambda text: text.replace("msp-admins", "root"),
                   "critical sshd: root: with keyboard-interactive and PermitRootLogin without-password sshd ends every login")

    def test_automation_that_would_be_asked(self):
        self.lanes(lambda text: text.replace("msp-admins", "msp-admins,msp-automation"),
                   "critical sshd: ansible: automation never answers keyboard-interactive")

    def test_a_password_alone(self):
        self.changed("/etc/hopwarden/hopwarden.conf", lambda text: text.replace(" root\n", " root pavel\n", 1))
        self.assertIn("warning sshd: pavel: a password alone is enough", self.wrong())

    def test_another_rule_for_home(self):
        self.added(FIRST, "Match Address 127.0.1.0/24\n  AuthenticationMethods any\nMatch all\n")
        found = self.wrong()
        self.assertIn("anna, ben from 127.0.1.0, dora from 127.0.1.0, rescue from 127.0.1.0, root from 127.0.1.0: a password alone is enough", found)
        self.assertNotIn("from 192.0.2.1", found)

    def test_certificates_without_their_helper(self):
        self.added(FIRST, "TrustedUserCAKeys /etc/ssh/ca.pub\n")
        self.added("/etc/ssh/ca.pub", "")
        self.assertIn(f"warning sshd: {EVERYBODY}: certificates never reach a helper", self.wrong())
        principals = "/usr/local/libexec/hopwarden-principals"
        self.added(FIRST.replace("00", "01"), f"AuthorizedPrincipalsCommand {principals} %u %t %k\n"
                   "AuthorizedPrincipalsCommandUser hopwarden\nAuthorizedPrincipalsFile %h/.ssh/principals\n")
        self.assertIn(f"critical sshd: {EVERYBODY}: certificates that %h/.ssh/principals accepts never reach the helper", self.wrong())

    def test_a_source_may_be_banned(self):
        """Since 9.8; an older sshd does not know the word."""
        self.assertEqual("ban a source" in self.wrong(), self.box.sshd_version() >= (9, 8))

    def test_an_sshd_that_does_not_tell_its_version(self):
        program = self.box.path("sshd")
        self.added(program, "#!/bin/sh\n[ \"$1\" = -V ] && exit 1\nexec /usr/sbin/sshd \"$@\"\n")
        os.chmod(program, 0o755)
        self.assertIn("warning sshd: its version is unknown", self.wrong("--sshd", program))

    def test_a_configuration_that_cannot_be_read(self):
        self.assertIn("warning sshd: /etc/ssh/none: cannot be read", self.wrong("--sshd-config", "/etc/ssh/none"))


class Helper(Doctor):
    """A helper that sshd will not run locks everybody out who has no other way."""

    def test_not_there(self):
        os.rename(HELPER, f"{HELPER}.away")
        self.addCleanup(os.rename, f"{HELPER}.away", HELPER)
        self.assertIn(f"critical sshd: {EVERYBODY}: {HELPER} is no program that can be run: no key is accepted", self.wrong())

    def test_not_executable(self):
        self.addCleanup(os.chmod, HELPER, 0o755)
        os.chmod(HELPER, 0o644)
        self.assertIn("is no program that can be run", self.wrong())

    def test_writable_by_its_group(self):
        self.addCleanup(os.chmod, HELPER, 0o755)
        os.chmod(HELPER, 0o775)
        self.assertIn(f"critical sshd: {EVERYBODY}: {HELPER} is not root's alone: sshd does not run {HELPER}", self.wrong())

    def test_in_a_folder_of_somebody_else(self):
        folder = os.path.dirname(HELPER)
        self.addCleanup(os.chown, folder, 0, 0)
        os.chown(folder, 63999, 0)
        self.assertIn(f"{EVERYBODY}: {folder} is not root's alone: sshd does not run {HELPER}", self.wrong())

    def test_a_user_that_is_not_there(self):
        self.changed(LANES, lambda text: text.replace("AuthorizedKeysCommandUser hopwarden", "AuthorizedKeysCommandUser nosuch", 1))
        self.assertIn("anna, ben: AuthorizedKeysCommandUser nosuch is not there", self.wrong())

    def test_root_as_its_user(self):
        self.changed(LANES, lambda text: text.replace("AuthorizedKeysCommandUser hopwarden", "AuthorizedKeysCommandUser root", 1))
        self.assertIn("warning sshd: anna, ben: AuthorizedKeysCommandUser is root", self.wrong())

    def test_keys(self):
        path = "/etc/hopwarden/keys.d/anna"
        os.rename(path, f"{path}.away")
        self.addCleanup(os.rename, f"{path}.away", path)
        found = self.wrong()
        self.assertIn(f"warning keys: {path}: ", found)
        self.assertIn("no key of anna is accepted", found)

    def test_keys_that_others_may_write(self):
        path = "/etc/hopwarden/keys.d/anna"
        self.addCleanup(os.chmod, path, 0o640)
        os.chmod(path, 0o662)
        self.assertIn("no key of anna is accepted", self.wrong())


class Stack(Doctor):
    """The stack is run with every answer that counts."""

    def with_stack(self, old, new):
        self.box.use_pam(self.stack)
        self.changed("/etc/pam.d/sshd", lambda text: text.replace(old, new, 1))
        return self.wrong()

    def test_shapes(self):
        account, session = "account    required     pam_hopwarden.so\n", "session    required     pam_hopwarden.so\n"
        for old, new, what in (
                (JUDGE, "auth required pam_hopwarden.so\n", "has the control [required]"),
                ("ignore=3", "ignore=2", "does not lead just past"),
                ("cred_insufficient=ignore ", "", "has the control"),
                (FACTOR, "", "no second factor stands before"),
                (STEPPED_UP, "", "no stepped_up line"),
                (STEPPED_UP, STEPPED_UP.replace("success=done", "success=ok"), "the stepped_up line has the control"),
                ("authenticator.so", "authenticator.so nullok", "lets in whoever is not enrolled"),
                (account, "", "no account line"),
                (session, "", "no session line"),
                (account, "account optional pam_hopwarden.so\n", "the account line of pam_hopwarden.so is not required"),
                (session, "session optional pam_hopwarden.so\n", "the session line of pam_hopwarden.so is not required"),
                (account, f"@include common-account\n{account}", "the account line of pam_hopwarden.so is not the first"),
                (account, f"account include common-account\n{account}", "the account line of pam_hopwarden.so is not the first"),
                (account, f"-account required pam_nologin.so\n{account}", "the account line of pam_hopwarden.so is not the first"),
                (account, f"@include no-such-file\n{account}", "no-such-file: cannot be read")):
            self.assertIn(what, self.with_stack(old, new), new)
        self.assertEqual(self.with_stack(account, account[:-1] + " \\\n\n[[[ ]\nauth [\n-\n#\n"), "")

    def test_no_auth_line(self):
        self.box.use_pam(self.stack, lambda text: "".join(line for line in text.splitlines(True) if not line.startswith("auth")))
        self.addCleanup(self.box.use_pam, self.stack)
        self.assertIn("warning pam: no auth line of pam_hopwarden.so", self.wrong())

    def test_a_line_that_ends_the_stack_before_it(self):
        for line in ("auth sufficient pam_unix.so\n", "auth [success=done default=ignore] pam_unix.so\n",
                     "auth [success=9 default=ignore] pam_unix.so\n", "auth [success=1 default=ignore] pam_unix.so\n"):
            self.assertIn("critical pam: auth line pam_unix.so before pam_hopwarden.so ends the stack",
                          self.with_stack(JUDGE, line + JUDGE), line)
        for line in ("auth required pam_faildelay.so\n", "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n"):
            self.assertEqual(self.with_stack(JUDGE, line + JUDGE), "", line)

    def alone(self, control):
        """The factor with this control and no authfail line behind it."""
        self.box.use_pam(self.stack, lambda text: text.replace("ignore=3", "ignore=2").replace(AUTHFAIL, ""))
        self.changed("/etc/pam.d/sshd", lambda text: text.replace("[success=1 default=ignore]", control, 1))
        return self.wrong()

    def test_a_factor_that_lets_in_a_wrong_code(self):
        for control in ("optional", "sufficient", "[success=ok default=ignore]", "[success=ok auth_err=ignore default=die]"):
            self.assertIn("lets in whoever has no right code", self.alone(control), control)
        self.assertIn("lets in whoever has no right code", self.with_stack("[success=1 default=ignore]", "[default=1]"))

    def test_a_factor_that_lets_in_who_is_not_enrolled(self):
        told = "warning pam: the second factor pam_google_authenticator.so lets in whoever is not enrolled"
        for control in ("requisite", "required", "[success=ok ignore=ignore default=die]"):
            self.assertIn(told, self.alone(control), control)
        for control in ("[success=1 ignore=1 default=ignore]", "[success=1 user_unknown=1 default=ignore]"):
            self.assertIn(told, self.with_stack("[success=1 default=ignore]", control), control)
        self.assertEqual(self.alone("[success=ok default=die]"), "")

    def test_a_factor_in_vain(self):
        self.assertIn("is in vain: a right code is refused", self.with_stack("[success=1 default=ignore]", "[default=ignore]"))

    def test_a_central_factor_is_no_local_seed(self):
        self.box.use_pam(self.stack, lambda text: text.replace("pam_google_authenticator.so", "pam_radius_auth.so"))
        self.addCleanup(self.box.use_pam, self.stack)
        self.assertEqual(self.findings(), [])
        self.box.use_pam(self.stack, lambda text: text.replace("pam_google_authenticator.so", "/lib/security/pam_oath.so"))
        self.assertIn("pam_oath.so keeps its seeds", "\n".join(self.findings()))

    def test_no_stack_at_all(self):
        self.assertIn("critical pam: /etc/pam.d/none: ", self.wrong("--pam-file", "/etc/pam.d/none"))


class Accounts(Doctor):
    def with_conf(self, old, new):
        self.configure()
        self.changed("/etc/hopwarden/hopwarden.conf", lambda text: text.replace(old, new, 1))
        return self.wrong()

    def test_automation_without_a_binding(self):
        self.assertIn("critical accounts: dora is automation without a binding",
                      self.with_conf('[account "root"]', '[account "dora"]\nclass = automation\n[account "root"]'))

    def test_root_as_one_person(self):
        self.assertIn("warning accounts: root is judged as one person", self.with_conf("class = shared", "class = person"))

    def test_no_way_in_when_all_is_down(self):
        self.assertIn("warning accounts: no break-glass account", self.with_conf("class = break-glass", "class = person"))

    def test_more_than_it_looks_at(self):
        self.changed("/etc/passwd", lambda text: text + "".join(f"many{n}:x:{70000 + n}:70000::/nonexistent:/bin/sh\n" for n in range(257)))
        self.assertIn("warning accounts: more than 256 accounts are in scope", self.with_conf(" root\n", " root many*\n"))

    def test_who_only_observes_needs_none(self):
        with_nobody = self.with_conf('mode     = enforce', 'mode     = observe')
        self.assertEqual(with_nobody, "")
        self.changed("/etc/hopwarden/hopwarden.conf", lambda text: text.replace("class = break-glass", "class = person"))
        self.assertEqual(self.wrong(), "")


class Host(Doctor):
    sshd = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.box.start_sshd()

    def test_the_module_is_not_there(self):
        module = next(path for path in ("/usr/lib/x86_64-linux-gnu/security", "/lib/security", "/usr/lib/aarch64-linux-gnu/security")
                      if os.path.exists(f"{path}/pam_hopwarden.so")) + "/pam_hopwarden.so"
        os.rename(module, f"{module}.away")
        self.addCleanup(os.rename, f"{module}.away", module)
        self.assertIn(f"critical module: {module}: No such file or directory: a required line of it refuses everybody", self.wrong())
        shutil.copy(f"{module}.away", module)
        self.addCleanup(os.remove, module)
        os.chmod(module, 0o666)
        self.assertIn("critical module: ", self.wrong())

    def test_folders(self):
        for folder, mode in (("/run/hopwarden/connections", 0o700), ("/run/hopwarden/notes", 0o1770), ("/etc/hopwarden/keys.d", 0o750)):
            self.addCleanup(os.chmod, folder, mode)
            os.chmod(folder, 0o777)
            self.assertIn(f"critical folders: {folder} has owner 0 and mode 0777", self.wrong())
            os.chmod(folder, mode)
        os.rename("/run/hopwarden/notes", "/run/hopwarden/away")
        self.addCleanup(os.rename, "/run/hopwarden/away", "/run/hopwarden/notes")
        self.assertIn("critical folders: /run/hopwarden/notes: No such file", self.wrong())

    def test_nobody_takes_alerts(self):
        self.assertIn("critical syslog: /run/none: No such file or directory: alerts wait here and reach nobody",
                      self.wrong("--syslog", "/run/none"))

    def test_a_stream_socket_takes_alerts(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            server.bind(self.box.path("log"))
            server.listen()
            self.assertEqual(self.wrong("--syslog", self.box.path("log")), "")


class History(Doctor):
    redis = True
    more = "fallback = /var/lib/hopwarden/fallback.db\n"

    def with_history(self, url):
        self.changed("/etc/hopwarden/hopwarden.conf", lambda text: text.replace(self.history, url, 1))

    def test_a_store_that_all_share_and_no_user(self):
        self.assertIn("warning users: history_user is not set", self.wrong())

    def test_a_wrong_clock(self):
        for shift in (400, -400):
            with self.subTest(shift=shift):
                path = self.box.path(f"shifted{shift}.sock")
                self.with_history(peer.ShiftedClock(path, self.box.path("redis.sock"), shift).url)
                self.assertRegex(self.wrong(), rf"critical clock: this host is {'-' if shift > 0 else ''}(39\d|40\d) s off the history's")
                self.doCleanups()
        self.with_history(peer.ShiftedClock(self.box.path("near.sock"), self.box.path("redis.sock"), 200).url)
        self.assertNotIn("clock", self.wrong())

    def test_records_that_wait(self):
        self.with_history(f"unix:{self.box.path('away.sock')}")
        login = self.box.ssh("rescue")
        self.assert_in(login)
        self.assertIn("critical history: ", self.wrong())
        self.assertRegex(self.wrong(), r"warning spool: [0-9]+ records wait to be written")
        [spool] = [f"/var/lib/hopwarden/{name}" for name in os.listdir("/var/lib/hopwarden") if name.endswith("spool") and "alert" not in name]
        mode = os.stat(spool).st_mode & 0o777
        os.chmod(spool, 0o666)
        self.assertRegex(self.wrong(), rf"warning spool: spool {spool}: not a file of its owner alone")
        os.chmod(spool, mode)
        self.doCleanups()
        self.assertRegex(self.wrong(), r"warning spool: [0-9]+ records wait to be written")
        self.assertEqual(self.box.hopwarden("flush").returncode, 0)
        self.assertNotIn("spool", self.wrong())


class Databases(Doctor):
    def test_age(self):
        now = int(time.time())
        for days, told in ((44, False), (46, True)):
            self.box.use_geo(scene.NETWORKS, "--epoch", str(now - days * 86400))
            self.assertEqual(f"warning database: /var/lib/hopwarden/city.mmdb is {days} days old" in self.wrong(), told)
            self.assertEqual(f"warning database: /var/lib/hopwarden/asn.mmdb is {days} days old" in self.wrong(), told)
        self.box.use_geo(scene.NETWORKS)

    def test_none(self):
        self.changed("/etc/hopwarden/hopwarden.conf", lambda text: "".join(
            line for line in text.splitlines(True) if not line.startswith("geo_")))
        self.assertIn("warning database: none is configured", self.wrong())

    def test_lost(self):
        os.chmod("/var/lib/hopwarden/asn.mmdb", 0o666)
        self.addCleanup(os.chmod, "/var/lib/hopwarden/asn.mmdb", 0o644)
        self.assertIn("critical database: ", self.wrong())


if __name__ == "__main__":
    import unittest
    unittest.main()
