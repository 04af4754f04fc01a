"""What one person loses who leaves at once, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.departure import Departure, Kept, Taken, TargetDeparture
from reconciler.leaving import concerning, is_of, leaving, of_one_person, unremembered
from reconciler.manifest.departing import answered_for, departed
from reconciler.manifest.load import parse_manifest
from reconciler.plan import Finding
from reconciler.safety import judge
from reconciler.safety.offboarded import given_back
from reconciler.scope import Capabilities, Policy, Removals
from reconciler.selection import Selection
from reconciler.state import Key
from tests.safety_cases import (
    account,
    create,
    delete,
    disable,
    group,
    inside,
    role,
    situation,
    state,
    tables,
    update,
)

ABLE = Capabilities(groups=True, disabled={"login": False})
SESSIONS = replace(ABLE, sessions=True)
SETTING = Key("setting", ("kofi", "", "work_mem"))


# Whose records


@pytest.mark.parametrize(
    "key", [account("kofi"), inside("reader", "kofi"), tables("kofi"), SETTING], ids=str
)
def test_an_account_and_what_it_holds_itself_is_of_it(key: Key) -> None:
    assert is_of(key, "kofi")


@pytest.mark.parametrize(
    "key",
    [
        role("kofi"),
        group("kofi"),
        Key("server", ("kofi",)),
        inside("kofi", "amina"),
        Key("schema", ("flowdb", "kofi")),
    ],
    ids=str,
)
def test_things_of_the_same_name_and_their_holders_are_not(key: Key) -> None:
    assert not is_of(key, "kofi")


# What is taken


def test_only_what_the_account_loses_is_left_of_the_changes() -> None:
    mine = (delete(inside("reader", "kofi")), delete(tables("kofi")), disable("kofi"))
    others = (
        create(inside("writer", "kofi")),
        update(account("kofi"), {"login": False}, {"login": True}),
        delete(inside("reader", "amina")),
        delete(role("old")),
    )

    chosen = leaving(Selection((*others, *mine), (), ()), "kofi", ABLE)

    assert chosen.changes == mine


def test_what_is_left_alone_or_protected_of_others_is_not_told() -> None:
    mine, other = inside("reader", "kofi"), inside("reader", "amina")
    selection = Selection((), (mine, other), (delete(mine), delete(other)))

    chosen = leaving(selection, "kofi", ABLE)

    assert (chosen.unmanaged, chosen.protected) == ((mine,), (delete(mine),))


def test_sessions_end_with_the_account_where_the_target_can_end_them() -> None:
    changes = (disable("kofi"), delete(inside("reader", "kofi")))

    chosen = leaving(Selection(changes, (), ()), "kofi", SESSIONS)

    assert [each.end_sessions for each in chosen.changes] == [("kofi",), ()]


def test_sessions_end_with_the_last_change_where_the_account_stays_as_it_is() -> None:
    changes = (delete(inside("reader", "kofi")), delete(inside("writer", "kofi")))

    chosen = leaving(Selection(changes, (), ()), "kofi", SESSIONS)

    assert [each.end_sessions for each in chosen.changes] == [(), ("kofi",)]


def test_a_target_that_cannot_end_sessions_is_not_asked_to() -> None:
    chosen = leaving(Selection((disable("kofi"),), (), ()), "kofi", ABLE)

    assert chosen.changes == (disable("kofi"),)


def test_findings_about_others_are_left_out() -> None:
    mine = Finding("S-1", "min-holders", "db", "", (inside("reader", "kofi"),))
    other = Finding("S-2", "held", "db", "", (inside("reader", "amina"),))
    of_all = Finding("S-3", "other-system", "db", "")

    assert concerning([mine, other, of_all], "kofi") == [mine, of_all]


def test_one_person_is_never_too_many() -> None:
    strict = Policy(removals=Removals(percent=1, at_most=1, floor=0))
    observed = state(group("analysts"), inside("analysts", "kofi"), accounts=["kofi"])
    case = situation(observed, [delete(inside("analysts", "kofi"))], policy=strict)

    alone = replace(case, desired=of_one_person(case.desired))

    assert {each.rule for each in judge(case)} == {"removals"}
    assert judge(alone) == ()


@pytest.mark.parametrize("prune, then", [("never", "never"), ("owned", "owned"), ("all", "owned")])
def test_where_nothing_is_remembered_no_account_is_deleted(prune: str, then: str) -> None:
    policy = Policy(prune=prune, leavers="delete")  # type: ignore[arg-type]  # of the three

    desired, _ = unremembered(situation(policy=policy).desired)

    assert (desired.policy.prune, desired.policy.leavers) == (then, "disable")


# What is not given back


def test_whatever_gives_something_to_an_offboarded_account_is_blocked() -> None:
    back = update(account("kofi"), {"login": False}, {"login": True})
    changes = (back, create(inside("reader", "kofi")), create(inside("reader", "amina")))
    observed = state(role("reader"), accounts=["kofi", "amina"])
    case = replace(situation(observed, changes), offboarded={"kofi": "at noon"})

    (found,) = judge(case)

    assert (found.rule, found.blocking) == ("offboarded", True)
    assert set(found.keys) == {back.key, inside("reader", "kofi")}


def test_what_takes_from_an_offboarded_account_is_not_blocked() -> None:
    changes = (delete(inside("reader", "kofi")), disable("kofi"))

    assert given_back(changes, {"kofi": "at noon"}, ABLE) == {}


def test_nobody_may_lean_on_what_an_offboarded_account_would_get() -> None:
    root, boss = account("esi"), account("kofi")
    changes = (
        update(boss, {"superuser": False}, {"superuser": True}),
        update(root, {"superuser": True}, {"superuser": False}),
    )
    administrators = {root: {"login": True, "superuser": True}}
    observed = state(accounts=["kofi"], fields=administrators)

    found = judge(replace(situation(observed, changes), offboarded={"kofi": "at noon"}))

    assert {each.rule for each in found} == {"offboarded", "last-administrator"}


# The manifest

MANIFEST = """version: 1
targets: {db: {provider: memory}}
users:
  kofi: {name: Kofi}
  bot: {kind: service, owner: kofi}
  old: {kind: service, owner: kofi, state: disabled}
"""


def test_the_digest_is_that_of_the_manifest_with_the_line() -> None:
    said = MANIFEST.replace("{name: Kofi}", "{name: Kofi, state: departed}")

    supposed = departed(parse_manifest({"access.yaml": MANIFEST}), "kofi")

    assert supposed.manifest.users["kofi"].state == "departed"
    assert supposed.digest == parse_manifest({"access.yaml": said}).digest
    assert supposed.source("users", "kofi").line == 4


def test_active_accounts_are_named_for_which_a_user_answers() -> None:
    manifest = parse_manifest({"access.yaml": MANIFEST}).manifest

    assert answered_for(manifest, "kofi") == ("bot",)


# The exit code

TAKEN = (Taken(disable("kofi")),)
DONE = TargetDeparture("db", "kofi", taken=TAKEN)
DOWN = TargetDeparture("dw", "kofi", failure="not read: it is down", code=9)
LOCKED = TargetDeparture("dw", "kofi", failure="the lock is held", code=7)
BLOCKED = TargetDeparture("dw", "kofi", kept=(Kept("account", "the last"),), code=5)
FAILED = TargetDeparture("dw", "kofi", kept=(Kept("account", "refused"),), code=1)
LEFT_OVER = TargetDeparture("dw", "kofi", kept=(Kept("reader", "by hand", matters=False),))


@pytest.mark.parametrize(
    "targets, code",
    [
        ((), 0),
        ((DONE, LEFT_OVER), 0),
        ((DONE, DOWN), 8),
        ((DONE, BLOCKED), 8),
        ((FAILED, BLOCKED, LOCKED, DOWN), 9),
        ((FAILED, BLOCKED, LOCKED), 7),
        ((FAILED, BLOCKED), 5),
        ((FAILED,), 1),
    ],
)
def test_the_exit_code_says_whether_all_some_or_nothing_was_taken(
    targets: tuple[TargetDeparture, ...], code: int
) -> None:
    departure = Departure("kofi", "Kofi", "", "access.yaml:4", False, targets)

    assert departure.exit_code == code


def test_a_dry_run_has_taken_nothing() -> None:
    departure = Departure("kofi", "Kofi", "", "access.yaml:4", False, (DONE, DOWN), is_dry=True)

    assert departure.exit_code == 9
