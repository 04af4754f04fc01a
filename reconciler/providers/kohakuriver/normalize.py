"""Gives desired records the form in which KohakuRiver will have them. No I/O.

Being assigned to a VPS is nothing that is there by itself: the role has no record, only who holds
it has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from reconciler.errors import CannotHoldError
from reconciler.providers.kohakuriver.directory import not_one
from reconciler.providers.kohakuriver.strangers import switched_off
from reconciler.providers.kohakuriver.words import API_TOKEN, LEVELS, VPS
from reconciler.state import INVITED, Fields, Key, State

Fault = tuple[Key, str]
AreInvited = Callable[[str, Fields], bool]


def _nobody(name: str, fields: Fields) -> bool:
    del name, fields  # all are registered
    return False


def normalize(
    target: str, desired: State, observed: State, are_invited: AreInvited = _nobody
) -> State:
    """Desired without its roles, and with accounts that may sign in, or that somebody is invited
    to make: `are_invited` says whether to make one that is not there.

    Raises CannotHoldError for servers that do not stand for one VPS each.
    """
    if faults := list(_vps_faults(desired, observed)):
        raise CannotHoldError(target, sorted(faults))
    records: dict[Key, Fields] = switched_off(observed)
    for key, fields in desired.records.items():
        if key.kind == "account":
            there = observed.get(key)
            is_new = there is None
            if INVITED in (there or {}) or (is_new and are_invited(key.path[0], fields)):
                records[key] = {INVITED: fields.get("level", LEVELS[0])}
            else:
                records[key] = _account(fields, is_new=is_new)
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
