"""Measures whole programs from outside: wall clock and peak memory.

Here belong starting them, their environment and checking how they ended. Which programs, and how
often, is `rounds`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
_NOT_INHERITED: Final = frozenset(
    {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONDEVMODE", "PYTHONWARNINGS"}
)
"""What would make every start compile the sources again, or run another mode of Python."""


class FailedProgramError(Exception):
    """A measured program did not end as it should; the text has the end of its output."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of a program."""

    seconds: float
    peak_mib: float


class Programs:
    """Starts the measured programs: in `folder`, with the server's connection string."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = sys.executable
        self.product = str(Path(sys.executable).with_name("reconciler"))
        if not os.access(self.product, os.X_OK):
            raise FailedProgramError(f"{self.product} is not there: install the project first")

    def reconciler(self, *arguments: str, dsn: str = "", exit_code: int = 0) -> Sample:
        """Run the product."""
        return self._run([self.product, *arguments], {"BENCHMARK_DSN": dsn}, (exit_code,))

    def script(self, name: str, *arguments: str, dsn: str = "") -> Sample:
        """Run a script of this package."""
        script = str(_HERE / f"{name}.py")
        return self._run([self.python, script, *arguments], {"BENCHMARK_DSN": dsn}, (0,))

    def bare_python(self) -> Sample:
        """Start Python and end it."""
        return self._run([self.python, "-c", "pass"], {}, (0,))

    def other(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        exit_codes: Sequence[int] = (0,),
        limit_s: float | None = None,
    ) -> Sample:
        """Run a program of others. Raises subprocess.TimeoutExpired when it takes longer."""
        return self._run(command, environment, exit_codes, limit_s)

    @property
    def output(self) -> str:
        """What the last program printed."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    @property
    def _output(self) -> Path:
        return self.folder / "output.txt"

    def _run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        exit_codes: Sequence[int],
        limit_s: float | None = None,
    ) -> Sample:
        launcher = [self.python, "-I", "-S", str(_HERE / "launch.py"), str(self._output), *command]
        result = json.loads(self._launched(launcher, environment, limit_s))
        if result["exit_code"] not in exit_codes:
            wanted = " or ".join(map(str, exit_codes))
            raise FailedProgramError(
                f"{command[0]} ended with {result['exit_code']}, not {wanted}:\n"
                f"{self.output[-2000:]}"
            )
        return Sample(result["seconds"], result["peak_kib"] / 1024)

    def _launched(
        self, launcher: Sequence[str], environment: Mapping[str, str], limit_s: float | None
    ) -> bytes:
        """What the launcher prints. Whatever ends the wait ends all that it started too."""
        kept = {name: text for name, text in os.environ.items() if name not in _NOT_INHERITED}
        process = subprocess.Popen(
            launcher,
            stdout=subprocess.PIPE,
            cwd=self.folder,
            env={**kept, **environment},
            start_new_session=True,
        )
        try:
            text, _ = process.communicate(timeout=limit_s)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        if process.returncode != 0:
            raise FailedProgramError(f"the launcher ended with {process.returncode}")
        return text
