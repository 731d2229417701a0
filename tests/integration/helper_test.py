# SPDX-License-Identifier: Apache-2.0
"""The key helper as sshd calls it: one line or none, no writing but its note, and never a lock-out of its own."""
import os
import stat

import sandbox
from case import HostCase
from scene import IN_BETA, OFFICE, USUAL

HELPER = "/usr/local/libexec/hopwarden-keys"
FIDO = "sk-ssh-ed25519@openssh.com"
FIDO_BLOB = ("AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIPcAWuz2yzo8wB0D4Nn6NDjkCh4RWv3mE0kQyGBD5GxSAAAABHNzaDo=")


class Helper(HostCase):
    """Called directly, as its own user and with what sshd gives it."""
    sshd = False

    def ask(self, account, key_type, blob, *words):
        return sandbox.run("setpriv", "--reuid", "hopwarden", "--regid", "hopwarden", "--clear-groups", HELPER, *words, account,
                           key_type, blob, check=False, cwd="/")

    def key(self, name):
        with open(f"{self.box.accounts[name].key}.pub", encoding="ascii") as file:
            return file.read().split()[:2]

    def test_the_matching_line_as_it_is(self):
        done = self.ask("anna", *self.key("anna"))
        self.assertEqual((done.returncode, done.stdout), (0, open(f"{self.box.accounts['anna'].key}.pub", encoding="ascii").read()))

    def test_one_line_of_many(self):
        for n in range(3):
            self.box.allow_key("ben", self.box.make_key(f"ben-{n}"))
        done = self.ask("ben", *self.key("ben"))
        self.assertEqual(done.stdout.count("\n"), 1)
        self.assertIn(self.key("ben")[1], done.stdout)

    def test_another_s_key_and_no_key(self):
        for account, key in (("anna", self.key("ben")), ("nobody", self.key("ben")), ("../keys.d/ben", self.key("ben")),
                             ("anna", ["ssh-ed25519", "AAAA"]), ("anna", ["x", "%%%"]), ("a" * 5000, self.key("anna"))):
            with self.subTest(account[:20]):
                self.assertEqual(self.ask(account, *key).stdout, "")

    def test_a_fido_key_is_verified_on_a_step_up(self):
        path = self.box.path("fido")
        sandbox.write(f"{path}.pub", f"{FIDO} {FIDO_BLOB} anna@token\n")
        self.box.allow_key("anna", path)
        unusual = self.ask("anna", FIDO, FIDO_BLOB, "--source", USUAL)  # a new key from the internet
        self.assertTrue(unusual.stdout.startswith("verify-required "), unusual.stdout + unusual.stderr)
        unknown = self.ask("anna", FIDO, FIDO_BLOB)
        self.assertIn(FIDO_BLOB, unknown.stdout, "without an address PAM judges")

    def test_a_block_prints_nothing(self):
        self.assertIn(self.key("ben")[1], self.ask("ben", *self.key("ben")).stdout)
        self.assertEqual(self.ask("ben", *self.key("ben"), "--source", IN_BETA).stdout, "")

    def test_no_configuration_no_history(self):
        line = self.ask("anna", *self.key("anna")).stdout
        self.addCleanup(self.configure)
        self.box.configure("wrong")
        self.assertEqual(self.ask("anna", *self.key("anna")).stdout, line)
        self.configure(history="sqlite:/var/lib/hopwarden/none.db")
        self.assertEqual(self.ask("anna", *self.key("anna")).stdout, line)

    def test_it_writes_nothing(self):
        before = {name: os.stat(f"/var/lib/hopwarden/{name}").st_mtime_ns for name in os.listdir("/var/lib/hopwarden")
                  if not name.endswith("-shm")}
        log = len(self.box.log())
        for _ in range(3):
            self.ask("ben", *self.key("ben"), "--source", IN_BETA)
        after = {name: os.stat(f"/var/lib/hopwarden/{name}").st_mtime_ns for name in before}
        self.assertEqual(before, after)
        self.assertEqual(len(self.box.log()), log)

    def test_it_can_write_nothing(self):
        """Not even if it wanted to: files, and the folder they lie in."""
        for path in ("/var/lib/hopwarden", "/var/lib/hopwarden/history.db", "/etc/hopwarden", "/etc/hopwarden/keys.d/anna",
                     "/run/hopwarden/connections"):
            done = sandbox.run("setpriv", "--reuid", "hopwarden", "--regid", "hopwarden", "--clear-groups", "test", "-w", path,
                               check=False)
            self.assertNotEqual(done.returncode, 0, path)
        self.assertEqual(stat.S_IMODE(os.stat("/var/lib/hopwarden/history.db").st_mode), 0o640)


class Frozen(HostCase):
    """A frozen key is refused before it is used, an account or source asks, and what thaws goes on."""

    def frozen(self, kind, value, *words):
        done = self.box.hopwarden("freeze", kind, value, *words)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.addCleanup(self.box.hopwarden, "unfreeze", kind, value)

    def test_key(self):
        for name in ("anna", "dora"):
            self.frozen("key", self.print_of(name), "--block")
            login = self.box.ssh(name, USUAL)
            self.assert_out(login)
            self.assertEqual(login.prompts, [])
            told = [line for line in login.lines if line.alert and line.alert["event.action"] == "helper-refused"]
            self.assertEqual([line.severity for line in told], [5], f"one notice for many tries\n{login}")
            self.box.hopwarden("unfreeze", "key", self.print_of(name))
            self.assert_in(self.box.ssh(name, USUAL))

    def test_account(self):
        self.frozen("account", "anna")
        self.assert_in(self.box.ssh("anna", USUAL, answers=[self.right()]), prompts=1)
        self.frozen("account", "dora")
        self.assert_out(self.box.ssh("dora", USUAL))

    def test_account_blocked(self):
        self.frozen("account", "anna", "--block")
        login = self.box.ssh("anna", USUAL, answers=[self.right()])
        self.assert_out(login)
        self.assertEqual(login.prompts, [])

    def test_source(self):
        self.frozen("source", OFFICE)
        self.assert_in(self.box.ssh("anna", OFFICE, answers=[self.right()]), prompts=1)


class Confirmed(HostCase):
    """The way in for somebody who cannot be asked: a reviewer's word for a refused login."""

    def test_confirm_lets_the_next_one_in(self):
        login = self.box.ssh("dora", OFFICE)
        self.assert_in(login)
        new = self.box.make_key("dora-new")
        self.box.allow_key("dora", new)
        refused = self.box.ssh("dora", USUAL, key=new)
        self.assert_out(refused)
        done = self.box.hopwarden("confirm", refused.alert["event.id"])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assert_in(self.box.ssh("dora", USUAL, key=new))
