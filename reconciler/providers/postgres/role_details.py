"""What is read of roles only where the manifest asks for it: settings and comments.

Here belongs which catalogs are read, and turning settings into records. Reading is `observe`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.providers.postgres.parameters import spelled
from reconciler.scope import Scope
from reconciler.state import Fields, Key

PARAMETERS: Final = Key("object", ("", "known parameter", ""))
"""The inventory of the parameters that a server has: by name, context and type."""

_CATALOGS: Final[Mapping[str, tuple[str, ...]]] = {
    "setting": ("settings", "parameters_known"),
    "comment": ("comments",),
}
"""The queries by what somebody is given."""

Rows = Sequence[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class RoleDetails:
    """The rows of these queries; `comments` is None where they were not read."""

    settings: Rows = ()
    parameters_known: Rows = ()
    comments: Rows | None = None

    @property
    def told(self) -> Mapping[str, str] | None:
        """The comments by name of role, of those that have one; None where they were not read."""
        if self.comments is None:
            return None
        return {str(name): str(text) for name, text in self.comments}


def wanted_details(scope: Scope) -> frozenset[str]:
    """What has to be read for this scope besides what always is."""
    wanted = {"setting"} if scope.settings else set()
    return frozenset(wanted | ({"comment"} & scope.attributes))


def detail_catalogs(wanted: Collection[str]) -> tuple[str, ...]:
    """The names of the queries to ask."""
    return tuple(name for word, names in _CATALOGS.items() if word in wanted for name in names)


def setting_records(rows: RoleDetails, watched: Collection[str]) -> Iterator[tuple[Key, Fields]]:
    """A record for each setting of a watched role, and the inventory of parameters.

    Nothing at all where nothing was read.
    """
    types: dict[str, str] = {}
    inventory: dict[str, str] = {}
    for name, context, type_ in rows.parameters_known:
        types[str(name).lower()] = str(type_)
        inventory[str(name).lower()] = f"{context} {type_}"
    if inventory:
        yield PARAMETERS, inventory
    for role, database, texts in rows.settings:
        assert isinstance(texts, list)
        for text in texts if str(role) in watched else ():
            parameter, _, value = str(text).partition("=")
            name = parameter.lower()
            fields = {"value": _spelled(name, value, types)}
            yield Key("setting", (str(role), str(database), name)), fields


def _spelled(name: str, value: str, types: Mapping[str, str]) -> str:
    try:
        return spelled(name, value, types.get(name, ""))
    except ValueError:  # stored by SET FROM CURRENT, and no list: whatever it is, it is not ours
        return value
