# SPDX-License-Identifier: Apache-2.0
"""One source, several versions of what it speaks with and is built with: Redis 6 (Debian 11), 7 (the machine's own, in all other tests) and 8,
Valkey 8, hiredis 0.14 (the machine's own) and 1.x, OpenSSL 3.5 (Debian 13). The stores' contract tests, in and against folders of those
Debians."""
import json
import os
import re
import unittest

import case
import newer
import private
import redis_place
import sandbox

BUILD = os.environ["HOP_BUILD"]
UNIT = "tests/unit/history/unit_history_{}_test"
MOST_S = 900
CONF = """[hopwarden]
tenant   = acme
accounts = anna
history  = unix:{folder}/redis.sock
history_user = acme
history_secret = {folder}/secret
fallback = {folder}/fallback.db
"""


class Other(unittest.TestCase):
    """A folder of another Debian, and programs of it."""
    suite, packages = newer.SUITE, f"{newer.RUN},{newer.BUILD}"

    @classmethod
    def setUpClass(cls):
        cls.kept, why_not = newer.make(BUILD, cls.suite, cls.packages)
        if not cls.kept:
            raise unittest.SkipTest(why_not)
        cls.root = os.path.join(case.FOLDER, "root")
        os.makedirs(cls.root)
        private.bind(cls.kept, cls.root)
        private.bind("/proc", f"{cls.root}/proc")
        private.bind("/dev", f"{cls.root}/dev")
        private.mount("/tmp", f"{cls.root}/tmp", flags=private.MS_BIND)  # where the tests keep sockets; not what is mounted below

    def serve_with(self, server):
        """From now on `redis-server` is that program of the folder's."""
        folder = os.path.join(case.FOLDER, f"bin-{server}")
        sandbox.write(f"{folder}/redis-server", f'#!/bin/sh\nexec /usr/sbin/chroot {self.root} /usr/bin/{server} "$@"\n', 0o755)
        self.path = f"{folder}:{os.environ['PATH']}"
        before = os.environ["PATH"]
        os.environ["PATH"] = self.path
        self.addCleanup(os.environ.__setitem__, "PATH", before)

    def version(self):
        return sandbox.run("redis-server", "--version").stdout

    def passes(self, *words, **more):
        """A program of libcheck's."""
        done = sandbox.run(*words, check=False, timeout=MOST_S, **more)
        told = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, told)
        checks = re.search(r"^100%: Checks: (\d+), Failures: 0, Errors: 0$", told, re.M)
        self.assertTrue(checks and int(checks[1]) > 0, told)

    def contract_holds(self, name="store_contract"):
        self.passes(os.path.join(BUILD, UNIT.format(name)))

    def rights_hold(self):
        """hostile_test.py against that server."""
        here = os.path.dirname(os.path.abspath(__file__))
        done = sandbox.run(f"{here}/runner.py", f"{here}/hostile_test.py", check=False, timeout=MOST_S)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"cases: [1-9]\d* passed, 0 failed\n")


class Older(Other):
    """Redis 6.0: all of a login and of upkeep; but it knows no selectors, so customers cannot share it."""
    suite, packages = "bullseye", "redis-server"

    def setUp(self):
        self.serve_with("redis-server")

    def test_the_contract(self):
        self.assertRegex(self.version(), r"v=6\.")
        self.contract_holds()

    def hopwarden(self, *words):
        return sandbox.run(f"{BUILD}/review/hopwarden", *words, check=False)

    def configured(self, name):
        folder = os.path.join(case.FOLDER, name)
        os.makedirs(folder)
        sandbox.write(f"{folder}/conf", CONF.format(folder=folder))
        sandbox.write(f"{folder}/secret", "sesame\n", 0o600)
        return folder

    def test_it_refuses_the_users_of_a_shared_server(self):
        folder = self.configured("refusing")
        users = self.hopwarden("acl", "acme", "--conf", f"{folder}/conf").stdout.splitlines()
        self.assertIn("(", users[0])
        with self.assertRaisesRegex(RuntimeError, r"(?s)did not start.*users\.acl:3: .*Syntax error"):
            redis_place.Server(folder, users)

    def test_doctor_tells_that_nothing_binds_a_tenant_there(self):
        folder = self.configured("loose")
        server = redis_place.Server(folder, ["user acme on >sesame ~hop:1:* +@all"])
        self.addCleanup(server.stop)
        told = json.loads(self.hopwarden("doctor", "--json", "--conf", f"{folder}/conf").stdout)
        rights = {finding["what"]: finding for finding in told if finding["check"] == "rights"}
        found = rights["user acme may write home's profiles"]
        self.assertEqual(found["state"], "critical")
        self.assertIn("Redis 7", found["mend"])


class NewerServers(Other):

    def test_valkey(self):
        self.serve_with("valkey-server")
        self.assertRegex(self.version(), r"(?i)valkey.* v=[89]\.")
        self.contract_holds()
        self.contract_holds("store_redis")
        self.rights_hold()

    def test_redis(self):
        self.serve_with("redis-server")
        self.assertRegex(self.version(), r"v=([89]|\d\d)\.")
        self.contract_holds("store_redis")
        self.rights_hold()


class NewerLibraries(Other):
    """Built by that Debian's compiler against its libraries, warnings being errors; run there, against its redis-server."""

    def inside(self, *words, **more):
        clean = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/tmp"}
        return ["/usr/sbin/chroot", self.root, *words], {"env": clean, **more}

    def run_inside(self, *words):
        words, more = self.inside(*words)
        done = sandbox.run(*words, check=False, timeout=MOST_S, **more)
        self.assertEqual(done.returncode, 0, (done.stdout + done.stderr)[-8000:])
        return done.stdout

    def test_one_source(self):
        built = f"{self.kept}-build"
        os.makedirs(built, exist_ok=True)
        private.mount(sandbox.SOURCE, f"{self.root}/srv/source", flags=private.MS_BIND)
        private.mount(built, f"{self.root}/srv/build", flags=private.MS_BIND)
        self.assertRegex(self.run_inside("pkg-config", "--modversion", "hiredis"), r"^1\.")
        self.run_inside("cmake", "-G", "Ninja", "-S", "/srv/source", "-B", "/srv/build", "-DCMAKE_BUILD_TYPE=Debug",
                        "-DCMAKE_COMPILE_WARNING_AS_ERROR=ON")
        self.run_inside("cmake", "--build", "/srv/build", "--parallel", str(os.cpu_count()))
        for name in ("redis_wire", "store_redis", "tls", "store_contract"):
            words, more = self.inside(f"/srv/build/{UNIT.format(name)}")
            self.passes(*words, **more)
