"""Opens a run over the manifest of a session. Here the environment and the clock come in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from reconciler.cli import collector
from reconciler.cli.progress import Progress
from reconciler.cli.session import Session
from reconciler.clock import utc_now
from reconciler.engine import Inputs, Origin, Run

FOLDER: Final = ".reconciler"
"""What stands beside the manifest: the ledger, unless it is elsewhere, and the reviewed file."""


@contextmanager
def open_run(session: Session, *, records: bool = False, in_part: bool = False) -> Iterator[Run]:
    """A run over the session's manifest and targets; the session hides its secrets from now on.

    What earlier runs left in the session's ledger is known to it. With `records`, what it applies
    is recorded there; with `in_part`, a target that can be read but for some kinds is planned.
    """
    inputs = replace(inputs_of(session, records=records), in_part=in_part)
    with Progress() as progress:
        session.before_output = progress.erase
        with Run(inputs, progress.tell) as run:
            collector.resume()
            session.redact = run.redactor()
            yield run


def inputs_of(session: Session, *, records: bool) -> Inputs:
    """What a run of this session starts from: the environment, the time, and the ledger."""
    return Inputs(
        files=session.files,
        targets=session.targets,
        environment=os.environ,
        now=utc_now(),
        origin=_origin(session, records=records),
        acknowledged=str(manifest_folder(session) / FOLDER / "acknowledge.yaml"),
    )


def manifest_folder(session: Session) -> Path:
    """The folder of the first file of the manifest; the working folder for standard input."""
    if session.files[0] == "-":
        return Path()
    first = Path(session.files[0])
    return first if first.is_dir() else first.parent


def _origin(session: Session, *, records: bool) -> Origin:
    if not records and not session.ledger and not (manifest_folder(session) / FOLDER).is_dir():
        return Origin()  # there is none, and nobody has to load what reads it
    from reconciler.cli.origin import find_origin, ledger_location  # as above

    return find_origin(session) if records else Origin(ledger_location(session))
