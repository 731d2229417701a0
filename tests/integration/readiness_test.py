#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What enforcement would have stopped: readiness, from this host's log, a file, and a fleet's logs. HOP_BUILD names the build folder."""
import datetime
import json
import os
import pwd
import unittest

import command_test
from command_test import KEY, NOW, OTHER_KEY, abroad, event, stamp, three_weeks, ulid

HOUR = datetime.timedelta(hours=1)
NOBODY = pwd.getpwuid(65534)  # an account of every machine, with a home that is nobody's


class Case(command_test.Case):
    mode = "observe"

    def setUp(self):
        """What asks for its score blocks: then it makes no difference at which hour a test runs."""
        super().setUp()
        text = command_test.CONF.replace("members = anna bert", "members = anna").replace("[home]", "step_up_at = -13.0\nblock_at = -13.0\n[home]", 1)
        self.conf = self.write("hopwarden.conf", text.format(folder=self.folder, tenant=self.tenant, witness=self.witness, mode=self.mode))

    def readiness(self, *words, expect):
        return self.json("readiness", *words, expect=expect)

    def account(self, told, name):
        return next(account for account in told["accounts"] if account["account"] == name)


class FromTheLog(Case):
    def test_nothing_was_judged(self):
        status, out, err = self.verb("readiness")
        self.assertEqual(status, 3)
        self.assertIn("nothing is known", err)

    def test_all_is_usual(self):
        self.learn_three_weeks()
        self.live([event(NOW - HOUR), event(NOW)])
        told = self.readiness(expect=0)
        self.assertEqual((told["logins"], told["blocked"], told["refusals_percent"]), (2, 0, 0.0))

    def test_what_would_have_been_stopped(self):
        self.learn_three_weeks()
        logins = self.live([event(NOW - 5 * HOUR), abroad(NOW - 4 * HOUR), event(NOW - 2 * HOUR, **{"user.name": "bert"}),
                            event(NOW - HOUR)])
        self.assertEqual([action for _, action in logins], ["allow", "block", "step_up", "allow"])
        told = self.readiness(expect=2)
        self.assertEqual([told[name] for name in ("logins", "asked", "unsure", "blocked", "settled")], [4, 1, 1, 1, 0])
        self.assertEqual(told["refusals_percent"], 50.0)
        anna = self.account(told, "anna")
        self.assertEqual((anna["tenant"], anna["logins"], anna["first"], anna["last"]), ("acme", 3, stamp(NOW - 4 * HOUR), stamp(NOW - 4 * HOUR)))
        reasons = {reason["code"]: reason for reason in anna["reasons"]}
        self.assertEqual(reasons["country-new"]["example"], logins[1][0])
        self.assertIn("confirm", reasons["country-new"]["advice"])
        bert = self.account(told, "bert")
        self.assertEqual((bert["asked"], bert["second_factor"]["can"]), (1, "unknown"))
        self.assertIn("import", next(reason for reason in bert["reasons"] if reason["code"] == "newcomer")["advice"])
        shown = self.fine("readiness", expect=2)
        self.assertIn("SETTLE FIRST", shown)
        self.assertIn("Would-be refusals: 50.0 %", shown)
        self.assertEqual(self.readiness("--max-refusals", "50", expect=1)["max_refusals_percent"], 50.0)
        self.assertEqual(self.readiness("--since", "90m", expect=0)["logins"], 1)

    def test_what_was_confirmed_is_settled(self):
        self.learn_three_weeks()
        [(login, _)] = self.live([abroad(NOW - HOUR)])
        self.fine("confirm", login)
        told = self.readiness(expect=0)
        self.assertEqual((told["blocked"], told["settled"], told["refusals_percent"]), (0, 1, 0.0))

    def test_a_permit_settles_nothing(self):
        line = event(NOW, **{"hopwarden.lane": "asked", "hopwarden.action": "block", "hopwarden.answer": "allow", "hopwarden.session": "opened",
                             "hopwarden.permit": ulid(NOW), "hopwarden.reason_codes": ["tenant-new", "permit"],
                             "hopwarden.reasons": ["tenant new +6.0", "permitted by carol, outage"]})
        told = self.readiness("--events", self.write_log("events", [line]), expect=2)
        self.assertEqual((told["blocked"], [reason["code"] for reason in self.account(told, "anna")["reasons"]]), (1, ["tenant-new", "permit"]))

    def test_who_passed_lately_can_pass(self):
        self.conf = self.write("step_up.conf", command_test.CONF.format(folder=self.folder, tenant="acme", witness="acme", mode="step_up"))
        self.live([event(NOW - 3 * HOUR, **{"hopwarden.step_up": "fail"}), event(NOW - 2 * HOUR)])
        told = self.readiness(expect=0)
        self.assertEqual((told["asked"], told["unsure"]), (2, 0))
        self.assertEqual(self.account(told, "anna")["second_factor"],
                         {"can": "yes", "why": f"passed {stamp(NOW - 2 * HOUR)}", "fido_key": False})

    def test_who_failed_since_cannot(self):
        self.conf = self.write("step_up.conf", command_test.CONF.format(folder=self.folder, tenant="acme", witness="acme", mode="step_up"))
        self.live([event(NOW - 3 * HOUR), abroad(NOW - 2 * HOUR, **{"hopwarden.step_up": "fail"})])
        self.assertEqual(self.account(self.readiness(expect=2), "anna")["second_factor"]["can"], "unknown")

    def test_a_share_that_is_none(self):
        for share in ("101", "-1", "1.25", "x", "", "100.1"):
            self.assertEqual(self.verb("readiness", "--max-refusals", share)[0], 64, share)
        self.assertEqual(self.verb("readiness", "--events", "x", "--witness", "home")[0], 64)


class FromAFile(Case):
    def test_lines_without_a_verdict_are_judged(self):
        path = self.write_log("events", [*three_weeks(), abroad(NOW - HOUR, **{"event.id": ulid(NOW - HOUR)})])
        told = self.readiness("--events", path, "--since", "10d", expect=2)
        self.assertEqual((told["blocked"], told["asked"]), (1, 0))
        self.assertEqual(self.account(told, "anna")["reasons"][0]["example"], ulid(NOW - HOUR))
        self.assertEqual(self.readiness("--events", path, expect=2)["logins"], 169)

    def test_what_was_judged_stands_as_it_was(self):
        self.learn_three_weeks()
        [(login, _), _] = self.live([abroad(NOW - HOUR), event(NOW)])
        own = self.fine("log", "--json")
        told = self.readiness("--events", self.write("own", own), expect=2)
        self.assertEqual((told["logins"], told["blocked"]), (2, 1))
        self.fine("confirm", login)
        told = self.readiness("--events", self.write("own", self.fine("log", "--json")), expect=0)
        self.assertEqual((told["logins"], told["settled"]), (2, 1))

    def test_lines_that_cannot_be_read_are_named(self):
        path = self.write("events", json.dumps(event(NOW)) + "\nnonsense\n")
        status, _, err = self.verb("readiness", "--events", path, "--max-refusals", "100")
        self.assertEqual(status, 1)
        self.assertIn("events:2:", err)
        self.assertEqual(self.verb("readiness", "--events", self.path("nowhere"))[0], 3)

    def test_wrong_passwords_are_no_logins(self):
        path = self.write_log("events", [event(NOW - HOUR, **{"event.outcome": "failure"}), event(NOW)])
        self.assertEqual(self.readiness("--events", path, expect=2)["logins"], 1)

    def test_where_nobody_can_be_asked_a_step_up_is_a_refusal(self):
        line = event(NOW, **{"hopwarden.lane": "unasked", "hopwarden.action": "step_up", "hopwarden.session": "opened"})
        told = self.readiness("--events", self.write_log("events", [line]), expect=2)
        self.assertEqual((told["asked"], told["refused"]), (0, 1))
        self.assertIn("cannot be asked", self.fine("readiness", "--events", self.path("events"), expect=2))


class AtHome(Case):
    tenant = witness = "home"

    def test_every_customer_s_log(self):
        for tenant in ("acme", "beta"):
            self.conf = self.write(f"{tenant}.conf", command_test.CONF.format(folder=self.folder, tenant=tenant, witness=tenant, mode="observe"))
            self.live([event(NOW - HOUR, **{"hopwarden.tenant": tenant, "user.name": "bert"})])
        self.conf = self.path("hopwarden.conf")
        told = self.readiness(expect=2)
        self.assertEqual([(account["tenant"], account["asked"]) for account in told["accounts"]], [("acme", 1), ("beta", 1)])
        told = self.readiness("--witness", "beta", expect=2)
        self.assertEqual([account["tenant"] for account in told["accounts"]], ["beta"])
        self.assertEqual(told["accounts"][0]["second_factor"]["why"], "another tenant's host knows")


class Factors(Case):
    """By the stack's file: enrolled, not enrolled, elsewhere, none."""
    STACK = ("auth [success=done cred_insufficient=ignore ignore=2 default=die] pam_hopwarden.so\n{}\n"
             "auth [success=done default=die] pam_hopwarden.so stepped_up\n")

    def setUp(self):
        super().setUp()
        text = command_test.CONF.format(folder=self.folder, tenant="acme", witness="acme", mode="observe")
        self.conf = self.write("hopwarden.conf", text.replace("accounts = anna", f"accounts = {NOBODY.pw_name} anna", 1))
        self.live([event(NOW, **{"user.name": NOBODY.pw_name, "hopwarden.key": OTHER_KEY})])

    def factor(self, line, stack=None):
        path = self.write("sshd", (stack or self.STACK).format(line))
        told = self.readiness("--pam-file", path, "--max-refusals", "100", expect=None)
        return self.account(told, NOBODY.pw_name)["second_factor"]

    def json(self, verb, *words, expect=0):
        if expect is not None:
            return super().json(verb, *words, expect=expect)
        return json.loads(self.verb(verb, "--json", *words)[1])

    def test_google_authenticator(self):
        line = f"auth required pam_google_authenticator.so user=root secret={self.path('seeds')}/${{USER}}"
        self.assertEqual(self.factor(line)["can"], "no")
        os.mkdir(self.path("seeds"))
        self.write(f"seeds/{NOBODY.pw_name}", "x")
        told = self.factor(line)
        self.assertEqual(told["can"], "yes")
        self.assertIn("pam_google_authenticator.so: enrolled in", told["why"])
        self.assertEqual(self.factor("auth required pam_google_authenticator.so")["can"], "no")

    def test_oath(self):
        users = self.write("users.oath", f"# nobody's\nHOTP root - 00\nHOTP/T30/6 {NOBODY.pw_name} - 3132\n")
        self.assertEqual(self.factor(f"auth required /lib/security/pam_oath.so usersfile={users} window=5")["can"], "yes")
        users = self.write("users.oath", f"HOTP root - 00\n# HOTP {NOBODY.pw_name} - 3132\n")
        self.assertEqual(self.factor(f"auth required pam_oath.so usersfile={users}")["can"], "no")

    def test_u2f(self):
        users = self.write("u2f", f"root:AAA,BBB\n{NOBODY.pw_name}:CCC,DDD\n")
        self.assertEqual(self.factor(f"auth required pam_u2f.so cue authfile={users}")["can"], "yes")
        users = self.write("u2f", f"root:AAA,BBB\n{NOBODY.pw_name}:\n")
        self.assertEqual(self.factor(f"auth required pam_u2f.so cue authfile={users}")["can"], "no")

    def test_elsewhere_nobody_can_tell(self):
        self.assertEqual(self.factor("auth required pam_duo.so")["can"], "unknown")
        both = "auth sufficient pam_duo.so\nauth required pam_google_authenticator.so"
        self.assertEqual(self.factor(both)["can"], "unknown")

    def test_no_factor_at_all(self):
        told = self.factor("", "account required pam_hopwarden.so\n{}")
        self.assertEqual(told["can"], "no")
        self.assertIn("nobody can be asked", told["why"])

    def test_a_stack_that_cannot_be_read(self):
        told = self.readiness("--pam-file", self.path("nowhere"), expect=2)
        self.assertEqual(self.account(told, NOBODY.pw_name)["second_factor"]["can"], "unknown")


if __name__ == "__main__":
    unittest.main()
