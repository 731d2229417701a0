# SPDX-License-Identifier: Apache-2.0
"""What becomes of logins when the key helper is gone or broken while sshd still names it; and the way back, whole: contrib/uninstall."""
import glob
import os
import shutil

import sandbox
from case import HostCase
from scene import USUAL

HELPER = "/usr/local/libexec/hopwarden-keys"
UNINSTALL = os.path.join(sandbox.SOURCE, "contrib", "uninstall")
RESCUE_KEYS = "/etc/ssh/rescue_keys"
RESCUE = "#Match User rescue"


def with_rescue(text):
    """contrib's lane for break-glass, which waits there as a comment."""
    lines = text.split("\n")
    at = next(number for number, line in enumerate(lines) if line.startswith(RESCUE))
    while lines[at].startswith("#"):
        lines[at] = lines[at][1:]
        at += 1
    return "\n".join(lines)


class Broken(HostCase):
    """sshd does without a helper that it cannot run, and so without those who have their keys from it; the break-glass account, whose keys
    are sshd's own, gets in all the same."""

    @classmethod
    def setUpClass(cls):
        sandbox.SANDBOX_SSHD = sandbox.SANDBOX_SSHD.replace("LoginGraceTime 30", "LoginGraceTime 4")
        cls.sshd = False
        super().setUpClass()
        shutil.copy(f"{cls.box.accounts['rescue'].key}.pub", RESCUE_KEYS)
        os.remove("/etc/hopwarden/keys.d/rescue")
        cls.box.start_sshd(change=with_rescue)

    def setUp(self):
        super().setUp()
        shutil.copy2(HELPER, f"{HELPER}.whole")
        self.addCleanup(os.replace, f"{HELPER}.whole", HELPER)

    def put(self, text):
        os.remove(HELPER)
        sandbox.write(HELPER, text, 0o755)

    def assert_survived(self, told=None):
        login = self.box.ssh("anna", USUAL)
        self.assert_out(login)
        if told:
            self.assertTrue(any(told in line.text for line in login.lines), str(login))
        self.assert_out(self.box.ssh("dora", USUAL))
        rescue = self.box.ssh("rescue", USUAL)
        self.assert_in(rescue)
        self.assertEqual(rescue.alert["hopwarden.reason_codes"], ["break-glass"])

    def test_whole(self):
        self.assert_in(self.box.ssh("anna", USUAL))
        self.assert_in(self.box.ssh("rescue", USUAL))

    def test_missing(self):
        os.remove(HELPER)
        self.assert_survived("AuthorizedKeysCommand")

    def test_not_executable(self):
        os.chmod(HELPER, 0o644)
        self.assert_survived()

    def test_writable_by_others(self):
        """A group of more than root: Debian's sshd bears with root's own."""
        os.chown(HELPER, 0, 63998)
        os.chmod(HELPER, 0o775)
        self.assert_survived("bad ownership or modes")

    def test_crashes(self):
        self.put("#!/bin/sh\ncat /etc/hopwarden/keys.d/$1\nkill -SEGV $$\n")
        self.assert_survived("signal 11")

    def test_fails(self):
        self.put("#!/bin/sh\ncat /etc/hopwarden/keys.d/$1\nexit 1\n")
        self.assert_survived("failed, status 1")

    def test_prints_garbage(self):
        self.put("#!/bin/sh\nhead -c 100000 /dev/urandom\n")
        self.assert_survived()

    def test_hangs(self):
        self.put("#!/bin/sh\nexec sleep 60\n")
        self.assert_survived()  # each costs no more than LoginGraceTime


class Uninstall(HostCase):
    """The whole round: keys in, hopwarden out, and everybody logs in as before."""

    @classmethod
    def setUpClass(cls):
        cls.sshd = False
        super().setUpClass()
        for name in ("anna", "dora"):
            key = f"{cls.box.accounts[name].key}.pub"
            os.remove(f"/etc/hopwarden/keys.d/{name}")
            done = cls.box.hopwarden("keys", "import", name, key)
            assert done.returncode == 0, done.stderr
        cls.box.start_sshd()

    @classmethod
    def make_box(cls):
        box = super().make_box()
        cls.stock = {path: open(path, "rb").read() for path in ("/etc/pam.d/sshd", "/etc/ssh/sshd_config")}
        cls.remembered = sandbox.run(UNINSTALL, "--remember", check=False)
        return box

    def uninstall(self, *words):
        reload = f"kill -HUP {self.box._sshd.pid}"
        return sandbox.run(UNINSTALL, "--manifest", os.path.join(self.box.build, "install_manifest.txt"), "--reload", reload,
                           *words, check=False)

    def installed(self):
        return [path for path in (HELPER, "/usr/local/bin/hopwarden") if os.path.exists(path)]

    def reloaded(self, mark):
        sandbox.await_true(lambda: self.box.syslog.has(mark, "Server listening on 127.0.0.1"), "sshd listens again")

    def test_1_it_is_not_removed_while_it_is_named(self):
        self.assertEqual(self.remembered.returncode, 0, self.remembered.stderr)
        done = self.uninstall("--check")
        self.assertEqual(done.returncode, 1, done.stdout)
        for words in ("/etc/pam.d/sshd:", "/etc/ssh/sshd_config.d/hopwarden.conf:", "sshd -T for anna: authorizedkeyscommand"):
            self.assertIn(words, done.stderr)
        self.assertEqual(len(self.installed()), 2)

    def test_2_without_copies_it_stops(self):
        os.rename("/var/lib/hopwarden/before", "/var/lib/hopwarden/elsewhere")
        self.addCleanup(os.rename, "/var/lib/hopwarden/elsewhere", "/var/lib/hopwarden/before")
        done = self.uninstall()
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("/etc/pam.d/sshd:", done.stderr)
        self.assertEqual(len(self.installed()), 2)
        self.assert_in(self.box.ssh("anna", USUAL))

    def test_3_what_sshd_does_not_take_changes_nothing(self):
        sandbox.write("/etc/ssh/sshd_config.d/90-wrong.conf", "NoSuchOption yes\n")
        self.addCleanup(os.remove, "/etc/ssh/sshd_config.d/90-wrong.conf")
        done = self.uninstall()
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("as it was", done.stderr)
        self.assertTrue(os.path.exists("/etc/ssh/sshd_config.d/hopwarden.conf"))
        self.assertEqual(len(self.installed()), 2)
        os.truncate("/etc/ssh/sshd_config.d/90-wrong.conf", 0)
        self.assert_in(self.box.ssh("anna", USUAL))

    def test_4_nor_does_a_reload_that_fails(self):
        done = self.uninstall("--reload", "false")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertEqual(len(self.installed()), 2)
        self.assert_in(self.box.ssh("anna", USUAL))

    def test_5_all_the_way_back(self):
        anna = self.box.accounts["anna"]
        sandbox.write(f"{anna.home}/.ssh/authorized_keys", "# her own", 0o600, (anna.uid, anna.uid))
        os.chown(f"{anna.home}/.ssh", anna.uid, anna.uid)
        self.assert_in(self.box.ssh("anna", USUAL))
        mark = len(self.box.syslog.lines)
        done = self.uninstall()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.reloaded(mark)
        for name in ("anna", "dora"):
            with self.subTest(name):
                login = self.box.ssh(name, USUAL)
                self.assert_in(login)
                self.assertEqual(login.alerts, [], "nothing of hopwarden is left in the login")
        account = os.stat(f"{self.box.accounts['dora'].home}/.ssh/authorized_keys")
        self.assertEqual((account.st_mode & 0o777, account.st_uid), (0o600, self.box.accounts["dora"].uid))
        with open(f"{anna.home}/.ssh/authorized_keys", encoding="ascii") as file:
            first, second = file.read().splitlines()
        self.assertEqual((first, second), ("# her own", open(f"{anna.key}.pub", encoding="ascii").read().strip()))
        with open("/etc/pam.d/sshd", "rb") as file:
            self.assertEqual(file.read(), self.stock["/etc/pam.d/sshd"])
        left = [path for folder in ("/usr/local", "/usr/lib/x86_64-linux-gnu/security", "/usr/lib/aarch64-linux-gnu/security")
                for path in glob.glob(f"{folder}/**/*hopwarden*", recursive=True)]
        self.assertEqual(left, [])
        self.assertTrue(os.path.exists("/var/lib/hopwarden/history.db"), "the history is not anybody's to lose by the way")
        self.assertEqual(self.uninstall("--check").returncode, 0)
        self.assertEqual(self.uninstall("--purge").returncode, 0)
        self.assertFalse(os.path.exists("/etc/hopwarden") or os.path.exists("/var/lib/hopwarden"))
