# SPDX-License-Identifier: Apache-2.0
"""Services other than sshd, each by its real program: login, su, sudo, cron, cockpit; systemd-user by its stack. The table of
pam_hopwarden(8), SERVICES, is read and held against what comes of them."""
import base64
import json
import os
import re
import subprocess

import client
import sandbox
from case import HostCase
from scene import ABROAD, IN_BETA, OFFICE, USUAL

MANUAL = os.path.join(sandbox.SOURCE, "docs", "pam_hopwarden.8")
COLUMNS = ("whose", "origin", "asks", "refuses", "learns")
SERVICES = "sshd login remote su su-l runuser sudo sudo-i cron systemd-user cockpit"
LOGIN_PROMPT = re.compile(r"(?:code|password|login)[^\n:]*: *$", re.IGNORECASE)
COCKPIT = "/usr/lib/cockpit/cockpit-session"
OURS = ("account required pam_hopwarden.so", "session required pam_hopwarden.so")
FACTOR = """auth [success=3 cred_insufficient=ignore ignore=3 default=die] pam_hopwarden.so first_factor_done
auth [success=1 default=ignore] pam_google_authenticator.so
auth [default=die] pam_hopwarden.so first_factor_done authfail
auth [success=ok default=die] pam_hopwarden.so first_factor_done stepped_up
"""


def said():
    """Rows of the manual's table: service -> cells."""
    with open(MANUAL, encoding="utf-8") as file:
        section = file.read().partition(".Sh SERVICES\n")[2].partition("\n.Sh ")[0]
    rows = [re.sub(r"^\.It (Em )?", "", line).split(" Ta ") for line in section.splitlines() if " Ta " in line]
    return {row[0]: tuple(row[1:]) for row in rows[1:]}


def shipped(name):
    with open(os.path.join(sandbox.SOURCE, "contrib", "pam.d", name), encoding="utf-8") as file:
        return file.read()


def debians(name):
    with open(f"/etc/pam.d/{name}", encoding="utf-8") as file:
        return file.read()


class ServiceCase(HostCase):
    """Everybody's stacks as shipped; cron and cockpit as Debian has them, with our lines put in."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("login", "su", "sudo"):
            sandbox.write(f"/etc/pam.d/{name}", shipped(name))
        sandbox.write("/etc/pam.d/cron", "\n".join([*OURS, "auth required pam_hopwarden.so", debians("cron")]))
        stack = debians("cockpit").replace("#%PAM-1.0\n", "#%PAM-1.0\n" + "\n".join(OURS) + "\n")
        sandbox.write("/etc/pam.d/cockpit", re.sub(r"(?m)^(auth +substack +common-auth\n)", r"\1" + FACTOR, stack))
        sandbox.write("/etc/sudoers.d/sandbox", "anna ALL=(ALL:ALL) ALL\ncarol ALL=(ALL:ALL) ALL\nansible ALL=(ALL:ALL) NOPASSWD: ALL\n"
                      "dora ALL=(ALL:ALL) NOPASSWD: ALL\n", 0o440)
        cls.box.private_folder("/var/spool/cron/crontabs", 0o1730)

    @classmethod
    def configure(cls, lines="", **more):
        super().configure(more=f"services = {SERVICES}\n{lines}", **more)

    # -- what came of it ------------------------------------------------------------------------------------------

    def about(self, service, mark=None):
        """Lines about one service, in order."""
        self.box.syslog.settle()
        lines = [line.alert for line in self.box.syslog.since(self.mark if mark is None else mark) if line.alert]
        return [alert for alert in lines if alert.get("service.name") == service]

    def verdict(self, service):
        return next((alert for alert in self.about(service) if alert["event.action"] == "login-scored"), {})

    def values_of(self, name):
        return {f"{value['kind']}:{value['value']}": value for value in self.box.history_of(name).get("values", [])}

    # -- programs -------------------------------------------------------------------------------------------------

    def login(self, name, source=None, answers=()):
        """login(1) as a terminal server calls it; what is typed into the shell leaves it."""
        words = ["/usr/bin/login", *(["-h", source] if source else []), name]
        profile = f"{self.box.accounts[name].home}/.profile"
        sandbox.write(profile, "echo inside $HOPWARDEN_LOGIN\nexit\n", owner=(self.box.accounts[name].uid,) * 2)
        return client.converse(words, answers, LOGIN_PROMPT)

    def within(self, name, command, *, source=USUAL, answers=(), halfway=None):
        """Runs `command` in a session of that person's, on a terminal; halfway() once the session is open."""
        here = f"{self.box.accounts[name].home}/here"

        def beside():
            sandbox.await_true(lambda: os.path.exists(here), "the session is open")
            if halfway:
                halfway()
            os.remove(here)
        return self.box.ssh(name, source, answers=answers, options=["RequestTTY=force"], meanwhile=beside,
                            command=f"touch {here}; while [ -e {here} ]; do sleep 0.02; done; {command}; echo status $?")

    def freeze(self, name, *words):
        self.box.hopwarden("freeze", "account", name, *words)
        self.addCleanup(self.box.hopwarden, "unfreeze", "account", name)

    def cron(self, name, command):
        """A job of cron's own: an @reboot line is run as soon as the daemon starts."""
        done = self.box.path("job")
        for other in os.listdir("/var/spool/cron/crontabs"):
            os.remove(f"/var/spool/cron/crontabs/{other}")
        sandbox.write(f"/var/spool/cron/crontabs/{name}", f"@reboot {command} >{done} 2>&1; echo end >>{done}\n", 0o600,
                      (self.box.accounts[name].uid, 0))
        for path in (done, "/run/crond.reboot", "/run/crond.pid"):
            if os.path.exists(path):
                os.remove(path)
        sandbox.write(done, "", 0o666)
        daemon = self.box.start("/usr/sbin/cron", "-f")
        try:
            sandbox.await_true(lambda: "end" in open(done, encoding="utf-8").read(), "the job has run")
        finally:
            daemon.terminate()
            daemon.wait()
        with open(done, encoding="utf-8") as file:
            return file.read()

    def systemd_user(self, name):
        """What systemd does before it starts a user's manager, by the stack it has."""
        folder = self.box.path("services")
        sandbox.write(f"{folder}/systemd-user", "\n".join(["auth required pam_hopwarden.so", *OURS, "account required pam_permit.so",
                                                             "session required pam_permit.so", ""]))
        driver = os.path.join(self.box.build, "tests", "integration", "pam_driver")
        done = sandbox.run(driver, folder, "systemd-user", name, "account,setcred,open,close")
        return {word: int(code) for word, code in re.findall(r"^(\w+)=(\d+)$", done.stdout, re.M)}

    def cockpit(self, name, source, answers, bridge="#!/bin/sh\necho inside\n"):
        """cockpit-session as cockpit-ws calls it: frames on its standard input and output."""
        sandbox.write("/usr/local/bin/cockpit-bridge", bridge, 0o755)
        child = subprocess.Popen([COCKPIT, "localhost"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 env={"COCKPIT_REMOTE_PEER": source, "PATH": "/usr/bin:/bin"})
        asked, text = [], ""
        answers = list(answers)
        while True:
            head = child.stdout.readline()
            if not head.strip().isdigit():
                text = (head + child.stdout.read()).decode("utf-8", "replace")
                break
            message = json.loads(child.stdout.read(int(head)).decode())
            if message.get("command") != "authorize":
                text += json.dumps(message)
                continue
            challenge = message["challenge"]
            if challenge == "*":
                response = "Basic " + base64.b64encode(f"{name}:{answers.pop(0)}".encode()).decode()
            else:
                kind, number, prompt = challenge.split()
                asked.append(base64.b64decode(prompt).decode())
                response = f"{kind} {number} {base64.b64encode((answers.pop(0) if answers else '').encode()).decode()}"
            body = f'\n{{"command":"authorize","cookie":"{message["cookie"]}","response":"{response}"}}'  # in these very bytes
            child.stdin.write(f"{len(body)}\n{body}".encode())
            child.stdin.flush()
        child.stdin.close()
        child.wait()
        child.stdout.close()
        return client.Seen(child.returncode, text, asked)


class Login(ServiceCase):
    sshd = False

    def test_usual(self):
        seen = self.login("anna", USUAL, ["anna-word"])
        self.assertIn("inside", seen.text)
        self.assertEqual(len(seen.prompts), 1, seen.text)
        verdict = self.verdict("login")
        self.assertEqual((verdict["hopwarden.action"], verdict["source.ip"], verdict["user.name"]), ("allow", USUAL, "anna"))
        self.assertIn(verdict["event.id"], seen.text, "the session is told its id")

    def test_from_abroad(self):
        seen = self.login("anna", ABROAD, ["anna-word", self.right()])
        self.assertIn("inside", seen.text)
        self.assertEqual([a["event.action"] for a in self.about("login")], ["login-scored", "step-up-passed"])

    def test_a_wrong_code(self):
        seen = self.login("anna", ABROAD, ["anna-word", self.wrong()])
        self.assertNotIn("inside", seen.text)
        self.assertEqual([a["event.action"] for a in self.about("login")][:2], ["login-scored", "step-up-failed"])

    def test_a_hop(self):
        seen = self.login("ben", IN_BETA, ["ben-word"])
        self.assertNotIn("inside", seen.text)
        verdict = self.verdict("login")
        self.assertEqual((verdict["hopwarden.action"], verdict["hopwarden.phase"]), ("block", "auth"))
        self.assertIn(f"Login refused (id {verdict['event.id']})", seen.text)

    def test_at_the_console_nothing_is_known_of_the_source(self):
        seen = self.login("anna", None, ["anna-word", self.right()])
        self.assertIn("inside", seen.text)
        self.assertIn("source", self.verdict("login")["hopwarden.degraded"])
        self.assertEqual(self.verdict("login")["hopwarden.action"], "step_up")

    def test_a_name_in_the_place_of_an_address_is_not_looked_up(self):
        self.login("anna", "localhost", ["anna-word", self.right()])
        self.assertIn("source", self.verdict("login")["hopwarden.degraded"])

    def test_a_wrong_password_is_answered_by_the_password_s_own_line(self):
        seen = self.login("anna", ABROAD, ["wrong"])
        self.assertNotIn("inside", seen.text)
        self.assertEqual(self.about("login"), [], "no verdict before a first factor")

    def test_others(self):
        self.assertIn("inside", self.login("carol", ABROAD, ["carol-word"]).text)
        self.assertEqual(self.about("login"), [])

    def test_the_user_s_own_environment_is_no_connection(self):
        """login's stack with pam_env before ours, reading the user's own file."""
        lines = ["auth required pam_env.so user_readenv=1", "session required pam_env.so user_readenv=1", shipped("login")]
        sandbox.write("/etc/pam.d/login", "\n".join(lines))
        self.addCleanup(sandbox.write, "/etc/pam.d/login", shipped("login"))
        home = self.box.accounts["ben"].home
        sandbox.write(f"{home}/.pam_environment", f"SSH_CONNECTION={OFFICE}\\ 1\\ 127.0.0.1\\ 22\nSSH_AUTH_INFO_0=publickey\\ x\\ y\n")
        self.addCleanup(os.remove, f"{home}/.pam_environment")
        self.assertNotIn("inside", self.login("ben", IN_BETA, ["ben-word"]).text)
        self.assertEqual(self.verdict("login")["source.ip"], IN_BETA)


class Switch(ServiceCase):
    """su and sudo inside real sessions of sshd."""

    def assert_of_session(self, alert, login, name="anna", source=USUAL):
        self.assertEqual((alert["user.name"], alert.get("source.ip")), (name, source), str(login))
        self.assertEqual(alert.get("hopwarden.within"), login.alert["event.id"], str(login))

    def test_sudo(self):
        before = self.values_of("anna")
        login = self.within("anna", "sudo -k id -un", answers=["anna-word"])
        self.assertIn("status 0", login.seen, str(login))
        self.assertIn("root\n", login.seen)
        verdict = self.verdict("sudo")
        self.assertEqual(verdict["hopwarden.action"], "allow", str(login))
        self.assert_of_session(verdict, login)
        self.assertNotEqual(verdict["event.id"], login.alert["event.id"])
        self.assertEqual(set(self.values_of("anna")), set(before), "a session that brought nothing new, and sudo neither")

    def test_sudo_of_a_person_frozen_meanwhile(self):
        login = self.within("anna", "sudo -k id -un", answers=["anna-word", self.right()], halfway=lambda: self.freeze("anna"))
        self.assertIn("status 0", login.seen, str(login))
        self.assertEqual([a["event.action"] for a in self.about("sudo")], ["login-scored", "step-up-passed"])
        self.mark = len(self.box.syslog.lines)

    def test_sudo_of_a_person_blocked_meanwhile(self):
        login = self.within("anna", "sudo -k id -un", answers=["anna-word"], halfway=lambda: self.freeze("anna", "--block"))
        self.assertNotIn("root\n", login.seen)
        verdict = self.verdict("sudo")
        self.assertEqual((verdict["hopwarden.action"], verdict["hopwarden.phase"]), ("block", "auth"))
        self.assertIn("expired", login.seen, "sudo asks modules to be silent, and says it in its own words")

    def test_sudo_with_a_wrong_code(self):
        login = self.within("anna", "sudo -k id -un", answers=["anna-word", self.wrong()], halfway=lambda: self.freeze("anna"))
        self.assertNotIn("root\n", login.seen)
        self.assertEqual([a["event.action"] for a in self.about("sudo")][:2], ["login-scored", "step-up-failed"])

    def test_sudo_without_a_password_cannot_ask(self):
        login = self.within("dora", "sudo -k id -un", halfway=lambda: self.freeze("dora"))
        self.assertNotIn("root\n", login.seen)
        verdict = self.verdict("sudo")
        self.assertEqual((verdict["hopwarden.action"], verdict["hopwarden.phase"]), ("step_up", "account"), str(login))

    def test_automation_inside_its_binding(self):
        login = self.within("ansible", "sudo -n id -un", source=OFFICE)
        self.assertIn("root\n", login.seen, str(login))
        self.assert_of_session(self.verdict("sudo"), login, "ansible", OFFICE)

    def test_su(self):
        login = self.within("anna", "su - ben -c 'id -un'", answers=["ben-word"])
        self.assertIn("ben\n", login.seen, str(login))
        verdict = self.verdict("su-l")
        self.assert_of_session(verdict, login)
        self.assertEqual(verdict["user.effective.name"], "ben")
        self.assertEqual(self.values_of("ben").get("h:acme/acme-db1"), None, "ben was not here")

    def test_su_of_a_person_frozen_meanwhile(self):
        login = self.within("anna", "su ben -c 'id -un'", answers=["ben-word"], halfway=lambda: self.freeze("anna"))
        self.assertNotIn("ben\n", login.seen, str(login))
        verdict = self.verdict("su")
        self.assertEqual((verdict["hopwarden.action"], verdict["hopwarden.phase"]), ("step_up", "account"))
        self.assertIn(f"Login refused (id {verdict['event.id']})", login.seen)

    def test_su_by_root_in_a_session_is_the_person_s(self):
        login = self.within("anna", "sudo -k sh -c 'su ben -c \"id -un\"'", answers=["anna-word"])
        self.assertIn("ben\n", login.seen, str(login))
        self.assert_of_session(self.verdict("su"), login)

    def test_runuser_in_a_session_is_the_person_s(self):
        sandbox.write("/etc/pam.d/runuser", "\n".join([*OURS, debians("runuser")]))
        login = self.within("anna", "sudo -k runuser -u ben -- id -un", answers=["anna-word"])
        self.assertIn("ben\n", login.seen, str(login))
        self.assert_of_session(self.verdict("runuser"), login)
        self.assertEqual(self.verdict("runuser")["hopwarden.phase"], "session", "the only one it asks")

    def test_sudo_i_is_a_service_of_its_own(self):
        sandbox.write("/etc/pam.d/sudo-i", shipped("sudo"))
        login = self.within("anna", "sudo -k -i id -un", answers=["anna-word"])
        self.assertIn("root\n", login.seen, str(login))
        self.assert_of_session(self.verdict("sudo-i"), login)

    def test_a_shared_account_s_session_says_whose_key_it_was(self):
        self.configure(mode="observe")
        self.addCleanup(self.configure)
        login = self.within("root", "su ben -c 'id -un'", source=OFFICE)
        self.assertIn("ben\n", login.seen, str(login))
        self.assert_of_session(self.verdict("su"), login, "root", OFFICE)
        self.assertEqual(self.verdict("su")["hopwarden.key"], self.print_of("root"))

    def test_root_outside_every_session(self):
        """A boot script, a timer, a service: not stopped, not asked, nobody's."""
        done = sandbox.run("/usr/bin/su", "ben", "-c", "id -un")
        self.assertEqual(done.stdout, "ben\n")
        self.assertEqual(self.about("su"), [])

    def test_others(self):
        login = self.within("carol", "sudo -k id -un", answers=["carol-word", "carol-word"])
        self.assertIn("root\n", login.seen, str(login))
        self.assertEqual(self.about("sudo"), [])

    def test_who_is_out_of_scope_enters_a_person_s_account(self):
        """With ben's own password, from beside: ben's history, and nothing is known of the origin."""
        login = self.within("carol", "su ben -c 'id -un'", answers=["carol-word", "ben-word"])
        self.assertNotIn("ben\n", login.seen, str(login))
        verdict = self.verdict("su")
        self.assertEqual(verdict["user.name"], "ben")
        self.assertIn("source", verdict["hopwarden.degraded"])

    def test_the_environment_is_not_believed(self):
        lies = f"SSH_CONNECTION='{OFFICE} 1 127.0.0.1 22' SSH_CLIENT='{OFFICE} 1 22' HOPWARDEN_LOGIN=01ARZ3NDEKTSV4RRFFQ69G5FAV"
        login = self.within("anna", f"{lies} sudo -k id -un", answers=["anna-word"])
        self.assert_of_session(self.verdict("sudo"), login)

    def test_what_has_left_the_process_tree(self):
        """As under tmux: found again by the audit session while the connection lasts, and unknown after it."""
        home = self.box.accounts["dora"].home
        job = f"while [ ! -e {home}/go ]; do sleep 0.02; done; sudo -n id -un >{home}/first 2>&1; touch {home}/done; " \
              f"while [ ! -e {home}/go-on ]; do sleep 0.02; done; sudo -n id -un >{home}/second 2>&1; touch {home}/end"
        login = self.within("dora", f"setsid -f sh -c '{job}' </dev/null >/dev/null 2>&1; touch {home}/go; "
                            f"while [ ! -e {home}/done ]; do sleep 0.02; done")
        first = self.verdict("sudo")
        self.assert_of_session(first, login, "dora")
        mark = len(self.box.syslog.lines)
        sandbox.write(f"{home}/go-on", "")
        sandbox.await_true(lambda: os.path.exists(f"{home}/end"), "the second one")
        second = next(alert for alert in self.about("sudo", mark) if alert["event.action"] == "login-scored")
        self.assertEqual((second["user.name"], second["hopwarden.action"]), ("dora", "block"))
        self.assertIn("source", second["hopwarden.degraded"])
        self.assertNotIn("hopwarden.within", second)

    def test_a_planted_record_is_no_session(self):
        """In the place of the real one: another user's file, and one of another process."""
        def spoil():
            folder = "/run/hopwarden/connections"
            for name in os.listdir(folder):
                os.chown(f"{folder}/{name}", self.box.accounts["anna"].uid, 0)
        login = self.within("dora", "sudo -n id -un", halfway=spoil)
        self.assertEqual(self.verdict("sudo")["hopwarden.action"], "block", str(login))
        self.assertNotIn("hopwarden.within", self.verdict("sudo"))

    def test_an_audit_session_that_says_otherwise(self):
        """Set by root in the session: neither side is believed, and the origin is not known."""
        uid = self.box.accounts["ben"].uid
        login = self.within("anna", f"sudo -k sh -c 'echo {uid} >/proc/self/loginuid; su ben -c \"id -un\"'", answers=["anna-word"])
        verdict = self.verdict("su")
        self.assertEqual(verdict["user.name"], "ben", str(login))
        self.assertIn("runtime", verdict["hopwarden.degraded"])
        self.assertIn("source", verdict["hopwarden.degraded"])

    def test_sudo_keeps_the_session_s_id(self):
        login = self.within("anna", "sudo -k sh -c 'echo id $HOPWARDEN_LOGIN'", answers=["anna-word"])
        self.assertIn(f"id {login.alert['event.id']}", login.seen, str(login))

    def test_only_observed(self):
        self.configure(mode="observe")
        self.addCleanup(self.configure)
        login = self.within("anna", "sudo -k id -un", answers=["anna-word"], halfway=lambda: self.freeze("anna", "--block"))
        self.assertIn("root\n", login.seen, str(login))
        self.assertEqual((self.verdict("sudo")["hopwarden.action"], self.verdict("sudo")["hopwarden.answer"]), ("block", "allow"))

    def test_without_any_configuration_sudo_is_the_way_in_to_mend_it(self):
        def broken():
            sandbox.write("/etc/hopwarden/hopwarden.conf", "nonsense\n")
            for name in os.listdir("/var/lib/hopwarden"):
                if name.endswith(".last-good"):
                    os.remove(f"/var/lib/hopwarden/{name}")
        self.addCleanup(self.configure)
        login = self.within("anna", "sudo -k id -un", answers=["anna-word"], halfway=broken)
        self.assertIn("root\n", login.seen, str(login))
        self.assertIn("config", self.verdict("sudo")["hopwarden.degraded"])

    def test_crash_free_under_valgrind(self):
        self.configure(lines="deadline_ms = 10000\n")  # everything is slow there
        self.addCleanup(self.configure)
        folder, here = self.box.path("services"), os.path.dirname(os.path.abspath(__file__))
        sandbox.write(f"{folder}/su", "auth required pam_hopwarden.so\naccount required pam_hopwarden.so\nsession required pam_hopwarden.so\n")
        driver = os.path.join(self.box.build, "tests", "integration", "pam_driver")
        login = self.within("anna", "sudo -k valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite "
                            f"--suppressions={here}/valgrind.supp {driver} {folder} su ben auth,account,setcred,open,close", answers=["anna-word"])
        self.assertIn("status 0", login.seen, str(login))
        self.assertIn("open=0", login.seen, str(login))
        self.assert_of_session(self.verdict("su"), login)

    def test_without_descriptors_or_memory_nothing_opens_and_nothing_crashes(self):
        """A person who is blocked once sudo is passed, in a stack of our lines alone."""
        folder = self.box.path("services")
        sandbox.write(f"{folder}/su", "account required pam_hopwarden.so\nsession required pam_hopwarden.so\n")
        driver = f"{self.box.build}/tests/integration/pam_driver {folder} su ben account,open"
        self.addCleanup(self.box.hopwarden, "unfreeze", "account", "anna")
        login = self.within("anna", f"sudo -k sh -c '/usr/local/bin/hopwarden freeze account anna --block; for n in 4 5 6 7 8 10 12 16; do {driver} --descriptors $n || echo CRASH $?; done; "
                            f"n=1; while [ $n -le 160 ]; do {driver} --fail-allocation $n || echo CRASH $?; n=$((n + 1 + n / 12)); done; echo tried'",
                            answers=["anna-word"])
        self.assertIn("tried", login.seen, str(login))
        self.assertNotIn("CRASH", login.seen)
        self.assertNotIn("open=0", login.seen)
        self.assertNotIn("account=0", login.seen)


class OwnLog(ServiceCase):
    """A log with sudo in it replays to the same verdicts: nothing was learned from it there either."""

    @classmethod
    def give_history(cls):
        pass

    def test_the_log_replays(self):
        for source in (USUAL, ABROAD, USUAL):
            self.within("anna", "sudo -k id -un", source=source, answers=[self.right(), "anna-word", self.right()])
        log = self.box.hopwarden("log", "--json").stdout
        sandbox.write(self.box.path("own.ndjson"), log)
        told = {entry["event.id"]: entry for entry in map(json.loads, log.splitlines()) if "hopwarden.risk_bits" in entry}
        self.assertEqual([entry["service.name"] for entry in told.values()].count("sudo"), 3, log)
        done = self.box.hopwarden("replay", "--events", self.box.path("own.ndjson"), "--verdicts", self.box.path("verdicts"))
        with open(self.box.path("verdicts"), encoding="utf-8") as file:
            again = {entry["event.id"]: entry for entry in map(json.loads, file)}
        for number, entry in told.items():
            for name in ("hopwarden.action", "hopwarden.risk_bits", "hopwarden.reason_codes"):
                self.assertEqual(again[number][name], entry[name], f"{name}\n{entry}\n{again[number]}\n{done.stdout}{done.stderr}")


class OffByDefault(ServiceCase):
    """Without `services` the lines of the stacks do nothing outside sshd."""

    @classmethod
    def configure(cls, **more):
        HostCase.configure.__func__(cls, **more)

    def test_nothing_but_sshd_is_judged(self):
        login = self.within("anna", "sudo -k id -un; su ben -c 'id -un'", answers=["anna-word", "ben-word"],
                            halfway=lambda: self.freeze("anna", "--block"))
        self.assertIn("root\n", login.seen, str(login))
        self.assertIn("ben\n", login.seen, str(login))
        self.assertIn("inside", self.login("ben", IN_BETA, ["ben-word"]).text)
        for service in ("login", "su", "sudo"):
            self.assertEqual(self.about(service), [])


class Background(ServiceCase):
    """Never stopped, never asked, never learned: not even for who is blocked, nor with everything broken."""
    sshd = False

    def runs(self):
        before = self.values_of("anna")
        self.assertEqual(self.cron("anna", "id -un"), "anna\nend\n")
        self.assertEqual(self.systemd_user("anna"), {"account": 0, "setcred": 0, "open": 0, "close": 0})
        self.assertEqual(self.about("cron") + self.about("systemd-user"), [])
        return before

    def test_a_usual_account(self):
        self.assertEqual(self.values_of("anna"), self.runs())

    def test_a_blocked_account(self):
        self.freeze("anna", "--block")
        self.runs()

    def test_with_the_configuration_broken(self):
        sandbox.write("/etc/hopwarden/hopwarden.conf", "nonsense\n")
        self.addCleanup(self.configure)
        self.runs()

    def test_a_job_s_own_sudo_is_a_person_s_without_a_known_origin(self):
        text = self.cron("dora", "sudo -n id -un")
        self.assertNotIn("root", text)
        verdict = self.verdict("sudo")
        self.assertEqual((verdict["user.name"], verdict["hopwarden.action"]), ("dora", "block"))

    def test_root_s_job_becomes_whom_it_likes(self):
        self.assertEqual(self.cron("root", "su ben -c 'id -un'"), "ben\nend\n")


class Cockpit(ServiceCase):
    sshd = False

    def test_usual(self):
        seen = self.cockpit("anna", USUAL, ["anna-word"])
        self.assertIn("inside", seen.text)
        self.assertEqual(self.verdict("cockpit")["source.ip"], USUAL)

    def test_from_abroad(self):
        seen = self.cockpit("anna", ABROAD, ["anna-word", self.right()])
        self.assertIn("inside", seen.text)
        self.assertEqual(len(seen.prompts), 1)
        self.assertEqual([a["event.action"] for a in self.about("cockpit")], ["login-scored", "step-up-passed"])

    def test_a_hop(self):
        self.assertNotIn("inside", self.cockpit("ben", IN_BETA, ["ben-word"]).text)
        self.assertEqual(self.verdict("cockpit")["hopwarden.action"], "block")

    def test_sudo_within_is_of_that_session(self):
        """What Cockpit calls administrative access."""
        bridge = "#!/bin/sh\necho inside; echo dora-word | sudo -S -k id -un\n"
        sandbox.run("chpasswd", "-c", "SHA512", stdin=None, input="dora:dora-word\n")
        text = self.cockpit("dora", USUAL, ["dora-word"], bridge).text
        self.assertIn("root\n", text)
        sudo, cockpit = self.verdict("sudo"), self.verdict("cockpit")
        self.assertEqual(sudo["hopwarden.within"], cockpit["event.id"])
        self.assertEqual(sudo["source.ip"], USUAL)


class Table(ServiceCase):
    """SERVICES of pam_hopwarden(8), row by row. Each service meets a usual login, a step-up and a block."""
    seen = {}

    def row(self, service, found):
        self.seen[service] = found
        self.assertEqual(said().get(service), tuple(found[column] for column in COLUMNS), service)

    @staticmethod
    def yes(condition):
        return "yes" if condition else "no"

    def origin_of(self, alert, told):
        if alert.get("hopwarden.within"):
            return "the session's" if alert.get("source.ip") == USUAL else "?"
        return told if alert.get("source.ip") == ABROAD else "?"

    def entering(self, service, enter, told):
        """enter(name, source, answers) is what was seen. anna's step-up is passed; ben is a hop."""
        before = set(self.values_of("anna"))
        seen = enter("anna", ABROAD, ["anna-word", self.right()])
        asked = self.verdict(service)
        learned = set(self.values_of("anna")) - before
        mark = len(self.box.syslog.lines)
        refused = enter("ben", IN_BETA, ["ben-word"])
        blocked = next(alert for alert in self.about(service, mark) if alert["event.action"] == "login-scored")
        self.assertEqual((asked["hopwarden.action"], blocked["hopwarden.action"]), ("step_up", "block"))
        self.row(service, {"whose": "the account's" if (asked["user.name"], blocked["user.name"]) == ("anna", "ben") else "?",
                           "origin": self.origin_of(asked, told),
                           "asks": self.yes(any("code" in prompt.lower() for prompt in seen.prompts)),
                           "refuses": self.yes("inside" not in refused.text), "learns": self.yes(learned)})
        self.box.hopwarden("forget", "anna", "--yes")
        self.give_history()

    def switching(self, service, command, password, inside):
        begun = []

        def freeze(*words):
            def now():
                begun.append(set(self.values_of("anna")))
                self.freeze("anna", *words)
            return now
        asked = self.within("anna", command, answers=[password, self.right()], halfway=freeze())
        verdict = self.verdict(service)
        self.assertEqual(verdict["hopwarden.action"], "step_up", str(asked))
        learned = set(self.values_of("anna")) - begun[0]
        self.box.hopwarden("unfreeze", "account", "anna")
        refused = self.within("anna", command, answers=[password], halfway=freeze("--block"))
        self.box.hopwarden("unfreeze", "account", "anna")
        self.row(service, {"whose": "the invoker's" if verdict["user.name"] == "anna" else "?",
                           "origin": self.origin_of(verdict, "?"),
                           "asks": self.yes(any("code" in prompt.lower() for prompt in asked.prompts)),
                           "refuses": self.yes(inside not in refused.seen), "learns": self.yes(learned)})

    def passing(self, service, run):
        """Even for who is blocked everywhere else."""
        self.freeze("anna", "--block")
        before = set(self.values_of("anna"))
        ran = run()
        self.row(service, {"whose": "?" if self.about(service) else "nobody's", "origin": "?" if self.about(service) else "-",
                           "asks": "no", "refuses": self.yes(not ran), "learns": self.yes(set(self.values_of("anna")) - before)})
        self.box.hopwarden("unfreeze", "account", "anna")

    def test_sshd(self):
        def enter(name, source, answers):
            login = self.box.ssh(name, source, answers=answers[1:])
            return client.Seen(login.status, login.seen, login.prompts)
        self.entering("sshd", enter, "SSH_CONNECTION")

    def test_login(self):
        self.entering("login", self.login, "PAM_RHOST")

    def test_cockpit(self):
        self.entering("cockpit", self.cockpit, "PAM_RHOST")

    def test_sudo(self):
        self.switching("sudo", "sudo -k id -un", "anna-word", "root\n")

    def test_su(self):
        self.switching("su", "su ben -c 'id -un'", "ben-word", "ben\n")

    def test_cron(self):
        self.passing("cron", lambda: self.cron("anna", "id -un") == "anna\nend\n")

    def test_systemd_user(self):
        self.passing("systemd-user", lambda: not any(self.systemd_user("anna").values()))

    @classmethod
    def tearDownClass(cls):
        missing = set(said()) ^ set(cls.seen)
        if missing:
            raise AssertionError(f"rows that nobody tried, or that do not stand there: {missing}")
        super().tearDownClass()
