"""What a memory target cannot hold, found in the manifest before anything is read.

Here belong rules about names and attributes. What depends on the inventory is found by `normalize`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from reconciler.scope import Desired
from reconciler.source import Problem
from reconciler.state import PRINCIPAL_KINDS, Key, Value

ATTRIBUTES: Final[Mapping[str, str]] = {
    "comment": "a text",
    "quota": "a whole number from 0",
}


def check(desired: Desired) -> tuple[Problem, ...]:
    """Every name and attribute of the manifest that a memory target cannot hold, with its line."""
    return tuple(sorted([*_collisions(desired), *_attributes(desired)], key=str))


def _collisions(desired: Desired) -> Iterator[Problem]:
    """Names that two kinds of principal share: a membership names its ends without their kind."""
    by_name: defaultdict[str, list[Key]] = defaultdict(list)
    for key in desired.state.records:
        if key.kind in PRINCIPAL_KINDS:
            by_name[key.path[-1]].append(key)
    for name, keys in sorted(by_name.items()):
        if len(keys) > 1:
            kinds = " and ".join(sorted(key.kind for key in keys))
            yield desired.problem(max(keys), f'"{name}" would be {kinds}', "rename one of them")


def _attributes(desired: Desired) -> Iterator[Problem]:
    for key, fields in desired.state.records.items():
        if key.kind in PRINCIPAL_KINDS:
            for name in sorted(ATTRIBUTES.keys() & fields.keys()):
                if not _is_valid(name, fields[name]):
                    yield desired.problem(key, f"{name} needs {ATTRIBUTES[name]}")


def _is_valid(name: str, value: Value) -> bool:
    if name == "comment":
        return isinstance(value, str)
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
