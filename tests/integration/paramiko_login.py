#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""paramiko_login.py HOST PORT SOURCE USER KEY|- COMMAND: one login by paramiko's SSHClient as programs use it: the key (and KEY-cert.pub beside
it), then whatever the server asks on standard output. Prints what the server says."""
import getpass
import os
import socket
import sys

import paramiko

REFUSED = 5


def credentials(path):
    if path == "-":
        return {"password": getpass.getpass("Password: ")}
    key = paramiko.Ed25519Key.from_private_key_file(path)
    if os.path.exists(f"{path}-cert.pub"):
        key.load_certificate(f"{path}-cert.pub")
    return {"pkey": key}


def tell_banner(client):
    banner = client.get_transport() and client.get_transport().get_banner()
    if banner:
        print(banner.decode("utf-8", "replace"))


def main(host, port, source, user, key, command):
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.WarningPolicy())
    line = socket.create_connection((host, int(port)), source_address=(source, 0))
    try:
        client.connect(host, int(port), user, sock=line, allow_agent=False, look_for_keys=False, **credentials(key))
        _, output, _ = client.exec_command(command)
        sys.stdout.write(output.read().decode("utf-8", "replace"))
        return output.channel.recv_exit_status()
    except (paramiko.SSHException, EOFError, OSError) as error:
        print(f"{type(error).__name__}: {error}")
        return REFUSED
    finally:
        tell_banner(client)
        client.close()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
