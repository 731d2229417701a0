#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Home vouches, anyone may accuse: what an intruder who owns a customer's host, and with it the Redis user of that customer, can and
cannot do to a history that other customers share. With the users of `hopwarden acl` on a real server. HOP_BUILD names the build folder."""
import datetime
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from redis_place import ADMIN, Refused, Server

HOPWARDEN = os.path.join(os.environ["HOP_BUILD"], "review", "hopwarden")
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
EXAMPLES = os.path.join(SOURCE, "contrib", "redis")
KEY, OTHER_KEY = "SHA256:" + "A" * 43, "SHA256:" + "B" * 43
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
AT = NOW - datetime.timedelta(minutes=1)  # of the logins that are judged
TODAY = int(NOW.timestamp()) // 86400
BUCKET = int(AT.timestamp()) // 21600
USUAL, HOP = "84.24.10.7", "198.51.100.77"  # the second stands in the inventory, as a host of gamma's
CONF = """[hopwarden]
tenant   = {tenant}
mode     = enforce
accounts = anna
tenant_count = 60
step_up_at = -16.0
history  = {history}
fallback = {folder}/{tenant}.db
{user}
[home]
networks = 192.0.2.0/24
[tenant "acme"]
networks = 10.1.0.0/16
tag = t-one
[tenant "beta"]
networks = 10.2.0.0/16
tag = t-two
[tenant "gamma"]
networks = 10.3.0.0/16
tag = t-three
"""


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def past(tenant):
    """Three weeks of logins, eight a day."""
    for day in range(21, 0, -1):
        for turn in range(8):
            moment = NOW - datetime.timedelta(days=day, minutes=60 * turn)
            yield {"@timestamp": stamp(moment), "event.outcome": "success", "user.name": "anna", "hopwarden.tenant": tenant,
                   "host.name": f"db{turn % 3}", "source.ip": USUAL, "hopwarden.key": KEY, "hopwarden.method": "publickey"}


class Shared(unittest.TestCase):
    """Customers acme (the intruder's), beta and gamma; anna works at beta and at home."""
    cluster = False
    example = "tenant.acl"

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="hopwarden-hostile-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.history = "cluster://127.0.0.1" if cls.cluster else "unix:/nowhere"  # the rights hang on the kind alone
        cls.configure("admin")
        users = {}
        for tenant in ("acme", "beta", "gamma"):
            users.update({line.split()[1]: line for line in cls.acl(tenant).splitlines()})
        users = [line.replace(" on ", f" on >sesame-{name} ", 1) for name, line in users.items()]
        cls.server = Server(cls.folder, users, cluster=cls.cluster)
        cls.addClassCleanup(cls.server.stop)
        cls.history = cls.server.url
        for tenant in ("acme", "beta", "gamma", "home", "admin"):
            cls.configure(tenant)
        cls.admin = cls.server.client()
        cls.addClassCleanup(cls.admin.close)
        for name in ("beta", "home"):
            done = cls.run_as(name, "import", "-", input="".join(json.dumps(line) + "\n" for line in past(name)))
            assert done.returncode == 0, done.stderr
        cls.admin("SADD", f"hop:1:n:{{{HOP}}}", "t-three")
        cls.admin("HSET", "hop:1:freeze", "account:carl", "block|1|home|left", "account:dora", "step_up|1|home|asked")

    @classmethod
    def configure(cls, tenant):
        secret = cls.write(f"{tenant}.secret", (ADMIN if tenant == "admin" else f"sesame-{tenant}") + "\n", 0o600)
        user = f"history_user = {tenant}\nhistory_secret = {secret}\n"
        name = "home" if tenant == "admin" else tenant
        cls.write(f"{tenant}.conf", cls.conf(name, user))

    @classmethod
    def conf(cls, tenant, user):
        return CONF.format(tenant=tenant, folder=cls.folder, history=cls.history, user=user)

    @classmethod
    def write(cls, name, text, mode=0o644):
        path = os.path.join(cls.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    @classmethod
    def run_as(cls, tenant, verb, *words, **more):
        return subprocess.run([HOPWARDEN, verb, "--conf", f"{cls.folder}/{tenant}.conf", "--syslog", f"{cls.folder}/none", *words],
                              capture_output=True, text=True, timeout=60, **more)

    @classmethod
    def acl(cls, tenant, *words):
        done = cls.run_as("admin", "acl", tenant, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def setUp(self):
        self.intruder = self.user("acme")
        self.before = self.everything()

    def user(self, name):
        client = self.server.client(name, f"sesame-{name}")
        self.addCleanup(client.close)
        return client

    def everything(self):
        return {key: self.admin("DUMP", key) for key in self.admin("KEYS", "*")}

    def put_back(self):
        """What a test was allowed to write must not stand in the way of the next."""
        for key in set(self.everything()) | set(self.before):
            self.admin("DEL", key)
            if key in self.before:
                self.admin("RESTORE", key, 0, self.before[key])

    def refused(self, *words, client=None):
        with self.assertRaises(Refused, msg=words) as caught:
            (client or self.intruder)(*words)
        self.assertRegex(str(caught.exception), r"^NOPERM", words)

    def all_refused(self, *commands, client=None):
        for words in commands:
            self.refused(*words.split(), client=client)
        self.assertEqual(self.everything(), self.before)

    def judged(self, tenant="beta", source=USUAL, key=KEY, host="db1", account="anna"):
        at = stamp(AT)
        done = self.run_as(tenant, "explain", "--json", "--account", account, "--source", source, "--key", key, "--host", host,
                           "--at", at)
        self.assertIn(done.returncode, (0, 1, 2), done.stderr)
        return json.loads(done.stdout)


class Acl(Shared):
    def test_the_shipped_example_is_what_the_command_prints(self):
        with open(os.path.join(EXAMPLES, self.example), encoding="ascii") as file:
            self.assertEqual(file.read(), self.acl("acme"))

    def test_users_and_tag(self):
        told = json.loads(self.acl("acme", "--json"))
        self.assertEqual(told["tenant_tag"], "t-one")
        self.assertEqual([user["user"] for user in told["users"]], ["acme", "acme-keys", "home", "home-keys", "reviewer"])
        self.assertEqual("".join(user["line"] + "\n" for user in told["users"]), self.acl("acme"))
        told = json.loads(self.acl("home", "--json"))
        self.assertEqual([user["user"] for user in told["users"]], ["home", "home-keys", "reviewer"])

    def test_the_tag_is_told_and_a_guessable_one_said_to_be(self):
        told = self.run_as("admin", "acl", "acme").stderr
        self.assertIn("tenant_tag = t-one", told)
        self.assertNotIn("guess", told)
        self.assertRegex(self.run_as("admin", "acl", "delta").stderr, r'may guess.* tag = [0-9a-f]{16} in \[tenant "delta"\]')

    def test_no_user_can_be_another(self):
        for name in ("acme-keys", "reviewer", "default"):
            done = self.run_as("admin", "acl", name)
            self.assertEqual((done.returncode, done.stdout), (64, ""), name)
        for name in ("Acme", "a*", "", "acme beta"):
            self.assertEqual(self.run_as("admin", "acl", name).returncode, 64, name)

    def test_a_prefix_that_would_be_a_pattern(self):
        self.write("glob.conf", self.conf("home", "history_prefix = hop*:"))
        self.assertEqual(self.run_as("glob", "acl", "acme").returncode, 64)

    def test_nobody_logs_in_without_a_password(self):
        for line in self.acl("acme").splitlines():
            self.assertNotRegex(line, r"nopass|>|#")

    def test_rights_are_commands_never_categories(self):
        for line in self.acl("acme").splitlines():
            self.assertEqual(re.findall(r"[+-]@\w+", line), ["-@all"])

    def test_each_user_does_its_work(self):
        self.addCleanup(self.put_back)
        self.assertEqual(self.judged("beta")["hopwarden.action"], "allow")
        self.assertEqual(self.judged("home")["hopwarden.action"], "allow")
        done = self.run_as("beta", "import", "-", input=json.dumps(next(past("beta"))))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.run_as("home", "freeze", "account", "anna").returncode, 0)
        self.assertEqual(self.judged("beta")["hopwarden.action"], "step_up")


    def test_home_permits_and_a_tenant_s_host_obeys(self):
        self.addCleanup(self.put_back)
        words = ("permit", "nils", "--for", "1h", "--why", "outage")
        self.assertEqual(self.run_as("beta", *words).returncode, 3)
        self.assertEqual(self.judged("beta", account="nils")["hopwarden.answer"], "step_up")
        done = self.run_as("home", *words, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        told = self.judged("beta", account="nils")
        self.assertEqual((told["hopwarden.answer"], told["hopwarden.permit"]), ("allow", json.loads(done.stdout)["permit"]))
        self.assertEqual(self.run_as("beta", "permit", "--list").returncode, 3)
        self.assertEqual(self.run_as("beta", "unpermit", "nils").returncode, 3)
        self.assertEqual(self.run_as("home", "unpermit", "nils").returncode, 0)
        self.assertEqual(self.judged("beta", account="nils")["hopwarden.answer"], "step_up")

    def findings(self, tenant):
        done = self.run_as(tenant, "doctor", "--json")
        return [finding["what"] for finding in json.loads(done.stdout) if finding["check"] == "users"]

    def test_doctor_tells_where_rights_bind_nobody(self):
        self.assertEqual(self.findings("acme"), [])
        self.write("common.conf", self.conf("acme", ""))
        self.assertIn("history_user is not set", self.findings("common")[0])
        self.admin("ACL", "SETUSER", "default", "on", "nopass", "+@all")
        self.addCleanup(self.admin, "ACL", "SETUSER", "default", "off", "resetpass")
        self.assertIn("lets in whoever has no password", self.findings("acme")[0])

    def rights(self, tenant="acme"):
        done = self.run_as(tenant, "doctor", "--json")
        return [f'{finding["state"]}: {finding["what"]}' for finding in json.loads(done.stdout) if finding["check"] == "rights"]

    def test_doctor_tells_what_a_user_may_beyond_its_lines(self):
        before = self.everything()
        self.assertEqual(self.rights(), ["fine: user acme was refused all that is not its own"])
        line = self.acl("acme").splitlines()[0]
        self.addCleanup(self.admin, "ACL", "SETUSER", "acme", "reset", *line.split()[2:], ">sesame-acme")
        for more, what in (("(~hop:1:p:* +hgetall)", "read other tenants' profiles"),
                           ("(~hop:1:p:*:home +hdel)", "write home's profiles"),
                           ("(~hop:1:freeze +hdel)", "freeze and unfreeze"),
                           ("(~hop:1:x:* +srem)", "take touches away")):
            self.admin("ACL", "SETUSER", "acme", more)
            self.assertIn(f"critical: user acme may {what}", self.rights())
        self.admin("ACL", "SETUSER", "acme", "~*", "+@all")
        self.assertIn("critical: user acme may write other tenants' profiles", self.rights())
        self.assertEqual(self.everything(), before, "what was tried changed nothing")

    def test_doctor_tries_the_helpers_user(self):
        secret = self.write("helper.secret", "sesame-acme-keys\n", 0o600)
        with open(f"{self.folder}/acme.conf", encoding="ascii") as file:
            text = file.read()
        self.write("helped.conf", text.replace("[home]", f"helper_user = acme-keys\nhelper_secret = {secret}\n[home]", 1))
        self.assertIn("fine: user acme-keys was refused all that is not its own", self.rights("helped"))
        line = self.acl("acme").splitlines()[1]
        self.addCleanup(self.admin, "ACL", "SETUSER", "acme-keys", "reset", *line.split()[2:], ">sesame-acme-keys")
        self.admin("ACL", "SETUSER", "acme-keys", "(~hop:1:p:*:acme +hdel +multi +exec)", "+multi", "+exec")
        self.assertEqual([line for line in self.rights("helped") if "acme-keys" in line],
                         ["critical: user acme-keys may write this tenant's profiles"])
        self.write("helper.secret", "wrong\n", 0o600)
        self.assertIn("warning: user acme-keys does not get in: the sshd helpers print keys unjudged", self.rights("helped"))


class Refusals(Shared):
    """Attempt by attempt; after each group the whole history is as before."""

    def test_another_witness_is_not_written(self):
        self.all_refused(
            f"HSET hop:1:p:{{anna}}:home c:XX {TODAY}:1+", f"HSET hop:1:p:{{anna}}:beta c:XX {TODAY}:1+",
            "HDEL hop:1:p:{anna}:home c:NL", "HDEL hop:1:p:{anna}:beta t:beta", f"HSET hop:1:d:{{acme}}:home anna {TODAY}",
            f"SADD hop:1:d:{{}}:home acme|anna", f"SADD hop:1:d:{{}}:beta acme|anna",
            "HSET hop:1:s:{10.1.0.5}:home 01J x", "HSET hop:1:s:{10.2.0.5}:beta 01J x", "WATCH hop:1:p:{anna}:home")

    def test_a_sighting_is_neither_erased_nor_expired(self):
        keys = [key.decode() for key in self.before]
        for key in keys:
            for command in ("DEL", "UNLINK", "PERSIST", "TOUCH", "GETDEL", "SPOP"):
                self.refused(command, key)
            for command in ("EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"):
                self.refused(command, key, 1)
            for command in ("RENAME", "RENAMENX", "COPY", "SUNIONSTORE", "SINTERSTORE", "SDIFFSTORE"):
                self.refused(command, key, "hop:1:p:{gone}:acme")
                self.refused(command, "hop:1:p:{gone}:acme", key)
            self.refused("SREM", key, "anna")
            self.refused("SMOVE", key, "hop:1:x:{gone}:1", "anna")
            self.refused("SET", key, "gone")
            self.refused("RESTORE", key, 0, "gone", "REPLACE")
            self.refused("MIGRATE", "127.0.0.1", 1, key, 0, 1000)
        self.all_refused("FLUSHALL", "FLUSHDB", "SWAPDB 0 1", "MOVE hop:1:freeze 1", "SHUTDOWN NOSAVE",
                         "CONFIG SET maxmemory 1", "REPLICAOF 127.0.0.1 1", "FAILOVER", "FUNCTION FLUSH", "SCRIPT FLUSH",
                         "EVAL return(redis.call('FLUSHALL')) 0")

    def test_another_tenants_profile_and_name_are_not_read(self):
        self.all_refused(
            "HGETALL hop:1:p:{anna}:beta", "HGET hop:1:p:{anna}:beta t:beta", "HLEN hop:1:p:{anna}:beta",
            "HSCAN hop:1:p:{anna}:beta 0", "EXISTS hop:1:p:{anna}:beta", "TYPE hop:1:p:{anna}:beta", "DUMP hop:1:p:{anna}:beta",
            "HLEN hop:1:d:{beta}:beta", "HGETALL hop:1:d:{beta}:home", "SCARD hop:1:d:{}:beta", "HGETALL hop:1:s:{10.2.0.5}:beta",
            "XRANGE hop:1:log:beta - +", "XRANGE hop:1:log:home - +", "XREAD STREAMS hop:1:log:beta 0", "XLEN hop:1:log:beta",
            "KEYS *", "SCAN 0", "RANDOMKEY", "DBSIZE", "OBJECT FREQ hop:1:p:{anna}:beta", "MEMORY USAGE hop:1:p:{anna}:beta",
            "MONITOR", "CLIENT LIST", "SLOWLOG GET", "ACL LIST", "ACL GETUSER beta", "ACL LOG", "INFO", "CONFIG GET *",
            "SUBSCRIBE __keyspace@0__:*", "PSUBSCRIBE *", "SORT hop:1:k:{x} BY hop:1:p:{anna}:beta->t:beta",
            "SMEMBERS hop:1:y:{anna}:682", "SRANDMEMBER hop:1:y:{anna}:682 10", "COMMAND LIST", "LATENCY LATEST")

    def test_what_it_may_read_names_nobody(self):
        """Shared lists and home's word hold tags, and the names of the provider's own people."""
        readable = [self.intruder("HGETALL", "hop:1:p:{anna}:home")]
        for key in self.before:
            if key.startswith((b"hop:1:x:", b"hop:1:k:", b"hop:1:n:")):
                readable.append(self.intruder("SRANDMEMBER", key, 100))
        self.assertNotRegex(repr(readable), "beta|gamma")
        self.assertIn("t-three", repr(readable))

    def test_home_does_not_lend_its_freezes(self):
        self.assertEqual(self.intruder("HGET", "hop:1:freeze", "account:carl"), b"block|1|home|left")
        self.all_refused("HSET hop:1:freeze account:anna block|1|home|x",
                         "HSET hop:1:freeze permit:anna 01JD8Z0M2N3P4Q5R6S7T8V9WXY|1|2|home|x", "HDEL hop:1:freeze account:carl", "DEL hop:1:freeze",
                         "HGETALL hop:1:freeze", "HKEYS hop:1:freeze", "HSCAN hop:1:freeze 0", "HINCRBY hop:1:freeze x 1",
                         "HSET hop:1:ok:{1} x y", "HDEL hop:1:ok:{1} x", "HSET hop:1:pruned time 1")

    def test_another_log_is_not_trimmed(self):
        self.all_refused("XTRIM hop:1:log:beta MAXLEN 0", "XADD hop:1:log:beta MAXLEN 0 * id x e y", "XDEL hop:1:log:beta 1-1",
                         "XADD hop:1:log:home * id x e y", "XTRIM hop:1:log:acme MAXLEN 0", "XDEL hop:1:log:acme 1-1",
                         "XSETID hop:1:log:acme 9-9", "XGROUP CREATE hop:1:log:beta g 0")

    def test_a_transaction_widens_nothing(self):
        for words in ("HSET hop:1:p:{anna}:home c:XX 1:1", "DEL hop:1:freeze", "FLUSHALL", "SCAN 0"):
            self.assertEqual(self.intruder("MULTI"), b"OK")
            self.refused(*words.split())
            with self.assertRaisesRegex(Refused, "EXECABORT"):
                self.intruder("EXEC")
        self.assertEqual(self.everything(), self.before)

    def test_nor_do_other_databases_or_users(self):
        if not self.cluster:
            self.intruder("SELECT", 1)
        self.all_refused("SET x y", "FLUSHDB", "HSET hop:1:p:{anna}:home c:XX 1:1")
        self.intruder("SELECT", 0)
        for user in ("home", "beta", "home-keys", "reviewer"):
            with self.assertRaisesRegex(Refused, "WRONGPASS"):
                self.intruder("AUTH", user, "sesame-acme")
        self.all_refused("ACL SETUSER acme ~* +@all", "ACL LOAD")
        self.intruder("RESET")
        with self.assertRaisesRegex(Refused, "NOAUTH"):
            self.intruder("PING")

    def test_helpers_and_reviewers_write_nothing(self):
        writes = ("HSET hop:1:p:{anna}:acme c:XX 1:1", "HDEL hop:1:p:{anna}:acme c:XX", "SADD hop:1:k:{x} bert",
                  "SADD hop:1:x:{anna}:1 y", "XADD hop:1:log:acme * id x e y", "HSET hop:1:freeze account:anna block|1|x|y",
                  "DEL hop:1:freeze", "MULTI", "FLUSHALL", "EVAL return(1) 0", "HSET hop:1:p:{anna}:home c:XX 1:1")
        for user in ("acme-keys", "home-keys", "reviewer"):
            self.all_refused(*writes, client=self.user(user))
        for user in ("acme-keys", "home-keys"):
            self.all_refused("HGETALL hop:1:p:{anna}:beta", "XRANGE hop:1:log:acme - +", "SCAN 0", "HGETALL hop:1:freeze",
                             client=self.user(user))
        self.assertTrue(self.user("reviewer")("HGETALL", "hop:1:p:{anna}:beta"))

    def test_not_even_home_empties_the_server(self):
        self.all_refused("FLUSHALL", "FLUSHDB", "CONFIG GET *", "KEYS *", "EVAL return(1) 0", "ACL LIST", "SHUTDOWN", "SET hop:1:x y",
                         "RENAME hop:1:freeze hop:1:thaw", "HSET other x y", client=self.user("home"))


class Accusations(Shared):
    """What it may write raises suspicion, never lowers it elsewhere, and blocks nobody."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.put_back)

    def test_its_story_of_a_login_to_another_is_not_confirmed(self):
        login = "01JD8Z0M2N3P4Q5R6S7T8V9WXY"
        story = {"@timestamp": stamp(NOW - datetime.timedelta(hours=1)), "event.id": login, "event.outcome": "success", "user.name": "anna",
                 "hopwarden.tenant": "beta", "host.name": "vault", "source.ip": HOP, "hopwarden.key": OTHER_KEY,
                 "hopwarden.method": "publickey"}
        self.intruder("XADD", "hop:1:log:acme", "*", "id", login, "e", json.dumps(story))
        before = self.everything()
        for verb in (("confirm", login), ("explain", login)):
            done = self.run_as("home", *verb)
            self.assertEqual(done.returncode, 3, done.stdout)
            self.assertIn(f"{login}: in the log of acme, and said to be a login to beta: not believed", done.stderr)
        self.assertEqual(self.everything(), before)
        story["hopwarden.tenant"] = "acme"
        self.intruder("XADD", "hop:1:log:acme", "*", "id", login[:-1] + "Z", "e", json.dumps({**story, "event.id": login[:-1] + "Z"}))
        self.assertEqual(self.run_as("home", "confirm", login[:-1] + "Z").returncode, 0)

    def write_all_that_is_allowed(self):
        """Its own profile of anna says that everything is usual, and every shared list says what could make her look harmless."""
        say = self.intruder
        fields = [f"c:{country}" for country in ("NL", "RO", "BR")] + ["a:64496", "n:203.0.113.0/24", "i:203.0.113.9", f"k:{OTHER_KEY}",
                  "t:beta", "h:beta/vault", "e:gamma/beta", "x:0", "x:1", *(f"w:{day}{hour:02}" for day in ("wd", "we") for hour in range(24))]
        for field in fields:
            say("HSET", "hop:1:p:{anna}:acme", field, f"{TODAY}:{'f' * 128}+")
        say("HSET", "hop:1:p:{anna}:acme", "stepup", int(NOW.timestamp()), "last", "nonsense")
        say("HSET", "hop:1:d:{beta}:acme", *[word for i in range(50) for word in (f"admin{i}", TODAY)])
        for tag in ("t-one", "t-two", "t-three", "new"):
            for ago in range(0, 5):
                moment = int(NOW.timestamp()) - ago * 3600
                say("SADD", f"hop:1:x:{{anna}}:{moment // 21600}", f"{moment}|{tag}|-70|0|")
        say("SADD", f"hop:1:n:{{{HOP}}}", "t-one", "t-two")
        say("HSET", f"hop:1:s:{{{USUAL}}}:acme", "01JDEADBEEF000000000000000", "anna 1||||")

    def spoil_the_pack(self):
        self.intruder("HSET", "hop:1:p:{anna}:acme", "~1", "neither packed nor sound")

    def test_a_spoilt_pack_is_history_lost_at_its_own_customer_alone(self):
        """Not somebody of whom nothing is known; and all other hosts read on."""
        elsewhere = {tenant: self.judged(tenant) for tenant in ("beta", "gamma", "home")}
        self.spoil_the_pack()
        self.assertEqual({tenant: self.judged(tenant) for tenant in elsewhere}, elsewhere)
        done = self.run_as("acme", "explain", "--json", "--account", "anna", "--source", USUAL, "--key", KEY, "--host", "db1",
                           "--at", stamp(AT))
        self.assertEqual(done.returncode, 3, done.stderr)
        lost = json.loads(done.stdout)
        self.assertEqual(lost["hopwarden.degraded"], ["history"])
        self.assertEqual([reason["code"] for reason in lost["hopwarden.reasons"]], ["history-lost"])
        self.assertNotEqual(lost["hopwarden.action"], "allow")
        dumped = self.run_as("home", "dump", os.path.join(self.folder, "spoilt.dump"))
        self.assertEqual(dumped.returncode, 0, dumped.stderr)
        self.assertIn("1 values that no host can have written were left out", dumped.stderr)
        pruned = self.run_as("home", "prune")
        self.assertEqual(pruned.returncode, 0, pruned.stderr)
        self.assertEqual(self.judged("acme").get("hopwarden.degraded", []), [])

    def test_nothing_it_writes_lowers_a_score_elsewhere(self):
        logins = ({}, {"source": "203.0.113.9"}, {"source": "203.0.113.9", "key": OTHER_KEY}, {"host": "vault"},
                  {"source": HOP}, {"source": "10.3.0.4", "key": OTHER_KEY}, {"source": "10.1.0.9"}, {"account": "bert"})
        severity = {"allow": 0, "step_up": 1, "block": 2}
        clean = [(tenant, login, self.judged(tenant, **login)) for tenant in ("beta", "gamma", "home") for login in logins]
        self.write_all_that_is_allowed()
        self.spoil_the_pack()
        for tenant, login, was in clean:
            now = self.judged(tenant, **login)
            self.assertGreaterEqual(severity[now["hopwarden.action"]], severity[was["hopwarden.action"]], (tenant, login))
            self.assertGreaterEqual(now["hopwarden.risk_bits"], was["hopwarden.risk_bits"], (tenant, login))

    def test_at_its_own_customer_it_may(self):
        """The reach of the promise: whoever owns acme's host decides there anyway."""
        login = {"source": "203.0.113.9", "key": OTHER_KEY}
        was = self.judged("acme", **login)
        self.write_all_that_is_allowed()
        self.assertLess(self.judged("acme", **login)["hopwarden.risk_bits"], was["hopwarden.risk_bits"])

    def accuse(self):
        now = int(NOW.timestamp())
        for number in range(200):
            moment = now - 1800 - number * 60
            self.intruder("SADD", f"hop:1:x:{{anna}}:{moment // 21600}", f"{moment}|t{number}|70|64496|")
        self.intruder("SADD", f"hop:1:k:{{{KEY}}}", "mallory")
        self.intruder("SADD", f"hop:1:n:{{{USUAL}}}", "t-one")

    def test_an_accusation_alone_steps_up_and_never_blocks(self):
        self.assertEqual(self.judged("beta")["hopwarden.action"], "allow")
        self.accuse()
        for tenant in ("beta", "home"):
            told = self.judged(tenant)
            self.assertEqual(told["hopwarden.action"], "step_up", tenant)
            self.assertIn("accused", [reason["code"] for reason in told["hopwarden.reasons"]], tenant)

    def flood(self, count):
        for key in (f"hop:1:x:{{anna}}:{BUCKET}", f"hop:1:k:{{{KEY}}}", f"hop:1:n:{{{USUAL}}}"):
            for first in range(0, count, 1000):
                self.intruder("SADD", key, *(f"junk{number}" for number in range(first, first + 1000)))

    def test_a_flood_costs_a_bounded_read_and_is_told(self):
        self.flood(50000)
        told = self.judged("beta")
        self.assertEqual(told["hopwarden.action"], "step_up")
        self.assertIn("flooded", told["hopwarden.floors"])
        stats = self.admin("INFO", "stats").decode()
        sent = int(re.search(r"total_net_output_bytes:(\d+)", stats)[1])
        self.judged("beta")
        stats = self.admin("INFO", "stats").decode()
        read = int(re.search(r"total_net_output_bytes:(\d+)", stats)[1]) - sent - len(stats)
        self.assertLess(read, 64 * 1024, "bytes that one score read")

    def test_home_prunes_what_no_profile_backs_and_tells_a_flood(self):
        self.accuse()
        done = self.run_as("home", "prune", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["owners"], 1)
        self.assertEqual(self.admin("SMEMBERS", f"hop:1:k:{{{KEY}}}"), [b"anna"])
        self.flood(2000)
        done = self.run_as("home", "prune", "--json")
        self.assertEqual((done.returncode, json.loads(done.stdout)["flooded"]), (1, 2))
        self.assertIn("2 shared lists hold more than 1024 members", done.stderr)
        self.assertEqual(self.run_as("acme", "prune").returncode, 3)

    def test_touches_are_not_hidden_by_others(self):
        """Less than a flood, but more than a sample holds: what cannot be seen counts as the worst."""
        key = f"hop:1:x:{{anna}}:{BUCKET}"
        for number in range(900):
            self.intruder("SADD", key, f"{int(AT.timestamp())}|t{number}|-70|0|")
        self.assertIn("flooded", self.judged("beta")["hopwarden.floors"])


class OnCluster:
    """The same attempts at a node of a cluster, whose users may also ask whose a slot is."""
    cluster = True
    example = "cluster.acl"


class AclOnCluster(OnCluster, Acl):
    pass


class RefusalsOnCluster(OnCluster, Refusals):
    def test_the_cluster_stays_as_it_is(self):
        node = self.admin("CLUSTER", "MYID").decode()
        self.assertEqual(self.intruder("CLUSTER", "SLOTS"), self.admin("CLUSTER", "SLOTS"))
        changes = ("CLUSTER RESET HARD", "CLUSTER MEET 127.0.0.1 1", f"CLUSTER FORGET {node}", "CLUSTER FAILOVER TAKEOVER",
                   "CLUSTER FLUSHSLOTS", "CLUSTER DELSLOTS 1", f"CLUSTER SETSLOT 1 MIGRATING {node}", f"CLUSTER SETSLOT 1 NODE {node}",
                   f"CLUSTER REPLICATE {node}", "CLUSTER BUMPEPOCH", "CLUSTER SAVECONFIG", "CLUSTER NODES",
                   "CLUSTER GETKEYSINSLOT 1 10", "CLUSTER COUNTKEYSINSLOT 1", "READONLY", "RESTORE-ASKING hop:1:freeze 0 x")
        for user in ("acme", "acme-keys", "home", "home-keys", "reviewer"):
            self.all_refused(*changes, client=self.user(user))

    def test_asking_widens_nothing(self):
        for words in ("HSET hop:1:p:{anna}:home c:XX 1:1", "HGETALL hop:1:p:{anna}:beta", "DEL hop:1:freeze"):
            self.assertEqual(self.intruder("ASKING"), b"OK")
            self.refused(*words.split())
        self.assertEqual(self.everything(), self.before)


class AccusationsOnCluster(OnCluster, Accusations):
    pass


if __name__ == "__main__":
    unittest.main()
