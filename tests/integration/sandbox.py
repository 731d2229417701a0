# SPDX-License-Identifier: Apache-2.0
"""A host of its own inside run_private(): sshd with PAM, the product at its real paths, accounts, a syslog that is kept,
and on request a redis-server. The machine's own /etc, /run, /var/log, /dev and /usr/local are hidden behind private ones.
"""
import glob
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

import client
import private

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATIENCE_S = 20  # for anything that must happen; never a pause
FIRST_ID = 64000
SANDBOX_SSHD = """Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile {folder}/sshd.pid
LogLevel VERBOSE
MaxStartups 200
LoginGraceTime 30
UseDNS no
"""


def await_true(condition, what):
    """Waits until condition() holds; a TimeoutError says what did not happen."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.005)


def write(path, text, mode=0o644, owner=(0, 0)):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    os.chown(path, *owner)
    os.chmod(path, mode)


def run(*words, check=True, **more):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, errors="replace",
                          stdin=more.pop("stdin", subprocess.DEVNULL), timeout=more.pop("timeout", 60), **more)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


@dataclass
class Line:
    """One datagram that syslog got."""
    severity: int
    ident: str
    pid: int
    text: str

    @property
    def alert(self):
        """hopwarden's JSON object; None for everything else."""
        return json.loads(self.text) if self.ident == "hopwarden" and self.text.startswith("{") else None


class Syslog:
    """The private /dev/log: keeps every line."""

    def __init__(self, path="/dev/log"):
        self.lines = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        os.chmod(path, 0o666)
        self._own = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._own.connect(path)  # works on when a test has removed the path
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self):
        while True:
            text = self._socket.recv(1 << 16).decode("utf-8", "backslashreplace").rstrip("\n\0")
            head, _, rest = text.partition(">")
            priority = int(head[1:]) if head[1:].isdigit() else 0
            ident, _, message = rest[16:].partition(": ")
            name, _, pid = ident.rstrip("]").partition("[")
            self.lines.append(Line(priority & 7, name, int(pid) if pid.isdigit() else 0, message))

    def settle(self):
        """Comes back when all that was sent before has been read: datagrams keep their order."""
        mark = f"settled {len(self.lines)}"
        self._own.send(f"<87>Nov 23 09:30:00 sandbox: {mark}".encode())
        await_true(lambda: any(line.ident == "sandbox" and line.text == mark for line in self.lines), "syslog has been read")

    def since(self, mark):
        return [line for line in self.lines[mark:] if line.ident != "sandbox"]

    def has(self, mark, words):
        return any(words in line.text for line in self.lines[mark:])


@dataclass
class Account:
    name: str
    uid: int
    home: str
    secret: str = client.SECRET
    key: str = ""  # private key file of the client
    groups: tuple = field(default_factory=tuple)


class Sandbox:
    """Only inside run_private(): everything it changes vanishes with the place."""
    root = ""  # folder whose sshd is meant; see newer.py

    def __init__(self, folder, build=None):
        self.folder = folder
        self.build = build or os.environ.get("HOP_BUILD") or os.path.join(SOURCE, "build", "dev")
        self.accounts = {}
        self._children = []
        self._sshd = None
        self._hide_machine()
        self._install()
        self._identities()
        self.syslog = Syslog()

    # -- the place ------------------------------------------------------------------------------------------------

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def private_folder(self, target, mode=0o755):
        """An own, empty folder in the place of the machine's."""
        own = self.path("over", target.strip("/").replace("/", "_"))
        os.makedirs(own)
        os.chmod(own, mode)
        private.bind(own, target)
        return target

    def _hide_machine(self):
        os.makedirs(self.path("over"))
        run("cp", "-a", "/etc", self.path("over", "etc"))
        shutil.rmtree(self.path("over", "etc", "hopwarden"), ignore_errors=True)  # of the copy
        private.bind(self.path("over", "etc"), "/etc")
        self._private_dev()
        private.mount("tmpfs", "/run", "tmpfs", private.MS_NOSUID | private.MS_NODEV, "mode=755")
        self.private_folder("/var/log")
        os.makedirs("/run/sshd", 0o755)
        os.makedirs(self.path("home"))

    def _private_dev(self):
        new = self.path("over", "dev")
        os.makedirs(new)
        private.mount("tmpfs", new, "tmpfs", private.MS_NOSUID, "mode=755")
        for name in ("null", "zero", "full", "random", "urandom", "tty"):
            open(f"{new}/{name}", "w", encoding="ascii").close()
            private.bind(f"/dev/{name}", f"{new}/{name}")
        os.makedirs(f"{new}/shm")
        os.chmod(f"{new}/shm", 0o1777)
        os.makedirs(f"{new}/pts")
        private.mount("devpts", f"{new}/pts", "devpts", private.MS_NOSUID, "newinstance,ptmxmode=0666,mode=0620,gid=5")
        for name, target in (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"),
                             ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")):
            os.symlink(target, f"{new}/{name}")
        private.bind(new, "/dev")

    def _install(self):
        """The product by its own install rules, at its real paths."""
        stage = self.path("stage")
        run("cmake", "--install", self.build, env={**os.environ, "DESTDIR": stage})
        for modules in glob.glob(f"{stage}/**/pam_hopwarden.so", recursive=True):
            real = os.path.dirname(modules)[len(stage):]
            run("cp", "-a", real, self.path("over", "security"))
            shutil.copy2(modules, self.path("over", "security"))
            private.bind(self.path("over", "security"), real)
        self._usr_local(f"{stage}/usr/local")
        if os.path.isdir(f"{stage}/etc"):
            run("cp", "-a", f"{stage}/etc/.", "/etc/")

    def _usr_local(self, staged):
        own = self.path("over", "usr_local")
        shutil.copytree(staged, own, symlinks=True) if os.path.isdir(staged) else os.makedirs(own)
        self._lay_over("/usr/local", own)

    @staticmethod
    def _lay_over(target, own):
        """`own` in the place of a folder of the machine, whose other folders stay in sight beside it."""
        for name in os.listdir(target):
            shown = os.path.join(own, name)
            if not os.path.lexists(shown) and os.path.isdir(f"{target}/{name}"):
                os.makedirs(shown)
                private.bind(f"{target}/{name}", shown)
        private.bind(own, target)

    def _identities(self):
        """hopwarden's user as systemd-sysusers and systemd-tmpfiles would make it; accounts from files alone."""
        write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\n")
        write("/etc/hosts", "127.0.0.1 localhost\n")
        self._line("/etc/passwd", "hopwarden:x:63999:63999::/nonexistent:/usr/sbin/nologin")
        self._line("/etc/group", "hopwarden:x:63999:")
        self._groups = {"msp-admins": 63998, "msp-automation": 63997}
        self._members = {name: [] for name in self._groups}
        self._write_groups()
        os.makedirs(self.path("over", "var_lib", "hopwarden"))
        self._lay_over("/var/lib", self.path("over", "var_lib"))
        os.makedirs("/etc/hopwarden", exist_ok=True)
        self._tmpfiles(os.path.join(SOURCE, "contrib", "hopwarden.tmpfiles"))

    @staticmethod
    def _tmpfiles(path):
        """The folders that the shipped tmpfiles entry asks for."""
        with open(path, encoding="utf-8") as file:
            entries = [line.split() for line in file if line.startswith("d ")]
        for _, folder, mode, _, group, *_ in entries:
            os.makedirs(folder, exist_ok=True)
            os.chown(folder, 0, 63999 if group == "hopwarden" else 0)
            os.chmod(folder, int(mode, 8))

    @staticmethod
    def _line(path, line):
        """One entry of passwd, group or shadow, in the place of what the machine has under that name."""
        name = line.partition(":")[0]
        with open(path, encoding="utf-8") as file:
            others = [other for other in file if other.partition(":")[0] != name]
        about = os.stat(path)
        write(path, "".join([f"{line}\n", *others]), about.st_mode & 0o7777, (0, about.st_gid))

    # -- accounts -------------------------------------------------------------------------------------------------

    def add_account(self, name, *, groups=(), password=None, code=True, keys=1):
        """An account with a home folder, a client key in keys.d, and an enrolled one-time code."""
        uid = FIRST_ID + len(self.accounts)
        account = Account(name, uid, self.path("home", name), groups=tuple(groups))
        if name == "root":
            account.uid = 0
            self._line("/etc/passwd", f"root:x:0:0:root:{account.home}:/bin/sh")
        else:
            self._line("/etc/passwd", f"{name}:x:{uid}:{uid}::{account.home}:/bin/sh")
            self._line("/etc/group", f"{name}:x:{uid}:")
            self._line("/etc/shadow", f"{name}:*:19000:0:99999:7:::")
        os.makedirs(account.home, 0o755)
        os.chown(account.home, account.uid, account.uid)
        for group in groups:
            self._members[group].append(name)
        self._write_groups()
        if password is not None:
            run("chpasswd", "-c", "SHA512", stdin=None, input=f"{name}:{password}\n")
        if code:
            self.enrol(account)
        if keys:
            account.key = self.make_key(name)
            self.allow_key(name, account.key)
        self.accounts[name] = account
        return account

    def _write_groups(self):
        for name, gid in self._groups.items():
            self._line("/etc/group", f"{name}:x:{gid}:{','.join(self._members[name])}")

    @staticmethod
    def enrol(account):
        """The file pam_google_authenticator reads; codes may be used again, so that tests need not wait."""
        write(f"{account.home}/.google_authenticator", f'{account.secret}\n" TOTP_AUTH\n', 0o400,
              (account.uid, account.uid))

    def make_key(self, name):
        """An ed25519 key pair for the client; the path of its private half."""
        path = self.path("keys", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"{name}@laptop", "-f", path)
        return path

    @staticmethod
    def allow_key(account, key, options=""):
        """One more line in keys.d, as `hopwarden keys import` writes it."""
        path = f"/etc/hopwarden/keys.d/{account}"
        with open(f"{key}.pub", encoding="ascii") as file:
            line = (options + " " if options else "") + file.read()
        before = open(path, encoding="ascii").read() if os.path.exists(path) else ""
        write(path, before + line, 0o640, (0, 63999))

    @staticmethod
    def allow_key_at_home(account):
        """~/.ssh/authorized_keys, where sshd looks without hopwarden."""
        with open(f"{account.key}.pub", encoding="ascii") as file:
            write(f"{account.home}/.ssh/authorized_keys", file.read(), 0o600, (account.uid, account.uid))
        os.chown(f"{account.home}/.ssh", account.uid, account.uid)

    @staticmethod
    def fingerprint(key):
        return run("ssh-keygen", "-l", "-E", "sha256", "-f", f"{key}.pub").stdout.split()[1]

    # -- configuration --------------------------------------------------------------------------------------------

    @staticmethod
    def configure(text, path="/etc/hopwarden/hopwarden.conf"):
        write(path, text)

    def use_pam(self, name, change=lambda text: text):
        """contrib/pam.d/<name> as the machine's sshd service, through change()."""
        with open(os.path.join(SOURCE, "contrib", "pam.d", name), encoding="utf-8") as file:
            write("/etc/pam.d/sshd", change(file.read()))

    def use_geo(self, networks, *words):
        """A database of both kinds at the path that configurations name."""
        write(self.path("networks.json"), json.dumps(networks))
        for name, kind in (("city", "City"), ("asn", "ASN")):
            run("/usr/bin/python3", os.path.join(SOURCE, "contrib", "mmdb-from-json"), "--type", kind, *words,
                self.path("networks.json"), f"/var/lib/hopwarden/{name}.mmdb")

    def hopwarden(self, *words, **more):
        """The command; never raises for its exit status."""
        return run("/usr/local/bin/hopwarden", *words, check=False, **more)

    def history_of(self, account):
        done = self.hopwarden("history", account, "--json")
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def log(self):
        return [json.loads(line) for line in self.hopwarden("log", "--json").stdout.splitlines() if line.strip()]

    # -- servers --------------------------------------------------------------------------------------------------

    def start(self, *words, **more):
        child = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, **more)
        self._children.append(child)
        return child

    def start_sshd(self, extra="", lanes=("hopwarden.conf",), change=lambda text: text):
        """Debian's own sshd_config, contrib's lanes through change() (a stage before them: none), and what a second sshd needs."""
        with open(f"{self.root}/usr/share/openssh/sshd_config", encoding="utf-8") as file:
            write("/etc/ssh/sshd_config", file.read())
        shutil.rmtree("/etc/ssh/sshd_config.d", ignore_errors=True)
        os.makedirs("/etc/ssh/sshd_config.d")
        for name in lanes:
            with open(os.path.join(SOURCE, "contrib", "sshd_config.d", name), encoding="utf-8") as file:
                write(f"/etc/ssh/sshd_config.d/{name}", change(file.read()))
        if not os.path.exists(self.path("host_key")):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.path("host_key"))
        self._listen(extra)
        with open(self.path("host_key.pub"), encoding="ascii") as file:
            write(self.path("known_hosts"), f"[127.0.0.1]:{self.port} {file.read()}")

    def sshd_program(self):
        return ["/usr/sbin/sshd"]

    def sshd_version(self):
        """(9, 2) for OpenSSH_9.2p1; versions before 9.3 take -V for a mistake, and tell it all the same."""
        done = run(*self.sshd_program(), "-V", check=False)
        found = re.search(r"OpenSSH_(\d+)\.(\d+)", done.stdout + done.stderr)
        return int(found[1]), int(found[2])

    def _listen(self, extra):
        for _ in range(5):  # another process may take the free port first
            self.port = client.free_port()
            write("/etc/ssh/sshd_config.d/00-sandbox.conf", SANDBOX_SSHD.format(port=self.port, folder=self.folder) + extra)
            run(*self.sshd_program(), "-t")
            mark = len(self.syslog.lines)
            self._sshd = self.start(*self.sshd_program(), "-D", "-f", "/etc/ssh/sshd_config", env={"PATH": "/usr/bin:/bin"})
            await_true(lambda: self.syslog.has(mark, "Server listening on 127.0.0.1") or self._sshd.poll() is not None,
                       "sshd listens")
            if self._sshd.poll() is None:
                return
        raise RuntimeError("sshd did not start")

    def start_redis(self):
        """A redis-server of our own on a unix socket; its URL for `history`."""
        path = self.path("redis.sock")
        self.redis = self.start("redis-server", "--port", "0", "--unixsocket", path, "--unixsocketperm", "770", "--save",
                                "", "--appendonly", "no", "--maxmemory-policy", "noeviction", "--dir", self.folder,
                                stdout=subprocess.DEVNULL)
        await_true(lambda: os.path.exists(path), "redis-server listens")
        os.chown(path, 0, 63999)  # the helper's
        return f"unix:{path}"

    def connections(self):
        """Processes of connections that sshd still serves."""
        with open(f"/proc/{self._sshd.pid}/task/{self._sshd.pid}/children", encoding="ascii") as file:
            return file.read().split()

    # -- logins ---------------------------------------------------------------------------------------------------

    def ssh(self, name, source="127.0.0.1", *, answers=(), command="echo inside", options=(), key=None, batch=False, **more):
        """One login by the real client from `source`."""
        account = self.accounts.get(name)
        key = key or (account.key if account else "")
        words = ["ssh", "-F", "none", "-p", self.port, "-b", source, "-o", f"UserKnownHostsFile={self.path('known_hosts')}",
                 "-o", "GlobalKnownHostsFile=none", "-o", "IdentitiesOnly=yes", "-o", "NumberOfPasswordPrompts=3"]
        words += ["-o", "BatchMode=yes"] if batch else []
        words += ["-i", key] if key else []
        for option in options:
            words += ["-o", option]
        return self.log_in([*words, "-l", name, "127.0.0.1", command], answers, **more)

    def log_in(self, words, answers=(), *, before=None, meanwhile=None, environment=None):
        """One login by any client; comes back when sshd has finished with it. before() is called just before the client starts,
        meanwhile() in a thread beside it."""
        mark = len(self.syslog.lines)
        beside = threading.Thread(target=meanwhile) if meanwhile else None
        if beside:
            beside.start()
        if before:
            before()
        seen = client.converse(words, answers, environment=environment)
        if beside:
            beside.join()
        await_true(lambda: not self.connections(), "sshd has finished with the connection")
        self._bury_orphans()
        self.syslog.settle()
        lines = self.syslog.since(mark)
        return Login(seen.status, seen.text, seen.prompts, lines)

    def _bury_orphans(self):
        """Process 1 inherits what connections leave; unburied they would keep their process ids."""
        own = {child.pid for child in self._children}
        with open("/proc/self/task/1/children", encoding="ascii") as file:
            for pid in map(int, file.read().split()):
                if pid not in own:
                    os.waitpid(pid, os.WNOHANG)

    def stop(self):
        for child in reversed(self._children):
            if child.poll() is None:
                child.terminate()
                try:
                    child.wait(5)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()


@dataclass
class Login:
    """What came of one login: what the person saw, and what syslog got."""
    status: int
    seen: str
    prompts: list
    lines: list

    @property
    def inside(self):
        return self.status == 0 and "inside" in self.seen

    @property
    def alerts(self):
        return [line.alert for line in self.lines if line.alert is not None]

    @property
    def alert(self):
        """The line about the verdict."""
        return next((a for a in self.alerts if a.get("event.action") == "login-scored"), {})

    @property
    def acts(self):
        """What was told of this login, in order; not what was found out meanwhile about earlier ones."""
        return [a["event.action"] for a in self.alerts if a.get("event.id") == self.alert.get("event.id")]

    @property
    def monitor(self):
        """Pid of sshd's monitor of this connection."""
        return next(line.pid for line in self.lines if line.text.startswith("Connection from"))

    def __str__(self):
        text = [f"exit {self.status}, prompts {self.prompts}", self.seen]
        return "\n".join(text + [f"  <{line.severity}> {line.ident}: {line.text}" for line in self.lines])


if __name__ == "__main__":
    sys.exit("a library; see runner.py")
