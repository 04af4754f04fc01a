"""What FlowAuth's plans ought to say beside their changes.

Pure: what is there comes in as what was read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.changes import Change
from reconciler.provider import TOKEN_LAG, Warned
from reconciler.state import Fields, Key, State
from reconciler.wording import listed


def warnings(observed: State, changes: Sequence[Change]) -> Iterator[Warned]:
    """Whose tokens outlive these changes: FlowAuth signs tokens, and has no way to revoke one.

    Nobody can see who made tokens, so all are named who could.
    """
    cut = [each.key for each in changes if _takes_a_role(each)]
    narrowed = {each.key for each in changes if _takes_scopes(each)}
    holders = [key for key, _ in observed.of_kind("membership") if _role(key) in narrowed]
    names = sorted({key.path[-1] for key in (*cut, *holders)})
    if names:
        who = listed([f'"{name}"' for name in names])
        text = f"FlowAuth revokes no tokens: those that {who} made are good until they expire"
        yield Warned(TOKEN_LAG, text, (*cut, *sorted(narrowed)))


def _takes_a_role(change: Change) -> bool:
    return change.key.kind == "membership" and change.action == "delete"


def _takes_scopes(change: Change) -> bool:
    if change.key.kind != "role" or change.action != "update":
        return False
    return not _scopes(change.before) <= _scopes(change.after)


def _scopes(fields: Fields | None) -> frozenset[str]:
    scopes = (fields or {}).get("scopes", ())
    assert isinstance(scopes, tuple)
    return frozenset(scopes)


def _role(membership: Key) -> Key:
    return Key("role", membership.path[:2])
