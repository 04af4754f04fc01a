"""Plan files on disk: written whole or not at all, and read with words for what is wrong."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from reconciler.errors import PlanFileError, UsageError
from reconciler.plan import Plan
from reconciler.plan_file import from_text
from reconciler.source import Problem


def check_destination(path: str) -> None:
    """Refuse a place to which no plan can be written, before any work. Raises UsageError."""
    if path == "-":
        raise UsageError("-o takes a file; to print the document use --format json")
    place = Path(os.path.realpath(path))
    try:
        mode = place.stat().st_mode
    except FileNotFoundError:
        mode = None
    except OSError as error:
        raise UsageError(f"-o {path} cannot be written: {error.strerror}") from error
    if mode is not None and not stat.S_ISREG(mode):
        what = "a directory" if stat.S_ISDIR(mode) else "no ordinary file"
        raise UsageError(f"-o {path} is {what}; name a file, such as plan.json")
    if not os.access(place.parent, os.W_OK | os.X_OK):
        raise UsageError(f"-o {path} cannot be written: there is no writable folder {place.parent}")


def write_plan(path: str, text: str) -> None:
    """Write the document, readable by all; another reader sees the old file or the new one."""
    check_destination(path)
    place = Path(os.path.realpath(path))
    try:
        descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
        try:
            with open(descriptor, "wb") as file:
                os.fchmod(descriptor, 0o644)
                file.write(text.encode())
                file.flush()
                os.fsync(descriptor)
            os.replace(name, place)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(f"-o {path} cannot be written: {error.strerror}") from error


def read_plan(path: str) -> Plan:
    """The plan in this file. Raises PlanFileError for whatever makes it unusable."""
    try:
        text = Path(path).read_bytes().decode()
    except OSError as error:
        problem = Problem(None, f"{path}: the plan file cannot be read: {error.strerror}")
        raise PlanFileError([problem]) from error
    except UnicodeDecodeError as error:
        hint = "make a plan file with: reconciler plan -o FILE"
        raise PlanFileError([Problem(None, f"{path}: it is not a plan: not text", hint)]) from error
    return from_text(text, path)
