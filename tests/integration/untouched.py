#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""untouched.py: a login in the sandbox leaves the machine as it was: files, mounts, sockets and processes."""
import glob
import hashlib
import os
import sys

import case
import private
import scene


def files_of(*folders):
    """What is in these folders, by content, owner and mode."""
    found = {}
    for folder in folders:
        for path in glob.glob(f"{folder}/**", recursive=True, include_hidden=True):
            if not os.path.lexists(path):
                continue  # the folder itself, where there is none
            about = os.lstat(path)
            digest = ""
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
            found[path] = (about.st_mode, about.st_uid, about.st_gid, digest)
    return found


def state():
    state_of = files_of("/etc", "/run/sshd", "/run/hopwarden", "/var/lib/hopwarden", "/usr/local/bin", "/usr/local/libexec")
    for path in ("/dev/log", "/var/log/wtmp", "/var/log/lastlog", "/var/log/btmp", "/var/lib/hopwarden", "/usr/local/libexec",
                 *glob.glob("/lib/*/security/pam_*.so")):
        state_of[path] = (os.lstat(path).st_ino, os.lstat(path).st_mtime) if os.path.lexists(path) else None
    with open("/proc/self/mounts", encoding="utf-8") as file:
        state_of["mounts"] = file.read()
    return state_of


def names(path, folder):
    try:
        with open(path, "rb") as file:
            return folder.encode() in file.read()
    except OSError:
        return False  # it has ended meanwhile


def login(folder):
    case.FOLDER = folder
    case.HostCase.setUpClass()
    try:
        return not case.HostCase.box.ssh("anna", scene.USUAL).inside
    finally:
        case.HostCase.box.stop()


def main():
    before = state()
    told, tell = os.pipe()
    faults = ["the login failed"] if private.run_private(lambda folder: os.write(tell, folder.encode()) and login(folder)) else []
    after = state()
    folder = os.read(told, 4096).decode()
    faults += [f"{folder} is still there"] if os.path.exists(folder) else []
    faults += [f"process {path.split('/')[2]} is still there" for path in glob.glob("/proc/[0-9]*/cmdline") if names(path, folder)]
    faults += [f"{path} has changed" for path in sorted(before.keys() | after.keys()) if before.get(path) != after.get(path)]
    for fault in faults:
        print(fault)
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
