#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A history moves between stores, and forgets a person. SQLite alone without a server (under sanitizers too), then to a real Redis and back.
HOP_BUILD names the build folder."""
import os
import pty
import shutil
import sqlite3
import stat
import subprocess
import unittest

import command_test
import fleet_place
from command_test import HOPWARDEN, KEY, NOW, OTHER_KEY, abroad, event, three_weeks
from redis_place import ADMIN, Server


class Case(command_test.Case):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("other"), 0o750)
        self.old = self.conf
        self.new = self.elsewhere(f"sqlite:{self.path('other/history.db')}")

    def elsewhere(self, history, more=""):
        with open(self.old, encoding="utf-8") as file:
            text = file.read()
        text = text.replace(f"sqlite:{self.path('lib/history.db')}", history).replace("lib/fallback.db", "other/fallback.db")
        return self.write("new.conf", text.replace("[home]", more + "[home]", 1))

    def on(self, conf, *words, expect=0, **more):
        status, out, err = self.run_raw(words[0], "--conf", conf, "--syslog", self.path("log"), *words[1:], **more)
        self.assertEqual(status, expect, f"{words}: {out}{err}")
        return out, err

    def lines(self, conf):
        return sorted(self.on(conf, "dump")[0].splitlines())

    def past(self):
        """Two people with every kind of record; one of them frozen, one in a session."""
        self.learn_three_weeks()
        self.fine("import", self.write_log("bert", three_weeks(**{"user.name": "bert", "hopwarden.key": OTHER_KEY})))
        self.live([event(NOW), abroad(NOW, **{"user.name": "bert"})])
        self.fine("freeze", "account", "bert", "--why", "on leave")
        self.alerts()

    def move(self):
        self.on(self.old, "dump", self.path("dump"))
        return self.on(self.new, "load", self.path("dump"))


class Moving(Case):
    def test_all_of_it_moves(self):
        self.past()
        self.move()
        self.assertGreater(len(self.lines(self.old)), 50)
        self.assertEqual(self.lines(self.new), self.lines(self.old))
        for words in (["history", "anna", "--json"], ["history", "bert"], ["log", "--json"],
                      ["explain", "--json", "-a", "anna", "-s", "84.24.10.7", "-k", KEY]):
            old, new = (self.run_raw(words[0], "--conf", conf, *words[1:]) for conf in (self.old, self.new))
            self.assertEqual(old, new, words)

    def test_twice_is_once(self):
        self.past()
        self.move()
        before = self.lines(self.new), self.on(self.new, "log", "--json")
        out, _ = self.on(self.new, "load", self.path("dump"))
        self.assertRegex(out, r"lines written, 2\d? log entries were there, 0 refused|lines written, [1-9]\d* log entries were there")
        self.assertEqual((self.lines(self.new), self.on(self.new, "log", "--json")), before)

    def test_it_joins_what_is_there(self):
        self.past()
        self.on(self.old, "dump", self.path("dump"))
        self.on(self.new, "import", self.write_log("more", [abroad(NOW)]))
        self.on(self.new, "load", self.path("dump"))
        values = self.on(self.new, "history", "anna")[0]
        self.assertIn("BR", values)
        self.assertIn("NL", values)

    def test_another_prefix(self):
        self.past()
        self.new = self.elsewhere(f"sqlite:{self.path('other/history.db')}", "history_prefix = mine:2:\n")
        self.move()
        self.assertEqual(self.lines(self.new), self.lines(self.old))

    def test_bad_lines_are_named_and_cost_themselves_only(self):
        self.past()
        self.on(self.old, "dump", self.path("dump"))
        with open(self.path("dump"), encoding="ascii") as file:
            lines = file.read().splitlines()
        bad = ["", "nonsense", "days p:%7Banna%7D:acme c:NL garbage", "days q:%7Banna%7D:acme c:NL 20780:1", "drop p:%7Banna%7D:acme c:NL",
               "erase p:%7Banna%7D:acme", "field p:%7Banna%7D:acme c:NL 20780:1", "latest pruned time 1", "member p:%7Banna%7D:acme x",
               "days p:%7Banna%7D:acme c:NL 20780:1 more", "log p:%7Banna%7D:acme a 5 b", "days p:%00 c:NL 20780:1"]
        with open(self.path("dump"), "w", encoding="ascii") as file:
            file.write("\n".join([lines[0], *bad, *lines[1:-1], f"end {len(lines) - 2 + len(bad)}", ""]))
        _, err = self.on(self.new, "load", self.path("dump"), expect=1)
        for number, line in enumerate(bad, 2):
            self.assertIn(f"{self.path('dump')}:{number}: ", err, line)
        self.assertEqual(self.lines(self.new), self.lines(self.old))

    def test_a_dump_that_was_cut_off(self):
        self.past()
        self.on(self.old, "dump", self.path("dump"))
        with open(self.path("dump"), "rb") as file:
            whole = file.read()
        for cut in (whole[:-8], whole[:len(whole) // 2], whole[:whole.index(b"\n") + 1]):
            self.write("cut", cut)
            _, err = self.on(self.new, "load", self.path("cut"), expect=1)
            self.assertIn("cut off", err)
        lines = whole.splitlines(True)
        self.write("cut", b"".join(lines[:5] + lines[6:]))
        self.assertIn("lines are missing", self.on(self.new, "load", self.path("cut"), expect=1)[1])

    def test_what_is_no_dump(self):
        for text in ("", "hello\n", "hopwarden-dump 2\n"):
            status = 1 if text == "" else 3
            self.on(self.new, "load", self.write("text", text), expect=status)
        self.on(self.new, "load", self.path("none"), expect=3)

    def test_the_file_is_new_and_ones_own(self):
        self.past()
        self.on(self.old, "dump", self.path("dump"))
        self.assertEqual(stat.S_IMODE(os.stat(self.path("dump")).st_mode), 0o600)
        self.on(self.old, "dump", self.path("dump"), expect=3)
        with open("/dev/full", "wb") as full:
            done = subprocess.run([HOPWARDEN, "dump", "--conf", self.old], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 3)

    def test_through_a_pipe(self):
        self.past()
        out, _ = self.on(self.old, "dump")
        self.on(self.new, "load", "-", input=out.encode())
        self.assertEqual(self.lines(self.new), self.lines(self.old))

    def test_they_are_told_with_their_author(self):
        self.past()
        self.move()
        told = self.alerts()
        self.assertEqual([line["event.action"] for line in told], ["dumped", "loaded"])
        for line in told:
            self.assertTrue(line["hopwarden.author"])

    def test_progress_is_a_bar_on_a_terminal_and_lines_elsewhere(self):
        self.past()
        _, err = self.on(self.old, "dump", self.path("dump"))
        self.assertRegex(err, r"(?m)^\d+ of \d+ keys$")
        _, err = self.on(self.new, "load", self.path("dump"))
        self.assertRegex(err, r"(?m)^\d+ of \d+ bytes$")
        ours, theirs = pty.openpty()
        subprocess.run([HOPWARDEN, "load", "--conf", self.new, "--syslog", self.path("log"), self.path("dump")], check=True,
                       stdout=subprocess.DEVNULL, stderr=theirs, timeout=60)
        os.close(theirs)
        seen = os.read(ours, 1 << 16).decode()
        os.close(ours)
        self.assertRegex(seen, r"\r\[#+ *\] +\d+ %")


class Forgetting(Case):
    def texts(self, folder):
        """All that the files of a folder hold, after their logs were put in order."""
        for name in os.listdir(self.path(folder)):
            if name.endswith(".db"):
                with sqlite3.connect(self.path(f"{folder}/{name}")) as history:
                    history.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                history.close()
        texts = []
        for name in os.listdir(self.path(folder)):
            with open(self.path(f"{folder}/{name}"), "rb") as file:
                texts.append(file.read())
        return b"".join(texts)

    def test_nothing_is_left_of_her_and_all_of_others(self):
        self.past()
        bert = [line for line in self.lines(self.old) if "bert" in line]
        self.assertIn(b"anna", self.texts("lib"))
        self.assertIn("anna is forgotten (", self.fine("forget", "anna", "--yes"))
        self.assertNotIn("anna", "\n".join(self.lines(self.old)))
        self.assertNotIn(b"anna", self.texts("lib"))
        self.assertEqual([line for line in self.lines(self.old) if "bert" in line], bert)
        self.verb("history", "anna")
        told = self.alerts()
        self.assertEqual([line["event.action"] for line in told if line["event.action"] == "forgotten"], ["forgotten"])
        self.assertTrue(told[-1]["hopwarden.author"])

    def test_any_of_her_names_will_do(self):
        self.past()
        self.fine("forget", "beta:msp-anna", "--yes")
        self.assertNotIn("anna", "\n".join(self.lines(self.old)))

    def test_it_asks(self):
        self.past()
        before = self.lines(self.old)
        status, out, err = self.verb("forget", "anna")
        self.assertEqual((status, out), (64, ""))
        self.assertIn("--yes", err)
        self.assertEqual(self.lines(self.old), before)
        self.assertEqual([line for line in self.alerts() if line["event.action"] == "forgotten"], [])

    def test_this_hosts_copy_alone(self):
        self.past()
        before = self.lines(self.old)
        with sqlite3.connect(self.path("lib/fallback.db")) as copy:
            self.assertTrue(copy.execute("SELECT * FROM hashes WHERE key LIKE '%anna%'").fetchall())
        self.fine("forget", "anna", "--yes", "--here")
        with sqlite3.connect(self.path("lib/fallback.db")) as copy:
            self.assertFalse(copy.execute("SELECT * FROM hashes WHERE key LIKE '%anna%'").fetchall())
        copy.close()
        self.assertEqual(self.lines(self.old), before)

    def test_what_waits_would_bring_her_back(self):
        self.past()
        os.rename(self.path("lib/history.db"), self.path("lib/kept.db"))
        os.mkdir(self.path("lib/history.db"))
        self.live([event(NOW)], status=1)  # live_login asks for the store itself
        os.rmdir(self.path("lib/history.db"))
        os.rename(self.path("lib/kept.db"), self.path("lib/history.db"))
        status, _, err = self.verb("forget", "anna", "--yes")
        self.assertEqual(status, 3)
        self.assertIn("first hopwarden flush", err)


class Redis(Case):
    def setUp(self):
        super().setUp()
        self.server = self.start()
        self.addCleanup(self.server.stop)
        for user, secret in (("home", "sesame-home"), ("reviewer", "sesame-reviewer"), ("admin", ADMIN)):
            os.chmod(self.write(f"{user}.secret", secret + "\n"), 0o600)
        self.new = self.as_user("home")

    def users(self, history):
        lines = self.on(self.elsewhere(history), "acl", "acme")[0].splitlines()
        return [line.replace(" on ", f" on >sesame-{line.split()[1]} ", 1) for line in lines]

    def start(self):
        return Server(self.folder, self.users("unix:/nowhere"))

    def as_user(self, user):
        path = self.elsewhere(self.server.url, f"history_user = {user}\nhistory_secret = {self.path(user + '.secret')}\n")
        return shutil.move(path, self.path(f"{user}.conf"))

    def test_from_sqlite_to_redis_and_back(self):
        self.past()
        self.move()
        self.assertEqual(self.lines(self.new), self.lines(self.old))
        for words in (["history", "anna", "--json"], ["log", "--json"], ["explain", "--json", "-a", "anna", "-s", "84.24.10.7", "-k", KEY]):
            old, new = (self.run_raw(words[0], "--conf", conf, *words[1:]) for conf in (self.old, self.new))
            self.assertEqual(old, new, words)
        self.on(self.as_user("reviewer"), "dump", self.path("back"))
        third = self.elsewhere(f"sqlite:{self.path('other/third.db')}")
        self.on(third, "load", self.path("back"))
        self.assertEqual(self.lines(third), self.lines(self.old))

    def test_twice_is_once(self):
        self.past()
        self.move()
        before = self.lines(self.new)
        self.on(self.new, "load", self.path("dump"))
        self.assertEqual(self.lines(self.new), before)

    def test_what_no_host_wrote_stays_behind(self):
        self.past()
        self.move()
        before = self.lines(self.new)
        admin = self.server.client()
        self.addCleanup(admin.close)
        admin("HSET", "hop:1:p:{anna}:acme", "nonsense", "x", "c:XX", "garbage")
        admin("XADD", "hop:1:log:acme", "*", "hello", "world")
        admin("SET", "hop:1:p:{x}:acme", "a string")
        admin("SET", "other", "somebody else's")
        out, err = self.on(self.new, "dump")
        self.assertEqual(sorted(out.splitlines()), before)
        self.assertIn("2 values that no host can have written were left out", err)

    def test_forgetting(self):
        self.past()
        self.move()
        bert = [line for line in self.lines(self.new) if "bert" in line]
        self.on(self.new, "forget", "anna", "--yes")
        self.assertNotIn("anna", "\n".join(self.lines(self.new)))
        self.assertEqual([line for line in self.lines(self.new) if "bert" in line], bert)

    def test_a_reviewer_changes_nothing(self):
        self.past()
        self.move()
        before, reviewer = self.lines(self.new), self.as_user("reviewer")
        self.on(reviewer, "load", self.path("dump"), expect=3)
        self.on(reviewer, "forget", "anna", "--yes", expect=3)
        self.on(reviewer, "prune", expect=3)
        self.assertEqual(self.lines(self.new), before)


class Cluster(Redis):
    """The same over three primaries, among whom the keys lie."""

    def start(self):
        cluster = fleet_place.Sliced(self.folder, replicas=False)
        cluster.start(self.users(cluster.url))
        return cluster

    def test_the_keys_lie_on_all_of_them(self):
        self.past()
        self.move()
        for node in self.server.nodes:
            self.assertGreater(node.told("DBSIZE"), 0)


if __name__ == "__main__":
    unittest.main()
