"""The words for schemas and owners: what a plan does to them, and what a target did by itself.

Here belong these two kinds of record alone. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from reconciler.changes import Change
from reconciler.state import Fields, Key, Value
from reconciler.wording import listed

NOBODY = "nobody"

_Handed = tuple[str, str]
"""The owner before and after."""


def schema_text(key: Key) -> str:
    """The name of a schema: `schema analytics`."""
    return f"schema {key.path[1]}"


def ownership_text(change: Change) -> tuple[str, tuple[str, ...]]:
    """A phrase such as `owner of table s.t: a -> b`, and under it what would make it too long."""
    sentences = list(_sentences(change.key, change.before or {}, change.after or {}))
    if len(sentences) == 1:
        return sentences[0], ()
    return f"owners of {_kinds(change.key)}", tuple(sentences)


def ownership_drift(key: Key, applied: Fields, observed: Fields) -> str:
    """What owners are otherwise than they were applied: `owner of table s.t is b, was a`."""
    parts = [
        f"owner of {what} is {new}, was {old}"
        for (old, new), what in _by_owners(key, applied, observed)
    ]
    return "; ".join(parts)


def owners_text(key: Key, fields: Fields) -> str:
    """Who is to own what, for a reader who has to decide: `owner of table s.t: a`."""
    owned: defaultdict[str, list[str]] = defaultdict(list)
    for name, owner in sorted(fields.items()):
        owned[str(owner)].append(name)
    return "; ".join(
        f"owner of {_objects(key, names)}: {owner}" for owner, names in sorted(owned.items())
    )


def _sentences(key: Key, before: Fields, after: Fields) -> Iterator[str]:
    for (old, new), what in _by_owners(key, before, after):
        yield f"owner of {what}: {new if old == NOBODY else f'{old} -> {new}'}"


def _by_owners(key: Key, before: Fields, after: Fields) -> Iterator[tuple[_Handed, str]]:
    """The objects that go from one owner to another together, in words."""
    handed: defaultdict[_Handed, list[str]] = defaultdict(list)
    for name in sorted(after):
        old, new = _owner(before.get(name)), _owner(after[name])
        if old != new:
            handed[old, new].append(name)
    for owners, names in sorted(handed.items()):
        yield owners, _objects(key, names)


def _owner(value: Value) -> str:
    return str(value) if value else NOBODY


def _objects(key: Key, names: Sequence[str]) -> str:
    _, kind, schema = key.path
    if len(names) == 1:
        return f"{kind} {schema}.{names[0]}" if schema else f"{kind} {names[0]}"
    return f"{len(names)} {_kinds(key)} ({listed(names)})"


def _kinds(key: Key) -> str:
    _, kind, schema = key.path
    return f"{kind}s of {schema}" if schema else f"{kind}s"
