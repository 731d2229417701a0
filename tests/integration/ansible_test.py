# SPDX-License-Identifier: Apache-2.0
"""A real ansible: many tasks over many hosts, as an account bound to keys, sources and tenants. Inside its binding nothing asks or stops it, and
every connection is judged; outside nothing gets in, and every try is an alert."""
import os
import re

import client
import sandbox
import scene
from case import HostCase
from scene import OFFICE, USUAL

HOSTS = 6
MANY = """
- hosts: all
  gather_facts: false
  tasks:
    - command: echo {{ item }}
      loop: [1, 2]
    - copy: {content: "{{ inventory_hostname }}", dest: "{{ folder }}/{{ inventory_hostname }}"}
    - raw: cat {{ folder }}/{{ inventory_hostname }}
    - file: {path: "{{ folder }}/{{ inventory_hostname }}", state: absent}
"""
FEW = """
- hosts: all
  gather_facts: false
  tasks:
    - raw: echo {{ inventory_hostname }}
    - command: id -un
"""


class Ansible(HostCase):
    """Ports of one sshd stand for the hosts."""
    sshd = False

    @classmethod
    def configure(cls, **more):
        """Six hosts log in at once on however few cores: what is tried here is no deadline."""
        super().configure(more="helper_deadline_ms = 5000\ndeadline_ms = 5000", **more)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ports = [client.free_port() for _ in range(HOSTS - 1)]
        cls.box.start_sshd(extra="".join(f"Port {port}\n" for port in cls.ports))
        cls.ports.append(cls.box.port)
        cls.folder = cls.box.path("placed")
        os.makedirs(cls.folder)
        os.chown(cls.folder, cls.box.accounts["ansible"].uid, -1)

    def play(self, text, *, source=OFFICE, hosts=HOSTS, key=None, **settings):
        """Runs it to its end, connections and all; what it did to each host, and what syslog got."""
        lines = [f"h{n} ansible_host=127.0.0.1 ansible_port={port}" for n, port in enumerate(self.ports[:hosts])]
        sandbox.write(self.box.path("inventory"), "\n".join(lines) + "\n")
        sandbox.write(self.box.path("play.yml"), text)
        environment = {"PATH": "/usr/bin:/bin", "HOME": self.box.path("ansible"), "LC_ALL": "C.UTF-8", "ANSIBLE_FORKS": "4",
                       "ANSIBLE_HOST_KEY_CHECKING": "False", "ANSIBLE_REMOTE_USER": "ansible", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_TIMEOUT": "30",
                       "ANSIBLE_PRIVATE_KEY_FILE": key or self.box.accounts["ansible"].key, "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
                       "ANSIBLE_SSH_CONTROL_PATH_DIR": self.box.path("masters"), "ANSIBLE_SSH_COMMON_ARGS": f"-F none -b {source}",
                       **settings}
        mark = len(self.box.syslog.lines)
        done = sandbox.run("ansible-playbook", "-i", self.box.path("inventory"), "-e", f"folder={self.folder}", self.box.path("play.yml"),
                           env=environment, check=False)
        self.end_masters()
        sandbox.await_true(lambda: not self.box.connections(), "sshd has finished with all connections")
        self.box._bury_orphans()
        self.box.syslog.settle()
        recap = dict(re.findall(r"^(h\d+) +: +(.*)$", done.stdout, re.MULTILINE))
        return done.stdout + done.stderr, recap, self.box.syslog.since(mark)

    def end_masters(self):
        masters = self.box.path("masters")
        for name in os.listdir(masters) if os.path.isdir(masters) else ():
            sandbox.run("ssh", "-F", "none", "-o", f"ControlPath={masters}/{name}", "-O", "exit", "any", check=False)

    def judged(self, lines):
        """The verdict of each connection: one for each, and each in the log under its id."""
        connections = [line.pid for line in lines if line.text.startswith("Connection from")]
        verdicts = [line for line in lines if line.alert and line.alert["event.action"] == "login-scored"]
        self.assertEqual(sorted(connections), sorted(line.pid for line in verdicts), "one verdict a connection")
        logged = {entry["event.id"] for entry in self.box.log()}
        self.assertLessEqual({line.alert["event.id"] for line in verdicts}, logged)
        self.assertFalse([line.text for line in lines if line.alert and line.alert["event.action"] == "trouble"])
        self.assertFalse([line.text for line in lines if "keyboard-interactive" in line.text], "nothing was asked")
        return verdicts

    def all_done(self, text, hosts=HOSTS, **settings):
        told, recap, lines = self.play(text, hosts=hosts, **settings)
        self.assertEqual(len(recap), hosts, told)
        for host, line in recap.items():
            self.assertRegex(line, r"unreachable=0 +failed=0", f"{host}\n{told}")
        verdicts = self.judged(lines)
        for line in verdicts:
            self.assertEqual((line.alert["hopwarden.action"], line.alert["hopwarden.phase"]), ("allow", "account"), line.text)
        return verdicts

    def test_connections_kept_and_pipelined(self):
        """One connection a host carries all its tasks, and is judged once."""
        verdicts = self.all_done(MANY, ANSIBLE_PIPELINING="True", ANSIBLE_SSH_ARGS="-o ControlMaster=auto -o ControlPersist=60s",
                                 ANSIBLE_FORKS="6")
        self.assertEqual(len(verdicts), HOSTS)

    def test_connections_kept_not_pipelined(self):
        verdicts = self.all_done(FEW, hosts=3, ANSIBLE_PIPELINING="False", ANSIBLE_SSH_ARGS="-o ControlMaster=auto -o ControlPersist=60s")
        self.assertEqual(len(verdicts), 3)

    def test_a_connection_for_every_step(self):
        for pipelining, least in (("True", 6), ("False", 12)):
            with self.subTest(pipelining=pipelining):
                verdicts = self.all_done(FEW, hosts=3, ANSIBLE_PIPELINING=pipelining, ANSIBLE_SSH_ARGS="-o ControlMaster=no")
                self.assertGreaterEqual(len(verdicts), least)

    def blocked(self, reason, **settings):
        told, recap, lines = self.play(FEW, hosts=2, ANSIBLE_SSH_ARGS="-o ControlMaster=auto -o ControlPersist=60s", **settings)
        self.assertEqual(len(recap), 2, told)
        for host, line in recap.items():
            self.assertRegex(line, r"ok=0 .*unreachable=1", f"{host}\n{told}")
        verdicts = self.judged(lines)
        self.assertGreaterEqual(len(verdicts), 2)
        for line in verdicts:
            self.assertEqual((line.alert["hopwarden.action"], line.severity), ("block", 1), line.text)
            self.assertIn("outside-binding", line.alert["hopwarden.reason_codes"], line.text)
            self.assertIn(reason, " ".join(line.alert["hopwarden.reasons"]), line.text)
        self.assertFalse([line.text for line in lines if "session opened" in line.text])
        self.assertIn("Login refused (id", told)

    def test_from_an_unbound_source(self):
        self.blocked("source", source=USUAL)

    def test_with_an_unbound_key(self):
        other = self.box.make_key("ansible-other")
        self.box.allow_key("ansible", other)
        self.blocked("key", key=other)

    def test_at_an_unbound_tenant(self):
        settings = scene.configuration(mode=self.mode, history=self.history, ansible_key=self.print_of("ansible"))
        self.box.configure(settings.replace("tenants = acme", "tenants = beta"))
        self.addCleanup(self.configure)
        self.blocked("tenant")

    def test_many_sessions_over_one_connection(self):
        """One verdict, one login id, however many sessions."""
        master = self.box.path("one-master")
        here = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", f"ControlPath={master}", "-p", self.box.port, "-l", "ansible"]
        mark = len(self.box.syslog.lines)
        sandbox.run(*here, "-b", OFFICE, "-o", "IdentitiesOnly=yes", "-i", self.box.accounts["ansible"].key, "-o", "ControlMaster=yes",
                    "-o", f"UserKnownHostsFile={self.box.path('known_hosts')}", "-fN", "127.0.0.1")
        ids = {sandbox.run(*here, "127.0.0.1", "echo $HOPWARDEN_LOGIN").stdout for _ in range(5)}
        sandbox.run(*here, "-O", "exit", "127.0.0.1")
        sandbox.await_true(lambda: not self.box.connections(), "sshd has finished with the connection")
        self.box._bury_orphans()
        self.box.syslog.settle()
        verdicts = self.judged(self.box.syslog.since(mark))
        self.assertEqual({verdicts[0].alert["event.id"] + "\n"}, ids)
        self.assertEqual(len(verdicts), 1)
