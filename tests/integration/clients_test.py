# SPDX-License-Identifier: Apache-2.0
"""Every row of docs/sshd.md's table by every client that can do it: the client's column of the second table, and the same verdict, phase, syslog
lines and history whoever asks."""
import os

import sandbox
import table_test
from scene import USUAL

HERE = os.path.dirname(os.path.abspath(__file__))
TOKEN = "FIDO key that verifies, then PAM"
WITHOUT_KEY = ("password by PAM", "any, not in scope")
PYTHON = "/usr/bin/python3"  # Debian's, which knows Debian's packages


def columns():
    """Of the document's second table: (method, verdict) -> client -> cell."""
    with open(table_test.TABLE, encoding="utf-8") as file:
        lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in file if line.startswith("| ")]
    table = [row for row in lines if len(row) == 7]
    head = table[0][2:]
    return {(row[0], row[1]): dict(zip(head, row[2:])) for row in table[2:]}


class Client:
    """Mixed into the table's own test: the same rows by another client."""
    name = ""
    cannot = ()  # methods and verdicts that it has no way to try

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.column = {row: cells[cls.name] for row, cells in columns().items()}
        cls.said = {row: cells for row, cells in cls.said.items() if cls.column.get(row, "") != "-"}

    def row(self, method, verdict, name, source, **more):
        if method in self.cannot or verdict in self.cannot:
            self.assertEqual(self.column.get((method, verdict)), "-", f"{method}, {verdict}")
            return
        if method in WITHOUT_KEY:
            more["key"] = ""
        with self.subTest(f"{method}, {verdict}"):
            super().row(method, verdict, name, source, **more)

    def check(self, method, verdict, found, login):
        """The client's cell is its own, everything else is the first table's."""
        phase, _, logged, recorded = found
        self.assertEqual(self.column.get((method, verdict)), self.cell_of(login), str(login))
        told = self.said[method, verdict]
        self.assertEqual([told[0], *told[2:]], [phase, logged, recorded], str(login))

    @classmethod
    def cell_of(cls, login):
        """Prompts, then in, or the exit status and whether the person was told the id."""
        words = [cls.asked_for(login)] if login.prompts else []
        if not login.inside:
            words.append(f"refused {login.status}" if login.status >= 0 else "refused")
            words += ["told"] if "Login refused (id" in login.seen else []
        return ", ".join(words + (["in"] if login.inside else []))

    def log_in(self, name, source, *, key=None, answers=(), batch=False, options=()):
        key = self.box.accounts[name].key if key is None else key
        words = self.words(name, source, self.converted(key) if key else "", batch)
        return self.box.log_in(words, answers, environment={"HOME": self.box.path("client")})

    def converted(self, key):
        return key


class OpenSSH(Client, table_test.Table):
    name = "ssh"

    def log_in(self, name, source, **more):
        return self.box.ssh(name, source, **more)


class Dropbear(Client, table_test.Table):
    """No certificates, no batch mode; keys in a format of its own."""
    name = "dbclient"
    cannot = ("certificate, then PAM", "BatchMode", TOKEN)

    def words(self, name, source, key, _batch):
        words = ["dbclient", "-y", "-p", self.box.port, "-b", source, "-l", name]
        return [*words, *(["-i", key] if key else []), "127.0.0.1", "echo inside"]

    def test_trivial_it_is_not(self):
        words = self.words("anna", USUAL, self.converted(self.box.accounts["anna"].key), False)
        self.assert_in(self.box.log_in([words[0], "-o", "DisableTrivialAuth", *words[1:]], environment={"HOME": self.box.path("client")}))

    def converted(self, key):
        if not os.path.exists(f"{key}.dropbear"):
            sandbox.run("dropbearconvert", "openssh", "dropbear", key, f"{key}.dropbear")
        return f"{key}.dropbear"


class Plink(Client, table_test.Table):
    """PuTTY's; cannot choose its address, so a proxy command does. -batch takes a round without a prompt."""
    name = "plink"
    cannot = (TOKEN,)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.said["key, then PAM", "BatchMode"] = [*cls.said["key, then PAM", "allow"][:-1], "log"]

    def words(self, name, source, key, batch):
        words = ["plink", "-ssh", "-noagent", "-no-antispoof", "-hostkey", self.box.fingerprint(self.box.path("host_key")), "-P", self.box.port, "-l", name,
                 "-proxycmd", f"{PYTHON} {HERE}/from_source.py {source} 127.0.0.1 {self.box.port}"]
        certificate = f"{os.path.splitext(key)[0]}-cert.pub"
        words += ["-cert", certificate] if key and os.path.exists(certificate) else []
        return [*words, *(["-batch"] if batch else []), *(["-i", key] if key else []), "acme-db1", "echo inside"]

    def test_trivial_it_is_not(self):
        words = self.words("anna", USUAL, self.converted(self.box.accounts["anna"].key), False)
        self.assert_in(self.box.log_in([words[0], "-no-trivial-auth", *words[1:]], environment={"HOME": self.box.path("client")}))

    def converted(self, key):
        if not os.path.exists(f"{key}.ppk"):
            sandbox.run("puttygen", key, "-O", "private", "-o", f"{key}.ppk")
        return f"{key}.ppk"


class Paramiko(Client, table_test.Table):
    name = "paramiko"
    cannot = ("BatchMode", TOKEN)

    def words(self, name, source, key, _batch):
        return [PYTHON, f"{HERE}/paramiko_login.py", "127.0.0.1", self.box.port, source, name, key or "-", "echo inside"]


class Libssh(Client, table_test.Table):
    name = "libssh"
    cannot = ("BatchMode", TOKEN)

    def words(self, name, source, key, _batch):
        return [f"{self.box.build}/tests/integration/libssh_login", "127.0.0.1", self.box.port, source, name, key or "-", "echo inside"]
