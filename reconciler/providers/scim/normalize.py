"""Gives desired records the spelling in which a SCIM service will read them back. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Set

from reconciler.errors import CannotHoldError
from reconciler.providers.scim.resources import is_same
from reconciler.state import Fields, Key, State


def normalize(target: str, desired: State, observed: State, foreign: Set[str]) -> State:
    """Desired with accounts that may sign in, and texts as the service spells them.

    Raises CannotHoldError for a name that the service has in another case: userName is compared
    without regard to case, so it would be the same user (RFC 7643, section 4.1.1); and for a role
    whose Group is among the `foreign` names, which belong to another manifest.
    """
    faults = sorted([*_case_twins(target, desired, observed), *_foreign(desired, foreign)])
    if faults:
        raise CannotHoldError(target, faults)
    return State(
        {
            key: _account(fields, observed.get(key)) if key.kind == "account" else fields
            for key, fields in desired.records.items()
        }
    )


def without_groups(state: State) -> State:
    """What of it a service can hold that has Users only: who holds a role there is one of them."""
    return State({key: each for key, each in state.records.items() if key.kind == "account"})


def _case_twins(target: str, desired: State, observed: State) -> Iterator[tuple[Key, str]]:
    there = {key.path[-1].casefold(): key.path[-1] for key, _ in observed.of_kind("account")}
    for key, _ in desired.of_kind("account"):
        name = key.path[-1]
        other = there.get(name.casefold(), name)
        if other != name and key not in observed:
            hint = f'write accounts: {{{target}: "{other}"}} for the user'
            yield key, f'the service has "{name}" as "{other}": {hint}'


def _foreign(desired: State, foreign: Set[str]) -> Iterator[tuple[Key, str]]:
    for key, _ in desired.of_kind("role"):
        if key.path[-1] in foreign:
            text = f'the Group "{key.path[-1]}" bears the mark of another manifest'
            yield key, f"{text}, which manages it: give the role another name"


def _account(fields: Fields, there: Fields | None) -> Fields:
    """With `active`, unless the service does not say of the account whether it is."""
    if there is None:
        return {"active": True, **fields}
    asked = fields if "active" not in there else {"active": True, **fields}
    return {
        name: there[name] if name in there and is_same(name, value, there[name]) else value
        for name, value in asked.items()
        if name != "active" or "active" in there
    }
