"""Gives desired records the spelling that a memory target reads back.

Here belong its defaults, the words that stand for several privileges, and "*", which stands for all
objects that the inventory has. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.errors import CannotHoldError
from reconciler.privilege_words import all_spelled_out
from reconciler.state import PRINCIPAL_KINDS, Fields, Key, Record, State


def normalize(target: str, desired: State, observed: State) -> State:
    """Desired as it will read back. Raises CannotHoldError with every record that does not fit."""
    records: dict[Key, Fields] = {}
    faults: list[tuple[Key, str]] = []
    for record in desired:
        found = tuple(_faults(record, observed))
        faults += ((record.key, message) for message in found)
        fields = _spelled(record, observed)
        if fields is not None and not found:
            records[record.key] = fields
    if faults:
        raise CannotHoldError(target, faults)
    return State(records)


def _spelled(record: Record, observed: State) -> Fields | None:
    """The fields as they will read back, or None for privileges on no object at all."""
    key, fields = record
    match key.kind:
        case "account":
            return {"enabled": True, **fields}
        case "privilege":
            return _privileges(key, fields, observed) or None
        case "default_privilege":
            words = fields["privileges"]
            assert isinstance(words, tuple)
            return {"privileges": all_spelled_out(key.path[3], words)}
    return fields


def _privileges(key: Key, fields: Fields, observed: State) -> Fields:
    _, server, kind, schema = key.path
    objects = observed.get(Key("object", (server, kind, schema))) or {}
    result: dict[str, tuple[str, ...]] = {}
    for name, words in sorted(fields.items()):
        assert isinstance(words, tuple)
        for each in sorted(objects) if name == "*" else (name,):
            result[each] = tuple(sorted({*result.get(each, ()), *all_spelled_out(kind, words)}))
    return result


def _faults(record: Record, observed: State) -> Iterator[str]:
    key, fields = record
    if key.kind in PRINCIPAL_KINDS:
        for other in sorted(PRINCIPAL_KINDS - {key.kind}):
            if Key(other, key.path) in observed:
                yield f'"{key.path[-1]}" cannot be {_a(key.kind)}: it is {_a(other)} there'
    elif key.kind == "privilege":
        _, server, kind, schema = key.path
        objects = observed.get(Key("object", (server, kind, schema))) or {}
        where = f'in "{server}"' + (f' schema "{schema}"' if schema else "")
        for name in sorted(fields.keys() - objects.keys() - {"*"}):
            yield f'there is no {kind} "{name}" {where}'


def _a(kind: str) -> str:
    return f"an {kind}" if kind == "account" else f"a {kind}"
