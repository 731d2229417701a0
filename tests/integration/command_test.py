#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The command, verb by verb, as a reviewer runs it, over an SQLite history in a folder of its own. HOP_BUILD names the
build folder. Alone it runs as any unittest; under sanitizers too."""
import base64
import datetime
import hashlib
import json
import math
import os
import pwd
import re
import shutil
import socket
import sqlite3
import stat
import struct
import subprocess
import tempfile
import unittest

HOPWARDEN = os.path.join(os.environ["HOP_BUILD"], "review", "hopwarden")
LIVE_LOGIN = os.path.join(os.environ["HOP_BUILD"], "tests", "integration", "live_login")
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
MANUAL, CONTRIB = os.path.join(SOURCE, "docs", "hopwarden.8"), os.path.join(SOURCE, "contrib")
KEY = "SHA256:" + "A" * 43
OTHER_KEY = "SHA256:" + "B" * 43
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)

CONF = """
[hopwarden]
tenant   = {tenant}
witness  = {witness}
mode     = {mode}
accounts = anna bert msp-* root
history  = sqlite:{folder}/lib/history.db
fallback = {folder}/lib/fallback.db
[home]
networks = 192.0.2.0/24
[tenant "acme"]
networks = 10.1.0.0/16
[tenant "beta"]
networks = 10.2.0.0/16
[tenant "gamma"]
networks = 10.3.0.0/16
[person "anna"]
accounts = acme:anna beta:msp-anna gamma:anna
[team "nordics"]
members = anna bert
[account "root"]
class = shared
"""


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def event(time, **more):
    """A line of a login log; names with _ for the dots' sake are given as they are in `more`."""
    line = {"@timestamp": stamp(time), "event.outcome": "success", "user.name": "anna", "hopwarden.tenant": "acme",
            "host.name": "db1", "source.ip": "84.24.10.7", "source.as.number": 33915,
            "source.geo.country_iso_code": "NL", "source.geo.location": {"lat": 52.3676, "lon": 4.9041},
            "source.geo.accuracy_km": 10, "source.kind": "fixed", "hopwarden.key": KEY,
            "hopwarden.method": "publickey"}
    line.update(more)
    return {name: value for name, value in line.items() if value is not None}


def abroad(time, **more):
    return event(time, **{"source.ip": "203.0.113.5", "source.as.number": 64496, "source.kind": "hosting",
                          "source.geo.country_iso_code": "BR", "source.geo.location": {"lat": -23.5, "lon": -46.6},
                          "hopwarden.key": OTHER_KEY, **more})


def three_weeks(ago=1, **more):
    """Eight logins on each of 21 days up to yesterday, or to so many days ago."""
    first = NOW.replace(hour=8, minute=0, second=0) - datetime.timedelta(days=20 + ago)
    for day in range(21):
        for turn in range(8):
            time = first + datetime.timedelta(days=day, minutes=50 * turn + (day * 7 + turn * 13) % 40)
            yield event(time, **{"host.name": ("db1", "web1", "web2")[(day + turn) % 3], **more})


def ulid(moment):
    number, text = int(moment.timestamp() * 1000) << 80, ""
    for _ in range(26):
        number, digit = divmod(number, 32)
        text = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[digit] + text
    return text


def public_key(seed, kind=b"ssh-ed25519", comment="", options=""):
    secret = hashlib.sha256(seed.encode()).digest()
    parts = [kind, secret]
    if kind.startswith(b"sk-"):
        parts.append(b"ssh:")
    blob = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    name = "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    line = f"{kind.decode()} {base64.b64encode(blob).decode()}"
    return " ".join(part for part in (options, line, comment) if part), name


class Case(unittest.TestCase):
    tenant, witness, mode = "acme", "acme", "enforce"

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hopwarden-command-")
        self.addCleanup(shutil.rmtree, self.folder)
        os.chmod(self.folder, 0o755)
        os.mkdir(self.path("lib"), 0o750)
        self.conf = self.write("hopwarden.conf", CONF.format(folder=self.folder, tenant=self.tenant,
                                                             witness=self.witness, mode=self.mode))
        self.syslog = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.syslog.setblocking(False)
        self.syslog.bind(self.path("log"))
        self.addCleanup(self.syslog.close)

    def block_from(self, bits):
        """Where a test needs a login that is blocked for its score, at whatever hour it runs."""
        with open(self.conf, encoding="utf-8") as file:
            text = file.read()
        self.conf = self.write("hopwarden.conf", text.replace("[home]", f"block_at = {bits}\n[home]", 1))

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        path = self.path(name)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(path, 0o644)
        return path

    def write_log(self, name, events):
        return self.write(name, "".join(json.dumps(line) + "\n" for line in events))

    def run_raw(self, *words, **more):
        done = subprocess.run([HOPWARDEN, *map(str, words)], capture_output=True, timeout=60, **more)
        for stream in (done.stdout, done.stderr):
            self.assertNotIn(b"\x1b", stream, "a terminal would obey this")
        self.assertNotIn(b"Sanitizer", done.stderr)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def verb(self, verb, *words, **more):
        return self.run_raw(verb, "--conf", self.conf, "--syslog", self.path("log"), *words, **more)

    def fine(self, verb, *words, expect=0, **more):
        status, out, err = self.verb(verb, *words, **more)
        self.assertEqual(status, expect, f"{verb} {words}: {out}{err}")
        return out

    def json(self, verb, *words, expect=0):
        return json.loads(self.fine(verb, "--json", *words, expect=expect))

    def alerts(self):
        lines = []
        while True:
            try:
                text = self.syslog.recv(8192).decode()
            except BlockingIOError:
                return lines
            self.assertRegex(text, r"^<\d+>.* hopwarden\[\d+\]: \{")
            lines.append(json.loads(text[text.index("{"):]))

    def live(self, events, status=0):
        """Logins as hosts meet them; (id, action) of each."""
        done = subprocess.run([LIVE_LOGIN, self.conf, self.write_log("events", events)], capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.returncode, status, done.stderr)
        return [tuple(line.split()) for line in done.stdout.splitlines()]

    def learn_three_weeks(self, **more):
        self.fine("import", self.write_log("past", three_weeks(**more)))
        self.alerts()

    def values(self, account="anna", expect=0):
        history = self.json("history", account, expect=expect)
        return {f'{value["kind"]}:{value["value"]}': value for value in history["values"]}


class Words(Case):
    def test_without_a_verb_it_tells_its_usage(self):
        status, out, err = self.run_raw()
        self.assertEqual((status, out), (64, ""))
        self.assertIn("Usage: hopwarden VERB", err)

    def test_an_unknown_verb_is_a_mistake_in_usage(self):
        status, _, err = self.run_raw("frobnicate\x1b[31m")
        self.assertEqual(status, 64)
        self.assertIn("frobnicate\\x1b[31m: no such verb", err)

    def test_help_and_version(self):
        status, out, _ = self.run_raw("--help")
        self.assertEqual(status, 0)
        verbs = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
        self.assertIn("explain", verbs)
        for verb in verbs:
            status, out, _ = self.run_raw(verb, "--help")
            self.assertEqual(status, 0, verb)
            for option in ("--conf", "--json"):
                self.assertIn(option, out)
        status, out, _ = self.run_raw("--version")
        self.assertEqual(status, 0)
        self.assertRegex(out, r"^hopwarden \d+\.\d+")

    def test_the_manual_has_every_verb_and_option(self):
        with open(MANUAL, encoding="utf-8") as file:
            manual = file.read()
        _, out, _ = self.run_raw("--help")
        for verb in [line.split()[0] for line in out.splitlines() if line.startswith("  ")]:
            self.assertIn(f"\n.Cm {verb}\n", manual)
            options = set(re.findall(r"--([a-z-]+)", self.run_raw(verb, "--help")[1])) - {"usage", "version"}
            for option in options:
                self.assertRegex(manual, f"Fl -{option}\\b", verb)

    def test_an_unknown_option_is_a_mistake_in_usage(self):
        for verb in ("acl", "approvals", "approve", "codes", "config", "confirm", "deny", "doctor", "dump", "enforce", "explain", "flush", "forget", "freeze", "history",
                     "import", "keys", "load", "log",
                     "permit", "prune", "readiness", "replay", "resolve", "unfreeze", "unpermit"):
            self.assertEqual(self.verb(verb, "--no-such-option")[0], 64, verb)

    def test_a_missing_word_is_a_mistake_in_usage(self):
        for verb in ("acl", "approve", "confirm", "deny", "explain", "forget", "freeze", "history", "import", "keys", "load", "permit", "replay", "unfreeze",
                     "unpermit"):
            self.assertEqual(self.verb(verb)[0], 64, verb)

    def test_without_a_usable_configuration_no_verb_does_anything(self):
        self.conf = self.write("broken.conf", "[hopwarden]\ntenant = acme\nno_such = 1\n")
        for words in (["acl", "acme"], ["config"], ["resolve"], ["confirm", "01JD8Z0M2N3P4Q5R6S7T8V9WXY"], ["approvals"], ["approve", "01JD8Z0M2N3P4Q5R6S7T8V9WXY"],
                      ["deny", "01JD8Z0M2N3P4Q5R6S7T8V9WXY"], ["dump"], ["flush"],
                      ["forget", "anna", "--yes"], ["load", "-"], ["freeze", "key", KEY],
                      ["history", "anna"], ["import", "-"], ["log"], ["permit", "--list"], ["enforce"], ["readiness"], ["prune"], ["replay", "-e", "-", "-v", "-"]):
            status, out, err = self.verb(*words, stdin=subprocess.DEVNULL)
            self.assertEqual((status, out), (78, ""), words)
            self.assertIn("broken.conf:3:", err)

    def test_output_that_cannot_be_written_is_told(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([HOPWARDEN, "config", "--options"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 3)


class Config(Case):
    def test_check(self):
        self.assertIn("fine (tenant acme, mode enforce)", self.fine("config"))
        self.assertEqual(self.json("config", "--check")["tenant"], "acme")

    def test_the_dump_is_a_configuration_with_the_same_dump(self):
        dump = self.fine("config", "--dump")
        self.conf = self.write("again.conf", dump)
        self.assertEqual(self.fine("config", "--dump"), dump)

    def answers(self):
        return {cell["option"]: cell["answer"] for cell in self.json("config", "--dump")["failure_table"]}

    def test_the_dump_shows_what_the_failure_table_answers(self):
        answers = self.answers()
        self.assertEqual(len(answers), 20)
        self.assertEqual(answers["on_fallback_asked"], "step_up/step_up/block")
        self.assertEqual(answers["on_fallback_unasked"], "allow/block/block")
        self.assertEqual(answers["on_history_automation"], "allow/block")
        self.assertEqual(answers["on_source_unasked"], "block")
        self.assertEqual({answers[name] for name in answers if name.endswith("break_glass")}, {"allow"})
        shown = self.fine("config", "--dump")
        for option, answer in answers.items():
            lost = option.split("_")[1]
            self.assertRegex(shown, rf"(?m)^# {lost} .*{answer}( |$)", option)

    def test_the_failure_table_follows_mode_and_cells(self):
        text = CONF.format(folder=self.folder, tenant="acme", witness="acme", mode="enforce")
        self.conf = self.write("cells.conf", text.replace("[home]", "on_history_unasked = allow\n[home]"))
        self.assertEqual(self.answers()["on_history_unasked"], "allow")
        self.conf = self.write("milder.conf", text.replace("mode     = enforce", "mode = step_up"))
        self.assertEqual(self.answers()["on_source_unasked"], "refuse")
        self.conf = self.write("mildest.conf", text.replace("mode     = enforce", "mode = observe"))
        self.assertEqual(set(self.answers().values()), {"allow"})

    def test_a_missing_file(self):
        self.conf = self.path("nowhere.conf")
        self.assertEqual(self.verb("config")[0], 78)

    def test_a_file_that_others_may_write(self):
        os.chmod(self.conf, 0o666)
        status, _, err = self.verb("config")
        self.assertEqual(status, 78)
        self.assertIn("hopwarden.conf", err)

    def test_every_option_is_listed(self):
        names = {(option["section"], option["name"]) for option in self.json("config", "--options")}
        self.assertLessEqual({("hopwarden", "tenant"), ("hopwarden", "mode"), ("person", "accounts")}, names)
        self.assertIn("step_up_at", self.fine("config", "--options"))


class Import(Case):
    def test_three_weeks(self):
        out = self.json("import", self.write_log("past", three_weeks()))
        self.assertEqual((out["lines"], out["learned"], out["identities"], out["refused_lines"]), (168, 168, 1, 0))
        values = self.values()
        self.assertEqual(values["c:NL"]["days"], 21)
        self.assertFalse(values["c:NL"]["confirmed"])
        self.assertLessEqual({"a:33915", "n:84.24.10.0/24", "i:84.24.10.7", "k:" + KEY, "t:acme", "h:acme/db1",
                              "h:acme/web1", "x:0"}, set(values))

    def test_twice_is_once(self):
        past = self.write_log("past", three_weeks())
        self.fine("import", past)
        once = self.fine("history", "anna", "--json")
        self.fine("import", past)
        self.assertEqual(self.fine("history", "anna", "--json"), once)

    def test_order_does_not_matter(self):
        events = list(three_weeks())
        self.fine("import", self.write_log("past", events))
        once = self.fine("history", "anna", "--json")
        shutil.rmtree(self.path("lib"))
        os.mkdir(self.path("lib"), 0o750)
        self.fine("import", self.write_log("past", events[::-1]))
        self.assertEqual(self.fine("history", "anna", "--json"), once)

    def test_it_is_told_to_syslog_with_its_author(self):
        self.fine("import", self.write_log("past", list(three_weeks())[:3]))
        [alert] = self.alerts()
        self.assertEqual((alert["event.kind"], alert["event.action"]), ("alert", "imported"))
        self.assertEqual(alert["hopwarden.author"], pwd.getpwuid(os.getuid()).pw_name)
        self.assertIn("3 logins of 1 identities learned", alert["hopwarden.note"])

    def test_a_bad_line_costs_itself_only(self):
        good = [json.dumps(line) for line in list(three_weeks())[:4]]
        lines = [good[0], "garbage", good[1], '{"@timestamp":"2025-01-01T00:00:00Z"}', "\x1b[2J{", "", good[2],
                 json.dumps(event(NOW, **{"source.ip": "elsewhere"})), "{" * 3000, "x" * 9000,
                 json.dumps(event(NOW + datetime.timedelta(days=3))), good[3]]
        path = self.write("past", "\n".join(lines))
        status, out, err = self.verb("import", "--format", "ndjson", "--json", path)
        out = json.loads(out)
        self.assertEqual((status, out["learned"], out["refused_lines"]), (1, 4, 7))
        for number, what in ((2, ""), (4, "user.name: missing"), (5, ""), (8, "source.ip: not an address"), (9, ""),
                             (10, "longer than"), (11, "still to come")):
            self.assertRegex(err, f"{path}:{number}: .*{what}")

    def test_only_finished_logins_in_scope_teach(self):
        events = [event(NOW, **more) for more in (
            {}, {"user.name": "carol"}, {"event.outcome": "failure", "host.name": "failed"},
            {"hopwarden.session": "refused", "host.name": "refused"}, {"service.name": "cron"})]
        out = self.json("import", self.write_log("past", events))
        self.assertEqual((out["learned"], out["not_in_scope"], out["other_lines"]), (1, 2, 2))
        self.assertEqual({name for name in self.values() if name.startswith("h:")}, {"h:acme/db1"})
        self.values("carol", expect=1)

    def test_one_person_has_one_history(self):
        self.fine("import", self.write_log("past", [event(NOW), event(NOW, **{"user.name": "msp-anna",
                                                                              "hopwarden.tenant": "beta"})]))
        self.assertIn("t:acme", self.values("anna"))
        self.assertEqual(self.json("history", "beta:msp-anna")["hopwarden.identity"], "anna")
        beta = self.json("history", "anna", "--witness", "beta")["values"]
        self.assertIn("beta", [value["value"] for value in beta])

    def test_a_missing_file(self):
        self.assertEqual(self.verb("import", self.path("nowhere"))[0], 64)

    def test_an_empty_file(self):
        self.assertEqual(self.json("import", self.write("past", ""))["lines"], 0)

    def test_from_standard_input(self):
        out = self.fine("import", "-", input=(json.dumps(event(NOW)) + "\r\n").encode())
        self.assertIn("1 logins of 1 identities learned", out)

    def test_an_absent_history_learns_nothing_and_says_so(self):
        self.conf = self.write("hopwarden.conf", "[hopwarden]\ntenant = acme\naccounts = anna\n"
                               f"history = unix:{self.path('none.sock')}\nfallback = {self.path('lib/fallback.db')}\n")
        status, _, err = self.verb("import", self.write_log("past", [event(NOW)]))
        self.assertEqual(status, 3)
        self.assertIn("none.sock", err)
        self.assertEqual(self.alerts(), [])


AUTH_LOG = """\
Nov 23 09:30:00 db1 sshd[71]: Accepted publickey for anna from 84.24.10.7 port 5022 ssh2: ED25519 {key}
Nov 23 09:31:00 db1 sshd[72]: Failed password for anna from 203.0.113.9 port 6000 ssh2
Nov 23 09:31:30 db1 sshd[72]: Connection closed by 203.0.113.9 port 6000 [preauth]
Nov 23 09:32:00 db1 sshd[73]: Partial publickey for anna from 84.24.10.8 port 5023 ssh2: ED25519 {other}
Nov 23 09:32:01 db1 sshd[74]: Partial publickey for bert from 84.24.10.9 port 5024 ssh2: ED25519 {third}
Nov 23 09:32:05 db1 sshd[73]: Accepted keyboard-interactive/pam for anna from 84.24.10.8 port 5023 ssh2
Dec  1 09:33:00 db1 CRON[80]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)
Dec  1 09:34:00 db1 kernel: [  1.0] eth0: up
Dec 31 23:59:59 db1 sshd-session[81]: Accepted password for anna from 2001:db8::7 port 5025 ssh2
Jan  1 00:10:00 db1 sshd[82]: Accepted publickey for anna from 84.24.10.7 port 5026 ssh2: ED25519-CERT {key} \
ID anna from hq (serial 7) CA ED25519 {other}
2025-02-03T10:00:00.123456+01:00 web1 sshd[83]: Accepted publickey for anna from ::ffff:84.24.10.7 port 5027 ssh2: RSA {key}
"""
THIRD_KEY = "SHA256:" + "C" * 43


class AuthLog(Case):
    def import_text(self, text, *words, expect=0):
        path = self.write("auth.log", text)
        environment = {**os.environ, "TZ": "UTC"}
        status, out, err = self.verb("import", "--json", *words, path, env=environment)
        self.assertEqual(status, expect, err)
        return json.loads(out), err

    def test_lines_of_sshd(self):
        out, _ = self.import_text(AUTH_LOG.format(key=KEY, other=OTHER_KEY, third=THIRD_KEY), "--year", "2024")
        self.assertEqual((out["lines"], out["learned"], out["other_lines"], out["refused_lines"]), (11, 5, 6, 0))
        history = self.json("history", "anna")
        values = {f'{value["kind"]}:{value["value"]}' for value in history["values"]}
        self.assertEqual(history["days"], 4)
        self.assertEqual(history["last"], "2025-02-03T09:00:00Z")
        self.assertLessEqual({"k:" + KEY, "k:" + OTHER_KEY, f"k:{OTHER_KEY}/anna from hq", "i:84.24.10.8",
                              "h:acme/db1", "h:acme/web1"}, values)
        self.assertNotIn("k:" + THIRD_KEY, values)
        self.assertNotIn("i:203.0.113.9", values)
        self.values("bert", expect=1)

    def test_tenant_and_host_can_be_given(self):
        self.import_text(AUTH_LOG.format(key=KEY, other=OTHER_KEY, third=THIRD_KEY), "--year", "2024", "--tenant",
                         "gamma", "--host", "vault")
        values = self.json("history", "anna", "--witness", "gamma")["values"]
        self.assertIn("gamma/vault", [value["value"] for value in values])

    def test_a_line_without_a_year_is_never_to_come(self):
        soon = NOW + datetime.timedelta(days=40)
        out, _ = self.import_text(f"{soon.strftime('%b %e %H:%M:%S')} db1 sshd[1]: Accepted password for anna from "
                                  "84.24.10.7 port 1 ssh2\n")
        self.assertEqual((out["learned"], out["refused_lines"]), (1, 0))

    def test_a_key_is_joined_with_its_own_connection_only(self):
        head = "2025-02-03T10:00:00Z db1 sshd"
        self.import_text(
            f"{head}[1]: Partial publickey for anna from 84.24.10.7 port 1 ssh2: ED25519 {KEY}\n"
            f"{head}[2]: Accepted keyboard-interactive/pam for anna from 84.24.10.7 port 1 ssh2\n"
            f"{head}[1]: Accepted keyboard-interactive/pam for anna from 84.24.10.7 port 2 ssh2\n"
            f"{head}[1]: Accepted keyboard-interactive/pam for anna from 84.24.10.8 port 1 ssh2\n")
        self.assertFalse([name for name in self.values() if name.startswith("k:")])

    def test_bad_lines_are_named(self):
        head = "2025-02-03T10:00:00Z db1 sshd[1]: "
        bad = ["garbage", "\xff\xfe\x00", "Nov 99 09:30:00 db1 sshd[1]: x", "Foo 23 09:30:00 db1 sshd[1]: x",
               "Nov 23 25:30:00 db1 sshd[1]: x", head + "Accepted publickey for anna from here port 1 ssh2",
               head + "Accepted publickey for anna from 84.24.10.7 port 70000 ssh2",
               head + "Accepted publickey for anna from 84.24.10.7 port 1 ssh2: ED25519 MD5:00",
               head + "Accepted publickey for anna", head + "Accepted ",
               head + f"Accepted password for {'a' * 300} from 84.24.10.7 port 1 ssh2"]
        good = head + "Accepted password for anna from 84.24.10.7 port 1 ssh2"
        text = "\n".join([good, *bad, good]) + "\n"
        out, err = self.import_text(text.encode("latin-1"), "--format", "authlog", expect=1)
        self.assertEqual((out["learned"], out["refused_lines"]), (2, len(bad)))
        for number in range(2, 2 + len(bad)):
            self.assertIn(f"auth.log:{number}: ", err)

    def test_usage(self):
        for words in (["--year", "soon"], ["--format", "xml"], ["--tenant", "A B"]):
            self.assertEqual(self.verb("import", *words, "-", stdin=subprocess.DEVNULL)[0], 64, words)


class History(Case):
    def test_nobody(self):
        status, out, err = self.verb("history", "nobody")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("nobody: no history", err)

    def test_the_table(self):
        self.learn_three_weeks()
        out = self.fine("history", "anna")
        self.assertIn("identity anna: 21 days recorded", out)
        self.assertRegex(out, r"country +NL +21 ")
        self.fine("history", "anna", "--witness", "home", expect=1)


class Explain(Case):
    USUAL = ("--account", "anna", "--source", "84.24.10.7", "--key", KEY, "--host", "db1", "--at",
             stamp(NOW.replace(hour=9, minute=0, second=0)))

    def setUp(self):
        super().setUp()
        self.block_from(-6.0)
        # without a database the origin of a supposed login is unknown: so was the past's
        self.learn_three_weeks(**{"source.geo.country_iso_code": None, "source.geo.location": None,
                                  "source.as.number": None, "source.kind": None, "source.geo.accuracy_km": None})

    def test_the_usual_login_is_allowed(self):
        out = self.json("explain", *self.USUAL)
        self.assertEqual((out["hopwarden.action"], out["hopwarden.floors"]), ("allow", []))

    def test_the_terms_of_a_story_add_up(self):
        out = self.json("explain", *self.USUAL)
        odds = 0
        for story in out["hopwarden.terms"].values():
            terms = sum(bits for block, bits in story.items() if block != "log_odds")
            self.assertAlmostEqual(terms, story["log_odds"], delta=.01)
            odds += 2 ** story["log_odds"]
        prior = -13 if self.witness == "home" else -16.8
        self.assertAlmostEqual(prior + math.log2(odds), out["hopwarden.risk_bits"], delta=.06)

    def test_a_new_key_asks(self):
        words = list(self.USUAL)
        words[5] = OTHER_KEY
        out = self.json("explain", *words, expect=1)
        self.assertIn("key-new", out["hopwarden.floors"])

    def test_a_hop_with_a_new_key_in_the_night_is_blocked(self):
        out = self.json("explain", "--account", "anna", "--source", "10.2.0.9", "--key", OTHER_KEY, "--host", "vault",
                        "--at", stamp(NOW.replace(hour=2)), expect=2)
        self.assertEqual((out["hopwarden.action"], out["hopwarden.story"]), ("block", "hop"))
        self.assertIn("hop", [reason["code"] for reason in out["hopwarden.reasons"]])

    def test_the_table_names_story_terms_and_answer(self):
        out = self.fine("explain", "--account", "anna", "--source", "10.2.0.9", "--key", OTHER_KEY, "--host", "vault",
                        "--at", stamp(NOW.replace(hour=2)), expect=2)
        for words in ("H hop", "log-odds", "verdict   block", "answer    block (mode enforce)", "tenant beta"):
            self.assertIn(words, out)

    def test_nothing_is_written(self):
        before = self.fine("history", "anna", "--json"), self.fine("log", "--json")
        self.fine("explain", *self.USUAL)
        self.assertEqual((self.fine("history", "anna", "--json"), self.fine("log", "--json")), before)
        self.assertEqual(self.alerts(), [])

    def test_an_unknown_id(self):
        for word in ("01JD8Z0M2N3P4Q5R6S7T8V9WXY", "what", "01JD8Z0M2N3P4Q5R6S7T8V9WXYZ", "\x1b[31m"):
            status, out, err = self.verb("explain", word)
            self.assertEqual((status, out), (3, ""))
            self.assertIn("hopwarden: ", err)

    def test_usage(self):
        for words in (["--account", "anna"], ["--source", "84.24.10.7"], ["--account", "anna", "--source", "there"],
                      ["--account", "anna", "--source", "::1", "--at", "noon"], ["a", "b"],
                      ["01JD8Z0M2N3P4Q5R6S7T8V9WXY", "--account", "anna"],
                      ["--account", "anna", "--source", "::1", "--tenant", "A"],
                      ["--account", "a" * 300, "--source", "::1"]):
            self.assertEqual(self.verb("explain", *words)[0], 64, words)

    def test_a_lost_history_cannot_tell(self):
        self.conf = self.write("hopwarden.conf", "[hopwarden]\ntenant = acme\naccounts = anna\n"
                               f"history = unix:{self.path('none.sock')}\nfallback = {self.path('none.db')}\n")
        out = self.json("explain", *self.USUAL, expect=3)
        self.assertIn("history", out["hopwarden.degraded"])
        self.assertIn("none.sock", out["hopwarden.note"])


class Log(Case):
    def test_logins_in_order_with_their_outcome(self):
        hour = datetime.timedelta(hours=1)
        first = NOW - 5 * hour
        ids = self.live([event(first), abroad(first + hour, **{"hopwarden.step_up": "fail"}), abroad(first + 2 * hour),
                         event(first + 3 * hour, **{"user.name": "bert"})])
        lines = [json.loads(line) for line in self.fine("log", "--json").splitlines()]
        self.assertEqual([(line["event.id"], line["hopwarden.action"]) for line in lines], ids)
        self.assertEqual([line["hopwarden.session"] for line in lines],
                         ["opened" if action != "block" and number != 1 else "refused"
                          for number, (_, action) in enumerate(ids)])
        self.assertEqual(lines[0]["hopwarden.step_up"], "pass")
        self.assertEqual(len(self.fine("log", "--account", "bert", "--json").splitlines()), 1)
        self.assertEqual(len(self.fine("log", "--since", stamp(first + 2 * hour), "--json").splitlines()), 2)
        self.assertEqual(self.fine("log", "--since", "1m", "--json"), "")
        self.assertEqual(self.fine("log", "--witness", "home", "--json"), "")
        table = self.fine("log")
        self.assertIn("opened, stepped up", table)
        self.assertLess(table.index(ids[0][0]), table.index(ids[3][0]))

    def test_each_can_be_explained(self):
        self.learn_three_weeks()
        logins = self.live([event(NOW), abroad(NOW), event(NOW, **{"source.ip": "10.2.3.4", "hopwarden.tenant": "gamma",
                                                                  "source.kind": None, "source.geo.location": None})])
        statuses = {"allow": 0, "step_up": 1, "block": 2}
        lines = {}
        for witness in ("acme", "gamma"):
            for line in self.fine("log", "--json", "--witness", witness).splitlines():
                lines[json.loads(line)["event.id"]] = json.loads(line)
        for login, action in logins:
            out = self.json("explain", login, expect=statuses[action])
            self.assertEqual(out["hopwarden.risk_bits"], lines[login]["hopwarden.risk_bits"])
            self.assertEqual([reason["code"] for reason in out["hopwarden.reasons"]],
                             lines[login]["hopwarden.reason_codes"])
            for story, terms in lines[login]["hopwarden.terms"].items():
                for block, bits in terms.items():
                    self.assertAlmostEqual(out["hopwarden.terms"][story][block], bits, delta=.001)

    def test_usage(self):
        self.assertEqual(self.verb("log", "--since", "lately")[0], 64)


class Confirm(Case):
    def test_a_refused_newcomer_is_let_in(self):
        [(login, action)] = self.live([event(NOW, **{"hopwarden.step_up": "fail"})])
        self.assertNotEqual(action, "allow")
        self.values(expect=1)
        out = self.json("confirm", login, "--why", "she called\x1b")
        self.assertIn("k:" + KEY, out["confirmed"])
        values = self.values()
        self.assertTrue(values["k:" + KEY]["confirmed"] and values["c:NL"]["confirmed"])
        [alert] = self.alerts()
        self.assertEqual((alert["event.action"], alert["event.id"]), ("confirmed", login))
        self.assertEqual(alert["hopwarden.author"], pwd.getpwuid(os.getuid()).pw_name)
        self.assertEqual(alert["source.ip"], "84.24.10.7")
        self.assertIn("she called", alert["hopwarden.note"])
        self.assertIn("confirmed", self.fine("log"))
        [(_, action)] = self.live([event(NOW)])
        self.assertEqual(action, "allow")

    def test_an_unknown_login_is_refused(self):
        status, out, err = self.verb("confirm", "01JD8Z0M2N3P4Q5R6S7T8V9WXY")
        self.assertEqual((status, out), (3, ""))
        self.assertIn("no such login", err)
        self.assertEqual(self.alerts(), [])

    def test_sudo_is_a_hint(self):
        [(login, _)] = self.live([event(NOW)])
        self.fine("confirm", login, env={**os.environ, "SUDO_USER": "mallory"})
        [alert] = self.alerts()
        self.assertEqual(alert["hopwarden.author"], pwd.getpwuid(os.getuid()).pw_name)
        self.assertIn("mallory", alert["hopwarden.note"])


class Freeze(Case):
    def setUp(self):
        super().setUp()
        self.learn_three_weeks(**{"source.geo.country_iso_code": None, "source.geo.location": None,
                                  "source.as.number": None, "source.kind": None, "source.geo.accuracy_km": None})

    def test_and_unfreeze(self):
        for what, value in (("account", "anna"), ("key", KEY), ("source", "84.24.10.7"), ("source", "::ffff:84.24.10.7")):
            self.fine("explain", *Explain.USUAL)
            self.fine("freeze", what, value)
            self.assertIn("frozen", self.json("explain", *Explain.USUAL, expect=1)["hopwarden.floors"])
            self.fine("freeze", what, value, "--block", "--why", "stolen")
            self.fine("explain", *Explain.USUAL, expect=2)
            self.fine("unfreeze", what, value)
            self.fine("explain", *Explain.USUAL)
            frozen, blocked, thawed = self.alerts()
            self.assertEqual([alert["event.action"] for alert in (frozen, blocked, thawed)],
                             ["frozen", "frozen", "unfrozen"])
            self.assertIn("stolen", blocked["hopwarden.note"])
            self.fine("unfreeze", what, value, expect=1)

    def test_an_account_is_its_person(self):
        self.assertEqual(self.json("freeze", "account", "beta:msp-anna")["what"], "account:anna")
        self.fine("explain", *Explain.USUAL, expect=1)

    def test_what_cannot_be_frozen(self):
        for words in (["door", "x"], ["source", "example.org"], ["key", "abc"], ["account", "root"],
                      ["account", "a" * 300], ["account"], ["account", "a", "b"], ["account", ""]):
            self.assertEqual(self.verb("freeze", *words)[0], 64, words)
        self.assertEqual(self.alerts(), [])


class Permit(Case):
    WHY = ("--for", "2h", "--why", "phone lost")

    def test_and_unpermit(self):
        self.fine("freeze", "key", KEY, "--block")
        given = self.json("permit", "beta:msp-anna", *self.WHY)
        self.assertEqual((given["account"], given["why"]), ("anna", "phone lost"))
        self.assertEqual((datetime.datetime.fromisoformat(given["until"]) - datetime.datetime.fromisoformat(given["since"])).seconds, 7200)
        told = self.json("explain", "--account", "anna", "--source", "84.24.10.7", "--key", KEY, expect=2)
        self.assertIn("permit-void", [reason["code"] for reason in told["hopwarden.reasons"]])
        self.fine("unfreeze", "key", KEY)
        self.fine("permit", "anna", *self.WHY)
        [row] = self.json("permit", "--list")
        self.assertEqual((row["account"], row["holds"]), ("anna", True))
        self.assertNotEqual(row["permit"], given["permit"])
        self.assertIn("withdrawn", self.fine("unpermit", "anna", "--why", "found"))
        self.fine("unpermit", "anna", expect=1)
        self.assertEqual(self.json("permit", "--list"), [])
        told = {alert["event.action"]: alert for alert in self.alerts()}
        for act in ("permitted", "permit-withdrawn"):
            self.assertIn(row["permit"], told[act]["hopwarden.note"])
            self.assertEqual(told[act]["hopwarden.author"], pwd.getpwuid(os.getuid()).pw_name)
        self.assertIn("found", told["permit-withdrawn"]["hopwarden.note"])

    def test_lets_in_what_would_be_refused(self):
        self.fine("explain", "--account", "bert", "--source", "84.24.10.7", expect=1)
        given = self.json("permit", "bert", *self.WHY)
        told = self.json("explain", "--account", "bert", "--source", "84.24.10.7", expect=1)
        self.assertEqual((told["hopwarden.action"], told["hopwarden.answer"]), ("step_up", "allow"))
        self.assertEqual(told["hopwarden.permit"], given["permit"])
        self.assertIn("permitted by root, phone lost", [reason["text"] for reason in told["hopwarden.reasons"]])
        later = stamp(NOW + datetime.timedelta(hours=3))
        told = self.json("explain", "--account", "bert", "--source", "84.24.10.7", "--at", later, expect=1)
        self.assertIn("permit-over", [reason["code"] for reason in told["hopwarden.reasons"]])

    def test_a_freeze_is_stronger(self):
        self.fine("permit", "anna", *self.WHY)
        done = subprocess.run([HOPWARDEN, "freeze", "--conf", self.conf, "--syslog", self.path("log"), "account", "anna"],
                              capture_output=True, text=True)
        self.assertIn("void", done.stderr)
        status, _, err = self.verb("permit", "anna", *self.WHY)
        self.assertEqual(status, 1)
        self.assertIn("freeze is stronger", err)

    def test_what_cannot_be_permitted(self):
        for words in (["anna"], ["anna", "--for", "2h"], ["anna", "--why", "x"], ["anna", "--for", "25h", "--why", "x"],
                      ["anna", "--for", "0m", "--why", "x"], ["anna", "--for", "soon", "--why", "x"],
                      ["anna", "--for", "2h", "--why", ""], ["anna", "--for", "2h", "--why", "x" * 200],
                      ["a", "b", *self.WHY], ["--list", "anna"], ["a" * 300, *self.WHY], ["root", *self.WHY],
                      ["anna", "--key", KEY, *self.WHY]):
            self.assertEqual(self.verb("permit", *words)[0], 64, words)
        self.assertEqual(self.alerts(), [])

    def test_one_key_of_a_shared_account(self):
        given = self.json("permit", "root", "--key", KEY, "--for", "1h", "--why", "outage")
        self.assertEqual(given["account"], f"root+{KEY}")
        self.fine("unpermit", "root", "--key", KEY)


class Keys(Case):
    def keys(self, *words, **more):
        return self.run_raw("keys", "--keys-dir", self.path("keys.d"), "--group", "root", *words, **more)

    def test_import_list_and_export(self):
        first, name = public_key("one", comment="anna@laptop")
        second, fido = public_key("two", kind=b"sk-ssh-ed25519@openssh.com", options='from="10.0.0.0/8",restrict')
        text = f"# anna's\n{first}\n\n{second}\n"
        status, out, err = self.keys("import", "anna", self.write("authorized_keys", text))
        self.assertEqual(status, 0, err)
        self.assertIn("2 keys", out)
        mode = os.stat(self.path("keys.d/anna"))
        self.assertEqual((stat.S_IMODE(mode.st_mode), mode.st_uid), (0o640, 0))
        self.assertEqual(stat.S_IMODE(os.stat(self.path("keys.d")).st_mode), 0o750)
        self.assertEqual(self.keys("export", "anna"), (0, text, ""))
        status, out, _ = self.keys("list", "anna", "--json")
        self.assertEqual([key["hopwarden.key"] for key in json.loads(out)], [name, fido])
        self.assertEqual(json.loads(out)[1]["options"], 'from="10.0.0.0/8",restrict')
        self.assertIn("anna@laptop", self.keys("list", "anna")[1])

    def test_a_bad_line_writes_nothing(self):
        good, _ = public_key("one")
        self.assertEqual(self.keys("import", "anna", "-", input=f"{good}\n".encode())[0], 0)
        for bad in ("ssh-ed25519 AAAA", "nonsense", good, good + "\n" + good.replace("ssh-ed25519 ", "ssh-rsa "),
                    "ssh-ed25519 \x1b[31m"):
            other, _ = public_key("other")
            path = self.write("bad", f"{other}\n{good}\n{bad}\n")
            status, _, err = self.keys("import", "anna", path)
            self.assertEqual(status, 1, bad)
            self.assertRegex(err, r"bad:[345]: ")
            self.assertIn("nothing was written", err)
            self.assertEqual(self.keys("export", "anna")[1], f"{good}\n")

    def test_names_that_lead_elsewhere(self):
        for account in ("../anna", "a/b", ".anna", ""):
            self.assertEqual(self.keys("import", account, "-", input=b"")[0], 64, account)

    def test_an_account_without_keys(self):
        self.assertEqual(self.keys("list", "anna")[0], 3)

    def test_a_group_that_is_not_there(self):
        status, _, err = self.run_raw("keys", "--keys-dir", self.path("keys.d"), "--group", "no-such-group", "import",
                                      "anna", "-", input=public_key("one")[0].encode())
        self.assertEqual(status, 78)
        self.assertIn("systemd-sysusers", err)

    def test_usage(self):
        for words in (["import"], ["burn", "anna"], ["list", "anna", "more"]):
            self.assertEqual(self.keys(*words)[0], 64, words)


class Flush(Case):
    def test_nothing_waits(self):
        self.assertEqual(self.json("flush"), {"flushed": 0, "left": 0})

    def test_what_waited_is_written(self):
        good = self.conf
        with open(good, encoding="utf-8") as file:
            text = file.read()
        self.conf = self.write("away.conf", text.replace(f"sqlite:{self.folder}/lib/history.db",
                                                         f"unix:{self.path('none.sock')}"))
        self.live([event(NOW)], status=1)  # live_login asks for the store itself
        self.conf = good
        self.fine("history", "anna", expect=1)
        self.assertGreaterEqual(self.json("flush")["flushed"], 1)
        self.assertIn("hopwarden.action", self.fine("log", "--json"))


class Resolve(Case):
    def with_history(self, url):
        with open(self.conf, encoding="utf-8") as file:
            text = file.read()
        self.conf = self.write("named.conf", text.replace(f"sqlite:{self.folder}/lib/history.db", url))

    def test_nothing_to_resolve(self):
        self.assertEqual(self.json("resolve"), [])
        self.assertIn("no host names", self.fine("resolve"))
        self.assertFalse(os.path.exists(self.path("lib/names")))

    def test_what_the_host_knows(self):
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)
        self.with_history(f"redis://localhost:{listening.getsockname()[1]}")
        found, = self.json("resolve")
        self.assertEqual((found["name"], found["addresses"][0]), ("localhost", "127.0.0.1"))
        with open(self.path("lib/names"), encoding="utf-8") as file:
            self.assertRegex(file.read(), r"\Ahopwarden names 1\nlocalhost \d+ 127\.0\.0\.1( ::1)?\n\Z")
        self.assertIn("localhost 127.0.0.1", self.fine("resolve"))

    def test_a_name_that_nobody_knows_keeps_what_was_known(self):
        self.with_history("redis://no-such-host.invalid")
        status, out, err = self.verb("resolve", "--json")
        self.assertEqual((status, json.loads(out)[0]["addresses"]), (1, []))
        self.assertIn("no-such-host.invalid: ", err)
        self.write("lib/names", "hopwarden names 1\nno-such-host.invalid 1700000000 192.0.2.1\n")
        status, out, err = self.verb("resolve", "--json")
        self.assertEqual((status, json.loads(out)[0]["addresses"]), (1, ["192.0.2.1"]))
        self.assertIn("what was known stays", err)

    def test_a_spoilt_file_is_written_anew(self):
        self.with_history("redis://localhost")
        self.write("lib/names", "nonsense")
        self.fine("resolve")
        with open(self.path("lib/names"), encoding="utf-8") as file:
            self.assertIn("\nlocalhost ", file.read())


class Replayed(Case):
    def replay(self, events, *words, expect=0):
        path = events if isinstance(events, str) else self.write_log("events", events)
        summary = self.json("replay", "--events", path, "--verdicts", self.path("verdicts"), *words, expect=expect)
        with open(self.path("verdicts"), encoding="utf-8") as file:
            return summary, [json.loads(line) for line in file]


class Replay(Replayed):
    def test_verdicts_in_order_with_the_names_promised(self):
        events = [{**line, "event.id": f"e-{number}"} for number, line in enumerate(three_weeks())]
        events.append({**abroad(NOW), "event.id": "the last one"})
        summary, verdicts = self.replay(events)
        self.assertEqual((summary["lines"], summary["scored"]), (169, 169))
        self.assertEqual([verdict["event.id"] for verdict in verdicts], [line["event.id"] for line in events])
        for verdict in verdicts:
            self.assertEqual(set(verdict), {"event.id", "hopwarden.action", "hopwarden.risk_bits", "hopwarden.reasons",
                                            "hopwarden.reason_codes"})
        self.assertEqual(verdicts[-2]["hopwarden.action"], "allow")
        self.assertNotEqual(verdicts[-1]["hopwarden.action"], "allow")
        self.assertIn("country-new", verdicts[-1]["hopwarden.reason_codes"])
        self.assertEqual(summary["allow"] + summary["step_up"] + summary["block"], 169)

    def test_it_touches_no_history(self):
        self.replay(three_weeks())
        self.assertEqual(os.listdir(self.path("lib")), [])
        self.assertEqual(self.alerts(), [])

    def test_failures_are_not_scored_and_a_failed_step_up_is_not_learned(self):
        first = NOW - datetime.timedelta(hours=5)
        minutes = [first + datetime.timedelta(minutes=number) for number in range(4)]
        _, verdicts = self.replay([event(minutes[0], **{"event.outcome": "failure", "event.id": "f"}),
                                   event(minutes[1], **{"hopwarden.step_up": "fail", "event.id": "a"}),
                                   event(minutes[2], **{"event.id": "b"}), event(minutes[3], **{"event.id": "c"})])
        self.assertEqual([(verdict["event.id"], verdict["hopwarden.action"]) for verdict in verdicts],
                         [("a", "step_up"), ("b", "step_up"), ("c", "allow")])

    def test_every_account_is_in_scope_and_the_mode_does_not_count(self):
        self.conf = self.write("observe.conf", "[hopwarden]\ntenant = acme\nmode = observe\naccounts =\n"
                               f"history = sqlite:{self.path('lib/history.db')}\n")
        summary, verdicts = self.replay([event(NOW, **{"user.name": "zoe", "event.id": "1"})])
        self.assertEqual((summary["scored"], verdicts[0]["hopwarden.action"]), (1, "step_up"))

    def test_the_same_log_has_the_same_verdicts(self):
        events = [*three_weeks(), abroad(NOW)]
        for number, line in enumerate(events):
            line["event.id"] = str(number)
        self.assertEqual(self.replay(events), self.replay(events))

    def test_witness_can_be_chosen(self):
        """At home everything is known everywhere; as tenants, a first touch of each asks."""
        first = NOW - datetime.timedelta(days=20)
        events = [event(first + datetime.timedelta(days=day, minutes=number),
                        **{"hopwarden.tenant": tenant, "event.id": f"{day}-{tenant}"})
                  for day in range(10) for number, tenant in enumerate(("acme", "beta"))]
        events.append(event(NOW, **{"hopwarden.tenant": "gamma", "event.id": "last"}))
        _, home = self.replay(events, "--witness", "home")
        _, tenant = self.replay(events, "--witness", "tenant")
        self.assertNotIn("tenant-first", home[-1]["hopwarden.reason_codes"])
        self.assertIn("tenant-first", tenant[-1]["hopwarden.reason_codes"])

    def numbered(self, *more):
        return [{**line, "event.id": str(number)} for number, line in enumerate([*three_weeks(), *more])]

    def test_a_window_is_told_and_what_was_before_is_learned(self):
        events = self.numbered(abroad(NOW))
        _, whole = self.replay(events)
        first, last = events[80]["@timestamp"], events[100]["@timestamp"]
        summary, verdicts = self.replay(events, "--from", first, "--to", last)
        self.assertEqual(verdicts, whole[80:100])
        told = [summary[name] for name in ("lines", "scored", "learned_before", "left_out_after")]
        self.assertEqual(told, [169, 20, 80, 69])
        out = self.fine("replay", "-e", self.path("events"), "-v", self.path("verdicts"), "--from", first, "--to", last)
        self.assertRegex(out, r"before --from: judged and learned, not told +80\n")
        self.assertRegex(out, r"after --to: left out +69\n")

    def test_a_window_must_be_one(self):
        path = self.write_log("events", [event(NOW)])
        for words in (("--from", "noon"), ("--to", "-1d"), ("--from", "2026-02-01", "--to", "2026-02-01")):
            status, _, err = self.verb("replay", "-e", path, "-v", self.path("verdicts"), *words)
            self.assertEqual((status, f"{words[0]}" in err), (64, True), err)

    def other_conf(self, *lines):
        with open(self.conf, encoding="utf-8") as file:
            text = file.read()
        return self.write("other.conf", text.replace("[hopwarden]", "\n".join(("[hopwarden]", *lines))))

    def compared(self, events, *lines, expect=1):
        path = self.write_log("events", events)
        return self.json("replay", "-e", path, "--compare", self.other_conf(*lines), expect=expect)["compare"]

    def test_a_configuration_compared_with_itself(self):
        found = self.compared(self.numbered(), expect=0)
        self.assertEqual((found["changed"], found["moved"], found["settings"], found["verdicts"]), (0, 0, [], []))
        out = self.fine("replay", "-e", self.path("events"), "--compare", self.conf)
        self.assertIn("the configurations do not differ\n", out)

    def test_another_bound_changes_verdicts_with_the_same_risk(self):
        events = self.numbered(abroad(NOW))
        _, verdicts = self.replay(events)
        found = self.compared(events, "step_up_at = -20", "block_at = -19")
        self.assertEqual([setting["name"] for setting in found["settings"]], ["step_up_at", "block_at"])
        self.assertEqual(found["settings"][0]["from"], "-6.3")
        self.assertEqual(found["settings"][0]["to"], "-20.0")
        self.assertEqual(len(found["verdicts"]), found["changed"])
        self.assertEqual(sum(found["turns"].values()), found["changed"])
        self.assertGreater(found["turns"]["allow to step_up"] + found["turns"]["allow to block"], 0)
        bounded = [verdict for verdict in found["verdicts"] if verdict["because"] == "bounds"]
        self.assertTrue(bounded)
        for verdict in bounded:
            self.assertEqual(verdict["from"]["risk_bits"], verdict["to"]["risk_bits"])
            self.assertEqual((verdict["codes_gone"], verdict["codes_come"]), ([], []))
            own = verdicts[int(verdict["event.id"])]
            self.assertEqual(own["hopwarden.action"], verdict["from"]["action"])
            self.assertEqual(own["hopwarden.risk_bits"], verdict["from"]["risk_bits"])

    def test_the_setting_that_changes_a_verdict_alone_is_named(self):
        """The first days of a newcomer are what strict keeps asking about; the retention changes no verdict."""
        found = self.compared(self.numbered(), "strict = yes", "retention_days = 600", "step_up_at = -60")
        alone = {setting["name"]: setting["changed_alone"] for setting in found["settings"]}
        self.assertEqual(set(alone), {"strict", "retention_days", "step_up_at"})
        self.assertEqual(alone["retention_days"], 0)
        self.assertGreater(alone["step_up_at"], 100)
        self.assertTrue(all("retention_days" not in verdict["settings"] for verdict in found["verdicts"]))
        self.assertTrue(any(verdict["settings"] == ["step_up_at"] for verdict in found["verdicts"]))
        self.assertRegex(self.fine("replay", "-e", self.path("events"), "--compare", self.path("other.conf"), expect=1),
                         r"\nretention_days +512 +600 +0\n")

    def test_a_whole_section_is_one_difference(self):
        """Whose network an address lies in: a hop becomes a login from the internet, and reasons go."""
        events = self.numbered(event(NOW, **{"source.ip": "198.51.100.7", "source.geo.location": None}))
        self.conf = self.other_conf()
        with open(self.conf, "a", encoding="utf-8") as file:
            file.write('[tenant "delta"]\nnetworks = 198.51.100.0/24\n')
        found = self.json("replay", "-e", self.write_log("events", events), "--compare",
                          self.path("hopwarden.conf"), expect=1)["compare"]
        [setting], verdict = found["settings"], found["verdicts"][-1]
        self.assertEqual((setting["name"], setting["to"]), ('[tenant "delta"]', "-"))
        self.assertIn("198.51.100.0/24", setting["from"])
        self.assertEqual((verdict["event.id"], verdict["because"]), ("168", "reasons"))
        self.assertIn("hop", verdict["codes_gone"])
        self.assertEqual(verdict["settings"], ['[tenant "delta"]'])

    def test_the_other_configuration_is_checked_as_strictly(self):
        path = self.write_log("events", [event(NOW)])
        status, _, err = self.verb("replay", "-e", path, "--compare", self.other_conf("no_such_option = 1"))
        self.assertEqual(status, 78)
        self.assertIn(f"{self.path('other.conf')}:3: ", err)
        self.assertEqual(self.verb("replay", "-e", path, "--compare", self.path("no"))[0], 78)

    def test_how_far_it_has_come(self):
        path = self.write_log("events", self.numbered())
        words = ["replay", "--conf", self.conf, "-e", path, "-v", self.path("verdicts")]
        size = os.path.getsize(path)
        self.assertIn(f"{size} of {size} bytes\n", self.run_raw(*words)[2])
        master, terminal = os.openpty()
        done = subprocess.run([HOPWARDEN, *words], stdout=subprocess.DEVNULL, stderr=terminal, timeout=60)
        os.close(terminal)
        shown = os.read(master, 65536).decode()
        os.close(master)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(shown, r"\r\[#+ *\] +\d+ %  \d+ of \d+ bytes")

    def test_lines_without_an_id_get_the_same_one_each_time(self):
        self.assertEqual(self.replay(list(three_weeks())), self.replay(list(three_weeks())))

    def test_bad_lines_are_told_and_passed_over(self):
        good = json.dumps(event(NOW))
        path = self.write("events", f"{good}\nnot json\n{good}\n")
        status, _, err = self.verb("replay", "-e", path, "-v", self.path("verdicts"))
        self.assertEqual(status, 1)
        self.assertIn(f"{path}:2: ", err)
        with open(self.path("verdicts"), encoding="utf-8") as file:
            self.assertEqual(len(file.readlines()), 2)

    def test_files_that_are_not_there(self):
        self.assertEqual(self.verb("replay", "-e", self.path("no"), "-v", self.path("verdicts"))[0], 64)
        path = self.write_log("events", [event(NOW)])
        self.assertEqual(self.verb("replay", "-e", path, "-v", self.path("no/verdicts"))[0], 64)
        self.assertEqual(self.verb("replay", "-e", path, "-v", "/dev/full")[0], 3)
        self.assertEqual(self.verb("replay", "-e", path, "-v", "-", "--witness", "me")[0], 64)


class OwnLog(Replayed):
    """What was logged replays to the same verdicts, to the decibit."""
    def busy_weeks(self):
        self.block_from(-5.0)
        events = list(three_weeks(ago=2))  # all of it before what follows, at whatever hour this runs
        hour = datetime.timedelta(hours=1)
        events += [event(NOW - 30 * hour, **{"source.ip": "10.2.7.7", "source.geo.location": None, "source.kind": None}),
                   abroad(NOW - 29 * hour, **{"hopwarden.step_up": "fail"}),
                   event(NOW - 27.5 * hour),
                   abroad(NOW - 27.2 * hour, **{"source.kind": "fixed"}),  # nobody travels so fast, at whatever hour
                   event(NOW - 27 * hour, **{"user.name": "bert", "hopwarden.key": OTHER_KEY}),
                   event(NOW - 26 * hour, **{"user.name": "root"}),
                   event(NOW - 25 * hour, **{"source.geo.location": {"lat": 48.856614, "lon": 2.352222},
                                             "source.geo.country_iso_code": "FR", "source.kind": "mobile"}),
                   event(NOW - 24 * hour, **{"source.ip": None}), event(NOW - 23 * hour, **{"hopwarden.key": None})]
        return events

    def test_a_log_of_one_witness(self):
        logins = self.live(self.busy_weeks())
        path = self.write("own", self.fine("log", "--json"))
        summary, verdicts = self.replay(path, expect=1)
        self.assertEqual([(verdict["event.id"], verdict["hopwarden.action"]) for verdict in verdicts], logins)
        # the login without an address had a verdict that was not the score's
        self.assertEqual((summary["scored"], summary["unlike_ids"]), (len(logins), [logins[-2][0]]))
        # who only observes has learned the first login from abroad by the time of the second
        wanted = {"allow", "step_up"} if self.mode == "observe" else {"allow", "step_up", "block"}
        self.assertLessEqual(wanted, {action for _, action in logins})

    def test_a_confirmation_counts_from_its_time_on(self):
        first = NOW - datetime.timedelta(hours=3)
        [(login, _)] = self.live([event(first, **{"hopwarden.step_up": "fail"})])
        self.fine("confirm", login)
        later = NOW + datetime.timedelta(hours=1)
        self.live([event(later), event(later + datetime.timedelta(minutes=1))])
        summary, verdicts = self.replay(self.write("own", self.fine("log", "--json")))
        self.assertEqual((summary["scored"], summary["unlike"]), (3, 0))
        self.assertEqual([verdict["hopwarden.action"] for verdict in verdicts], ["step_up", "allow", "allow"])

    def test_what_cannot_be_replayed_is_named(self):
        self.learn_three_weeks()
        [(login, _)] = self.live([event(NOW)])
        summary, _ = self.replay(self.write("own", self.fine("log", "--json")), expect=1)
        self.assertEqual((summary["unlike"], summary["unlike_ids"]), (1, [login]))


class OwnLogObserve(OwnLog):
    mode = "observe"

    def test_a_confirmation_counts_from_its_time_on(self):
        """What is confirmed already changes nothing."""
        [(login, _)] = self.live([event(NOW - datetime.timedelta(hours=3))])
        self.fine("confirm", login)
        self.live([event(NOW + datetime.timedelta(hours=1))])
        self.assertEqual(self.replay(self.write("own", self.fine("log", "--json")))[0]["unlike"], 0)


class OwnLogHome(OwnLog):
    witness = "home"


class Prune(Case):
    def old_and_new(self):
        """anna worked two years ago and last week."""
        old = NOW - datetime.timedelta(days=700)
        self.fine("import", self.write_log("old", [event(old, **{"host.name": "gone", "hopwarden.key": OTHER_KEY})]))
        self.fine("import", self.write_log("new", [event(NOW - datetime.timedelta(days=7))]))
        self.alerts()

    def test_what_is_old_goes_and_nothing_else(self):
        self.old_and_new()
        told = self.json("prune")
        self.assertGreater(told["values"], 0)
        self.assertEqual((told["flooded"], told["owners"]), (0, 1))
        values = self.values()
        self.assertIn("h:acme/db1", values)
        self.assertNotIn("h:acme/gone", values)
        self.assertNotIn(f"k:{OTHER_KEY}", values)
        again = self.json("prune")
        self.assertEqual([again[name] for name in ("values", "owners", "touches", "visits", "sessions", "log_entries")], [0] * 6)
        self.assertEqual(self.alerts(), [])

    def test_the_retention_can_be_set(self):
        self.old_and_new()
        with open(self.conf, encoding="utf-8") as file:
            text = file.read()
        self.conf = self.write("long.conf", text.replace("[home]", "retention_days = 3650\n[home]"))
        self.fine("prune")
        self.assertIn("h:acme/gone", self.values())

    def test_in_words(self):
        self.assertIn("keys looked at; taken away: 0 lists of touches", self.fine("prune"))


class Doctor(Case):
    """What doctor finds in the configuration and the history; doctor_test.py has the host's side."""
    HOST = ("module", "folders", "syslog", "pam", "sshd", "accounts", "factor")

    def findings(self):
        status, out, err = self.verb("doctor", "--json", "--pam-file", self.path("none"), "--sshd-config", self.path("none"))
        self.assertEqual(err, "")
        found = json.loads(out)
        worst = max(("fine", "warning", "critical").index(finding["state"]) for finding in found)
        self.assertEqual(status, worst)
        for finding in found:
            self.assertEqual(finding["state"] == "fine", "mend" not in finding, finding)
        return [f'{finding["state"]} {finding["check"]}: {finding["what"]}' for finding in found
                if finding["state"] != "fine" and finding["check"] not in self.HOST]

    def wrong(self):
        """The findings beside the missing database."""
        found = [line for line in self.findings() if not line.startswith("warning database")]
        return "\n".join(found)

    def test_nothing_is_wrong(self):
        self.assertEqual(self.wrong(), "")

    def test_names_that_were_not_looked_up(self):
        with open(self.conf, encoding="utf-8") as file:
            text = file.read()
        self.conf = self.write("named.conf", text.replace(f"sqlite:{self.folder}/lib/history.db", "redis://localhost:1"))
        self.assertIn("critical names: localhost was never looked up", self.wrong())
        self.write("lib/names", "hopwarden names 1\nlocalhost 1700000000 127.0.0.1\n")
        found = self.wrong()
        self.assertRegex(found, "warning names: localhost was looked up [0-9]+ minutes ago")
        self.assertIn("critical history: redis://localhost:1: redis localhost port 1: socket: connect: Connection refused",
                      found)
        os.chmod(self.path("lib/names"), 0o666)
        self.assertIn("critical names: ", self.wrong())

    def test_as_text(self):
        status, out, _ = self.verb("doctor", "--pam-file", self.path("none"), "--sshd-config", self.path("none"))
        self.assertEqual(status, 2)
        self.assertRegex(out, r"critical +pam +\S*none: ")
        self.assertIn("-> ", out)

    def test_a_configuration_that_does_not_parse(self):
        self.conf = self.write("broken.conf", "[hopwarden]\nnonsense\n")
        self.assertIn("critical configuration: ", self.wrong())

    def test_a_store_that_does_not_answer(self):
        self.conf = self.write("away.conf", "[hopwarden]\ntenant = acme\naccounts = anna\n"
                               f"history = unix:{self.path('none.sock')}\nfallback = {self.path('lib/f.db')}\n")
        self.assertIn("critical history: ", self.wrong())

    def test_nobody_in_scope(self):
        self.conf = self.write("nobody.conf", "[hopwarden]\ntenant = acme\n"
                               f"history = sqlite:{self.path('lib/history.db')}\n"
                               f"fallback = {self.path('lib/fallback.db')}\n")
        self.assertIn("warning scope: ", self.wrong())

    def pruned_days_ago(self, days):
        with sqlite3.connect(self.path("lib/history.db")) as history:
            history.execute("UPDATE hashes SET value = ? WHERE key = 'hop:1:pruned'", [int(NOW.timestamp()) - days * 86400])
        history.close()

    def test_a_history_that_nobody_prunes(self):
        self.live([event(NOW)])
        self.assertEqual(self.wrong(), "")
        self.fine("prune")
        self.pruned_days_ago(6)
        self.assertEqual(self.wrong(), "")
        self.pruned_days_ago(8)
        self.assertIn("warning prune: the history was last pruned 8 days ago", self.wrong())

    def test_a_history_that_was_never_pruned(self):
        self.live([event(NOW)])
        old = NOW - datetime.timedelta(days=9)
        with sqlite3.connect(self.path("lib/history.db")) as history:
            history.execute("UPDATE logs SET id = ?", [ulid(old)])
        history.close()
        self.assertIn("warning prune: the history was never pruned", self.wrong())

    def test_home_as_witness_of_a_customer(self):
        with open(self.conf, encoding="utf-8") as file:
            text = file.read()
        self.conf = self.write("home.conf", text.replace("witness  = acme", "witness  = home"))
        self.assertIn("warning witness: ", self.wrong())

    def test_a_database_that_is_lost(self):
        with open(self.conf, encoding="utf-8") as file:
            text = file.read()
        self.conf = self.write("geo.conf", text.replace("mode ", f"geo_city = {self.path('none.mmdb')}\nmode "))
        self.assertIn("critical database: ", "\n".join(self.findings()))


if __name__ == "__main__":
    unittest.main()
