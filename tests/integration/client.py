# SPDX-License-Identifier: Apache-2.0
"""A person at a terminal: the ssh client on a pty, prompts answered, one-time codes computed."""
import base64
import errno
import fcntl
import hmac
import os
import re
import select
import signal
import socket
import struct
import termios
import time
from dataclasses import dataclass

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PATIENCE_S = 30
PROMPT = re.compile(r"(?:code|password|passcode|passphrase|PIN)[^\n:]*:\s*$", re.IGNORECASE)


def code_now(secret=SECRET, ahead=0):
    """RFC 6238: SHA-1, 30 seconds, 6 digits."""
    counter = int(time.time()) // 30 + ahead
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", counter), "sha1")
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1000000:06d}"


def wrong_code(secret=SECRET):
    """A code that is not right now, nor in the steps around."""
    near = {code_now(secret, step) for step in range(-20, 21)}
    return next(code for code in ("123456", "234567", "345678", "456789") if code not in near)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Seen:
    status: int
    text: str
    prompts: list


def _spawn(words, environment):
    """The program with a terminal of its own; pid and the terminal's other end."""
    pid, terminal = os.forkpty()
    if pid == 0:
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execvpe(words[0], words, {"PATH": "/usr/bin:/bin", "TERM": "dumb", **environment})
        finally:
            os._exit(127)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 2000, 0, 0))
    return pid, terminal


def _read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError as error:
        if error.errno == errno.EIO:  # the last process has let go of the terminal
            return b""
        raise


def _last_line(text):
    return text.replace("\r", "").rsplit("\n", 1)[-1]


def converse(words, answers=(), prompt=PROMPT, environment=None):
    """Runs it to its end. Each prompt gets the next answer; beyond the last one the person presses ^C, again and again (the
    client does not hear one that comes before it listens)."""
    answers, prompts, text, asked, hung_up = list(answers), [], "", 0, False
    pid, terminal = _spawn([str(word) for word in words], environment or {})
    end = time.monotonic() + PATIENCE_S
    try:
        while True:
            if not select.select([terminal], [], [], 0.2 if hung_up else max(0, end - time.monotonic()))[0]:
                if time.monotonic() > end:
                    raise TimeoutError(f"{words[0]} is silent; seen so far:\n{text}")
                os.write(terminal, b"\x03")
                continue
            piece = _read(terminal)
            if not piece:
                break
            text += piece.decode("utf-8", "backslashreplace")
            if prompt.search(text[asked:]):
                prompts.append(_last_line(text))
                asked, hung_up = len(text), not answers
                os.write(terminal, b"\x03" if hung_up else answers.pop(0).encode() + b"\n")
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        pid = 0
    finally:
        os.close(terminal)
        if pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return Seen(status, text.replace("\r", ""), prompts)
