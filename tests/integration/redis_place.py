# SPDX-License-Identifier: Apache-2.0
"""A redis-server of one's own on a unix socket in a private folder, and a client that says exactly what it is told to."""
import os
import random
import socket
import subprocess
import time

PATIENCE_S = 20
ADMIN = "open-sesame"


class Refused(Exception):
    """An error reply; its words."""


def free_ports(count):
    """For servers, and 10000 above each one for the cluster bus; both below those that the kernel gives to clients."""
    found = set()
    while len(found) < count:
        port = random.randrange(10000, 20000)
        try:
            for each in (port, port + 10000):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", each))
            found.add(port)
        except OSError:
            pass
    return list(found)


class Client:
    """`place`: a unix socket's path, or a port on loopback."""

    def __init__(self, place, user=None, secret=None):
        self._socket = socket.socket(socket.AF_UNIX if isinstance(place, str) else socket.AF_INET)
        self._socket.settimeout(PATIENCE_S)
        try:
            self._socket.connect(place if isinstance(place, str) else ("127.0.0.1", place))
        except OSError:
            self._socket.close()
            raise
        self._replies = self._socket.makefile("rb")
        if user:
            self("AUTH", user, secret)

    def close(self):
        self._replies.close()
        self._socket.close()

    def __call__(self, *words):
        """One command; its reply, or Refused."""
        coded = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self._socket.sendall(b"*%d\r\n" % len(coded) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in coded))
        reply = self._reply()
        if isinstance(reply, Refused):
            raise reply
        return reply

    def _reply(self):
        kind, rest = (line := self._replies.readline())[:1], line[1:-2]
        if kind == b"-":
            return Refused(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self._replies.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self._reply() for _ in range(int(rest))]
        if kind == b"+":
            return rest
        raise ConnectionError(f"not a reply: {line!r}")


def certificates(folder):
    """Those of tests/certificates, in this folder; root's, the keys root's alone."""
    here = os.path.dirname(os.path.abspath(__file__))
    subprocess.run([os.path.join(here, "..", "certificates"), folder], check=True, stdin=subprocess.DEVNULL)
    for name in os.listdir(folder):
        os.chmod(os.path.join(folder, name), 0o600 if name.endswith(".key") else 0o644)


def tls(folder, port, certificate="server"):
    """Words for a server that speaks TLS on this port of 127.0.0.1, with one of those certificates."""
    return ("--bind", "127.0.0.1", "--tls-port", str(port), "--tls-cert-file", f"{folder}/{certificate}.pem", "--tls-key-file",
            f"{folder}/{certificate}.key", "--tls-ca-cert-file", f"{folder}/ca.pem", "--tls-auth-clients", "no")


class Server:
    """Stopped by stop(). `users`: lines of an aclfile. client() without a user may all; nobody else gets in so. `url` is what history= says;
    with `cluster` the server is a cluster of one node."""

    def __init__(self, folder, users=(), extra=(), cluster=False):
        self.path = os.path.join(folder, "redis.sock")
        port = free_ports(1)[0] if cluster else 0
        self.url = f"cluster://127.0.0.1:{port}" if cluster else f"unix:{self.path}"
        acl = os.path.join(folder, "users.acl")
        with open(acl, "w", encoding="ascii") as file:
            file.write("\n".join(["user default off", f"user admin on >{ADMIN} ~* +@all", *users]) + "\n")
        self._log = os.path.join(folder, "redis.log")
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--cluster-enabled", "yes" if cluster else "no", "--unixsocket", self.path, "--unixsocketperm", "700", "--dir", folder, "--logfile",
             self._log, "--save", "", "--appendonly", "no", "--aclfile", acl, *extra], stdout=subprocess.DEVNULL)
        self._await("PING", b"PONG")
        if cluster:
            client = self.client()
            client("CLUSTER", "ADDSLOTS", *range(16384))
            client.close()
            self._await("CLUSTER INFO", b"cluster_state:ok")

    def _await(self, words, told):
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                client = self.client()
                done = told in client(*words.split())
                client.close()
                if done:
                    return
                raise OSError(words)
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    with open(self._log, encoding="utf-8") as file:
                        raise RuntimeError(f"redis-server did not start:\n{file.read()}") from None
                time.sleep(.02)

    def client(self, user="admin", secret=ADMIN):
        return Client(self.path, user, secret)

    def stop(self):
        self.process.kill()
        self.process.wait()
