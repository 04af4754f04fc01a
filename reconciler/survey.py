"""All that a provider finds on a target of which no manifest says anything yet.

Here belongs the value alone. Taking a survey is for the providers, making a manifest of it for
`reconciler.importing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.state import State


@dataclass(frozen=True, slots=True)
class Survey:
    """What is on a target, whole: in its state every principal is an account or a role.

    `system` is its name and version; `servers` are the databases that were read; `untouchable` are
    names that no plan changes; `every_word` gives by kind of object all of its privileges; `aside`
    counts, by what it is and by whose it is, what no record of the state says.
    """

    system: str
    state: State
    servers: tuple[str, ...]
    untouchable: frozenset[str]
    every_word: Mapping[str, frozenset[str]]
    aside: Mapping[str, Mapping[str, int]]
