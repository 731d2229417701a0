#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The logins of contrib/quickstart, which builds first and then runs this. The host they go to is that of tests/integration."""
import json
import os
import shutil
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "integration"))

import client  # noqa: E402
import private  # noqa: E402
import sandbox  # noqa: E402
import scene  # noqa: E402

HOST = "acme-db1"
COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
OF_ACTION = {"allow": "green", "step_up": "yellow", "block": "red"}


def paint(text, *colours):
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return text
    return f"\033[{';'.join(COLOURS[c] for c in colours)}m{text}\033[0m"


def width():
    return min(shutil.get_terminal_size((110, 24)).columns, 120)


def say(name, text):
    print(f"  {name:<9} {text}", flush=True)


def place_of(source):
    """What the scene's databases and configuration know of an address."""
    known = {"127.0.130": "inside the network of customer beta"}.get(source.rsplit(".", 1)[0])
    network = next((n for n in scene.NETWORKS if n["network"].startswith(source.rsplit(".", 1)[0] + ".")), {})
    return known or f"{network['country']}, AS{network['asn']} {network['org']}"


class Act:
    """One login: who tries what, and what hopwarden promises."""

    def __init__(self, title, who, source, answers, action, inside, outcome):
        self.title, self.who, self.source, self.answers = title, who, source, answers
        self.action, self.inside, self.outcome = action, inside, outcome

    def play(self, box):
        self.login = box.ssh(self.who, self.source, answers=self.answers(),
                             command="echo \"you are $(whoami) on $(hostname)\"; echo inside >/dev/null",
                             options=["NumberOfPasswordPrompts=1"])
        self.got_in = self.login.status == 0
        self.shown_action = self.login.alert.get("hopwarden.action", "none")

    def faults(self):
        if self.shown_action != self.action:
            yield f"verdict {self.shown_action}, promised {self.action}"
        if self.got_in != self.inside:
            yield "got in" if self.got_in else "did not get in"
        if (self.action == "step_up") != bool(self.login.prompts):
            yield f"{len(self.login.prompts)} prompts"

    def tell(self):
        print(f"\n{paint(self.title, 'bold')}")
        print(paint(f"  $ ssh {self.who}@{HOST}", "cyan") + f"      from {self.source}: {place_of(self.source)}")
        seen = self.login.seen.strip() or "(nothing)"
        for line in seen.splitlines():
            print(f"  {paint('|', 'cyan')} {line}")
        for line in self.login.lines:
            if line.alert:
                self.tell_alert(line)

    @staticmethod
    def tell_alert(line):
        """The line about the verdict as it stands; a later one about the same login in short."""
        alert = line.alert
        colour = OF_ACTION.get(alert.get("hopwarden.action"), "dim")
        severity = ("emerg", "alert", "crit", "err", "warning", "notice", "info")[line.severity]
        print(paint(f"  syslog, {severity}:", colour), end=" ")
        if alert["event.action"] == "login-scored":
            print(paint("hopwarden:" + folded(line.text, width() - 4), "dim"))
        else:
            print(paint(f"hopwarden: {alert['event.action']}, id {alert.get('event.id')}", "dim"))


def folded(text, columns):
    """A long JSON line, broken only between its members."""
    rows = [""]
    for member in text.replace(',"', ',\0"').split("\0"):
        if len(rows[-1]) + len(member) > columns or not rows[-1] and len(rows) == 1:
            rows.append("")
        rows[-1] += member
    return "\n    ".join(rows)


ACTS = [
    Act("1  anna, from where she always works", "anna", scene.USUAL, list, "allow", True, "allowed, no prompt"),
    Act("2  anna's key, from a hosting provider abroad; a wrong one-time code", "anna", scene.ABROAD,
        lambda: [client.wrong_code()] * 9, "step_up", False, "asked; wrong code refused"),
    Act("3  the same, with the right code", "anna", scene.ABROAD,
        lambda: [client.code_now()], "step_up", True, "asked; right code let in"),
    Act("4  ben's key, used inside customer beta's network to hop to customer acme", "ben", scene.IN_BETA,
        lambda: [client.code_now()], "block", False, "blocked; nothing asked"),
]


def table(acts):
    """One row per login, as the log of the login path has it."""
    rows = [("login", "source", "verdict", "risk", "story", "client", "as promised")]
    for act in acts:
        alert = act.login.alert
        wrong = "; ".join(act.faults())
        rows.append((act.title[:2].strip() + " " + act.who, act.source, act.shown_action,
                     f"{alert.get('hopwarden.risk_bits', '-')} bits", alert.get("hopwarden.story", "-"),
                     act.outcome if not wrong else "", wrong or "yes"))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    print()
    for n, row in enumerate(rows):
        cells = [cell.ljust(w) for cell, w in zip(row, widths)]
        if n == 0:
            cells = [paint(cell, "bold") for cell in cells]
        else:
            cells[2] = paint(cells[2], OF_ACTION.get(row[2], "dim"))
            cells[-1] = paint(cells[-1], "green" if row[-1] == "yes" else "red")
        print("  " + "  ".join(cells).rstrip())


def prepare(folder, redis):
    box = sandbox.Sandbox(folder)
    history = box.start_redis() if redis else scene.SQLITE
    box.use_geo(scene.NETWORKS)
    box.use_pam("sshd.step_up")
    prints = {}
    for name in ("anna", "ben"):
        prints[name] = box.fingerprint(box.add_account(name, groups=["msp-admins"]).key)
    box.configure(scene.configuration(mode="enforce", history=history))
    past = scene.as_log(scene.logins("anna", prints["anna"]),
                        scene.logins("ben", prints["ben"], tenant="home", host="bastion1"))
    sandbox.write(box.path("three-weeks.ndjson"), past)
    done = box.hopwarden("import", box.path("three-weeks.ndjson"))
    if done.returncode != 0:
        raise RuntimeError(f"hopwarden import: exit {done.returncode}\n{done.stdout}{done.stderr}")
    box.start_sshd()
    say("host", f"{HOST} of customer acme: sshd on 127.0.0.1:{box.port}, PAM, hopwarden-keys, mode enforce")
    say("history", f"{'redis-server' if redis else 'SQLite'}; {past.count(chr(10))} logins of three weeks imported")
    say("", "anna works at acme; ben at beta, never at acme")
    return box


def keep(box):
    """Until Ctrl-C. The scripts are for another terminal, outside of the place."""
    with open(box.path("pid"), encoding="ascii") as file:
        pid = file.read().strip()
    inside = f"nsenter --target {pid} --mount --pid --uts"
    ssh = (f'ssh -F none -p {box.port} -b "$2" -i {box.path("keys")}/"$1" -o IdentitiesOnly=yes '
           f'-o UserKnownHostsFile={box.path("known_hosts")} -l "$1" 127.0.0.1 "${{@:3}}"')
    code = f"import sys; sys.path.insert(0, {json.dumps(os.path.dirname(client.__file__))}); import client; print(client.code_now())"
    for name, text in (("login", ssh), ("code", f"python3 -c '{code}'"), ("enter", f'{inside} -- "${{@:-bash}}"')):
        sandbox.write(box.path(name), f"#!/bin/bash\nexec {text}\n", 0o755)
    print(f"""
{paint('The place stays until you press Ctrl-C here.', 'bold')} From another terminal, as root:

  log in as usual         {box.path('login')} anna {scene.USUAL}
  from abroad             {box.path('login')} anna {scene.ABROAD}
  the one-time code       {box.path('code')}
  out of beta's network   {box.path('login')} ben {scene.IN_BETA}
  look                    {box.path('enter')} hopwarden log
                          {box.path('enter')} hopwarden history anna
  stop                    Ctrl-C, or: kill {pid}
""", flush=True)
    try:
        signal.pause()
    except (KeyboardInterrupt, SystemExit):
        pass


def main(words):
    def work(folder):
        box = prepare(folder, "--redis" in words)
        try:
            for act in ACTS:
                act.play(box)
                act.tell()
            table(ACTS)
            wrong = [act for act in ACTS if any(act.faults())]
            if wrong:
                print(paint("\n  Not as promised.", "red"))
            if "--keep" in words:
                keep(box)
            return bool(wrong)
        finally:
            box.stop()
    status = private.run_private(work, HOST)
    print("\n  The private place is gone; this machine is as it was.", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
