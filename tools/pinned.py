"""Packages that some tests need in a place of their own: fetched once into a cache, as pins say.

Here belong the folder of a set of pins, and environments of Python. What cannot be had is an error.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tools.cache_folder import locked, unfinished

ROOT: Final = Path(__file__).resolve().parent.parent

Install = Callable[[Path, Path], None]
"""Puts what a file of pins names into a folder that is not there yet."""


class NotFetchedError(Exception):
    """Packages could not be had; the text says why and what to do."""


def fetched(name: str, pins: Sequence[Path], install: Install, cache: Path) -> Path:
    """The folder with these packages, made unless an earlier run has done so.

    Other pins are another folder; `install` gets the first of them. Raises NotFetchedError.
    """
    digest = hashlib.sha256(sys.version.encode())
    for pin in pins:
        digest.update(pin.read_bytes())
    final = cache / f"{name}-{digest.hexdigest()[:16]}"
    if not final.is_dir():
        with locked(cache), unfinished(cache) as folder:
            if not final.is_dir():
                print(f"fetching {name} (once)", file=sys.stderr, flush=True)
                install(pins[0], folder / "made")
                (folder / "made").rename(final)
    return final


def install_python(pin: Path, folder: Path) -> None:
    """What a requirements file pins, digests and all, in an environment: use its `bin/python`."""
    run([sys.executable, "-m", "venv", str(folder)], folder.parent)
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pinned = ["--no-input", "--no-deps", "--require-hashes", "--requirement", str(pin)]
    run([*install, *pinned], folder.parent)


def run(command: Sequence[str], folder: Path) -> None:
    """Run a command to its end. Raises NotFetchedError with what it said where it fails."""
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        words = " ".join(command)
        raise NotFetchedError(f"this failed (exit {done.returncode}): {words}\n{said}")


def run_pytest(arguments: Sequence[str], environment: dict[str, str]) -> int:
    """pytest's exit code, run from the project's folder; Ctrl-C waits for its end."""
    command = [sys.executable, "-m", "pytest", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.wait()  # Ctrl-C reached pytest too, which stops what it started before it ends
            raise
