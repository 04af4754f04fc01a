"""What to write so that the manifest asks for what somebody added by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.classify import Difference
from reconciler.keeping import keeping
from reconciler.manifest.load import parse_manifest
from reconciler.plan import TargetPlan
from reconciler.state import Key, Kind
from tests.sample_plans import plan_of

MANIFEST = """\
version: 1
targets: {db: {provider: memory}, auth: {provider: memory}}
servers:
  ghana: {target: db, database: ghana-db}
  kenya: {target: db}
  api: {target: auth}
users:
  amina: {accounts: {db: amina_d}}
  kofi: {}
  gone: {state: departed}
  "true": {}
groups:
  analysts: {members: [kofi]}
  open: {groups: [analysts]}
roles:
  reader: {server: ghana, name: ghana_reader}
  analyst: {server: api}
  one: {server: ghana, name: both}
  other: {server: kenya, name: both}
grants: []
"""


def _rogue(kind: Kind, *path: str) -> Difference:
    return Difference("D-1", Key(kind, path), "rogue", "widened", "drift", None, None, {})


def _hint(difference: Difference, *, target: str = "db", applied: str = "known") -> str:
    plan = plan_of(TargetPlan(target, "p", "s", "a", drift=(difference,), applied=applied))
    return keeping(plan, parse_manifest({"access.yaml": MANIFEST}).manifest).get("D-1", "")


@pytest.mark.parametrize(
    "path, text",
    [
        (("ghana_reader", "kofi"), "add: grants: - {user: kofi, role: reader}"),
        (("ghana_reader", "amina_d"), "add: grants: - {user: amina, role: reader}"),
        (("ghana-db", "ghana_reader", "kofi"), "add: grants: - {user: kofi, role: reader}"),
        (("ghana_reader", "analysts"), "add: grants: - {group: analysts, role: reader}"),
        (("analysts", "amina_d"), "add: groups.analysts.members: amina"),
        (("open", "analysts"), "add: groups.open.groups: analysts"),
        (("analysts", "true"), 'add: groups.analysts.members: "true"'),
    ],
)
def test_a_membership_is_asked_for_in_the_words_of_the_manifest(
    path: tuple[str, ...], text: str
) -> None:
    assert _hint(_rogue("membership", *path)) == text


@pytest.mark.parametrize(
    "difference",
    [
        _rogue("membership", "ghana_reader", "mallory"),  # no user of the manifest
        _rogue("membership", "ghana_reader", "gone"),  # who may hold nothing
        _rogue("membership", "both", "kofi"),  # two roles have this name
        _rogue("membership", "reader", "kofi"),  # the role has another name there
        _rogue("membership", "analyst", "kofi"),  # a role of another target
        _rogue("membership", "open", "kofi"),  # its list of members is not managed
        _rogue("account", "kofi"),
        replace(_rogue("membership", "ghana_reader", "kofi"), desired={}, observed=None),
    ],
)
def test_where_it_cannot_be_said_rightly_nothing_is_said(difference: Difference) -> None:
    assert _hint(difference) == ""


def test_nothing_is_suggested_where_nothing_is_remembered() -> None:
    assert _hint(_rogue("membership", "ghana_reader", "kofi"), applied="") == ""
