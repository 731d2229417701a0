#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""includes.py SOURCE BUILD: dependencies run one way. A layer that includes a header of a higher one does not compile (tried with the
compiler and the flags of its own files), and faces stay clear of model internals, which their include path would reach."""
import json
import os
import re
import shlex
import subprocess
import sys

WRONG = {  # a layer, and headers it must not reach
    "base": ("login.h", "clock.h", "conf.h", "ssh.h", "history.h", "record.h", "engine.h"),
    "model": ("clock.h", "file.h", "socket.h", "devlog.h", "conf.h", "ssh.h", "history.h", "record.h", "engine.h"),
    "sys": ("conf.h", "ssh.h", "history.h", "record.h", "facts.h", "engine.h"),
    "ssh": ("conf.h", "history.h", "record.h", "engine.h"),
    "codes": ("conf.h", "ssh.h", "history.h", "record.h", "engine.h"),
    "conf": ("ssh.h", "code_set.h", "facts.h", "history.h", "plan.h", "store.h", "record.h", "engine.h"),
    "facts": ("history.h", "store.h", "record.h", "engine.h"),
    "record": ("history.h", "store.h", "facts.h", "engine.h"),
    "history": ("record.h", "facts.h", "engine.h"),
}
FACES = ("pam_module", "sshd_hook", "review")
FOR_FACES = {"engine.h", "connection.h", "session.h", "conf.h", "record.h", "ssh.h", "history.h", "facts.h", "code_set.h"}
BELOW = ("scoring/base", "scoring/sys")  # deadlines are made at the door


def compiler_of(source, build):
    """For each layer the compile command of one of its files, without that file."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        commands = json.load(file)
    flags = {}
    for entry in commands:
        layer = os.path.relpath(entry["file"], source).split(os.sep)
        if layer[0] == "scoring" and len(layer) == 3:
            words = shlex.split(entry["command"])
            flags.setdefault(layer[1], [w for w in words[:words.index("-o")] if w != entry["file"]])
    return flags


def compiles(flags, header):
    done = subprocess.run([*flags, "-w", "-fsyntax-only", "-x", "c", "-"], input=f'#include "{header}"\n', text=True,
                          capture_output=True)
    return done.returncode == 0


def wrong_includes(source, build):
    flags = compiler_of(source, build)
    for layer, headers in WRONG.items():
        if layer not in flags:
            yield f"scoring/{layer}: no file of it is compiled"
            continue
        if not compiles(flags[layer], "error.h"):
            yield f"scoring/{layer}: error.h of base/ does not compile either: nothing was checked"
        yield from (f"scoring/{layer} can include {header}" for header in headers if compiles(flags[layer], header))


def face_includes(source):
    shared = {name for folder in BELOW for name in os.listdir(os.path.join(source, folder)) if name.endswith(".h")}
    for face in FACES:
        own = set(os.listdir(os.path.join(source, face)))
        for name in sorted(own):
            if not name.endswith((".c", ".h")):
                continue
            with open(os.path.join(source, face, name), encoding="utf-8") as file:
                included = re.findall(r'^\s*#\s*include\s+"([^"]+)"', file.read(), re.MULTILINE)
            yield from (f"{face}/{name} includes {header}" for header in included
                        if header not in FOR_FACES | shared | own)


def main(source, build):
    faults = [*wrong_includes(source, build), *face_includes(source)]
    for fault in faults:
        print(fault)
    return bool(faults)


sys.exit(main(*sys.argv[1:3]))
