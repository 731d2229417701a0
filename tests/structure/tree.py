#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tree.py SOURCE: every source file begins with its licence, no file names a path of the machine it was written on, scripts can be run."""
import os
import re
import sys

SKIPPED = {".git", "build", "__pycache__", "corpus"}
SOURCES = (".c", ".h", ".py", ".cmake", ".sh", ".map", "CMakeLists.txt")
ABROAD = re.compile(rb"/(?:work|home/\w+/src)/")


def files(source):
    for folder, folders, names in os.walk(source):
        folders[:] = sorted(set(folders) - SKIPPED)
        yield from (os.path.join(folder, name) for name in sorted(names) if name not in SKIPPED)


def faults_of(path):
    with open(path, "rb") as file:
        text = file.read()
    head = text.split(b"\n", 3)[:2]
    script = text.startswith(b"#!")
    if (path.endswith(SOURCES) or script) and not any(b"SPDX-License-Identifier: Apache-2.0" in line for line in head):
        yield "no SPDX line at its head"
    if script and not os.access(path, os.X_OK):
        yield "a script that is not executable"
    if not path.endswith("tree.py"):
        yield from (f"line {text[:hit.start()].count(10) + 1} names {hit.group().decode()}" for hit in ABROAD.finditer(text))


def main(source):
    faults = [f"{os.path.relpath(path, source)}: {fault}" for path in files(source) for fault in faults_of(path)]
    for fault in faults:
        print(fault)
    return bool(faults)


sys.exit(main(sys.argv[1]))
