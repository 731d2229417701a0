# SPDX-License-Identifier: Apache-2.0
"""The table of docs/sshd.md, row by row: what it says of a login is what comes of it."""
import os

import sandbox
from certificate_test import CertificateCase, LANES
from codes_test import with_codes
from scene import ABROAD, IN_BETA, NOWHERE, OFFICE, USUAL

TABLE = os.path.join(sandbox.SOURCE, "docs", "sshd.md")
SEVERITY = {1: "alert", 3: "err", 4: "warning", 5: "notice", 6: "info"}


def rows():
    """Cells of the document's table, by the first two: method and verdict."""
    with open(TABLE, encoding="utf-8") as file:
        lines = [line for line in file if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    return {(row[0], row[1]): row[2:] for row in cells if len(row) == 6 and row[0] not in ("method", "---")}


class Table(CertificateCase):

    @classmethod
    def setUpClass(cls):
        kept = {}
        super().setUpClass()
        for name in ("anna", "dora", "ansible"):  # plain keys and certificates side by side
            cls.box.allow_key(name, cls.box.accounts[name].key)
        cls.box.add_account("glass", groups=["msp-admins"])
        cls.token = cls.make_token()
        cls.seen = kept
        cls.said = rows()

    @classmethod
    def configure(cls, **more):
        """Nothing is blocked for its score alone."""
        super().configure(**{"block_at": "60.0", **more})

    @classmethod
    def start(cls):
        cls.box.use_pam(cls.stack, with_codes)
        cls.box.start_sshd(lanes=LANES)

    @classmethod
    def make_token(cls):
        """A FIDO key of anna's that verifies its owner, and has to."""
        cls.provider = f"{cls.box.build}/tests/integration/soft_key.so"
        path = cls.box.path("keys", "token")
        sandbox.run("ssh-keygen", "-q", "-t", "ed25519-sk", "-N", "", "-O", "verify-required", "-w", cls.provider, "-f", path)
        cls.box.allow_key("anna", path, options="verify-required")
        return path

    @staticmethod
    def phase_of(login):
        return next((alert["hopwarden.phase"] for alert in login.alerts if "hopwarden.phase" in alert), "-")

    @staticmethod
    def asked_for(login):
        """What, if anything."""
        return next(("password" if "password" in prompt.lower() else "PIN" if "PIN" in prompt else "code" for prompt in login.prompts), None)

    @classmethod
    def client_of(cls, login):
        words = [f"asked for a {cls.asked_for(login)}"] if login.prompts else []
        if login.inside:
            words.append("in" if words else "in, asked nothing")
        else:
            words.append("refused, told the id" if "Login refused (id" in login.seen else "refused")
        return ", ".join(words)

    @staticmethod
    def id_of(login):
        """A code can be refused before there is a verdict."""
        refused = (alert.get("event.id") for alert in login.alerts if alert["event.action"] == "code-asked")
        return login.alert.get("event.id") or next(refused, None)

    @classmethod
    def logged_of(cls, login):
        """Each once; not what is found out meanwhile about earlier logins."""
        told = [f"{line.alert['event.action']} ({SEVERITY[line.severity]})" for line in login.lines
                if line.alert and (line.alert["event.id"] == cls.id_of(login) or line.alert["event.action"] == "helper-refused")]
        return ", ".join(dict.fromkeys(told)) or "-"

    def values_of(self, name):
        return self.box.history_of(name).get("values")

    def recorded_of(self, login, before, name):
        learned = self.values_of(name) != before
        entries = [entry for entry in self.box.log() if entry.get("event.id") == self.id_of(login)]
        words = ["profile"] if learned else []
        words += ["log"] if entries else []
        return ", ".join(words) or "-"

    def log_in(self, name, source, **more):
        return self.box.ssh(name, source, **more)

    def row(self, method, verdict, name, source, **more):
        before = self.values_of(name)
        login = self.log_in(name, source, **more)
        found = [self.phase_of(login), self.client_of(login), self.logged_of(login), self.recorded_of(login, before, name)]
        self.seen[method, verdict] = found
        with self.subTest(f"{method}, {verdict}"):
            self.check(method, verdict, found, login)

    def check(self, method, verdict, found, login):
        self.assertEqual(self.said.get((method, verdict)), found, str(login))

    def blocked_row(self, method, name):
        """Out of another customer's network, and frozen: blocked at whatever hour, and whatever the other rows have left."""
        self.box.hopwarden("freeze", "account", name, "--block")
        self.addCleanup(self.box.hopwarden, "unfreeze", "account", name)
        self.row(method, "block", name, IN_BETA)
        self.box.hopwarden("unfreeze", "account", name)

    # -- people: a key, then PAM ----------------------------------------------------------------------------------

    def test_people(self):
        method = "key, then PAM"
        self.row(method, "allow", "anna", USUAL)
        self.row(method, "step_up, right code", "anna", ABROAD, answers=[self.right()])
        self.row(method, "step_up, wrong code", "ben", ABROAD, answers=[self.wrong()] * 9)
        self.blocked_row(method, "ben")
        self.row(method, "BatchMode", "anna", USUAL, batch=True)
        self.row(method, "no line for the key", "anna", USUAL, key=self.box.make_key("stranger"), options=["PreferredAuthentications=publickey"])

    def test_people_with_certificates(self):
        method = "certificate, then PAM"
        self.row(method, "step_up, right code", "anna", IN_BETA, key=self.certificate("anna@corp", "anna"), answers=[self.right()])
        self.row(method, "allow, a new certificate", "anna", USUAL, key=self.certificate("anna@corp", "anna"))
        self.row(method, "no principal", "anna", USUAL, key=self.certificate("anna@corp", "ben"),
                 options=["PreferredAuthentications=publickey"])

    def test_a_frozen_key(self):
        self.box.hopwarden("freeze", "key", self.print_of("ben"), "--block")
        self.addCleanup(self.box.hopwarden, "unfreeze", "key", self.print_of("ben"))
        self.row("key, then PAM", "frozen key", "ben", USUAL, options=["PreferredAuthentications=publickey"])

    # -- publickey alone ------------------------------------------------------------------------------------------

    def test_alone(self):
        method = "key alone"
        self.row(method, "allow", "dora", USUAL)
        self.row(method, "step_up", "dora", ABROAD)
        self.blocked_row(method, "dora")

    def test_permitted(self):
        self.box.hopwarden("permit", "dora", "--for", "1h", "--why", "outage")
        self.addCleanup(self.box.hopwarden, "unpermit", "dora")
        self.row("key alone, permitted", "step_up", "dora", ABROAD)

    def test_automation(self):
        method = "key alone, automation"
        self.row(method, "allow, inside its binding", "ansible", OFFICE, batch=True)
        self.row(method, "block, outside", "ansible", USUAL, batch=True)

    def test_break_glass(self):
        self.row("key alone, break-glass", "allow, always", "rescue", IN_BETA)

    def test_break_glass_with_codes(self):
        method = "key, then code, break-glass"
        codes = self.box.hopwarden("codes", "glass", "--replace").stdout.split()
        self.box.syslog.settle()
        self.row(method, "allow, right code", "glass", IN_BETA, answers=[codes[0]])
        self.row(method, "wrong code", "glass", IN_BETA, answers=[codes[0]] * 9)

    def test_a_token(self):
        self.row("FIDO key that verifies, then PAM", "step_up", "anna", NOWHERE, key=self.token, answers=["2468"],
                 options=[f"SecurityKeyProvider={self.provider}"])

    # -- passwords ------------------------------------------------------------------------------------------------

    def test_password(self):
        self.row("password by PAM", "allow", "pavel", USUAL, answers=["pavel-word"])
        self.row("password by PAM", "wrong password", "pavel", USUAL, answers=["wrong"] * 9)
        self.row("password by PAM", "step_up", "pavel", ABROAD, answers=["pavel-word"])
        self.row("any, not in scope", "-", "carol", ABROAD, answers=["carol-word"])

    def test_with_nothing_refused(self):
        """After the others: what is observed is learned."""
        self.configure(mode="observe")
        self.addCleanup(self.configure)
        self.blocked_row("key, then PAM, observed", "ben")
        self.row("key alone, observed", "step_up", "dora", NOWHERE)

    @classmethod
    def tearDownClass(cls):
        if os.environ.get("HOP_SHOW_TABLE"):
            for (method, verdict), found in cls.seen.items():
                print("| " + " | ".join([method, verdict, *found]) + " |")
        missing = set(cls.said) - set(cls.seen)
        if missing:
            raise AssertionError(f"rows that nobody tried: {missing}")
        super().tearDownClass()
