"""Losing the memory, or being at another system, only ever makes the tool less willing to delete
(DEL-08): any two small manifests, one applied and one asked for now, over anything done by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.changes import Change
from reconciler.diff import narrows_account
from reconciler.engine import Inputs, Origin, Run
from reconciler.providers.memory import PROVIDER

NOW = datetime(2027, 6, 30, 12, 0, tzinfo=UTC)
PEOPLE = ("amina", "esi", "kofi")
ROLES = ("reader", "writer")
INVENTORY = {
    "kind": "object",
    "path": ["maindb", "table", "geo"],
    "fields": {"cells": "owner", "sites": "owner"},
}

_PRIVILEGES = st.sampled_from([[], ["select"], ["select", "insert"]])
_POLICIES = st.fixed_dictionaries(
    {
        "prune": st.sampled_from(["never", "owned", "all"]),
        "leavers": st.sampled_from(["disable", "delete"]),
        "removals": st.just({"percent": 100}),
    }
)


@st.composite
def manifests(draw: st.DrawFn) -> Mapping[str, object]:
    """A manifest for one memory target with two roles, a group and some grants."""
    holders = st.sampled_from([*PEOPLE, "staff"])
    grants = draw(st.sets(st.tuples(holders, st.sampled_from(ROLES))))
    return {
        "version": 1,
        "policies": {"removals": {"percent": 100}},
        "targets": {
            "db": {
                "provider": "memory",
                "options": {"state": {"env": "STATE"}},
                "policy": draw(_POLICIES),
            }
        },
        "servers": {"main": {"target": "db", "database": "maindb"}},
        "users": {name: {} for name in PEOPLE},
        "groups": {"staff": {"members": sorted(draw(st.sets(st.sampled_from(PEOPLE))))}},
        "roles": {name: _role(draw(_PRIVILEGES)) for name in ROLES},
        "grants": [_grant(*pair) for pair in sorted(grants)],
    }


def _role(allow: Sequence[str]) -> Mapping[str, object]:
    rule = {"schema": "geo", "tables": ["cells"], "allow": list(allow)}
    return {"server": "main", "privileges": [rule] if allow else []}


def _grant(holder: str, role: str) -> Mapping[str, object]:
    return {"group" if holder == "staff" else "user": holder, "role": role}


_HAND = st.lists(
    st.sampled_from(
        [
            {"kind": "account", "path": ["eve"], "fields": {}},
            {"kind": "role", "path": ["legacy"], "fields": {}},
            {"kind": "account", "path": ["amina"], "fields": {"enabled": False}},
        ]
    ),
    max_size=3,
    unique_by=lambda record: str(record["path"]),
)
_INSIDE = st.lists(st.sampled_from(["reader", "writer", "legacy"]), unique=True)


class House:
    """A folder with a manifest, a target, and its ledger."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.write([])

    def write(self, records: Sequence[Mapping[str, object]], name: str = "state.json") -> None:
        document = {"format": "reconciler.memory/v1", "records": [*records]}
        (self.folder / name).write_text(json.dumps(document), encoding="utf-8")

    def run(self, manifest: Mapping[str, object], ledger: str, state: str = "state.json") -> Run:
        path = self.folder / "access.yaml"
        path.write_text(json.dumps(manifest), encoding="utf-8")
        origin = Origin(str(self.folder / ledger))
        environment = {"STATE": str(self.folder / state)}
        return Run(Inputs((str(path),), (), environment, NOW, origin))

    def records(self) -> list[dict[str, object]]:
        document = json.loads((self.folder / "state.json").read_text(encoding="utf-8"))
        records: list[dict[str, object]] = document["records"]
        return records


def taken(changes: Sequence[Change]) -> set[str]:
    """What these changes take from somebody: records, privileges, and power of accounts."""
    found = {str(each.key) for each in changes if each.action == "delete"}
    for each in changes:
        if each.key.kind in ("privilege", "default_privilege"):
            before, after = each.before or {}, each.after or {}
            lost = (name for name in before if set(_words(before, name)) - set(_words(after, name)))
            found.update(f"{each.key} {name}" for name in lost)
        elif narrows_account(each, PROVIDER.capabilities):
            found.add(str(each.key))
    return found


def _words(fields: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = fields.get(name, ())
    return value if isinstance(value, tuple) else ()


def _by_hand(
    records: Sequence[dict[str, object]],
    done: Sequence[dict[str, object]],
    inside: Sequence[str],
) -> list[dict[str, object]]:
    """The records after somebody was there: strangers in, and strangers into roles."""
    kept = {(str(each["kind"]), str(each["path"])): each for each in records}
    kept.update({(str(each["kind"]), str(each["path"])): each for each in done})
    names = {str(each["path"]) for each in kept.values()}
    for role in inside:
        if f"['{role}']" in names and "['eve']" in names:
            path = [role, "eve"]
            kept["membership", str(path)] = {"kind": "membership", "path": path, "fields": {}}
    return list(kept.values())


@settings(max_examples=60)
@given(manifests(), manifests(), _HAND, _INSIDE)
def test_a_lost_memory_takes_nothing_that_is_in_no_line_del_08(
    first: Mapping[str, object],
    then: Mapping[str, object],
    hand: list[dict[str, object]],
    inside: list[str],
) -> None:
    with TemporaryDirectory() as folder:
        house = House(folder)
        house.write([INVENTORY])
        with house.run(first, "kept.sqlite3") as run:
            assert run.apply(run.plan()).exit_code == 0
        records = _by_hand(house.records(), hand, inside)
        house.write(records)
        house.write(records, "other.json")

        with house.run(then, "kept.sqlite3") as run:
            knowing = run.plan()
        with house.run(then, "lost.sqlite3") as run:
            lost = run.plan()
        with house.run(then, "kept.sqlite3", "other.json") as run:
            elsewhere = run.plan()

    assert not {each.key for each in lost.changes if each.action == "delete"}
    assert taken(lost.changes) <= taken(knowing.changes)
    assert elsewhere.targets == lost.targets
    assert {each.rule for each in elsewhere.findings} - {each.rule for each in lost.findings} == {
        "other-system"
    }
