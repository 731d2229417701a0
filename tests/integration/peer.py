# SPDX-License-Identifier: Apache-2.0
"""History servers that misbehave: each a thread behind a unix socket of its own."""
import os
import queue
import re
import socket
import threading
import time


class Peer:
    """Listens on a unix socket or, without a path, on a port of 127.0.0.1; every connection is handled by serve() in a thread."""

    def __init__(self, path=None):
        self.path = path
        if path is None:
            self._listener = socket.create_server(("127.0.0.1", 0))
        else:
            self._listen_at(path)
        self._listener.listen(64)
        self.served = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _listen_at(self, path):
        if os.path.exists(path):
            os.remove(path)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        os.chmod(path, 0o777)

    @property
    def port(self):
        return self._listener.getsockname()[1]

    @property
    def url(self):
        return f"unix:{self.path}" if self.path else f"redis://127.0.0.1:{self.port}"

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


class Endless(Peer):
    """Answers with `words`, and then with more and more of the same byte."""

    def __init__(self, path, words):
        self._words = words
        super().__init__(path)

    def serve(self, connection):
        connection.recv(65536)
        connection.sendall(self._words)
        while True:
            connection.sendall(b"x" * 65536)


class HalfClosing(Peer):
    """Hangs up in the middle of its answer."""

    def __init__(self, path, words):
        self._words = words
        super().__init__(path)

    def serve(self, connection):
        connection.recv(65536)
        connection.sendall(self._words[:len(self._words) // 2])


class Blackhole:
    """A port whose queue of connections is full: whoever connects hears nothing at all."""

    def __init__(self):
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}"
        self._callers = []
        for _ in range(64):
            caller = socket.socket()
            caller.settimeout(.2)
            self._callers.append(caller)
            try:
                caller.connect(self._listener.getsockname())
            except TimeoutError:
                return
        raise RuntimeError("the port still answers")


class Distant(Peer):
    """A server's port, `way_s` away in each direction. The kernel connects at once, so TCP's own round trip is added to the first bytes."""

    def __init__(self, port, way_s):
        self._server, self._way = port, way_s
        super().__init__()

    def serve(self, connection):
        with socket.create_connection(("127.0.0.1", self._server)) as behind:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            behind.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            to_server = threading.Thread(target=self._carry, args=(connection, behind, 2 * self._way), daemon=True)
            to_server.start()
            self._carry(behind, connection, 0)
            to_server.join()

    def _carry(self, source, target, first_s):
        """Bytes arrive one way later than they came, in their order; so does the end."""
        on_their_way = queue.SimpleQueue()
        threading.Thread(target=self._deliver, args=(on_their_way, target), daemon=True).start()
        piece = True
        while piece:
            try:
                piece = source.recv(65536)
            except OSError:
                piece = b""
            on_their_way.put((time.monotonic() + self._way + first_s, piece))
            first_s = 0

    @staticmethod
    def _deliver(on_their_way, target):
        while True:
            due, piece = on_their_way.get()
            time.sleep(max(0, due - time.monotonic()))
            try:
                if not piece:
                    return target.shutdown(socket.SHUT_WR)
                target.sendall(piece)
            except OSError:
                return None


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
