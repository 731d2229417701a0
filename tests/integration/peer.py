# SPDX-License-Identifier: Apache-2.0
"""History servers that misbehave: each a thread behind a unix socket of its own."""
import os
import re
import socket
import threading
import time


class Peer:
    """Listens; every connection is handled by serve() in a thread."""

    def __init__(self, path):
        self.path = path
        if os.path.exists(path):
            os.remove(path)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        os.chmod(path, 0o777)
        self._listener.listen(64)
        self.served = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"unix:{self.path}"

    def _accept(self):
        while True:
            connection, _ = self._listener.accept()
            self.served += 1
            threading.Thread(target=self._guarded, args=(connection,), daemon=True).start()

    def _guarded(self, connection):
        with connection:
            try:
                self.serve(connection)
            except OSError:
                pass  # the other side has gone: its right

    def serve(self, connection):
        raise NotImplementedError


class Saying(Peer):
    """Answers whatever is asked with the same bytes."""

    def __init__(self, path, words, pace_s=0):
        self._words, self._pace = words, pace_s
        super().__init__(path)

    def serve(self, connection):
        while connection.recv(65536):
            if not self._pace:
                connection.sendall(self._words)
                continue
            for byte in self._words:
                connection.sendall(bytes([byte]))
                time.sleep(self._pace)


class Silent(Peer):
    """Takes everything, says nothing."""

    def serve(self, connection):
        while connection.recv(65536):
            pass


class Closing(Peer):
    """Hangs up on the first byte."""

    def serve(self, connection):
        connection.recv(1)


class ShiftedClock(Peer):
    """A redis-server whose TIME is off by so many seconds."""
    reply = re.compile(rb"(\*2\r\n\$10\r\n)(\d{10})(\r\n\$\d+\r\n)")

    def __init__(self, path, server, shift_s):
        self._server, self._shift = server, shift_s
        super().__init__(path)

    def serve(self, connection):
        with socket.socket(socket.AF_UNIX) as behind:
            behind.connect(self._server)
            threading.Thread(target=self._guarded_copy, args=(connection, behind), daemon=True).start()
            while piece := behind.recv(1 << 20):
                connection.sendall(self.reply.sub(self._shifted, piece))

    def _guarded_copy(self, connection, behind):
        try:
            while piece := connection.recv(65536):
                behind.sendall(piece)
            behind.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _shifted(self, match):
        return match[1] + str(int(match[2]) + self._shift).encode() + match[3]
