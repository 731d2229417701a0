#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""from_source.py SOURCE HOST PORT: standard input and output over a connection from SOURCE, for a client that cannot choose its own address."""
import os
import select
import socket
import sys


def main(source, host, port):
    line = socket.create_connection((host, int(port)), source_address=(source, 0))
    ends = {0: line.fileno(), line.fileno(): 1}
    while ends:
        for ready in select.select(list(ends), [], [])[0]:
            piece = os.read(ready, 65536)
            if not piece and ready == 0:
                line.shutdown(socket.SHUT_WR)
                del ends[0]
            elif not piece:
                return
            while piece:
                piece = piece[os.write(ends[ready], piece):]


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError:
        sys.exit(1)  # either end hung up
