"""Gives desired records the form in which KohakuRiver will have them. No I/O.

Being assigned to a VPS is nothing that is there by itself: the role has no record, only who holds
it has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from reconciler.errors import CannotHoldError
from reconciler.providers.kohakuriver.directory import not_one
from reconciler.providers.kohakuriver.words import API_TOKEN, VPS
from reconciler.state import Fields, Key, State

Fault = tuple[Key, str]


def normalize(target: str, desired: State, observed: State) -> State:
    """Desired without its roles, and with accounts that may sign in.

    Raises CannotHoldError for servers that do not stand for one VPS each.
    """
    if faults := list(_vps_faults(desired, observed)):
        raise CannotHoldError(target, sorted(faults))
    records: dict[Key, Fields] = {}
    for key, fields in desired.records.items():
        if key.kind == "account":
            records[key] = _account(fields, is_new=key not in observed)
        elif key.kind != "role":
            records[key] = fields
    return State(records)


def _account(fields: Fields, *, is_new: bool) -> Fields:
    """A token is made with the account or not at all: of others nobody can say if they have one."""
    keeps_token = is_new and fields.get(API_TOKEN) is True
    kept = {name: value for name, value in fields.items() if name != API_TOKEN or keeps_token}
    return {"active": True, **kept}


def _vps_faults(desired: State, observed: State) -> Iterator[Fault]:
    words: defaultdict[str, list[Key]] = defaultdict(list)
    for key, _ in sorted(desired.of_kind("role", "membership"), key=lambda each: each.key):
        if len(key.path) == (2 if key.kind == "role" else 3):
            words[key.path[0]].append(key)
    taken: dict[str, str] = {}
    for word, keys in sorted(words.items()):
        roles = [key for key in keys if key.kind == "role"]
        there = sorted(observed.get(Key("object", (word, VPS, ""))) or {})
        text = "" if len(there) == 1 else not_one(word, there)
        if not text and taken.setdefault(there[0], word) != word:
            text = f'the servers "{taken[there[0]]}" and "{word}" are one VPS: keep one of them'
        if text:
            yield from ((key, text) for key in roles or keys)
