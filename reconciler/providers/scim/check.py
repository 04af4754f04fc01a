"""What no SCIM service can hold, found in the manifest before anything is read."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.scope import Desired
from reconciler.source import Problem
from reconciler.state import Key


def check(desired: Desired) -> tuple[Problem, ...]:
    """Every name and attribute that cannot be held, with its line."""
    return tuple(sorted([*_names(desired), *_case_twins(desired), *_values(desired)], key=str))


def _names(desired: Desired) -> Iterator[Problem]:
    for key in desired.state.records:
        name = key.path[-1]
        if key.kind in ("account", "role") and (not name or name != name.strip()):
            message = f'the name "{name}" is empty or has a blank at an end'
            yield desired.problem(key, message, "services cut such names: correct it")


def _case_twins(desired: Desired) -> Iterator[Problem]:
    """userName is compared without regard to case (RFC 7643, section 4.1.1)."""
    seen: dict[str, Key] = {}
    for key in sorted(desired.state.records):
        if key.kind == "account":
            other = seen.setdefault(key.path[-1].casefold(), key)
            if other is not key:
                names = f'"{other.path[-1]}" and "{key.path[-1]}"'
                yield desired.problem(key, f"{names} are one userName to SCIM", "rename one")


def _values(desired: Desired) -> Iterator[Problem]:
    for key, fields in desired.state.records.items():
        if key.kind == "account":
            for name, value in fields.items():
                if name != "active" and not (isinstance(value, str) and value):
                    text = f"{name} needs a text that is not empty"
                    yield desired.problem(key, text, "leave it out to leave it alone")
        elif key.kind == "role" and fields:
            names = ", ".join(sorted(fields))
            yield desired.problem(key, f"a Group has no {names}", "leave it out")
