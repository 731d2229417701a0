# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: a host with accounts of every lane, and three weeks of history for those who have one."""
import unittest

import client
import sandbox
import scene

FOLDER = ""  # of the private place; the runner sets it
TROUBLE = "hopwarden.degraded"


class HostCase(unittest.TestCase):
    """One host per class. `stack` is a file of contrib/pam.d."""
    stack = "sshd.step_up"
    mode = "enforce"
    redis = False
    sshd = True

    @classmethod
    def setUpClass(cls):
        cls.box = box = cls.make_box()
        cls.addClassCleanup(box.stop)
        box.use_geo(scene.NETWORKS)
        box.use_pam(cls.stack)
        for name in ("anna", "ben"):
            box.add_account(name, groups=["msp-admins"], password=f"{name}-word")
        for name in ("ansible", "dora", "rescue"):  # publickey alone; dora is a person all the same
            box.add_account(name, groups=["msp-automation"])
        box.add_account("root")
        box.add_account("pavel", password="pavel-word", code=False)   # in scope, by password
        box.add_account("carol", password="carol-word", code=False)   # the customer's own
        cls.history = cls.start_history()
        cls.configure()
        cls.give_history()
        if cls.sshd:
            box.start_sshd()

    @classmethod
    def make_box(cls):
        return sandbox.Sandbox(FOLDER)

    @classmethod
    def start_history(cls):
        return cls.box.start_redis() if cls.redis else scene.SQLITE

    @classmethod
    def configure(cls, **more):
        settings = {"mode": cls.mode, "history": cls.history, "ansible_key": cls.print_of("ansible"), **more}
        cls.box.configure(scene.configuration(**settings))

    @classmethod
    def print_of(cls, name):
        return cls.box.fingerprint(cls.box.accounts[name].key)

    @classmethod
    def give_history(cls):
        """By the product's own import."""
        people = [scene.logins(name, cls.print_of(name)) for name in ("anna", "dora")]
        people.append(scene.logins("ben", cls.print_of("ben"), tenant="home", host="bastion1"))
        people.append(scene.logins("pavel", ""))
        path = cls.box.path("past.ndjson")
        sandbox.write(path, scene.as_log(*people))
        done = cls.box.hopwarden("import", path)
        if done.returncode != 0:
            raise RuntimeError(f"import: exit {done.returncode}\n{done.stdout}{done.stderr}")

    def setUp(self):
        self.mark = len(self.box.syslog.lines)

    # -- what is asserted -----------------------------------------------------------------------------------------

    def assert_in(self, login, prompts=0):
        self.assertTrue(login.inside, f"not inside:\n{login}")
        self.assertEqual(len(login.prompts), prompts, f"prompts:\n{login}")

    def assert_out(self, login):
        self.assertFalse(login.inside, f"inside:\n{login}")
        self.assertNotIn("session opened", str(login), "a session was opened")

    def assert_verdict(self, login, action, phase=None, answer=None):
        self.assertEqual(login.alert.get("hopwarden.action"), action, str(login))
        if phase:
            self.assertEqual(login.alert.get("hopwarden.phase"), phase, str(login))
        if answer:
            self.assertEqual(login.alert.get("hopwarden.answer"), answer, str(login))

    def assert_degraded(self, login, loss):
        lost = [word for alert in login.alerts for word in alert.get(TROUBLE, [])]
        self.assertIn(loss, lost, str(login))

    def sees_its_id(self, login):
        """A refused person sees one sentence, with the id of the alert."""
        self.assertIn(f"Login refused (id {login.alert['event.id']})", login.seen, str(login))

    @staticmethod
    def right():
        return client.code_now()

    @staticmethod
    def wrong():
        return client.wrong_code()
