# SPDX-License-Identifier: Apache-2.0
"""The module inside a PAM application of our own: what sshd cannot be made to do, and what only a sanitizer sees."""
import json
import os
import re
import signal
import socket
import subprocess
import threading

import sandbox
import scene
from case import HostCase

SUCCESS, PERM_DENIED, AUTH_ERR, CRED_INSUFFICIENT, SESSION_ERR = 0, 6, 7, 8, 14
HOME = f"SSH_CONNECTION={scene.OFFICE} 40000 127.0.0.1 22"
HOP = f"SSH_CONNECTION={scene.IN_BETA} 40001 127.0.0.1 22"
ALL = "auth,account,setcred,open,close"

STACKS = {
    # a factor that always succeeds, and one that never does
    "good": "auth [success=done cred_insufficient=ignore ignore=2 default=die] {m}\n"
            "auth [success=ok default=die] pam_permit.so\n"
            "auth [success=done default=die] {m} stepped_up\n"
            "auth required pam_deny.so\naccount required {m}\nsession required {m}\n",
    "bad": "auth [success=done cred_insufficient=ignore ignore=3 default=die] {m}\n"
           "auth [success=1 default=ignore] pam_deny.so\n"
           "auth [default=die] {m} authfail\n"
           "auth [success=done default=die] {m} stepped_up\n"
           "auth required pam_deny.so\naccount required {m}\nsession required {m}\n",
    "forgotten": "auth required {m}\naccount required {m}\nsession required {m}\n",
    "only-mark": "auth [success=done default=die] {m} stepped_up\naccount required {m}\nsession required {m}\n",
    "setcred": "auth required {m}\n",
    "done": "auth [success=done cred_insufficient=ignore ignore=2 default=die] {m} first_factor_done\n"
            "auth [success=ok default=die] pam_permit.so\n"
            "auth [success=done default=die] {m} stepped_up first_factor_done\n"
            "auth required pam_deny.so\naccount required {m}\nsession required {m}\n",
}


class InProcessCase(HostCase):
    sshd = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.module = os.path.join(cls.box.build, "pam_module", "pam_hopwarden.so")
        cls.driver = os.path.join(cls.box.build, "tests", "integration", "pam_driver")
        cls.folder = cls.box.path("services")
        for name, stack in STACKS.items():
            sandbox.write(f"{cls.folder}/{name}", stack.format(m=cls.module))
        sandbox.write(f"{cls.folder}/other", "auth required pam_deny.so\n")

    @classmethod
    def configure(cls, lines="", **more):
        super().configure(more=f"services = {' '.join(STACKS)} sshd\n{lines}", **more)

    @classmethod
    def give_history(cls):
        pass

    @classmethod
    def proof(cls, name):
        with open(f"{cls.box.accounts[name].key}.pub", encoding="ascii") as file:
            return f"SSH_AUTH_INFO_0=publickey {' '.join(file.read().split()[:2])}\\n"

    def play(self, service, user, phases, *more, status=0, **options):
        options.setdefault("env", {**os.environ, "TSAN_OPTIONS": f"suppressions={os.path.dirname(os.path.abspath(__file__))}/tsan.supp"})
        done = subprocess.run([self.driver, self.folder, service, user, phases, *map(str, more)], capture_output=True,
                              text=True, errors="replace", timeout=600, stdin=subprocess.DEVNULL, **options)
        self.assertEqual(done.returncode, status, f"{done.stdout}\n{done.stderr}")
        self.assertNotIn("Sanitizer", done.stderr)
        self.text = done.stdout
        return {name: int(code) for name, code in re.findall(r"^(\w+)=(\d+)$", done.stdout, re.M)}

    @staticmethod
    def hang_up(server):
        """On everybody who calls."""
        while True:
            try:
                server.accept()[0].close()
            except OSError:
                return

    def alerts(self):
        return [line.alert for line in self.box.syslog.since(self.mark) if line.alert]


class InProcess(InProcessCase):

    # -- the answer table -----------------------------------------------------------------------------------------

    def test_newcomer_is_stepped_up_and_then_known(self):
        codes = self.play("good", "anna", ALL, HOME, self.proof("anna"))
        self.assertEqual(codes, {"auth": 0, "account": 0, "setcred": 0, "open": 0, "close": 0})
        self.assertRegex(self.text, r"login=[0-9A-Z]{26}")
        self.assertEqual([a["event.action"] for a in self.alerts()], ["login-scored", "step-up-passed"])
        self.mark = len(self.box.syslog.lines)
        codes = self.play("bad", "anna", ALL, HOME, self.proof("anna"))
        self.assertEqual(codes["auth"], SUCCESS, "the factor is not asked for a usual login")
        self.assertEqual(self.alerts()[0]["hopwarden.action"], "allow")

    def test_a_failed_factor_is_told_at_once_and_refuses(self):
        codes = self.play("bad", "ben", "auth,account,open", HOME, self.proof("ben"))
        self.assertEqual(codes["auth"], AUTH_ERR)
        self.assertEqual(codes["account"], PERM_DENIED)
        self.assertEqual(codes["open"], SESSION_ERR)
        self.assertEqual([a["event.action"] for a in self.alerts()][:2], ["login-scored", "step-up-failed"])

    def test_an_earlier_passed_step_up_does_not_serve_a_second_try(self):
        codes = self.play("bad", "ben", "auth,auth", HOME, self.proof("ben"))
        self.assertEqual(codes["auth"], AUTH_ERR)

    def test_a_stack_that_forgets_the_factor_refuses(self):
        codes = self.play("forgotten", "ben", "auth,account", HOME, self.proof("ben"))
        self.assertEqual(codes["auth"], CRED_INSUFFICIENT)
        self.assertEqual(codes["account"], PERM_DENIED)

    # -- waiting for an approval ----------------------------------------------------------------------------------

    def waiting_for(self, seconds):
        """Step-ups are passed by maria's word."""
        with open("/etc/hopwarden/hopwarden.conf", encoding="utf-8") as file:
            text = file.read()
        self.addCleanup(sandbox.write, "/etc/hopwarden/hopwarden.conf", text)
        sandbox.write("/etc/hopwarden/hopwarden.conf",
                      text.replace("[home]", f"step_up = approve\napproval_wait_s = {seconds}\n[home]", 1))
        key = self.box.path("keys", "maria")
        if not os.path.exists(key):
            self.box.make_key("maria")
        with open(f"{key}.pub", encoding="ascii") as file:
            sandbox.write("/etc/hopwarden/allowed_signers", f"maria {file.read()}")
        return key

    def say(self, verb, key):
        found = []

        def there():
            found[:] = json.loads(self.box.hopwarden("approvals", "--json").stdout)
            return found
        sandbox.await_true(there, "a login waits")
        self.said = self.box.hopwarden(verb, found[0]["event.id"], "--key", key)

    def played_beside(self, verb, key, *words):
        beside = threading.Thread(target=self.say, args=(verb, key))
        beside.start()
        codes = self.play(*words)
        beside.join()
        self.assertEqual(self.said.returncode, 0, self.said.stderr)
        return codes

    def test_a_wait_in_auth_ends_with_an_approval(self):
        self.assertEqual(self.box.hopwarden("forget", "dora", "--yes").returncode, 0)  # another test may have made her known
        codes = self.played_beside("approve", self.waiting_for(60), "good", "dora", ALL, HOME, self.proof("dora"))
        self.assertEqual(codes, {"auth": 0, "account": 0, "setcred": 0, "open": 0, "close": 0})
        acts = [a["event.action"] for a in self.alerts() if a["event.action"] not in ("approved", "forgotten")]
        self.assertEqual(acts, ["login-scored", "approval-awaited", "approval-given"])

    def test_a_wait_ends_with_a_denial_and_no_phase_waits_again(self):
        codes = self.played_beside("deny", self.waiting_for(60), "good", "ben", "auth,account,open", HOME, self.proof("ben"))
        self.assertEqual(codes["account"], PERM_DENIED)
        self.assertEqual(codes["open"], SESSION_ERR)
        self.assertNotEqual(codes["auth"], SUCCESS)
        self.assertEqual([a["event.action"] for a in self.alerts()].count("approval-awaited"), 1)

    def test_a_wait_in_account_ends_by_itself(self):
        self.waiting_for(1)
        codes = self.play("good", "ben", "account,open", HOME)
        self.assertEqual((codes["account"], codes["open"]), (PERM_DENIED, SESSION_ERR))
        self.assertIn("approval-timeout", [a["event.action"] for a in self.alerts()])

    def test_each_try_waits_for_its_own(self):
        self.waiting_for(1)
        self.play("good", "ben", "auth,auth", HOME, self.proof("ben"))
        self.assertEqual([a["event.action"] for a in self.alerts()].count("approval-timeout"), 2)

    def test_the_mark_alone_proves_nothing(self):
        self.assertEqual(self.play("only-mark", "ben", "auth", HOME, self.proof("ben"))["auth"], AUTH_ERR)

    def test_without_a_first_factor_nothing_is_given(self):
        codes = self.play("good", "pavel", "auth,account", HOME)
        self.assertEqual(codes["auth"], AUTH_ERR, "our line stands aside, and the site's own denies")
        self.assertEqual(codes["account"], PERM_DENIED)

    def test_first_factor_done_means_nothing_over_ssh(self):
        self.assertEqual(self.play("done", "ben", "auth", HOME)["auth"], AUTH_ERR)

    def test_a_session_without_any_earlier_phase_is_judged(self):
        codes = self.play("good", "ben", "open", HOP, self.proof("ben"))
        self.assertEqual(codes["open"], SESSION_ERR)

    def test_setcred_survives_every_row(self):
        for user, where in (("anna", HOME), ("ben", HOME), ("ben", HOP), ("rescue", HOP), ("carol", HOP)):
            codes = self.play("good", user, "auth,setcred", where, self.proof(user) if user != "carol" else "X=1")
            if user != "carol":
                self.assertEqual(codes["setcred"], SUCCESS, user)

    def test_others_are_ignored(self):
        self.play("good", "carol", "auth,account,open", HOP)
        self.play("good", "nobody-of-that-name", "auth,account,open", HOP)
        self.assertEqual(self.alerts(), [])

    # -- hostile input --------------------------------------------------------------------------------------------

    def test_odd_names_and_values(self):
        self.play("good", "x", "auth,account", HOME, "--user-size", 65536)
        self.play("good", "x", "auth,account", HOME, "--user-size", 1000000)
        self.play("good", '"}\x1b[2J\n', "auth,account,open", HOME)
        for connection in ("", "garbage", "1 2 3", "::1 22 ::1 22", "::ffff:10.0.0.1 99999 127.0.0.1 22", "x" * 4000):
            codes = self.play("good", "ben", "auth,account,open", f"SSH_CONNECTION={connection}", self.proof("ben"))
            self.assertNotEqual(codes, {})
        for info in ("publickey ssh-ed25519 !!!", "publickey", "publickey ssh-rsa " + "A" * 60000, "\\n\\n", "publickey x AAAA\\n" * 99):
            self.play("good", "ben", "auth,account,open", HOME, f"SSH_AUTH_INFO_0={info}")
        for alert in self.alerts():
            self.assertRegex(alert["event.id"], "^[0-9A-Z]{26}$")

    def test_odd_arguments_are_told_and_refuse_nobody_who_is_known(self):
        for words in ("nonsense", "mode=", "on_error=maybe", "conf=relative", "mode=enforce debug debug"):
            sandbox.write(f"{self.folder}/good", STACKS["good"].format(m=f"{self.module} {words}"))
            codes = self.play("good", "rescue", "auth,account", HOME, self.proof("rescue"))
            self.assertEqual(codes["account"], SUCCESS, words)
        sandbox.write(f"{self.folder}/good", STACKS["good"].format(m=self.module))

    # -- a hostile world ------------------------------------------------------------------------------------------

    def test_a_full_descriptor_table(self):
        for most in (4, 5, 6, 7, 8, 10, 12, 16):
            self.play("good", "rescue", "auth,account,open,close", HOME, self.proof("rescue"), "--descriptors", most)

    def test_a_silent_store_costs_a_deadline_not_a_login(self):
        path = self.box.path("silent.sock")
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen(64)
        self.configure(history=f"unix:{path}")
        codes = self.play("good", "rescue", ALL, HOME, self.proof("rescue"))
        self.assertEqual(codes["open"], SUCCESS)
        codes = self.play("good", "dora", "auth", HOME, self.proof("dora"))
        self.assertIn("history", str([a.get("hopwarden.degraded") for a in self.alerts()]))
        server.close()
        self.configure()

    def test_a_store_that_hangs_up_raises_no_signal(self):
        path = self.box.path("rude.sock")
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen(64)

        threading.Thread(target=self.hang_up, args=(server,), daemon=True).start()
        self.configure(history=f"unix:{path}")
        self.play("good", "rescue", ALL, HOME, self.proof("rescue"),
                  preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL))
        server.close()
        self.configure()

    # -- one process, many logins ---------------------------------------------------------------------------------

    def growth(self, user, phases, many, *words):
        """Between the first tenth of so many logins and the last: descriptors, resident pages, bytes of heap."""
        self.play("good", user, phases, HOME, self.proof(user), "--repeat", many, *words)
        seen = [tuple(map(int, row)) for row in re.findall(r"descriptors=(\d+) pages=(\d+) heap=(\d+)", self.text)]
        self.assertEqual(len(seen), 2, self.text)
        return [last - first for first, last in zip(*seen)]

    def test_many_logins_in_one_process_leave_nothing_behind(self):
        self.assertEqual(self.growth("rescue", ALL, 200)[0], 0, "descriptors")

    def test_stores_that_hang_or_hang_up_cost_no_descriptor_and_no_memory(self):
        for name, answers in (("silent-ever", False), ("rude-ever", True)):
            path = self.box.path(f"{name}.sock")
            server = socket.socket(socket.AF_UNIX)
            self.addCleanup(server.close)
            server.bind(path)
            server.listen(4096)
            if answers:
                threading.Thread(target=self.hang_up, args=(server,), daemon=True).start()
            self.configure(history=f"unix:{path}", lines="deadline_ms = 10\n")
            self.addCleanup(self.configure)
            descriptors, _, heap = self.growth("anna", ALL, 40)
            self.assertEqual(descriptors, 0, f"{name}: {self.text}")
            self.assertLess(heap, 64 << 10, f"{name}: {self.text}")

    def test_the_module_stays_when_libpam_lets_go_of_it(self):
        """libpam opens and closes it for each login; OpenSSL, once loaded, does not bear to be unloaded."""
        self.play("good", "anna", ALL, HOME, self.proof("anna"), "--module", self.module)
        self.assertIn("stays=1", self.text)
        self.assertEqual(self.growth("rescue", ALL, 50, "--module", self.module)[0], 0, "descriptors")

    def test_a_fork_after_the_handle_was_made(self):
        """As sshd's keyboard-interactive child: auth and account in the child, the rest in its parent, who knows by the record."""
        codes = self.play("good", "dora", "setcred,open,close", HOME, self.proof("dora"), "--fork", "auth,account")
        self.assertEqual(codes, {"auth": 0, "account": 0, "setcred": 0, "open": 0, "close": 0})
        acts = [alert["event.action"] for alert in self.alerts()]
        self.assertEqual(acts, ["login-scored", "step-up-passed"], "one verdict for both processes")

    def test_a_fork_whose_child_was_refused(self):
        codes = self.play("bad", "ben", "setcred,open", HOP, self.proof("ben"), "--fork", "auth,account")
        self.assertEqual((codes["account"], codes["open"]), (PERM_DENIED, SESSION_ERR))
        self.assertEqual([alert["event.action"] for alert in self.alerts()].count("login-scored"), 1)


class TenThousand(InProcessCase):
    """A daemon that lives for months."""

    LOGINS = 10000
    redis = True  # the quicker store

    def test_ten_thousand_logins_in_one_process(self):
        descriptors, pages, heap = InProcess.growth(self, "anna", ALL, self.LOGINS)
        self.assertEqual(descriptors, 0, self.text)
        self.assertLess(heap, 64 << 10, self.text)
        self.assertLess(pages, (4 << 20) // 4096, self.text)


class Threads(InProcessCase):
    """A host that serves several logins at once, each thread with a handle of its own. Under ThreadSanitizer too, which ends the
    process with status 66 when two threads meet."""

    def crowd(self, service, user, phases, *words, threads=8, each=12):
        self.play(service, user, phases, "--threads", threads, "--repeat", each, *words)
        return {(name, int(code)): int(times) for name, code, times in re.findall(r"^(\w+)=(\d+) x (\d+)$", self.text, re.M)}

    def test_several_logins_at_once(self):
        """anna passes her step-up, or is known by then: in either case she is in."""
        came = self.crowd("done", "anna", "auth,account,setcred,open,close", "--rhost", scene.OFFICE)
        self.assertEqual(came, {(name, SUCCESS): 96 for name in ("auth", "account", "setcred", "open", "close")})
        self.assertEqual(len({alert["event.id"] for alert in self.alerts() if alert["event.action"] == "login-scored"}), 96)

    def test_several_refusals_at_once(self):
        came = self.crowd("done", "ben", "account,open", "--rhost", scene.IN_BETA)
        self.assertEqual(came, {("account", PERM_DENIED): 96, ("open", SESSION_ERR): 96})

    def test_several_without_a_store(self):
        path = self.box.path("silent.sock")
        server = socket.socket(socket.AF_UNIX)
        self.addCleanup(server.close)
        server.bind(path)
        server.listen(512)
        self.configure(history=f"unix:{path}")
        self.addCleanup(self.configure)
        came = self.crowd("done", "rescue", "auth,account,open,close", "--rhost", scene.OFFICE, each=3)
        self.assertEqual(came[("open", SUCCESS)], 24)

    def test_several_that_are_none_of_ours(self):
        came = self.crowd("good", "carol", "account,open", "--rhost", scene.OFFICE, each=3)
        self.assertNotIn(("account", SUCCESS), came, "every line of this stack is ours and stands aside")
        self.assertEqual(self.alerts(), [])


class Starved(InProcessCase):
    """Without memory: not under a sanitizer, whose own allocator cannot be made to fail."""

    def test_every_allocation_may_fail(self):
        for nth in list(range(1, 120)) + list(range(120, 1500, 37)):
            codes = self.play("good", "ben", "account,open", HOP, self.proof("ben"), "--fail-allocation", nth)
            self.assertNotEqual(codes.get("open"), SUCCESS, f"allocation {nth}")
