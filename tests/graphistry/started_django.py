"""A process in which Django stands started, and forks whoever wants to run the stand-in's shell.

A start of Django takes 0.6 s, a fork of it 0.01 s, and a test is many runs of the shell. Run with
the descriptor of a listening socket as its argument; `started_shell` is who connects to it. Each
fork runs `nexus_shell` as it stands, on its caller's streams and in its caller's environment. It
ends when its caller does, as it would if it were its caller; and all ends with stdin.
"""

import ast
import os
import runpy
import select
import signal
import socket
import sys
import threading
import traceback
from pathlib import Path

HERE = Path(__file__).parent
STREAMS = (0, 1, 2)


def start() -> None:
    """Load what the shell loads. Nothing here may connect to a database: each fork has its own."""
    os.chdir(HERE / "stand_in")
    sys.path.insert(0, str(HERE / "stand_in"))
    os.environ |= {"DJANGO_SETTINGS_MODULE": "nexus.settings", "STAND_IN_DATABASE": os.devnull}
    import django
    from django.core.management import load_command_class

    django.setup()
    load_command_class("django.core", "shell")


def serve(listener: socket.socket) -> None:
    """Fork for each that connects, until stdin ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests, which end stdin
    while listener in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            answer(connection)
        connection.close()


def answer(connection: socket.socket) -> None:
    """Be the shell of this caller."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = 1
    try:
        code = code_of_run(connection)
    finally:
        connection.sendall(bytes([code]))
        os._exit(code)


def code_of_run(connection: socket.socket) -> int:
    """Run the shell as the caller asks; its exit code."""
    become_caller(connection)
    select.select([0], [], [])  # the text is there long before Django is, where that has to start
    code: object = 0
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else int(code is not None)


def become_caller(connection: socket.socket) -> None:
    """Take over the caller's arguments, environment and streams, and its end."""
    said, descriptors, *_ = socket.recv_fds(connection, 65536, len(STREAMS))
    while not said.endswith(b"\n"):
        said += connection.recv(65536)
    sys.argv, environ = ast.literal_eval(said.decode("ascii"))
    os.environ.clear()
    os.environ |= environ
    for descriptor, stream in zip(descriptors, STREAMS, strict=True):
        os.dup2(descriptor, stream)
        os.close(descriptor)
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = str(Path(sys.argv[1]) / "db.sqlite3")
    threading.Thread(target=end_with, args=(connection,), daemon=True).start()


def end_with(connection: socket.socket) -> None:
    """Kill this run and all that it started when its caller is gone."""
    connection.recv(1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    start()
    serve(socket.socket(fileno=int(sys.argv[1])))
