"""The roles of a target that lines of the manifest name without declaring them.

Here belongs which names these are. They have to be there as long as a line names them, so no policy
drops them: what a role inherits, whose future objects it is given, who owns something, and who gets
what those own who leave.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reconciler.desired.records import Records
from reconciler.desired.view import TargetView
from reconciler.state import Fields, Key

_NAMING: Final = frozenset({"default_privilege", "public_default", "ownership", "policy"})
"""The kinds of record whose lines name roles."""


def mentioned(view: TargetView, records: Records) -> frozenset[str]:
    """These names, less those of users: an account that leaves has to, whoever names it."""
    names = set(records.foreign)
    for key, fields in records.fields.items():
        if key[0] in _NAMING:  # not one of the accounts and memberships, which are nearly all
            names.update(_named(key, fields))
    if heir := view.manifest.targets[view.target].policy.heir:
        names.add(heir)
    return frozenset(names.difference(view.account_names.values()))


def _named(key: Key, fields: Fields) -> Iterator[str]:
    match key.kind:
        case "default_privilege":
            yield key.path[2]
        case "public_default":
            yield key.path[1]
        case "ownership":
            yield from map(str, fields.values())
        case "policy":
            roles = fields.get("roles")
            yield from roles if isinstance(roles, tuple) else ()
