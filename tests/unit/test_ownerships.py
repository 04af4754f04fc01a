"""Owners in a plan: what is left alone, what is held back with whom, and the words for it."""

from __future__ import annotations

import pytest

from reconciler.changes import Change
from reconciler.classify import Difference
from reconciler.diff import in_apply_order
from reconciler.ownerships import Handing, handings, set_aside
from reconciler.plan import Finding
from reconciler.render.drift_phrases import deviation, wish
from reconciler.render.phrases import phrase
from reconciler.safety import held_back
from reconciler.safety.taking import takes
from reconciler.scope import Capabilities
from reconciler.state import Fields, Key
from tests.safety_cases import create, delete, role, update

TABLES = Key("ownership", ("db", "table", "s"))
PLACES = Key("ownership", ("db", "schema", ""))


def _without(change: Change, names: object) -> Change | None:
    assert isinstance(names, set)
    rest = {name: each for name, each in (change.after or {}).items() if name not in names}
    return create(change.key, rest) if rest else None


def _difference(key: Key, applied: Fields | None, observed: Fields | None) -> Difference:
    return Difference("D-1", key, "conflict", "mixed", "drift", applied, applied, observed)


def _holding(key: Key) -> Finding:
    return Finding("S-1", "some-rule", "db", "not yet", (key,), blocking=True, holds=True)


def test_only_what_gets_another_owner_changes_hands() -> None:
    change = update(TABLES, {"t": "a", "u": "b", "w": None}, {"t": "b", "u": "b", "w": "b"})

    assert list(handings(change)) == [Handing("t", "a", "b"), Handing("w", "", "b")]


@pytest.mark.parametrize("protected", ["a", "b"])
def test_an_object_of_or_for_a_protected_owner_is_left_alone_and_no_other(protected: str) -> None:
    change = update(TABLES, {"t": "a", "u": "x"}, {"t": "b", "u": "y"})

    chosen, kept = set_aside([change], lambda name: name == protected, _without)

    assert chosen == [update(TABLES, {"u": "x"}, {"u": "y"})]
    assert kept == [update(TABLES, {"t": "a"}, {"t": "b"})]


def test_an_owner_that_stays_is_granted_nothing_on_what_it_goes_on_owning() -> None:
    owners = update(TABLES, {"t": "a"}, {"t": "b"})
    rights = create(
        Key("privilege", ("a", "db", "table", "s")), {"t": ("SELECT",), "u": ("SELECT",)}
    )

    chosen, _ = set_aside([owners, rights], lambda name: name == "b", _without)

    assert chosen == [create(rights.key, {"u": ("SELECT",)})]


def test_a_role_that_is_not_created_is_given_nothing_to_own() -> None:
    changes = [create(role("b")), update(TABLES, {"t": "a"}, {"t": "b"})]

    assert held_back(changes, [_holding(role("b"))]) == tuple(changes)


def test_a_role_that_keeps_what_it_owns_is_not_dropped() -> None:
    changes = [update(TABLES, {"t": "a"}, {"t": "b"}), delete(role("a"))]

    assert held_back(changes, [_holding(TABLES)]) == tuple(changes)


def test_owners_come_after_roles_and_schemas_and_before_privileges() -> None:
    keys = [
        Key("privilege", ("r", "db", "table", "s")),
        TABLES,
        Key("schema", ("db", "s")),
        role("r"),
    ]

    ordered = in_apply_order([create(key, {}) for key in keys], Capabilities())

    assert [change.key for change in ordered] == keys[::-1]


def test_a_change_of_owners_takes_and_the_owner_of_a_new_thing_takes_nothing() -> None:
    assert takes(update(TABLES, {"t": "a"}, {"t": "b"}), Capabilities())
    assert not takes(update(PLACES, {"s": None}, {"s": "b"}), Capabilities())


@pytest.mark.parametrize(
    "change, text, parts",
    [
        (update(TABLES, {"t": "a"}, {"t": "b"}), "owner of table s.t: a -> b", ()),
        (update(PLACES, {"s": None}, {"s": "b"}), "owner of schema s: b", ()),
        (
            update(TABLES, {"t": "a", "u": "a"}, {"t": "b", "u": "b"}),
            "owner of 2 tables of s (t, u): a -> b",
            (),
        ),
        (
            update(TABLES, {"t": "a", "u": "b"}, {"t": "b", "u": "a"}),
            "owners of tables of s",
            (("update", "owner of table s.t: a -> b"), ("update", "owner of table s.u: b -> a")),
        ),
        (create(Key("schema", ("db", "s")), {"comment": "x"}), "schema s (comment: x)", ()),
    ],
)
def test_the_words_of_a_plan(change: Change, text: str, parts: object) -> None:
    assert phrase(change) == (text, parts)


def test_the_words_of_drift() -> None:
    owners = _difference(TABLES, {"t": "a"}, {"t": "b"})
    schema = Key("schema", ("db", "s"))

    assert deviation(owners) == "owner of table s.t is b, was a"
    assert wish(owners) == "owner of table s.t: a"
    assert deviation(_difference(schema, {}, None)) == "schema s is gone"
    assert deviation(_difference(schema, {"comment": "x"}, {"comment": "y"})) == (
        "schema s: comment is y, was x"
    )
