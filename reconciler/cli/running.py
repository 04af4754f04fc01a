"""Opens a run over the manifest of a session. Here the environment and the clock come in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from reconciler.cli import collector
from reconciler.cli.progress import Progress
from reconciler.cli.session import Session
from reconciler.engine import Inputs, Origin, Run


@contextmanager
def open_run(session: Session, *, records: bool = False) -> Iterator[Run]:
    """A run over the session's manifest and targets; the session hides its secrets from now on.

    With `records`, what it applies is recorded in the session's ledger.
    """
    inputs = Inputs(
        files=session.files,
        targets=session.targets,
        environment=os.environ,
        now=datetime.now(UTC),
        origin=_origin(session) if records else Origin(),
    )
    with Progress() as progress:
        session.before_output = progress.erase
        with Run(inputs, progress.tell) as run:
            collector.resume()
            session.redact = run.redactor()
            yield run


def _origin(session: Session) -> Origin:
    from reconciler.cli.origin import find_origin  # only what is recorded needs the ledger

    return find_origin(session)
