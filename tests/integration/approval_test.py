# SPDX-License-Identifier: Apache-2.0
"""Four eyes: logins that wait until somebody else approves them, with real keys, a real agent, and approvals that must not count."""
import base64
import json
import os
import re
import signal
import sqlite3
import subprocess
import threading
import time
from unittest import mock

import redis_place
from case import HostCase
from scene import ABROAD, IN_BETA, USUAL
import sandbox

SIGNERS = "/etc/hopwarden/allowed_signers"
HISTORY = "/var/lib/hopwarden/history.db"
LONG = 25   # seconds: an approval always comes sooner
SHORT = 2


class ApprovalCase(HostCase):
    """The approvers are maria and otto, who have no account here, and anna, who has one. Every login asks for a step-up, also when
    earlier ones have made it look usual."""
    wait_s = LONG

    @classmethod
    def setUpClass(cls):
        cls.keys = {}
        super().setUpClass()
        for name in ("maria", "otto", "mallory", "anna2"):
            cls.keys[name] = cls.box.make_key(f"approver-{name}")
        cls.allow_signers()

    @classmethod
    def configure(cls, **more):
        settings = {"step_up": "approve", "approval_wait_s": cls.wait_s, "step_up_at": "-60.0", "block_at": "60.0"} | more.pop("settings", {})
        block_at = settings.pop("block_at")
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        super().configure(more=lines + more.pop("more", ""), block_at=block_at, **more)

    @classmethod
    def public(cls, key):
        with open(f"{key}.pub", encoding="ascii") as file:
            return " ".join(file.read().split()[:2])

    @classmethod
    def allow_signers(cls, *more):
        lines = [f"maria namespaces=\"hopwarden-*\" {cls.public(cls.keys['maria'])}",
                 f"otto@example.com {cls.public(cls.keys['otto'])}",
                 f"anna {cls.public(cls.box.accounts['anna'].key)}",
                 f"acme:anna {cls.public(cls.keys['anna2'])}", *more]
        sandbox.write(SIGNERS, "# who may approve\n" + "\n".join(lines) + "\n")

    # -- what the approver does -----------------------------------------------------------------------------------

    def waiting(self):
        done = self.box.hopwarden("approvals", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def await_waiting(self, count=1):
        """The logins that wait, as soon as there are so many."""
        found = []

        def there():
            found[:] = self.waiting()
            time.sleep(.1)
            return len(found) >= count
        sandbox.await_true(there, f"{count} logins wait")
        return found

    def say(self, verb, login_id, key, *more, **how):
        return self.box.hopwarden(verb, login_id, "--key", self.keys.get(key, key), *more, **how)

    def login(self, name, source, act=None, *, answers=("",), **more):
        """A login, and beside it act(its entry in the list of waiting ones). What act() gives back, or raised, is kept."""
        self.acted, self.trouble = None, None

        def beside():
            try:
                self.acted = act(self.await_waiting()[0])
            except BaseException as error:  # told in the main thread
                self.trouble = error
        login = self.box.ssh(name, source, answers=answers, meanwhile=beside if act else None, **more)
        if self.trouble:
            raise AssertionError(f"{self.trouble}\n{login}") from self.trouble
        return login

    def approved_by(self, key):
        return lambda entry: self.say("approve", entry["event.id"], key)

    def elsewhere(self):
        """A configuration of a host that has no say in who may approve."""
        path = self.box.path("elsewhere.conf")
        with open("/etc/hopwarden/hopwarden.conf", encoding="utf-8") as file:
            sandbox.write(path, file.read().replace("[home]", "allowed_signers = /nowhere/at/all\n[home]", 1))
        return path

    def store(self, login_id, field, value):
        """What whoever may write the store could put there."""
        with sqlite3.connect(HISTORY, timeout=20) as history:
            self.assertTrue(self.put_field(history, f"hop:1:ok:{{{login_id}}}", field, value))

    def stored(self, login_id):
        with sqlite3.connect(HISTORY, timeout=20) as history:
            return self.fields(history, f"hop:1:ok:{{{login_id}}}")

    @staticmethod
    def put_field(history, key, field, value):
        return history.execute("INSERT OR REPLACE INTO hashes (key, field, value) VALUES (?, ?, ?)", (key, field, value)).rowcount

    @staticmethod
    def fields(history, key):
        return dict(history.execute("SELECT field, value FROM hashes WHERE key = ?", (key,)).fetchall())

    def actions(self, login):
        return [a["event.action"] for a in login.alerts if a.get("event.id") == login.alert.get("event.id")]

    def notes(self, login):
        return " | ".join(a.get("hopwarden.note", "") for a in login.alerts)

    def outcome_of(self, login):
        entry = next(e for e in self.box.log() if e.get("event.id") == login.alert["event.id"])
        return entry.get("hopwarden.outcome")

    def nothing_is_left(self):
        """No process of a connection; and the next login's sweep leaves no record of one."""
        self.box.ssh("rescue", USUAL)
        self.assertEqual(self.box.connections(), [])
        self.assertEqual(os.listdir("/run/hopwarden/connections"), [])


class KeyboardInteractive(ApprovalCase):
    """People's lane: the auth phase waits."""

    def test_approved(self):
        login = self.login("anna", ABROAD, self.approved_by("maria"))
        self.assert_in(login, prompts=1)
        self.assert_verdict(login, "step_up", "auth")
        self.assertIn(f"Waiting for approval, id {login.alert['event.id']}", login.seen)
        self.assertEqual(self.acted.returncode, 0, self.acted.stderr)
        self.assertEqual([a for a in self.actions(login) if a != "approved"],
                         ["login-scored", "approval-awaited", "approval-given"], str(login))
        given = next(a for a in login.alerts if a["event.action"] == "approval-given")
        self.assertEqual(given["hopwarden.author"], "maria")
        self.assertEqual(given["hopwarden.note"], self.box.fingerprint(self.keys["maria"]))
        self.assertEqual(self.outcome_of(login), "success")
        self.nothing_is_left()

    def test_denied_at_once(self):
        begun = time.monotonic()
        login = self.login("ben", USUAL, lambda entry: self.say("deny", entry["event.id"], "maria"))
        self.assert_out(login)
        self.sees_its_id(login)
        self.assertEqual(self.acted.returncode, 0, self.acted.stderr)
        self.assertIn("approval-denied", self.actions(login))
        self.assertEqual(self.outcome_of(login), "approval-denied")
        self.assertLess(time.monotonic() - begun, LONG)
        self.nothing_is_left()

    def test_it_shows_what_is_approved(self):
        login = self.login("anna", ABROAD, self.approved_by("maria"))
        shown = self.acted.stdout
        for words in ("anna", "acme", ABROAD, "RO", login.alert["event.id"], re.sub(r" [-+][0-9.]+$", "", login.alert["hopwarden.reasons"][0])):
            self.assertIn(words, shown)

    def test_an_agents_key(self):
        agent = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True).stdout
        surroundings = {**os.environ, **dict(re.findall(r"(SSH_\w+)=([^;]+);", agent))}
        self.addCleanup(lambda: os.kill(int(surroundings["SSH_AGENT_PID"]), signal.SIGTERM))
        for name in ("mallory", "maria"):  # the one that may approve is not the first
            sandbox.run("ssh-add", "-q", self.keys[name], env=surroundings)
        login = self.login("anna", ABROAD, lambda entry: self.box.hopwarden("approve", entry["event.id"], env=surroundings))
        self.assertEqual(self.acted.returncode, 0, self.acted.stderr)
        self.assert_in(login, prompts=1)

    def test_every_kind_of_key(self):
        for kind, bits in (("ecdsa", 256), ("ecdsa", 384), ("rsa", 2048)):
            with self.subTest(f"{kind}-{bits}"):
                key = self.box.path("keys", f"{kind}{bits}")
                sandbox.run("ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-f", key)
                self.allow_signers(f"maria {self.public(key)}")
                self.assert_in(self.login("anna", ABROAD, self.approved_by(key)), prompts=1)
        self.allow_signers()

    def test_the_store_is_full_of_noise(self):
        """What is no approval is told and does not count; a good one beside it does."""
        def act(entry):
            for number, value in enumerate(("", "1 approve", "1 approve x y", "2 approve 1 AAAA", "1 maybe 1 AAAA", "1 approve 1 U1NIU0lH")):
                self.store(entry["event.id"], f"noise{number}", value)
            return self.say("approve", entry["event.id"], "maria")
        login = self.login("anna", ABROAD, act)
        self.assert_in(login, prompts=1)


class Learned(ApprovalCase):
    def test_an_approval_counts_as_a_passed_step_up(self):
        """Its values are confirmed: the next login from there needs nobody. Nor does a usual one."""
        self.configure(settings={"step_up_at": "-9.0"})
        login = self.login("anna", ABROAD, self.approved_by("maria"))
        self.assert_in(login, prompts=1)
        for source in (ABROAD, USUAL):
            login = self.box.ssh("anna", source)
            self.assert_in(login)
            self.assert_verdict(login, "allow")


class NobodyApprovesHimself(ApprovalCase):
    wait_s = 4

    def refused(self, approver, why, name="anna", source=ABROAD, signers=(), **more):
        """The command refuses, and so does the host when the word gets into the store by another way."""
        self.allow_signers(*signers)
        self.addCleanup(self.allow_signers)

        def act(entry):
            return (self.say("approve", entry["event.id"], approver),
                    self.say("approve", entry["event.id"], approver, "--conf", self.elsewhere()))
        login = self.login(name, source, act, **more)
        first, second = self.acted
        self.assertEqual(first.returncode, 1, first.stdout + first.stderr)
        self.assertIn(why, first.stderr)
        self.assertEqual(second.returncode, 0, second.stderr)
        self.assert_out(login)
        self.assertIn(why, self.notes(login))
        self.assertIn("approval-refused", self.actions(login))
        self.assertEqual(self.outcome_of(login), "approval-timeout")

    def test_by_the_key_of_the_login(self):
        self.refused(self.box.accounts["anna"].key, "is the one who logs in")

    def test_by_another_key_of_the_same_person(self):
        self.refused("anna2", "acme:anna is the one who logs in")

    def test_by_an_account_of_hers_at_another_customer(self):
        self.refused("mallory", "is the one who logs in", signers=[f"beta:a.visser {self.public(self.keys['mallory'])}"])

    def test_by_her_mail_address(self):
        self.refused("mallory", "is the one who logs in", signers=[f"anna@example.com {self.public(self.keys['mallory'])}"])

    def test_a_shared_account_by_the_key_that_stands_beside_hers(self):
        """root logs in with anna's key; her other key is somebody's who has that key."""
        self.box.allow_key("root", self.box.accounts["anna"].key)
        self.refused("anna2", "is the one who logs in", name="root", key=self.box.accounts["anna"].key, answers=())


class Forged(ApprovalCase):
    wait_s = 4

    def stays_out(self, act, why):
        login = self.login("anna", ABROAD, act)
        self.assert_out(login)
        self.assertIn(why, self.notes(login), str(login))
        self.assertEqual(self.outcome_of(login), "approval-timeout")
        return login

    def test_by_a_key_nobody_allows(self):
        def act(entry):
            self.assertEqual(self.say("approve", entry["event.id"], "mallory").returncode, 1)
            return self.say("approve", entry["event.id"], "mallory", "--conf", self.elsewhere())
        self.stays_out(act, "is not among the allowed signers")

    def test_a_word_for_another_login(self):
        """maria approved one; the same word, put under the next login's id, is worth nothing."""
        words = {}

        def keep(entry):
            done = self.say("approve", entry["event.id"], "maria")
            words.update(self.stored(entry["event.id"]))
            return done
        self.assert_in(self.login("anna", ABROAD, keep), prompts=1)
        self.assertEqual(len(words), 1)

        def replay(entry):
            for field, value in words.items():
                self.store(entry["event.id"], field, value)
        self.stays_out(replay, "not over this, or not by this key")

    def signed(self, text, namespace="hopwarden-approval", key="maria"):
        done = sandbox.run("ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", self.keys[key], stdin=None, input=text)
        return "".join(line for line in done.stdout.splitlines() if "SSH SIGNATURE" not in line)

    def message(self, entry, when, decision="approve", **change):
        facts = {"id": entry["event.id"], "account": entry["user.name"], "identity": entry["hopwarden.identity"],
                 "tenant": entry["hopwarden.tenant"], "host": entry["host.name"], "source": entry["source.ip"],
                 "key": entry["hopwarden.key"].replace("/", "%2F")} | change
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))
        return f"hopwarden-approval 1\ndecision {decision}\ntime {stamp}\n" + "".join(f"{k} {v}\n" for k, v in facts.items())

    def put(self, entry, message, when, decision="approve", field="SHA256:x", **how):
        self.store(entry["event.id"], field, f"1 {decision} {int(when)} {self.signed(message, **how)}")

    def test_the_tests_own_words_are_right(self):
        def act(entry):
            now = time.time()
            self.put(entry, self.message(entry, now), now)
        self.assert_in(self.login("anna", ABROAD, act), prompts=1)

    def test_another_namespace(self):
        def act(entry):
            now = time.time()
            self.put(entry, self.message(entry, now), now, namespace="file", key="otto")
        self.stays_out(act, "namespace")

    def test_an_old_time(self):
        def act(entry):
            then = time.time() - 3600
            self.put(entry, self.message(entry, then), then)
        self.stays_out(act, "signed before the login")

    def test_a_time_that_was_not_signed(self):
        def act(entry):
            now = time.time()
            self.put(entry, self.message(entry, now), now - 1)
        self.stays_out(act, "not over this")

    def test_a_denial_turned_into_an_approval(self):
        def act(entry):
            now = time.time()
            self.put(entry, self.message(entry, now, "deny"), now, "approve")
        self.stays_out(act, "not over this")

    def test_another_account_source_or_host(self):
        """Each is maria's true word, about something else."""
        def act(entry):
            now = time.time()
            for change in ({"account": "ben"}, {"source": USUAL}, {"host": "other"}, {"tenant": "beta"}, {"identity": "ben"}, {"key": ""}):
                self.put(entry, self.message(entry, now, **change), now, field=str(change))
        self.stays_out(act, "not over this")

    def test_cut_and_broken_signatures(self):
        def act(entry):
            now = int(time.time())
            good = base64.b64decode(self.signed(self.message(entry, now)))
            for number, bad in enumerate((good[:-1], good[:40], good + b"\0", good[:-9] + bytes([good[-9] ^ 1]) + good[-8:])):
                self.store(entry["event.id"], f"f{number}", f"1 approve {now} {base64.b64encode(bad).decode()}")
        login = self.stays_out(act, "not over this")
        self.assertIn("cut short", self.notes(login))

    def test_another_customers_story_of_it(self):
        """What stands in beta's log about a login to acme is shown to nobody who approves."""
        login = self.login("dora", ABROAD, answers=())
        with sqlite3.connect(HISTORY, timeout=20) as history:
            told = history.execute("SELECT value FROM logs WHERE key = 'hop:1:log:acme' AND id = ? ORDER BY seq", (login.alert["event.id"],)).fetchall()
            later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
            other = login.alert["event.id"][:-1] + ("1" if login.alert["event.id"].endswith("0") else "0")
            for number, (value,) in enumerate(told[:2], 1):
                value = re.sub(r'waits_until":"[^"]*', f'waits_until":"{later}', value.replace(login.alert["event.id"], other))
                history.execute("INSERT INTO logs (key, seq, id, value) VALUES ('hop:1:log:beta', ?, ?, ?)", (number, other, value))
        self.assertEqual(self.waiting(), [])
        done = self.say("approve", other, "maria")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("in the log of beta, and said to be a login to acme", done.stderr)

    def test_a_signer_whose_time_is_over(self):
        self.allow_signers(f"eve valid-before=\"20250101Z\" {self.public(self.keys['mallory'])}")
        self.addCleanup(self.allow_signers)

        def act(entry):
            now = time.time()
            self.put(entry, self.message(entry, now), now, key="mallory")
        self.stays_out(act, "no longer valid")

    def test_an_authority_signs_nothing(self):
        self.allow_signers(f"eve cert-authority {self.public(self.keys['mallory'])}")
        self.addCleanup(self.allow_signers)

        def act(entry):
            now = time.time()
            self.put(entry, self.message(entry, now), now, key="mallory")
        self.stays_out(act, "cert-authority")


class PublickeyAlone(ApprovalCase):
    """Where nothing can be asked the account phase waits."""

    def test_approved(self):
        login = self.login("dora", ABROAD, self.approved_by("maria"), answers=(), batch=True)
        self.assert_in(login)
        self.assert_verdict(login, "step_up", "account")
        self.assertEqual(self.outcome_of(login), "success")
        self.nothing_is_left()

    def test_denied(self):
        login = self.login("dora", ABROAD, lambda entry: self.say("deny", entry["event.id"], "maria"), answers=(), batch=True)
        self.assert_out(login)
        self.assertEqual(self.outcome_of(login), "approval-denied")
        self.nothing_is_left()

    def test_a_denial_comes_before_an_approval(self):
        def both(entry):
            monitors = [int(pid) for pid in os.listdir("/run/hopwarden/connections") if os.path.exists(f"/proc/{pid}")]
            for pid in monitors:
                os.kill(pid, signal.SIGSTOP)
            try:
                return self.say("approve", entry["event.id"], "maria"), self.say("deny", entry["event.id"], "otto")
            finally:
                for pid in monitors:
                    os.kill(pid, signal.SIGCONT)
        login = self.login("dora", ABROAD, both, answers=(), batch=True)
        self.assert_out(login)
        self.assertIn("approval-denied", self.actions(login), str(login))
        denied = next(a for a in login.alerts if a["event.action"] == "approval-denied")
        self.assertEqual(denied["hopwarden.author"], "otto@example.com")

    def test_two_at_once(self):
        """Each hears its own word."""
        def act(_):
            waiting = {entry["source.ip"]: entry["event.id"] for entry in self.await_waiting(2)}
            return [self.say("approve", waiting[ABROAD], "maria"), self.say("deny", waiting[IN_BETA], "maria")]
        other = {}
        beside = threading.Thread(target=lambda: other.update(login=self.box.ssh("dora", IN_BETA, batch=True)))
        beside.start()
        login = self.login("dora", ABROAD, act, answers=(), batch=True)
        beside.join()
        self.assertEqual([done.returncode for done in self.acted], [0, 0], self.acted)
        self.assert_in(login)
        self.assertFalse(other["login"].inside, str(other["login"]))

    def test_automation_and_break_glass_never_wait(self):
        login = self.box.ssh("ansible", ABROAD)
        self.assert_out(login)
        self.assertNotIn("approval-awaited", self.actions(login))
        login = self.box.ssh("rescue", ABROAD)
        self.assert_in(login)
        self.assertNotIn("approval-awaited", self.actions(login))

    def test_mode_step_up_waits_instead_of_blocking(self):
        self.configure(mode="step_up", settings={"block_at": "-6.0"})
        self.addCleanup(self.configure)
        login = self.login("ben", IN_BETA, self.approved_by("maria"))
        self.assert_in(login, prompts=1)
        self.assertEqual(login.alert["hopwarden.action"], "block")

    def test_mode_observe_waits_for_nobody(self):
        self.configure(mode="observe")
        self.addCleanup(self.configure)
        login = self.box.ssh("dora", ABROAD)
        self.assert_in(login)
        self.assertNotIn("approval-awaited", self.actions(login))

    def test_a_password_login_waits_in_account(self):
        login = self.login("pavel", ABROAD, self.approved_by("maria"), answers=["pavel-word"])
        self.assert_in(login, prompts=1)
        self.assertIn("approval-given", self.actions(login))

    def test_one_account_alone(self):
        """[account] decides for itself."""
        self.configure(settings={"step_up": "ask"}, more="[account \"dora\"]\nstep_up = approve\n")
        self.addCleanup(self.configure)
        self.assert_in(self.login("dora", ABROAD, self.approved_by("maria"), answers=()))
        login = self.box.ssh("anna", ABROAD, answers=[self.right()])
        self.assertNotIn("approval-awaited", self.actions(login))

    def test_without_anybody_who_may_approve_it_does_not_wait(self):
        sandbox.write(SIGNERS, "# nobody yet\n")
        self.addCleanup(self.allow_signers)
        login = self.box.ssh("dora", ABROAD)
        self.assert_out(login)
        self.assertIn("lets nobody approve", self.notes(login))
        os.remove(SIGNERS)
        login = self.box.ssh("dora", ABROAD)
        self.assert_out(login)
        self.assertIn(SIGNERS, self.notes(login))
        self.assertNotIn("approval-awaited", self.actions(login))


class TimesOut(ApprovalCase):
    wait_s = SHORT

    def test_nobody_comes(self):
        for name, answers in (("anna", [""]), ("dora", [])):
            with self.subTest(name):
                login = self.login(name, ABROAD, answers=answers)
                self.assert_out(login)
                self.assertIn("approval-timeout", self.actions(login))
                self.assertEqual(self.outcome_of(login), "approval-timeout")
                self.nothing_is_left()

    def test_nobodys_coming_is_nobodys_failure(self):
        before = self.login("dora", ABROAD, answers=()).alert["hopwarden.risk_bits"]
        self.assertEqual(self.login("dora", ABROAD, answers=()).alert["hopwarden.risk_bits"], before)

    def test_too_late_and_too_early(self):
        login = self.login("dora", ABROAD, answers=())
        self.assert_out(login)
        done = self.say("approve", login.alert["event.id"], "maria")
        self.assertEqual(done.returncode, 1)
        self.assertIn("approval-timeout", done.stderr)
        done = self.say("approve", "01JD8Z0M2N3P4Q5R6S7T8V9WXY", "maria")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no such login", done.stderr)

    def test_the_client_goes_away(self):
        """Nothing of the connection outlives the wait."""
        for name in ("dora", "anna"):
            with self.subTest(name):
                mark = len(self.box.syslog.lines)
                account = self.box.accounts[name]
                child = self.box.start("ssh", "-F", "none", "-p", self.box.port, "-b", ABROAD, "-i", account.key, "-o",
                                       f"UserKnownHostsFile={self.box.path('known_hosts')}", "-o", "IdentitiesOnly=yes", "-l", name,
                                       "127.0.0.1", "true", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                sandbox.await_true(lambda: self.box.syslog.has(mark, "approval-awaited"), "the login waits")
                child.kill()
                child.wait()
                sandbox.await_true(lambda: not self.box.connections(), "sshd has finished with the connection")
                self.box._bury_orphans()
        self.box.ssh("anna", USUAL)  # sweeps
        self.nothing_is_left()


class Impatient(ApprovalCase):
    """sshd's LoginGraceTime ends before the wait."""
    wait_s = 60
    sshd = False

    def test_sshd_gives_up_first(self):
        """The next login sweeps what it left, and tells."""
        with mock.patch("sandbox.SANDBOX_SSHD", sandbox.SANDBOX_SSHD.replace("LoginGraceTime 30", "LoginGraceTime 3")):
            self.box.start_sshd()
        login = self.box.ssh("dora", ABROAD)
        self.assert_out(login)
        self.nothing_is_left()
        told = [line.alert for line in self.box.syslog.since(self.mark) if line.alert]
        self.assertIn(("step-up-failed", login.alert["event.id"]), [(a["event.action"], a.get("event.id")) for a in told])


class WithoutTheHelper(ApprovalCase):
    """sshd reads authorized_keys: the account phase does not know the key, the session phase does."""
    sshd = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for account in cls.box.accounts.values():
            cls.box.allow_key_at_home(account)
        cls.box.start_sshd(lanes=())

    def test_one_approval_is_enough(self):
        login = self.login("dora", ABROAD, self.approved_by("maria"), answers=())
        self.assert_in(login)
        self.assertIn("not known to this phase", self.acted.stdout)
        self.assertEqual(self.actions(login).count("approval-awaited"), 1, str(login))

    def test_the_key_that_approved_comes_in_by_no_door(self):
        """Nobody could know before the session that it was the login's own."""
        self.allow_signers(f"eve {self.public(self.box.accounts['dora'].key)}")
        self.addCleanup(self.allow_signers)
        login = self.login("dora", ABROAD, self.approved_by(self.box.accounts["dora"].key), answers=())
        self.assertFalse(login.inside, str(login))
        self.assertIn("approval-given", self.actions(login))
        self.assertIn("own-approval", str(login))

    def test_the_session_waits_where_it_is_the_first_that_knows(self):
        self.configure(settings={"on_key_unasked": "session"})
        self.addCleanup(self.configure)
        login = self.login("dora", ABROAD, self.approved_by("maria"), answers=())
        self.assert_in(login)
        self.assertIn(self.print_of("dora"), self.acted.stdout)
        login = self.login("dora", ABROAD, lambda entry: self.say("deny", entry["event.id"], "maria"), answers=())
        self.assertFalse(login.inside, str(login))
        self.assertIn("approval-denied", self.actions(login))


class NoFactorAtAll(ApprovalCase):
    """The stack in which nothing but an approval passes a step-up."""
    stack = "sshd.approve"

    def test_approved(self):
        for name, answers in (("anna", [""]), ("dora", [])):
            with self.subTest(name):
                self.assert_in(self.login(name, ABROAD, self.approved_by("maria"), answers=answers), prompts=len(answers))

    def test_denied(self):
        login = self.login("anna", ABROAD, lambda entry: self.say("deny", entry["event.id"], "maria"))
        self.assert_out(login)
        self.assertEqual(len(login.prompts), 1, str(login))

    def test_where_nobody_may_approve(self):
        os.remove(SIGNERS)
        self.addCleanup(self.allow_signers)
        self.assert_out(self.box.ssh("anna", ABROAD))

    def test_a_site_that_asks_refuses_here(self):
        """The setting goes back, the stack stays: there is no factor, so nobody passes."""
        self.configure(settings={"step_up": "ask"})
        self.addCleanup(self.configure)
        self.assert_out(self.box.ssh("anna", ABROAD, answers=[self.right()] * 3))

    def test_others_are_untouched(self):
        self.assert_in(self.box.ssh("carol", USUAL, answers=["carol-word"]), prompts=1)
        self.assert_in(self.box.ssh("rescue", ABROAD))

    def test_doctor_finds_it_right_for_this_site_alone(self):
        found = {f["what"]: f["state"] for f in json.loads(self.box.hopwarden("doctor", "--json").stdout) if f["check"] == "pam"}
        self.assertEqual(set(found.values()), {"fine"}, found)
        self.configure(settings={"step_up": "ask"})
        self.addCleanup(self.configure)
        found = {f["what"]: f["state"] for f in json.loads(self.box.hopwarden("doctor", "--json").stdout) if f["check"] == "pam"}
        self.assertIn("critical", found.values(), found)


class MissingStore(ApprovalCase):
    """Redis goes away while a login waits."""
    redis = True

    def test_it_comes_back(self):
        def act(entry):
            mark = len(self.box.syslog.lines)
            os.kill(self.box.redis.pid, signal.SIGSTOP)
            try:
                sandbox.await_true(lambda: self.box.syslog.has(mark, '"event.action":"trouble"'), "the loss is told")
            finally:
                os.kill(self.box.redis.pid, signal.SIGCONT)
            return self.say("approve", entry["event.id"], "maria")
        login = self.login("dora", ABROAD, act, answers=())
        self.assertEqual(self.acted.returncode, 0, self.acted.stderr)
        self.assert_in(login)
        self.assertEqual(self.actions(login).count("trouble"), 1, str(login))


class SharedStore(ApprovalCase):
    """A customer's host with a customer's rights: home sees who waits, and home alone can let in."""
    redis = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = redis_place.Client(cls.box.path("redis.sock"))
        cls.addClassCleanup(cls.server.close)
        for line in cls.box.hopwarden("acl", "acme").stdout.splitlines():
            _, name, *rights = line.split(" ", 2)[:2] + cls.words(line.split(" ", 2)[2])
            cls.server("ACL", "SETUSER", name, f">{name}-word", *rights)
        for name in ("acme", "home"):
            sandbox.write(f"/etc/hopwarden/{name}.secret", f"{name}-word\n", 0o600)
        cls.configure()

    @staticmethod
    def words(rights):
        """A selector in its brackets is one word."""
        return re.findall(r"\([^)]*\)|\S+", rights)

    @classmethod
    def configure(cls, **more):
        if not hasattr(cls, "server"):
            return super().configure(**more)
        user = "history_user = {0}\nhistory_secret = /etc/hopwarden/{0}.secret\n"
        super().configure(more=user.format("home"), **more)
        with open("/etc/hopwarden/hopwarden.conf", encoding="utf-8") as file:
            sandbox.write(cls.box.path("home.conf"), file.read().replace("= acme", "= home", 1))
        super().configure(more=user.format("acme"), **more)

    def say(self, verb, login_id, key, *more, **how):
        return super().say(verb, login_id, key, *(more or ("--conf", self.box.path("home.conf"))), **how)

    def waiting(self):
        done = self.box.hopwarden("approvals", "--json", "--conf", self.box.path("home.conf"))
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_home_approves(self):
        login = self.login("dora", ABROAD, self.approved_by("maria"), answers=())
        self.assertEqual(self.acted.returncode, 0, self.acted.stderr)
        self.assert_in(login)

    def test_a_customers_host_cannot_write_an_approval(self):
        def act(entry):
            tried = self.say("approve", entry["event.id"], "maria", "--conf", "/etc/hopwarden/hopwarden.conf")
            self.assertEqual(self.server("EXISTS", f"hop:1:ok:{{{entry['event.id']}}}"), 0)
            return tried, self.say("deny", entry["event.id"], "maria")
        login = self.login("dora", ABROAD, act, answers=())
        self.assert_out(login)
        tried, denied = self.acted
        self.assertEqual(tried.returncode, 3, tried.stdout)
        self.assertIn("NOPERM", tried.stderr)
        self.assertEqual(denied.returncode, 0, denied.stderr)


class Doctor(ApprovalCase):
    """Each finding by what produces it."""
    wait_s = 10

    @classmethod
    def configure(cls, **more):
        super().configure(**{"more": '[team "approvers"]\nmembers = maria otto\n'} | more)

    def findings(self, *words):
        done = self.box.hopwarden("doctor", "--json", *words)
        return {(f["state"], f["what"]) for f in json.loads(done.stdout) if f["check"] == "approval"}

    def with_sshd(self, config):
        path = self.box.path("sshd_config")
        sandbox.write(path, f"HostKey {self.box.path('host_key')}\nUsePAM yes\n{config}")
        return "--sshd-config", path

    def finds(self, words, state="critical", config=None):
        more = []
        if config is not None:
            more = self.with_sshd(config)
        found = self.findings(*more)
        self.assertTrue(any(words in what and state == told for told, what in found), f"{words} not in {found}")

    def test_all_is_well(self):
        found = self.findings(*self.with_sshd("LoginGraceTime 2m\nMaxStartups 100:30:200\n"))
        self.assertEqual({state for state, _ in found}, {"fine"}, found)

    def test_no_file(self):
        os.remove(SIGNERS)
        self.addCleanup(self.allow_signers)
        self.finds(SIGNERS)

    def test_an_empty_file(self):
        sandbox.write(SIGNERS, "\n# nobody\n")
        self.addCleanup(self.allow_signers)
        self.finds("lets nobody approve")

    def test_a_file_others_may_write(self):
        os.chmod(SIGNERS, 0o666)
        self.addCleanup(self.allow_signers)
        self.finds(SIGNERS)

    def test_a_file_of_somebody_elses(self):
        os.chown(SIGNERS, 64000, 64000)
        self.addCleanup(self.allow_signers)
        self.finds(SIGNERS)

    def test_only_one_who_may_approve(self):
        sandbox.write(SIGNERS, f"maria {self.public(self.keys['maria'])}\n")
        self.addCleanup(self.allow_signers)
        self.finds("nobody can approve maria's own logins", "warning")

    def test_a_line_that_is_not_understood(self):
        self.allow_signers(f"* {self.public(self.keys['mallory'])}")
        self.addCleanup(self.allow_signers)
        self.finds("line 6", "warning")

    def test_a_name_nobody_knows(self):
        self.allow_signers(f"mallory {self.public(self.keys['mallory'])}")
        self.addCleanup(self.allow_signers)
        self.finds("mallory may approve and is no person", "warning")

    def test_a_signer_whose_time_is_over(self):
        self.allow_signers(f"otto valid-before=\"20250101Z\" {self.public(self.keys['mallory'])}")
        self.addCleanup(self.allow_signers)
        self.finds("no longer valid", "warning")

    def test_sshd_is_more_impatient(self):
        self.finds("LoginGraceTime", "critical", "LoginGraceTime 20\n")

    def test_few_places(self):
        self.finds("MaxStartups", "warning", "MaxStartups 8\n")
        self.finds("MaxStartups", "warning", "")

    def test_an_open_ended_login(self):
        found = self.findings(*self.with_sshd("LoginGraceTime 0\nMaxStartups 100\n"))
        self.assertEqual({state for state, _ in found}, {"fine"}, found)

    def test_nothing_to_say_where_nobody_waits(self):
        self.configure(settings={"step_up": "ask"})
        self.addCleanup(self.configure)
        self.assertEqual(self.findings(), set())
