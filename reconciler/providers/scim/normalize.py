"""Gives desired records the spelling in which a SCIM service will read them back. No I/O."""

from __future__ import annotations

from reconciler.errors import CannotHoldError
from reconciler.state import Fields, Key, State


def normalize(target: str, desired: State, observed: State) -> State:
    """Desired with accounts that may sign in.

    Raises CannotHoldError for a name that the service has in another case: userName is compared
    without regard to case, so it would be the same user (RFC 7643, section 4.1.1).
    """
    there = {key.path[-1].casefold(): key.path[-1] for key, _ in observed.of_kind("account")}
    records: dict[Key, Fields] = {}
    faults: list[tuple[Key, str]] = []
    for key, fields in desired.records.items():
        records[key] = fields
        if key.kind == "account":
            name = key.path[-1]
            other = there.get(name.casefold(), name)
            if other != name:
                hint = f'write accounts: {{{target}: "{other}"}} for the user'
                faults.append((key, f'the service has "{name}" as "{other}": {hint}'))
            records[key] = _account(fields, observed.get(key))
    if faults:
        raise CannotHoldError(target, sorted(faults))
    return State(records)


def _account(fields: Fields, there: Fields | None) -> Fields:
    """With `active`, unless the service does not say of the account whether it is."""
    if there is not None and "active" not in there:
        return {name: value for name, value in fields.items() if name != "active"}
    return {"active": True, **fields}
