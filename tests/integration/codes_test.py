# SPDX-License-Identifier: Apache-2.0
"""Break-glass codes: the last account's second factor, which works with everything else down, and each of which works once."""
import json
import os

import private
import sandbox
from case import HostCase
from scene import ABROAD, USUAL

LANE = """Match User rescue
    AuthenticationMethods publickey,keyboard-interactive:pam
    KbdInteractiveAuthentication yes
Match all
"""
ASKING = "auth [success=ignore ignore=ignore default=die] pam_hopwarden.so codes break_glass=rescue\n"
KEPT = "/etc/hopwarden/codes.d/rescue"
MS_RDONLY, MS_REMOUNT = 1, 32
WRONG = "0000-0000-0000-0000"


def with_codes(text):
    """A stack of contrib as INSTALL changes it for break-glass codes."""
    lines = [f"{line} break_glass=rescue" if "pam_hopwarden.so" in line and "authfail" not in line and "stepped_up" not in line and
             line[0] != "#" else line for line in text.splitlines()]
    return ASKING + "\n".join(lines) + "\n"


class CodesCase(HostCase):
    sshd = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.box.use_pam(cls.stack, with_codes)
        cls.box.start_sshd(extra=LANE)

    def setUp(self):
        super().setUp()
        self.codes = self.make()

    def make(self, *words):
        done = self.box.hopwarden("codes", "rescue", "--replace", *words)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout.split()

    def rescue(self, *answers, source=ABROAD):
        return self.box.ssh("rescue", source, answers=answers)

    def told(self, login):
        """What was told about codes; all of it as loud as can be."""
        lines = [line for line in login.lines if line.alert and line.alert["event.action"] in ("code-taken", "code-refused")]
        self.assertEqual({line.severity for line in lines} - {1}, set(), str(login))
        self.assertEqual({line.alert["event.kind"] for line in lines} - {"alert"}, set(), str(login))
        return [line.alert for line in lines]

    def gets_in(self, code):
        login = self.rescue(code)
        self.assert_in(login, prompts=1)
        taken = self.told(login)
        self.assertEqual([alert["event.action"] for alert in taken], ["code-taken"], str(login))
        self.assertEqual(login.alert["event.id"], taken[0]["event.id"], str(login))
        self.assertTrue(any(line.severity == 1 and line.alert and line.alert["event.action"] == "login-scored" for line in login.lines))
        return login

    def stays_out(self, code):
        login = self.rescue(*[code] * 9)
        self.assert_out(login)
        refused = self.told(login)
        self.assertEqual({alert["event.action"] for alert in refused}, {"code-refused"}, str(login))
        return refused[0]["hopwarden.note"]


class Codes(CodesCase):

    def test_each_works_once(self):
        login = self.gets_in(self.codes[0])
        self.assertIn("9 left", self.told(login)[0]["hopwarden.note"])
        self.assertIn("used before", self.stays_out(self.codes[0]))
        self.gets_in(self.codes[1].lower().replace("-", " "))

    def test_the_key_alone_does_not_get_in(self):
        login = self.rescue()
        self.assert_out(login)
        self.assertIn("no such code", self.stays_out(WRONG))
        self.assertEqual(self.left(), 10, "nothing was used up")

    def test_a_code_without_the_key_does_not_get_in(self):
        login = self.box.ssh("rescue", ABROAD, key=self.box.make_key("thief"), answers=[self.codes[0]] * 9)
        self.assert_out(login)
        self.assertEqual(self.left(), 10, "nobody was asked")

    def test_without_a_set_nobody_gets_in(self):
        os.remove(KEPT)
        self.assertIn("No such file", self.stays_out(self.codes[0]))

    def test_a_set_that_others_could_have_written_is_not_believed(self):
        os.chmod(KEPT, 0o644)
        self.assertIn("owner alone", self.stays_out(self.codes[0]))
        sandbox.write(KEPT, "v1 nonsense\n", 0o600)
        self.assertIn("line 1", self.stays_out(self.codes[0]))

    def test_nobody_else_is_asked(self):
        self.assert_in(self.box.ssh("anna", USUAL))
        self.assert_in(self.box.ssh("anna", ABROAD, answers=[self.right()]), prompts=1)
        self.assert_in(self.box.ssh("carol", ABROAD, answers=["carol-word"]), prompts=1)
        self.assert_in(self.box.ssh("dora", USUAL))

    def test_it_is_recorded(self):
        login = self.gets_in(self.codes[0])
        self.assertIn(login.alert["event.id"], [entry["event.id"] for entry in self.box.log()])

    def doctor(self, asking, behind=False):
        """What doctor says of a stack with this codes line, first or last."""
        with open("/etc/pam.d/sshd", encoding="utf-8") as file:
            text = file.read().replace(ASKING, "")
        lines = text + asking if behind else asking + text
        sandbox.write("/etc/pam.d/tried", lines)
        done = self.box.hopwarden("doctor", "--pam-file", "/etc/pam.d/tried")
        return done.returncode, done.stdout + done.stderr

    def test_doctor(self):
        status, told = self.doctor(ASKING)
        self.assertLess(status, 2, told)
        self.assertNotIn("codes", told)
        for control, words in (("[success=ignore default=ignore]", "whoever has no code"), ("optional", "whoever has no code"),
                               ("sufficient", "whoever has no code"), ("required", "a code and nothing else"),
                               ("[success=ignore default=die]", "refuses everybody")):
            with self.subTest(control):
                status, told = self.doctor(f"auth {control} pam_hopwarden.so codes\n")
                self.assertEqual(status, 2, told)
                self.assertIn(words, told)
        status, told = self.doctor(ASKING, behind=True)
        self.assertEqual(status, 2, told)
        self.assertIn("no code is asked for", told)

    # -- the command ----------------------------------------------------------------------------------------------

    def left(self):
        done = self.box.hopwarden("codes", "--json")
        return next(entry["left"] for entry in json.loads(done.stdout) if entry["account"] == "rescue")

    def test_the_command_makes_and_counts_them(self):
        self.assertEqual((len(self.codes), len(set(self.codes))), (10, 10))
        for code in self.codes:
            self.assertRegex(code, "^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$")
        self.assertEqual(os.stat(KEPT).st_mode & 0o7777, 0o600)
        self.assertEqual(os.stat(os.path.dirname(KEPT)).st_mode & 0o7777, 0o700)
        self.assertEqual(self.box.hopwarden("codes").returncode, 0)
        again = self.box.hopwarden("codes", "rescue")
        self.assertEqual(again.returncode, 1, again.stdout)
        self.assertIn("10 codes left", again.stderr)
        done = self.box.hopwarden("codes", "rescue", "--replace", "--count", "2", "--json")
        few = json.loads(done.stdout)
        self.assertEqual((few["account"], len(few["codes"])), ("rescue", 2))
        self.assertEqual(self.box.hopwarden("codes").returncode, 1, "two are few")
        self.assertIn("no such code", self.stays_out(self.codes[0]))
        self.gets_in(few["codes"][1])

    def test_the_command_s_mistakes(self):
        for words, status in ((["nobody-here"], 64), (["rescue", "--count", "65"], 64), (["rescue", "--count", "0"], 64),
                              (["rescue", "anna"], 64)):
            done = self.box.hopwarden("codes", *words)
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
            self.assertEqual(done.stdout, "")

    def test_making_them_is_told(self):
        mark = len(self.box.syslog.lines)
        self.make()
        self.box.syslog.settle()
        told = [line.alert for line in self.box.syslog.since(mark) if line.alert]
        self.assertEqual([(alert["event.action"], alert["event.kind"]) for alert in told], [("codes-made", "alert")])
        self.assertTrue(told[0]["hopwarden.author"])
        self.assertNotIn(self.codes[0], str(told))


class EverythingDown(CodesCase):
    """One after the other, and in the end at once."""

    def no_configuration(self):
        self.box.configure("[hopwarden]\nmoed = enforce\n")
        self.addCleanup(self.configure)
        for name in os.listdir("/var/lib/hopwarden") if os.path.isdir("/var/lib/hopwarden") else ():
            if name.endswith(".last-good"):
                os.remove(f"/var/lib/hopwarden/{name}")

    def no_store(self):
        self.configure(history="redis://127.0.0.1:1")
        self.addCleanup(self.configure)

    def no_state(self):
        os.rename("/var/lib/hopwarden", "/var/lib/hopwarden.away")
        self.addCleanup(os.rename, "/var/lib/hopwarden.away", "/var/lib/hopwarden")

    def works_once(self):
        self.gets_in(self.codes[0])
        self.assertIn("used before", self.stays_out(self.codes[0]))

    def test_without_a_configuration(self):
        self.no_configuration()
        self.works_once()
        self.assert_out(self.rescue())

    def test_without_a_store(self):
        self.no_store()
        self.works_once()

    def test_without_any_state(self):
        self.no_state()
        self.works_once()

    def test_without_syslog(self):
        """Nobody hears it now; it is told as soon as somebody does."""
        self.addCleanup(os.rename, "/dev/log.away", "/dev/log")
        os.rename("/dev/log", "/dev/log.away")
        code = self.codes[0]
        seen = self.rescue(code)
        self.assertTrue(seen.inside, str(seen))
        with open("/var/lib/hopwarden/alerts.spool", encoding="utf-8") as file:
            self.assertIn("code-taken", file.read())

    def test_without_anything(self):
        self.no_configuration()
        self.no_state()
        self.works_once()

    # -- disks ----------------------------------------------------------------------------------------------------

    def on_a_small_disk(self, place):
        """The folder's contents on a file system of their own, which is full."""
        own = self.box.path("small" + place.replace("/", "_"))
        os.makedirs(own)
        sandbox.run("cp", "-a", f"{place}/.", own)
        private.mount("tmpfs", place, "tmpfs", 0, "size=8m,mode=755")
        self.addCleanup(private.unmount, place)
        sandbox.run("cp", "-a", f"{own}/.", place)
        with self.assertRaises(OSError):
            with open(f"{place}/full", "wb", buffering=0) as file:
                while file.write(b"x" * 4096):
                    pass

    def test_with_full_disks(self):
        for place in ("/etc/hopwarden", "/var/lib/hopwarden"):
            self.on_a_small_disk(place)
        login = self.gets_in(self.codes[0])
        self.assertNotIn("next boot", str(self.told(login)), "one byte in place needs no room")
        self.assertIn("used before", self.stays_out(self.codes[0]))
        with open(KEPT, encoding="ascii") as file:
            self.assertEqual([line[0] for line in file], ["v", "-", *"+" * 9])

    def test_with_a_disk_that_takes_no_writes(self):
        """Once until the next boot, and said so; once for good when it takes writes again."""
        private.bind("/etc/hopwarden", "/etc/hopwarden")
        self.addCleanup(private.unmount, "/etc/hopwarden")
        private.mount("none", "/etc/hopwarden", flags=private.MS_BIND | MS_REMOUNT | MS_RDONLY)
        login = self.gets_in(self.codes[0])
        self.assertIn("until the next boot only", self.told(login)[0]["hopwarden.note"])
        self.assertIn("used before", self.stays_out(self.codes[0]))
        private.mount("none", "/etc/hopwarden", flags=private.MS_BIND | MS_REMOUNT)
        self.box.hopwarden("codes")
        sandbox.run("rm", "-rf", "/run/hopwarden/codes")  # as a boot does
        self.assertIn("used before", self.stays_out(self.codes[0]))
