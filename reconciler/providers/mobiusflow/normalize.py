"""Gives desired records the spelling in which MobiusFlow will read them back. No I/O."""

from __future__ import annotations

from reconciler.state import Fields, Key, State


def normalize(desired: State, observed: State) -> State:
    """Desired with accounts that are active, where the engine says whether they are.

    Of an engine that says so of nobody nothing is asked.
    """
    tells = any("active" in fields for _, fields in observed.of_kind("account"))
    records: dict[Key, Fields] = {}
    for key, fields in desired.records.items():
        there = observed.get(key)
        if key.kind != "account":
            records[key] = fields
        elif tells and (there is None or "active" in there):
            records[key] = {"active": True, **fields}
        else:
            records[key] = {name: value for name, value in fields.items() if name != "active"}
    return State(records)
