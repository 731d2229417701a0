# SPDX-License-Identifier: Apache-2.0
"""The connection record and the key note lie in files: what is planted, left behind, cut or meant for another login is ignored and reported."""
import os
import shutil
import time

from case import HostCase
from scene import ABROAD, USUAL
import sandbox

CONNECTIONS, NOTES = "/run/hopwarden/connections", "/run/hopwarden/notes"
AHEAD = 60  # process ids that the next login can get


def next_ids():
    with open("/proc/sys/kernel/ns_last_pid", encoding="ascii") as file:
        last = int(file.read())
    return range(last + 1, last + 1 + AHEAD)


class PlantCase(HostCase):
    """Something is planted for every process id that the next login's monitor can get."""

    def plant(self, folder, place):
        for pid in next_ids():
            path = f"{folder}/{pid}"
            if os.path.lexists(path):
                os.remove(path)
            place(path)

    def tearDown(self):
        for folder in (CONNECTIONS, NOTES):
            for name in os.listdir(folder):
                os.remove(f"{folder}/{name}")

    def with_bytes(self, data, owner=0, mode=0o600):
        def place(path):
            with open(path, "wb") as file:
                file.write(data)
            os.chown(path, owner, owner)
            os.chmod(path, mode)
        return place


class ConnectionRecord(PlantCase):
    """A record that says "stepped up" must not help anybody but the connection it is of."""

    def a_passed_record(self):
        """The record of a live session of anna's whose step-up has passed, taken while the session lasts."""
        kept, here = self.box.path("records"), f"{self.box.accounts['anna'].home}/here"

        def take():
            sandbox.await_true(lambda: os.path.exists(here), "the session is open")
            shutil.copytree(CONNECTIONS, kept)
            os.remove(here)
        login = self.box.ssh("anna", ABROAD, answers=[self.right()], meanwhile=take,
                             command=f"echo inside; touch {here}; while [ -e {here} ]; do sleep 0.05; done")
        self.assertTrue(login.inside, str(login))
        with open(f"{kept}/{login.monitor}", "rb") as file:
            return file.read()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.passed = cls("a_passed_record").a_passed_record()

    def is_ignored(self, place):
        """A login that would need a step-up: planted records do not replace it."""
        self.plant(CONNECTIONS, place)
        login = self.box.ssh("ben", USUAL, options=["NumberOfPasswordPrompts=1"])
        self.assert_out(login)
        self.assert_verdict(login, "step_up", "auth")
        self.assert_degraded(login, "runtime")

    def test_left_for_another_account_and_port(self):
        self.is_ignored(self.with_bytes(self.passed))

    def test_planted_by_a_local_user(self):
        self.is_ignored(self.with_bytes(self.passed, owner=self.box.accounts["anna"].uid))

    def test_readable_and_writable_by_others(self):
        self.is_ignored(self.with_bytes(self.passed, mode=0o666))

    def test_cut(self):
        self.is_ignored(self.with_bytes(self.passed[:len(self.passed) // 2]))

    def test_empty(self):
        self.is_ignored(self.with_bytes(b""))

    def test_longer(self):
        self.is_ignored(self.with_bytes(self.passed + b"\0" * 4096))

    def test_garbage(self):
        self.is_ignored(self.with_bytes(os.urandom(len(self.passed))))

    def test_a_link(self):
        target = self.box.path("target")
        self.with_bytes(self.passed)(target)
        self.is_ignored(lambda path: os.symlink(target, path))

    def test_a_pipe_does_not_hang(self):
        self.is_ignored(os.mkfifo)

    def test_a_folder_of_another_owner(self):
        os.chown(CONNECTIONS, self.box.accounts["anna"].uid, 0)
        self.addCleanup(os.chown, CONNECTIONS, 0, 0)
        login = self.box.ssh("ben", USUAL, options=["NumberOfPasswordPrompts=1"])
        self.assert_out(login)
        self.assert_degraded(login, "runtime")

    def test_of_an_earlier_process_with_the_same_id(self):
        """The same account and process id, another process: process ids are dealt again from where anna's record stands."""
        login = self.box.ssh("anna", USUAL, before=lambda: self.deal_from(300))
        self.assert_in(login)
        wanted = login.monitor
        self.with_bytes(self.passed)(f"{CONNECTIONS}/{wanted}")
        again = self.box.ssh("anna", USUAL, before=lambda: self.deal_from(300))
        self.assertEqual(again.monitor, wanted, "the process id was dealt again")
        self.assert_in(again)
        self.assert_degraded(again, "runtime")

    @staticmethod
    def deal_from(last):
        with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as file:
            file.write(str(last))

    def test_its_own_record_is_used(self):
        """The way that works, so that what is ignored above is ignored for a reason."""
        login = self.box.ssh("anna", USUAL)
        self.assert_in(login)
        self.assertEqual(login.acts, ["login-scored"])
        self.assertNotIn("hopwarden.degraded", login.alert)

    def test_records_go_with_their_session(self):
        login = self.box.ssh("anna", USUAL)
        self.assert_in(login)
        self.assertNotIn(str(login.monitor), os.listdir(CONNECTIONS))


class KeyNote(PlantCase):
    """The account phase of a publickey-only login believes the helper's note of the key, and no other."""

    def note(self, account="dora", key=None, when=None):
        return f"v1 {int(when or time.time())} {account} {(key or self.print_of('dora')).replace('/', '%2F')}\n".encode()

    def is_ignored(self, place):
        """Without the helper there is only what was planted: the key is not known to the account phase."""
        self.plant(NOTES, place)
        login = self.box.ssh("dora", USUAL)
        self.assert_degraded(login, "runtime")
        return login

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.box.allow_key_at_home(cls.box.accounts["dora"])
        cls.box.stop()
        cls.box.start_sshd(extra="AuthorizedKeysFile .ssh/authorized_keys\n", lanes=())

    @property
    def helper(self):
        return 63999

    def test_planted_by_a_local_user(self):
        self.is_ignored(self.with_bytes(self.note(), owner=self.box.accounts["anna"].uid))

    def test_for_another_account(self):
        self.is_ignored(self.with_bytes(self.note(account="anna"), owner=self.helper))

    def test_of_an_earlier_process_with_the_same_id(self):
        self.is_ignored(self.with_bytes(self.note(when=time.time() - 60), owner=self.helper))

    def test_too_old(self):
        self.is_ignored(self.with_bytes(self.note(when=time.time() - 86400), owner=self.helper))

    def test_from_the_future(self):
        self.is_ignored(self.with_bytes(self.note(when=time.time() + 86400), owner=self.helper))

    def test_cut(self):
        self.is_ignored(self.with_bytes(self.note()[:20], owner=self.helper))

    def test_huge(self):
        self.is_ignored(self.with_bytes(self.note() + b"x" * 100000, owner=self.helper))

    def test_a_link(self):
        target = self.box.path("target")
        self.with_bytes(self.note(), owner=self.helper)(target)
        self.is_ignored(lambda path: os.symlink(target, path))

    def test_a_pipe_does_not_hang(self):
        def place(path):
            os.mkfifo(path)
            os.chown(path, self.helper, self.helper)
        self.is_ignored(place)

    def test_a_note_of_another_key(self):
        """Forged by whoever is the helper's user: the session's key differs from it, and the session is refused."""
        sandbox.await_true(lambda: time.time() % 1 < 0.2, "a second begins")  # the note and the monitor have to share one
        self.plant(NOTES, self.with_bytes(self.note(key="SHA256:" + "B" * 43), owner=self.helper))
        login = self.box.ssh("dora", USUAL)
        self.assertFalse(login.inside, str(login))
        self.assertIn("Login refused", login.seen, str(login))

    def test_a_note_that_was_read_is_gone(self):
        login = self.box.ssh("dora", USUAL)
        self.assert_in(login)
        self.assertEqual([n for n in os.listdir("/run/hopwarden/notes") if n.isdigit()], [])

    def test_no_note(self):
        """The session phase judges, with the key that sshd tells it."""
        login = self.box.ssh("dora", USUAL)
        self.assert_in(login)
        self.assertEqual(login.acts, ["login-scored", "login-scored"], str(login))
        self.assertEqual(login.alerts[-1]["hopwarden.phase"], "session")
        self.assertEqual(login.alerts[-1]["hopwarden.key"], self.print_of("dora"), str(login))
