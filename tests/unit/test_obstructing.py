"""Changes about which their target has something to say: who cannot be deleted is shut out."""

from __future__ import annotations

from reconciler.changes import Change
from reconciler.engine.obstructing import obstacle_findings, obstructed
from reconciler.provider import Warned
from reconciler.scope import Capabilities
from reconciler.selection import Selection
from reconciler.state import Key

ABLE = Capabilities(disabled={"login": False})
KOFI = Key("account", ("kofi",))
READER = Key("role", ("reader",))
GONE = Change("delete", KOFI, {"login": True, "inherit": True}, None, "config", heir="archive")
DROPPED = Change("delete", READER, {"login": False}, None, "config")


def _chosen(*changes: Change) -> Selection:
    return Selection(changes, (), ())


def _owns(key: Key, *, blocking: bool = True) -> Warned:
    return Warned("owned-objects", f"{key} owns something", (key,), blocking)


def test_an_account_that_cannot_be_deleted_is_shut_out_and_that_is_not_held_back() -> None:
    chosen = obstructed(_chosen(GONE), [_owns(KOFI)], ABLE)

    shut = Change("update", KOFI, {"login": True}, {"login": False}, "config")
    assert chosen.changes == (shut,)
    (found,) = obstacle_findings("db", chosen)
    assert (found.rule, found.keys, found.blocking) == ("owned-objects", (), True)


def test_one_that_is_shut_out_already_changes_no_more_and_is_still_told() -> None:
    shut = Change("delete", KOFI, {"login": False, "inherit": True}, None, "config")

    chosen = obstructed(_chosen(shut), [_owns(KOFI)], ABLE)

    assert chosen.changes == ()
    assert [each.blocking for each in obstacle_findings("db", chosen)] == [True]


def test_a_role_that_cannot_be_deleted_is_held_back() -> None:
    chosen = obstructed(_chosen(DROPPED), [_owns(READER)], ABLE)

    assert chosen.changes == (DROPPED,)
    (found,) = obstacle_findings("db", chosen)
    assert (found.keys, found.blocking) == ((READER,), True)


def test_an_account_is_held_back_where_none_can_be_shut_out() -> None:
    chosen = obstructed(_chosen(GONE), [_owns(KOFI)], Capabilities())

    assert chosen.changes == (GONE,)
    assert [each.keys for each in obstacle_findings("db", chosen)] == [(KOFI,)]


def test_what_is_only_told_changes_nothing() -> None:
    chosen = obstructed(_chosen(GONE), [_owns(KOFI, blocking=False)], ABLE)

    assert chosen.changes == (GONE,)
    (found,) = obstacle_findings("db", chosen)
    assert (found.keys, found.blocking) == ((KOFI,), False)


def test_what_cannot_be_made_is_held_back() -> None:
    member = Key("membership", ("reader", "kofi"))
    created = Change("create", member, None, {}, "config")

    chosen = obstructed(_chosen(created), [_owns(member)], ABLE)

    assert chosen.changes == (created,)
    (found,) = obstacle_findings("db", chosen)
    assert (found.keys, found.blocking) == ((member,), True)
