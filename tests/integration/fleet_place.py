# SPDX-License-Identifier: Apache-2.0
"""Redis servers on loopback that find each other: a primary with a replica under three Sentinels, and a cluster of three primaries with a
replica each. All of them have the same users; `admin` may all, and is who they are to each other."""
import os
import re
import signal
import subprocess
import time

from redis_place import ADMIN, PATIENCE_S, Client, Refused, free_ports

SERVICE = "hop"
PATIENT_MS, HASTY_MS = 20000, 1000  # how long a silent server is believed to live: before, and when a test waits for a failover
SLOTS = 16384
CONTRIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "contrib", "redis")
OWN = """bind 127.0.0.1
save ""
appendonly no
repl-diskless-sync-delay 0
"""
ADMIN_LINE = f"user admin on >{ADMIN} ~* &* +@all"


def shipped(name):
    """The lines of a file in contrib/redis, each a list of words."""
    with open(os.path.join(CONTRIB, name), encoding="ascii") as file:
        return [line.split() for line in file if line.strip() and not line.startswith("#")]


def of_shipped(name, instead):
    """The same with `instead` for those lines that begin with its keys."""
    lines = []
    for words in shipped(name):
        begin = next((key for key in instead if words[:len(key.split())] == key.split()), None)
        lines.append(f"{begin} {instead[begin]}" if begin else " ".join(words))
    return "\n".join(lines) + "\n"


def await_true(condition, what):
    end = time.monotonic() + 3 * PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(.02)


class Node:
    """One server in a folder of its own."""

    def __init__(self, folder, port):
        self.port, self.folder, self.process = port, os.path.join(folder, str(port)), None
        os.makedirs(self.folder)

    def start(self, name, instead, users, more="", sentinel=False):
        """As contrib/redis/<name> says, with the users of contrib's aclfile and these."""
        acl, path = (os.path.join(self.folder, file) for file in ("users.acl", "redis.conf"))
        common = shipped("sentinels.acl" if sentinel else "servers.acl")
        with open(acl, "w", encoding="ascii") as file:
            file.write("\n".join([*(" ".join(words) for words in common), ADMIN_LINE, *users, ""]))
        with open(path, "w", encoding="ascii") as file:
            file.write(of_shipped(name, {"aclfile": acl, **instead}) + ("bind 127.0.0.1\n" if sentinel else OWN)
                       + f"port {self.port}\ndir {self.folder}\nlogfile log\n{more}")
        self.process = subprocess.Popen(["redis-server", path, *(["--sentinel"] if sentinel else [])], stdout=subprocess.DEVNULL)
        await_true(lambda: self.tells(b"PONG", "PING"), f"redis-server {path} answers")

    def told(self, *words):
        client = Client(self.port, "admin", ADMIN)
        try:
            return client(*words)
        finally:
            client.close()

    def tells(self, expected, *words):
        try:
            return expected in self.told(*words)
        except (OSError, Refused):
            return False

    def wait(self, expected, *words):
        await_true(lambda: self.tells(expected, *words), f"{self.port}: {words}: {expected}")

    def offset(self):
        return int(re.search(rb"master_repl_offset:(\d+)", self.told("INFO", "replication"))[1])

    def has_all_of(self, primary):
        goal = primary.offset()
        await_true(lambda: self.offset() >= goal, f"{self.port} has what {primary.port} has")

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()


class Watched:
    """`sentinel_users`: who else may ask the Sentinels."""

    def __init__(self, folder, ports=None):
        self.nodes = [Node(folder, port) for port in ports or free_ports(5)]
        self.primary, self.replica, *self.sentinels = self.nodes
        self.url = "sentinel://" + ",".join(f"127.0.0.1:{node.port}" for node in self.sentinels) + f"/{SERVICE}"

    def start(self, users, sentinel_users):
        self.primary.start("replicated.conf", {}, users)
        self.replica.start("replicated.conf", {}, users, f"replicaof 127.0.0.1 {self.primary.port}\n")
        self.replica.wait(b"master_link_status:up", "INFO", "replication")
        instead = {f"sentinel monitor {SERVICE}": f"127.0.0.1 {self.primary.port} 2",
                   f"sentinel down-after-milliseconds {SERVICE}": PATIENT_MS, f"sentinel failover-timeout {SERVICE}": 3000}
        for node in self.sentinels:
            node.start("sentinel.conf", instead, sentinel_users, sentinel=True)
        for node in self.sentinels:
            await_true(lambda node=node: self._seen(node) == (b"2", b"1"), f"sentinel {node.port} knows all others")

    @staticmethod
    def _seen(node):
        told = node.told("SENTINEL", "MASTER", SERVICE)
        about = dict(zip(told[::2], told[1::2]))
        return about[b"num-other-sentinels"], about[b"num-slaves"]

    def holder(self, _key):
        return self.primary

    def catch_up(self, _holder):
        self.replica.has_all_of(self.primary)

    def hurry(self):
        for node in self.sentinels:
            node.told("SENTINEL", "SET", SERVICE, "down-after-milliseconds", HASTY_MS)

    def client(self, user="admin", secret=ADMIN):
        for node in (self.primary, self.replica):
            if node.tells(b"role:master", "INFO", "replication"):
                return Client(node.port, user, secret)
        raise OSError("no primary")

    def stop(self):
        for node in self.nodes:
            if node.process:
                node.kill()


class Sliced:
    """A cluster. Replica i of node i stands three further on."""

    def __init__(self, folder, ports=None, replicas=True):
        self.nodes = [Node(folder, port) for port in ports or free_ports(6 if replicas else 3)]
        self.url = "cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[:3])

    def start(self, users, _sentinel_users=()):
        for node in self.nodes:
            self._introduce(node)
        for node in self.nodes:
            node.start("cluster.conf", {}, users, f"cluster-node-timeout {PATIENT_MS}\n")
        for node in self.nodes:
            node.wait(b"cluster_state:ok", "CLUSTER", "INFO")

    def _introduce(self, self_node):
        """What CLUSTER MEET and ADDSLOTS would lead to."""
        with open(os.path.join(self_node.folder, "nodes.conf"), "w", encoding="ascii") as file:
            for i, node in enumerate(self.nodes):
                mark = "myself," if node is self_node else ""
                file.write(f"{i + 1:040x} 127.0.0.1:{node.port}@{node.port + 10000} {mark}")
                if i < 3:
                    file.write(f"master - 0 0 {i + 1} connected {SLOTS * i // 3}-{SLOTS * (i + 1) // 3 - 1}\n")
                else:
                    file.write(f"slave {i - 2:040x} 0 0 {i - 2} connected\n")
            file.write("vars currentEpoch 3 lastVoteEpoch 0\n")

    def holder(self, key):
        return next(node for node in self.nodes if node.tells(b"hash", "TYPE", key))

    def catch_up(self, holder):
        self.nodes[self.nodes.index(holder) + 3].has_all_of(holder)

    def hurry(self):
        for node in self.nodes:
            if node.process.poll() is None:
                node.told("CONFIG", "SET", "cluster-node-timeout", HASTY_MS)

    def client(self, user="admin", secret=ADMIN):
        return Following(self, user, secret)

    def move_begin(self, key, source, target):
        """As redis-cli --cluster reshard does, step by step."""
        slot = source.told("CLUSTER", "KEYSLOT", key)
        target.told("CLUSTER", "SETSLOT", slot, "IMPORTING", source.told("CLUSTER", "MYID"))
        source.told("CLUSTER", "SETSLOT", slot, "MIGRATING", target.told("CLUSTER", "MYID"))

    def move_key(self, key, source, target):
        source.told("MIGRATE", "127.0.0.1", target.port, key, 0, 5000, "AUTH2", "admin", ADMIN)

    def move_end(self, key, source, target):
        slot = source.told("CLUSTER", "KEYSLOT", key)
        for key_left in source.told("CLUSTER", "GETKEYSINSLOT", slot, 1000):
            self.move_key(key_left, source, target)
        for node in (target, source):
            node.told("CLUSTER", "SETSLOT", slot, "NODE", target.told("CLUSTER", "MYID"))

    def stop(self):
        for node in self.nodes:
            if node.process:
                node.kill()


class Following:
    """A client of a cluster that goes where it is sent."""

    def __init__(self, cluster, user, secret):
        self._who, self._ports = (user, secret), [node.port for node in cluster.nodes]

    def __call__(self, *words):
        ports = list(self._ports)
        while ports:
            try:
                client = Client(ports.pop(0), *self._who)
            except OSError:
                continue
            try:
                return client(*words)
            except Refused as refused:
                if not str(refused).startswith("MOVED"):
                    raise
                ports = [int(str(refused).rpartition(":")[2])]
            finally:
                client.close()
        raise OSError("no node answers")

    def close(self):
        pass
