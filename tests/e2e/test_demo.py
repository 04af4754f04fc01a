"""`reconciler demo` and `reconciler sandbox` as a newcomer meets them, also when they are
interrupted.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import clean_environment

_DEADLINE_S = 20


def _start(command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "reconciler", command],
        env={**clean_environment(), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    )


def _read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if text in line:
            return "".join(seen)
    raise AssertionError(f"the program ended before it said {text!r}: {''.join(seen)}")


def _finish(process: subprocess.Popen[str]) -> str:
    """The rest of the output. Not `communicate`, which passes over what was read ahead."""
    assert process.stdout is not None
    with process.stdout:
        rest = process.stdout.read()
    process.wait(timeout=60)
    return rest


def _folder(process: subprocess.Popen[str]) -> Path:
    """The folder of a running demo's systems: its watcher, a child of the program, names it."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except (OSError, ValueError):
            continue
        if parent == process.pid and "reconciler-watch" in words:
            return Path(words[words.index("reconciler-watch") + 1])
    raise AssertionError("the demo has no watcher")


def _traces(folder: Path) -> list[str]:
    """The folder, if it is still there, and processes that mention it."""
    named = [str(folder)] if folder.exists() else []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command:
            named.append(command)
    return named


def _wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _DEADLINE_S
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)  # polling what another process does
    return condition()


def test_the_demo_shows_every_step_and_leaves_nothing() -> None:
    process = _start("demo")
    start = _read_until(process, "are running")
    folder = _folder(process)
    output = start + _finish(process)

    assert process.returncode == 0, output
    codes = re.findall(
        r"^\$ reconciler (\w+).*?^\(exit code (\d+)\)$", output, re.DOTALL | re.MULTILINE
    )
    assert codes == [
        ("validate", "0"),
        ("plan", "0"),
        ("apply", "0"),
        ("plan", "0"),
        ("drift", "3"),
        ("apply", "0"),
        ("apply", "0"),
        ("drift", "0"),
    ]
    assert "Apply: 3 done, 0 failed, 0 skipped; 0 blocked. Converged: yes, but 2 held." in output
    assert "Apply: 2 done, 0 failed, 0 skipped; 0 blocked. Converged: yes.\n" in output
    assert "No drift: 2 targets are as the last apply left them." in output
    assert "Nothing to do: 2 targets are in sync." in output
    assert _wait_until(lambda: not _traces(folder)), _traces(folder)


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda each: each.name
)
def test_an_interrupted_demo_leaves_nothing_running_and_nothing_on_disk(
    number: signal.Signals,
) -> None:
    process = _start("demo")
    _read_until(process, "$ reconciler plan")
    folder = _folder(process)

    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # what a terminal does
    else:
        process.send_signal(number)
    output = _finish(process)

    assert process.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130), output
    assert _wait_until(lambda: not _traces(folder)), _traces(folder)


def test_the_sandbox_says_how_to_reach_both_systems_and_ends_with_ctrl_c(
    tmp_path: Path,
) -> None:
    process = _start("sandbox")
    directions = _read_until(process, "psql")
    folder = _folder(process)
    variables = dict(re.findall(r"export (\w+)=(\S+)", directions))
    (manifest,) = re.findall(r"cp (\S+) access.yaml", directions)

    plan = subprocess.run(
        [sys.executable, "-m", "reconciler", "plan", "--detailed-exitcode", "-f", manifest],
        env={
            **clean_environment(),
            **{name: value.strip("'") for name, value in variables.items()},
        },
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    process.send_signal(signal.SIGINT)
    output = _finish(process)

    assert plan.returncode == 2, plan.stderr
    assert process.returncode == 0, output
    assert _wait_until(lambda: not _traces(folder)), _traces(folder)
