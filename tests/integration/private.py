# SPDX-License-Identifier: Apache-2.0
"""A private place on this machine: own mounts, processes and host name, nothing of which outlasts it.

run_private(work) calls work(folder) as process 1 of new namespaces. When it ends, in whatever way, the kernel ends all
its processes and takes its mounts away; then the folder is removed. The network is the machine's own, so that a kept
sandbox can be reached.
"""
import ctypes
import os
import shutil
import signal
import sys
import tempfile
import traceback

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWPID = 0x00020000, 0x04000000, 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def mount(source, target, kind=None, flags=0, data=None):
    words = [None if word is None else str(word).encode() for word in (source, target, kind, data)]
    _check(_libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3]), f"mount {target}")


def bind(source, target):
    """Shows `source` (a file or folder) at `target`, which must exist and be of the same sort."""
    mount(source, target, flags=MS_BIND | MS_REC)


def unmount(target):
    _check(_libc.umount2(str(target).encode(), 0), f"umount {target}")


def _first_process(work, folder, host):
    """Process 1 of the place."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    mount("none", "/", flags=MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _check(_libc.sethostname(host.encode(), len(host)), "sethostname")
    return work(folder)


def _exit_status(wait_status):
    return os.waitstatus_to_exitcode(wait_status) if wait_status >= 0 else 1


def _fork(child):
    """A child process that runs child() and exits with what it returns."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        status = int(child() or 0)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except KeyboardInterrupt:
        status = 130
    except BaseException:  # reported here: there is no caller to raise it to
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(status & 255)


def _wait(pid):
    while True:
        try:
            return _exit_status(os.waitpid(pid, 0)[1])
        except KeyboardInterrupt:
            continue  # the child got the same key; its end is awaited
        except InterruptedError:
            continue


def _namespaces(work, folder, host):
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    _check(_libc.unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWPID), "unshare (needs root)")
    first = _fork(lambda: _first_process(work, folder, host))
    with open(os.path.join(folder, "pid"), "w", encoding="ascii") as file:
        file.write(f"{first}\n")
    return _wait(first)


def _remove(folder):
    """Only once none of the place's mounts can be seen from here: a bind mount leads to the machine's own files."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
        if any(f" {folder}" in line for line in file):
            raise RuntimeError(f"{folder}: still mounted, not removed")
    shutil.rmtree(folder)


def run_private(work, host="acme-db1"):
    """Runs work(folder) as said above and returns its exit status (what it returned, or 1 if it raised)."""
    folder = tempfile.mkdtemp(prefix="hopwarden-", dir="/tmp")
    os.chmod(folder, 0o755)
    outside = _fork(lambda: _namespaces(work, folder, host))
    previous = signal.signal(signal.SIGTERM, lambda *_: os.kill(outside, signal.SIGTERM))
    try:
        return _wait(outside)
    finally:
        signal.signal(signal.SIGTERM, previous)
        _remove(folder)
