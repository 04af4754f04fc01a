"""All that a provider finds on a target of which no manifest says anything yet.

Here belongs the value alone. Taking a survey is for the providers, making a manifest of it for
`reconciler.importing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.state import Key, State


@dataclass(frozen=True, slots=True)
class Survey:
    """What is on a target, whole: in its state every principal is an account or a role.

    `system` is its name and version; `untouchable` are names that no plan changes. `left_out` says
    of accounts, roles and servers why no manifest may have them though there is a record;
    `remarks` say what no record says, for people, such as "passwords". `has_nominal_roles` says
    that a role is nothing there: whoever holds one has an account.

    Of systems with privileges: `servers` are the databases that were read; `every_word` gives by
    kind of object all of its privileges; `aside` counts, by what it is and by whose it is, what no
    record of the state says.
    """

    system: str
    state: State
    servers: tuple[str, ...] = ()
    untouchable: frozenset[str] = frozenset()
    every_word: Mapping[str, frozenset[str]] = field(default_factory=dict)
    aside: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    left_out: Mapping[Key, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    has_nominal_roles: bool = False
