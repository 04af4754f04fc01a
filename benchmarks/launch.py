"""Runs a program once and says how long it took and how much memory. Run as a script.

A process of its own, started small: on Linux the peak memory of a child is at least that of the
process that started it, and the benchmark itself is large. Prints one JSON object.

Usage: python -I -S launch.py OUTPUT PROGRAM ARGUMENT...
"""

from __future__ import annotations

import json
import os
import sys
import time

_DARWIN_UNIT = 1024  # ru_maxrss is in bytes there and in KiB elsewhere (getrusage(2) of each)


def _main() -> None:
    output, *command = sys.argv[1:]
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, output, flags, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - start
    peak_kib = usage.ru_maxrss // (_DARWIN_UNIT if sys.platform == "darwin" else 1)
    code = os.waitstatus_to_exitcode(status)
    print(json.dumps({"seconds": seconds, "peak_kib": peak_kib, "exit_code": code}))


_main()
