# SPDX-License-Identifier: Apache-2.0
"""What happens to a login while the history's server fails, fault by fault: the verdict, what the log line says of it, the time that the
phases took of their deadline, and where the records went. Afterwards the server is well again and `hopwarden flush` is run: then the login is
in the history, once. Prints the table that docs/history.md shows."""
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass

import client
import peer
import redis_place
import sandbox
import scene
from in_process_test import ALL, InProcessCase

DEADLINE_MS = 1000  # four times the default: on a busy machine too a server that is well answers within it
HANGS_MS = 20 * DEADLINE_MS  # a phase that takes this long waits for something without a deadline
ANNA = f"SSH_CONNECTION={scene.USUAL} 40000 127.0.0.1 22"
SECRET = "/etc/hopwarden/redis.secret"
WRONG_SECRET = "/etc/hopwarden/wrong.secret"
RELAY = b"*2\r\n$10\r\n1795512600\r\n$1\r\n0\r\n*0\r\n"


@dataclass
class Row:
    """What was seen."""
    fault: str
    verdict: str
    lost: str
    slowest: int
    spooled: int
    told: str

    def __str__(self):
        return (f"| {self.fault} | {self.verdict} | {self.lost} | {self.spooled} | {self.slowest} of {DEADLINE_MS} |"
                f" {self.told} |")


HEAD = ("| the server | verdict | degraded | records spooled | slowest phase, ms | the log line's note |\n"
        "| --- | --- | --- | --- | --- | --- |")
DOCUMENT = os.path.join(sandbox.SOURCE, "docs", "history.md")
TOOK = re.compile(r" \d+ of \d+ ")


def timeless(line):
    return TOOK.sub(" ", line)


class Faults(InProcessCase):
    """anna, whom this host has seen before, from where she always is; a person who can be asked for a second factor."""
    rows = []

    @classmethod
    def make_box(cls):
        box = super().make_box()
        cls.servers = box.path("servers")
        os.makedirs(cls.servers)
        redis_place.certificates(cls.servers)
        cls.port, cls.tls_port = client.free_port(), client.free_port()
        cls.server = redis_place.Server(
            cls.servers, users=["user blind on >sesame resetkeys -@all +ping +auth +role"],
            extra=(*redis_place.tls(cls.servers, cls.tls_port), "--port", str(cls.port)))
        cls.addClassCleanup(cls.server.stop)
        os.makedirs("/etc/hopwarden", exist_ok=True)
        for path, text in ((SECRET, redis_place.ADMIN), (WRONG_SECRET, "sesame")):
            sandbox.write(path, text + "\n", 0o600)
        return box

    @classmethod
    def configure(cls, history="", user="admin", secret=SECRET, ca="ca.pem", more=""):
        more += f"history_user = {user}\nhistory_secret = {secret}\nservices = good sshd\ndeadline_ms = {DEADLINE_MS}\n"
        if history.startswith("rediss:"):
            more += f"history_ca = {cls.servers}/{ca}\n"
        cls.box.configure(scene.configuration(history=history if history.startswith(("unix:", "redis")) else cls.url(), more=more))

    @classmethod
    def url(cls):
        return f"redis://127.0.0.1:{cls.port}"

    @classmethod
    def give_history(cls):
        past = cls.box.path("past.ndjson")
        sandbox.write(past, scene.as_log(scene.logins("anna", cls.print_of("anna"))))
        done = cls.box.hopwarden("import", past)
        assert done.returncode == 0, done.stderr

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.server.client()
        cls.addClassCleanup(cls.admin.close)

    @classmethod
    def tearDownClass(cls):
        print("\n".join([HEAD, *map(str, cls.rows)]), flush=True)

    def setUp(self):
        """A usual login, after which this host's fallback knows her."""
        super().setUp()
        self.addCleanup(self.configure)
        self.assertEqual(self.log_in()[0], "allow")
        self.assertFalse(os.path.exists("/var/lib/hopwarden/fallback.db.spool"))

    # -- one login, and what became of it -------------------------------------------------------------------------

    def log_in(self):
        """Verdict, losses, slowest phase, note and id."""
        self.mark = len(self.box.syslog.lines)
        codes = self.play("good", "anna", ALL, ANNA, self.proof("anna"))
        self.assertEqual(codes, {"auth": 0, "account": 0, "setcred": 0, "open": 0, "close": 0}, self.text)
        self.box.syslog.settle()
        alerts = self.alerts()
        scored = next(alert for alert in alerts if alert["event.action"] == "login-scored")
        lost = sorted({word for alert in alerts for word in alert.get("hopwarden.degraded", [])})
        notes = [alert["hopwarden.note"] for alert in alerts if "hopwarden.note" in alert]
        slowest = max(int(took) for took in re.findall(r" took (\d+) ms$", self.text, re.M))
        return scored["hopwarden.action"], " ".join(lost), slowest, notes, scored["event.id"]

    def waiting(self):
        try:
            with open("/var/lib/hopwarden/fallback.db.spool", "rb") as file:
                return sum(line != b"\n" for line in file)
        except FileNotFoundError:
            return 0

    def entries(self, login):
        return [entry for entry in self.box.log() if entry.get("event.id") == login]

    def sees(self, fault, *, verdict, lost, note, mend=lambda: None, spooled=True):
        """One login during a fault that is set up, then the end of the fault."""
        action, losses, slowest, notes, login = self.log_in()
        waits = self.waiting()
        told = next((words for words in notes if re.search(note, words)), None)
        self.rows.append(Row(fault, action, losses or "-", slowest, waits, self.shown(told)))
        self.assertEqual((action, losses), (verdict, lost), str(notes))
        self.assertIsNotNone(told, f"{note} in {notes}")
        self.assertLess(slowest, HANGS_MS)
        self.assertEqual(waits > 0, spooled)
        mend()
        self.configure()
        flushed = self.box.hopwarden("flush")
        self.assertEqual(flushed.returncode, 0, flushed.stdout + flushed.stderr)
        self.assertEqual(self.waiting(), 0)
        entry, = self.entries(login)
        self.assertEqual(entry["event.outcome"], "success", entry)
        self.assertEqual(self.log_in()[:2], ("allow", ""), "as before")
        with open(DOCUMENT, encoding="utf-8") as document:
            self.assertIn(timeless(str(self.rows[-1])), map(timeless, document.read().splitlines()))

    def shown(self, told):
        """Without what changes from run to run."""
        told = re.sub(r"127\.0\.0\.1 port \d+", "history.example port 6379", told or "")
        return told.replace(self.box.folder, "/run").replace("|", "/")

    def lost(self, fault, note, **more):
        self.sees(fault, verdict="step_up", lost="fallback", note=note, **more)

    def behind(self, name, made):
        self.configure(history=made.url)
        return made

    # -- scripted peers -------------------------------------------------------------------------------------------

    def peer_path(self, name):
        return self.box.path(f"{name}.sock")

    def test_01_accepts_and_says_nothing(self):
        self.behind("silent", peer.Silent(self.peer_path("silent")))
        self.lost("accepts and says nothing", "deadline passed")

    def test_02_one_byte_a_second(self):
        self.behind("slow", peer.Saying(self.peer_path("slow"), RELAY, pace_s=1))
        self.lost("says one byte a second", "deadline passed")

    def test_03_garbage(self):
        self.behind("garbage", peer.Saying(self.peer_path("garbage"), b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        self.lost("says garbage", "not Redis' protocol")

    def test_04_closes_half_way(self):
        self.behind("half", peer.HalfClosing(self.peer_path("half"), b"+OK\r\n" + RELAY))
        self.lost("closes half-way", "closed the connection")

    def test_05_endless_bulk(self):
        self.behind("bulk", peer.Endless(self.peer_path("bulk"), b"+OK\r\n$8000000\r\n"))
        self.lost("says a string without end", "too large an answer|not Redis' protocol")

    def test_06_a_bulk_longer_than_any(self):
        self.behind("long", peer.Endless(self.peer_path("long"), b"+OK\r\n$2147483647\r\n"))
        self.lost("announces `$2147483647`", "too large an answer")

    def test_07_array_of_all_there_is(self):
        self.behind("array", peer.Endless(self.peer_path("array"), b"+OK\r\n*2147483647\r\n"))
        self.lost("announces `*2147483647`", "too large an answer")

    # -- the server -----------------------------------------------------------------------------------------------

    def test_11_stopped(self):
        self.server.process.send_signal(signal.SIGSTOP)
        self.addCleanup(self.server.process.send_signal, signal.SIGCONT)
        self.lost("is stopped (`kill -STOP`)", "deadline passed", mend=lambda: self.server.process.send_signal(signal.SIGCONT))

    def test_12_paused(self):
        """For a while: no client could end it, for that is held up as well."""
        self.admin("CLIENT", "PAUSE", "5000", "ALL")
        self.addCleanup(self.admin, "PING")
        self.lost("is paused (`CLIENT PAUSE`)", "deadline passed", mend=lambda: self.admin("PING"))

    def test_13_loading(self):
        """A second server that takes its time over what the first one knows."""
        folder = self.box.path("loading")
        os.makedirs(folder)
        self.admin("CONFIG", "SET", "rdbcompression", "no")
        self.admin("MSET", *(word for n in range(4000) for word in (f"filler:{n}", "x" * 1200)))
        self.admin("SAVE")
        self.admin("DEL", *(f"filler:{n}" for n in range(4000)))
        shutil.move(f"{self.servers}/dump.rdb", folder)
        port = client.free_port()
        slow = self.box.start("redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", folder, "--key-load-delay", 10000,
                              "--loading-process-events-interval-bytes", 1024, "--save", "", "--user",
                              "admin", "on", f">{redis_place.ADMIN}", "~*", "&*", "+@all", stdout=subprocess.DEVNULL)
        sandbox.await_true(lambda: self.says(port, b"LOADING"), "the server loads")
        self.configure(history=f"redis://127.0.0.1:{port}")
        self.lost("is loading its data", "LOADING", mend=slow.kill)

    @staticmethod
    def says(port, words):
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as connection:
                connection.settimeout(5)
                connection.sendall(f"AUTH admin {redis_place.ADMIN}\r\nGET x\r\n".encode())
                heard = b""
                end = time.monotonic() + 5
                while words not in heard and time.monotonic() < end:
                    piece = connection.recv(4096)
                    if not piece:
                        break
                    heard += piece
                return words in heard
        except OSError:
            return False

    def test_14_out_of_memory(self):
        self.admin("CONFIG", "SET", "maxmemory", "1")
        self.addCleanup(self.admin, "CONFIG", "SET", "maxmemory", "0")
        self.sees("is out of memory (OOM)", verdict="allow", lost="", note="OOM", mend=lambda: self.admin("CONFIG", "SET", "maxmemory", "0"))

    def test_15_a_replica(self):
        self.admin("REPLICAOF", "127.0.0.1", str(client.free_port()))
        self.addCleanup(self.admin, "REPLICAOF", "NO", "ONE")
        self.sees("is a replica (READONLY)", verdict="allow", lost="", note="READONLY", mend=lambda: self.admin("REPLICAOF", "NO", "ONE"))

    # -- the way there --------------------------------------------------------------------------------------------

    def test_21_refused(self):
        self.configure(history=f"redis://127.0.0.1:{client.free_port()}")
        self.lost("refuses connections", "Connection refused")

    def test_22_blackholed(self):
        hole = peer.Blackhole()
        self.configure(history=hole.url)
        self.lost("cannot be reached, and nothing says so", "deadline passed")

    # -- who it is, and who we are --------------------------------------------------------------------------------

    def shows(self, certificate):
        self.admin("CONFIG", "SET", "tls-cert-file", f"{self.servers}/{certificate}.pem", "tls-key-file", f"{self.servers}/{certificate}.key")

    def over_tls(self, **more):
        self.configure(history=f"rediss://127.0.0.1:{self.tls_port}", **more)

    def test_31_expired_certificate(self):
        self.shows("expired")
        self.addCleanup(self.shows, "server")
        self.over_tls()
        self.lost("shows an expired certificate", "certificate has expired")

    def test_32_wrong_authority(self):
        self.over_tls(ca="other-ca.pem")
        self.lost("has a certificate of another authority", "self-signed certificate in certificate chain|unable to get")

    def test_33_wrong_name(self):
        self.shows("misnamed")
        self.addCleanup(self.shows, "server")
        self.over_tls()
        self.lost("has a certificate for another name", "mismatch")

    def test_34_wrong_password(self):
        self.configure(secret=WRONG_SECRET)
        self.lost("does not take our password", "WRONGPASS")

    def test_35_noperm(self):
        self.configure(user="blind", secret=WRONG_SECRET)
        self.lost("does not let our user (NOPERM)", "NOPERM")
