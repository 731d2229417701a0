#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same inputs have the same verdict, to the decibit: over a made-up world the builds of two compilers write the same bytes, and so does
one build in any locale; every reason is a sentence of at most twelve words.

verdicts_test.py HOPWARDEN OTHER-COMPILER FOLDER; the other compiler's build is made, and kept, in FOLDER."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
HOPWARDEN, COMPILER, FOLDER = sys.argv[1:4] if len(sys.argv) > 3 else (None,) * 3
LOCALES = (("de_DE", "UTF-8"), ("tr_TR", "UTF-8"), ("ar_EG", "UTF-8"))
WITNESSES = ("home", "tenant")


def build_other():
    """The command as another compiler makes it."""
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    for command in (["cmake", "-S", ROOT, "-B", FOLDER, "-G", "Ninja", f"-DCMAKE_C_COMPILER={COMPILER}", "-DHOP_TESTS=OFF",
                     "-DCMAKE_BUILD_TYPE=RelWithDebInfo"], ["cmake", "--build", FOLDER, "--parallel", "2", "--target", "hopwarden"]):
        done = subprocess.run(command, **quiet)
        if done.returncode != 0:
            sys.exit(f"{COMPILER}: {done.stdout[-3000:]}")
    return pathlib.Path(FOLDER, "review", "hopwarden")


class Verdicts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory(prefix="hopwarden-verdicts-")
        cls.world = pathlib.Path(cls.place.name)
        subprocess.run([sys.executable, "-B", HERE / "generate", "--seed", "11", "--out", cls.world, "--admins", "10", "--days", "60"],
                       check=True)
        conf = (cls.world / "hopwarden.conf").read_text()
        cls.confs = {"as made": cls.world / "hopwarden.conf", "strict": cls.world / "strict.conf"}
        cls.confs["strict"].write_text(conf.replace("[hopwarden]\n", "[hopwarden]\nstrict = yes\nblock_at = -3.0\n", 1))
        cls.own = {(name, witness): cls.replay(HOPWARDEN, name, witness) for name in cls.confs for witness in WITNESSES}

    @classmethod
    def tearDownClass(cls):
        cls.place.cleanup()

    @classmethod
    def replay(cls, program, name, witness, **environment):
        command = [program, "replay", "--conf", cls.confs[name], "--events", cls.world / "events.ndjson", "--verdicts", "-", "--witness",
                   witness]
        done = subprocess.run(command, capture_output=True, env={**os.environ, **environment}, timeout=600)
        if done.returncode != 0:
            sys.exit(f"{program}: exit status {done.returncode}: {done.stderr.decode()[-2000:]}")
        return done.stdout

    def compare(self, mine, other, words):
        for number, (a, b) in enumerate(zip(mine.splitlines(), other.splitlines()), 1):
            self.assertEqual(a, b, f"{words}: verdict {number}")
        self.assertEqual(len(mine), len(other), words)

    def test_another_compiler(self):
        program = build_other()
        for (name, witness), mine in self.own.items():
            self.compare(mine, self.replay(program, name, witness), f"{COMPILER}, {name}, {witness}")

    def test_any_locale(self):
        locales = self.world / "locales"
        locales.mkdir()
        for name, charset in LOCALES:
            made = subprocess.run(["localedef", "-i", name, "-f", charset, locales / f"{name}.{charset}"], capture_output=True, text=True)
            self.assertIn(made.returncode, (0, 1), f"localedef (package locales) is needed: {made.stderr}")
            self.assertTrue((locales / f"{name}.{charset}" / "LC_NUMERIC").exists(), made.stderr)
            other = self.replay(HOPWARDEN, "as made", "home", LC_ALL=f"{name}.{charset}", LOCPATH=str(locales))
            self.compare(self.own["as made", "home"], other, name)

    def test_all_actions_and_stories_are_among_them(self):
        """Without these the comparison would say little."""
        actions, codes = set(), set()
        for lines in self.own.values():
            for line in lines.splitlines():
                verdict = json.loads(line)
                actions.add(verdict["hopwarden.action"])
                codes |= set(verdict["hopwarden.reason_codes"])
        self.assertEqual(actions, {"allow", "step_up", "block"})
        self.assertLessEqual({"usual", "newcomer", "tenant-new", "host-new", "net-new", "asn-new", "country-new", "key-new", "hop",
                              "fan-out", "hour-rare", "failures", "tenant-first", "unconfirmed"}, codes)

    def test_reasons_are_short_sentences_and_their_weight_stands_behind(self):
        for lines in self.own.values():
            for line in lines.splitlines():
                verdict = json.loads(line)
                self.assertEqual(len(verdict["hopwarden.reasons"]), len(verdict["hopwarden.reason_codes"]))
                for reason in verdict["hopwarden.reasons"]:
                    sentence = re.sub(r" [+-]\d+\.\d$", "", reason)
                    self.assertLessEqual(len(sentence.split()), 12, reason)
                    self.assertRegex(sentence, r"^[A-Za-z0-9][A-Za-z0-9 ,'.:/_@-]*$", reason)


if __name__ == "__main__":
    if HOPWARDEN is None:
        sys.exit(__doc__)
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
