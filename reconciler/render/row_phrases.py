"""The words for row-level security of tables: its switches and its policies.

Here belong phrases of one change or difference; `phrases` and `drift_phrases` ask for them. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reconciler.changes import Action, Change
from reconciler.classify import Difference
from reconciler.state import Fields, Key, Value
from reconciler.wording import listed

_SWITCHES: Final = {
    ("enabled", True): "enabled",
    ("enabled", False): "disabled",
    ("forced", True): "forced: it holds for the owner too",
    ("forced", False): "not forced: it does not hold for the owner",
}
_ORDER: Final = ("command", "permissive", "roles", "using", "check")
_NOUNS: Final = {"roles": "to", "using": "using", "check": "with check"}

Part = tuple[Action, str]


def row_text(key: Key) -> str:
    """What it is about: `row security on analytics.cells`, `policy own on analytics.cells`."""
    table = ".".join(key.path[1:3])
    what = f"policy {key.path[3]}" if key.kind == "policy" else "row security"
    return f"{what} on {table}"


def row_phrase(change: Change) -> tuple[str, tuple[Part, ...]]:
    """The words for a change, and its parts."""
    name, before, after = row_text(change.key), change.before or {}, change.after or {}
    if change.action == "delete":
        return name, ()
    if change.key.kind == "row_security":
        return f"{name}: {', '.join(_switched(before, after))}", ()
    if change.action == "create":
        return f"{name}: {policy_sentence(after)}", ()
    return name, tuple(_parts(before, after))


def policy_sentence(fields: Fields) -> str:
    """A policy in one line: `for select to ghana-reader using (owner = CURRENT_USER)`."""
    words = [] if fields.get("permissive", True) else ["restrictive,"]
    words.append(f"for {fields.get('command', 'all')}")
    for name, noun in _NOUNS.items():
        if value := fields.get(name):
            words.append(f"{noun} {_value(value)}")
    return " ".join(words)


def row_deviation(difference: Difference) -> str:
    """What the target has or lacks of it, against what was applied."""
    name, applied, observed = row_text(difference.key), difference.applied, difference.observed
    if observed is None:
        return f"{name} is gone"
    if applied is None:
        return f"{name} is there"
    names = _in_order({**applied, **observed})
    return f"{name}: {'; '.join(_deviations(names, applied, observed))}"


def row_wish(difference: Difference) -> str:
    """What the manifest says of it."""
    name, desired = row_text(difference.key), difference.desired or {}
    if difference.key.kind == "row_security":
        return f"{name} {', '.join(_switched({}, desired))}"
    said = "; ".join(_said(each, desired[each]) for each in _in_order(desired))
    return f"{name}: {said}" if said else name


def _in_order(fields: Fields) -> list[str]:
    return sorted(fields, key=lambda name: (_ORDER.index(name) if name in _ORDER else -1, name))


def _switched(before: Fields, after: Fields) -> Iterator[str]:
    for name in sorted(after):
        if before.get(name) != after[name]:
            yield _SWITCHES[name, bool(after[name])]


def _deviations(names: list[str], applied: Fields, observed: Fields) -> Iterator[str]:
    for name in names:
        old, new = applied.get(name), observed.get(name)
        if old != new:
            yield f"{_said(name, new)}, was {_said(name, old)}"


def _parts(before: Fields, after: Fields) -> Iterator[Part]:
    for name in _in_order(after):
        if before.get(name):
            yield "delete", _said(name, before[name])
        elif name == "permissive":
            yield "delete", _said(name, False)
        if after[name] or name == "permissive":
            yield "create", _said(name, after[name])


def _said(name: str, value: Value) -> str:
    """One part of a policy, or one switch of a table, in words."""
    match name:
        case "command":
            return f"for {value}"
        case "permissive":
            return "permissive" if value else "restrictive"
        case "enabled" | "forced":
            return _SWITCHES[name, bool(value)].partition(":")[0]
    return f"{_NOUNS[name]} {_value(value)}" if value else f"no {_NOUNS[name]}"


def _value(value: Value) -> str:
    """Roles by name, everybody as PUBLIC; an expression in one line, between parentheses."""
    from reconciler.expression import enclosed  # few plans have any

    if isinstance(value, tuple):
        return listed([each or "everybody (PUBLIC)" for each in value])
    text = " ".join(str(value).split())
    try:
        return enclosed(text)
    except ValueError:  # of a target whose expressions are not ours to read
        return f"({text})"
