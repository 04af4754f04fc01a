"""What a run is given: its files and surroundings, and when an apply stops.

Here belong values alone. What is done with them is `run`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

Progress = Callable[[str], None]
"""Told in a few words what is being done; called from several threads."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where runs are recorded, and on whose behalf this one is.

    `ledger` is a path or a dsn, empty for none. `commit` and `author` are those of the manifest, as
    far as git knows them; `holder` says for people who holds the locks. `kind` and `command` are
    what the run is recorded as.
    """

    ledger: str = field(default="", repr=False)
    commit: str = ""
    author: str = ""
    holder: str = "reconciler"
    kind: str = "apply"
    command: str = ""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a run starts from. `targets` limits it to these; empty means all. `now` has a zone.

    `origin` says which ledger there is, and for whom an apply is. `acknowledged` is the path of the
    file with reviewed acceptances; it need not be there, and empty means none. With a `leaver`, a
    user of the manifest, the run is about what that one loses, and about nobody else. `in_part`
    says that a target of which some kinds of record cannot be read is to be planned without those.
    """

    files: tuple[str, ...]
    targets: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    now: datetime
    origin: Origin = field(default_factory=Origin)
    acknowledged: str = ""
    leaver: str = ""
    in_part: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """When an apply starts nothing more.

    After `max_failures` on a target (0: never), when somebody asked to `stop`, when it `is_late`.
    """

    max_failures: int = 0
    stop: Callable[[], bool] = field(default=lambda: False)
    is_late: Callable[[], bool] = field(default=lambda: False)
