#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""exports.py MODULE: the module exports PAM's entry points and nothing else, and leaves no symbol to be bound late."""
import subprocess
import sys

ENTRY_POINTS = {f"pam_sm_{name}" for name in
                ("authenticate", "setcred", "acct_mgmt", "open_session", "close_session", "chauthtok")}


def main(module):
    listed = subprocess.run(["nm", "-D", "--defined-only", module], check=True, capture_output=True, text=True).stdout
    exported = {line.split()[-1].partition("@")[0] for line in listed.splitlines()}
    dynamic = subprocess.run(["readelf", "-d", module], check=True, capture_output=True, text=True).stdout
    faults = [f"exports {name}" for name in sorted(exported - ENTRY_POINTS)]
    faults += [f"does not export {name}" for name in sorted(ENTRY_POINTS - exported)]
    faults += [f"is not linked with {flag}" for flag in ("NODELETE", "NOW") if flag not in dynamic]
    for fault in faults:
        print(f"{module} {fault}")
    return bool(faults)


sys.exit(main(sys.argv[1]))
