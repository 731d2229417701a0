#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""runner.py FILE_test.py [PATTERN]: each test class of the file in a private place of its own; every case prints one line, the file ends with
`cases: N passed, N failed`, and `, N skipped` where something could not be tried here. HOP_BUILD names the build folder."""
import fnmatch
import importlib
import os
import sys
import time
import traceback
import unittest

import case
import private

ALL_SKIPPED = 77  # exit status; ctest's SKIP_RETURN_CODE



class Lines(unittest.TestResult):
    """One line per case, and what went wrong at once."""

    def __init__(self):
        super().__init__()
        self.passed = self.failed = self.skipped = 0

    def startTest(self, test):
        super().startTest(test)
        self._began = time.monotonic()

    def _tell(self, word, test):
        took = time.monotonic() - getattr(self, "_began", time.monotonic())
        print(f"{word:4} {test} {took:.1f} s", flush=True)

    def _bad(self, test, error):
        self.failed += 1
        self._tell("FAIL", test)
        print("".join(traceback.format_exception(*error)), flush=True)

    def addSuccess(self, test):
        self.passed += 1
        self._tell("ok", test)

    def addError(self, test, error):
        self._bad(test, error)

    def addFailure(self, test, error):
        self._bad(test, error)

    def addSkip(self, test, reason):
        """Neither passed nor failed, and told. A class that cannot be set up here is one skip of all its cases."""
        self.skipped += 1
        self._tell("skip", test)
        print(f"     {reason}", flush=True)

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self._bad(subtest, error)


def run_class(suite, count, report):
    """In the private place. A class whose set-up fails has failed in all its cases."""
    def work(folder):
        case.FOLDER = folder
        lines = Lines()
        suite.run(lines)
        untried = count - lines.passed - lines.failed
        skipped = max(untried, 0) if lines.skipped else 0
        failed = max(lines.failed, count - lines.passed - skipped)
        os.write(report, f"{lines.passed} {failed} {skipped}\n".encode())
        return failed != 0
    return work


def classes_of(name, pattern):
    module = importlib.import_module(name)
    for value in vars(module).values():
        if not (isinstance(value, type) and issubclass(value, unittest.TestCase) and value.__module__ == name):
            continue
        names = [n for n in unittest.defaultTestLoader.getTestCaseNames(value)
                 if fnmatch.fnmatch(f"{value.__name__}.{n}", pattern)]
        if names:
            yield unittest.TestSuite(value(n) for n in names), len(names)


def main(path, pattern="*"):
    passed = failed = skipped = 0
    for suite, count in classes_of(os.path.basename(path).removesuffix(".py"), pattern):
        outcome, report = os.pipe()
        private.run_private(run_class(suite, count, report))
        os.close(report)
        with os.fdopen(outcome) as told:
            good, bad, left = map(int, (told.read() or f"0 {count} 0").split())
        passed, failed, skipped = passed + good, failed + bad, skipped + left
    print(f"cases: {passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    if skipped and not passed and not failed:
        return ALL_SKIPPED
    return int(failed != 0 or passed == 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
