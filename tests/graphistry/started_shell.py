"""The shell of an installation in a fork of a Django that stands started, see `started_django`.

Arguments: the socket of that one, and then what `nexus_shell` takes. This is to the fork what a
terminal is to a program: it hands over its streams, and ends as the fork does.
"""

import os
import socket
import sys

_, path, *arguments = sys.argv
with socket.socket(socket.AF_UNIX) as django:
    django.connect(path)
    request = ascii((arguments, dict(os.environ))).encode() + b"\n"
    sent = socket.send_fds(django, [request], [0, 1, 2])
    django.sendall(request[sent:])
    code = django.recv(1)
sys.exit(code[0] if code else 137)  # as a container's that was killed
