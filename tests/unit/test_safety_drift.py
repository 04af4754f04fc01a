"""The rules about what a target did by itself: held, conflict, and break-glass accounts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.changes import Change
from reconciler.classify import Class, Difference, Direction
from reconciler.plan import Finding
from reconciler.safety import Situation, held_back, judge
from reconciler.scope import Policy, Rules
from reconciler.state import Fields, Key
from tests.safety_cases import (
    ADMINISTRATOR,
    USER,
    account,
    create,
    delete,
    group,
    inside,
    role,
    situation,
    state,
    tables,
    update,
)

KOFI = inside("analysts", "kofi")
BREAKER = Rules(break_glass=frozenset({"breaker"}))


def _difference(
    key: Key,
    observed: Fields | None,
    *,
    class_: Class = "drift",
    direction: Direction = "narrowed",
    desired: Fields | None = None,
    applied: Fields | None = None,
) -> Difference:
    return Difference("D-1", key, class_, direction, "drift", desired, applied, observed)


def _drifted(difference: Difference, *changes: Change, policy: Policy | None = None) -> Situation:
    return replace(situation(changes=changes, policy=policy), drift=(difference,))


def test_a_membership_that_somebody_cut_is_held_and_no_failure() -> None:
    back = create(KOFI)
    case = _drifted(_difference(KOFI, None, desired={}), back, create(inside("analysts", "esi")))

    (found,) = judge(case)

    assert (found.id, found.rule, found.keys) == ("D-1", "held", (KOFI,))
    assert (found.holds, found.blocking, found.is_holding) == (True, False, True)
    assert found.message.startswith(
        "Kofi Mensah is no longer a member of analysts on flowdb, and the manifest says otherwise: "
        "somebody may have cut it in an emergency"
    )
    assert held_back(case.changes, [found]) == (back,)


def test_an_account_that_somebody_switched_off_is_held_and_its_values_are_said() -> None:
    difference = _difference(account("kofi"), {"login": False}, desired={"login": True})

    (found,) = judge(_drifted(difference))

    assert (found.rule, found.holds) == ("held", True)
    assert "login is false, and the manifest says true" in found.message


def test_what_a_membership_was_narrowed_to_is_said_and_no_grantor_is_an_option() -> None:
    found = {"inherit": False, "granted_by": ("dele",)}

    (finding,) = judge(_drifted(_difference(KOFI, found, desired={"inherit": True})))

    assert finding.rule == "held"
    assert "narrowed: inherit is false, and the manifest says true: somebody" in finding.message


def test_an_account_that_somebody_deleted_is_held_with_all_that_was_to_be_given_to_it() -> None:
    back, within = create(account("kofi"), USER), create(KOFI)
    case = _drifted(_difference(account("kofi"), None, desired=USER), back, within)

    findings = judge(case)

    assert findings[0].message.startswith("the account of Kofi Mensah is no longer on flowdb")
    assert held_back(case.changes, findings) == (back, within)


@pytest.mark.parametrize(
    "difference",
    [
        _difference(KOFI, {}, direction="widened"),
        _difference(KOFI, {}, class_="rogue"),
        _difference(tables("analysts"), None),
        _difference(group("analysts"), None),
        _difference(Key("setting", ("kofi", "", "work_mem")), None),
        _difference(account("kofi"), {"comment": "x"}, direction="mixed", desired={"comment": "y"}),
    ],
    ids=["widened", "rogue", "rights", "group", "setting", "comment"],
)
def test_only_what_narrows_accounts_and_memberships_is_held(difference: Difference) -> None:
    assert judge(_drifted(difference)) == ()


def test_narrowed_access_is_given_back_where_the_policy_says_repair() -> None:
    case = _drifted(_difference(KOFI, None), create(KOFI), policy=Policy(narrowed="repair"))

    assert judge(case) == ()


def test_mixed_drift_of_an_account_is_held_too() -> None:
    difference = _difference(
        account("kofi"), {"valid_until": "x"}, direction="mixed", desired={"valid_until": "y"}
    )

    assert [each.rule for each in judge(_drifted(difference))] == ["held"]


def test_a_conflict_blocks_and_says_all_three_values() -> None:
    key = account("kofi")
    difference = _difference(
        key,
        {"limit": 3, "login": True},
        class_="conflict",
        applied={"limit": 1, "login": True},
        desired={"limit": 2, "login": False},
    )
    change = update(key, {"limit": 3, "login": True}, {"limit": 2, "login": False})

    (found,) = judge(_drifted(difference, change))

    assert (found.rule, found.keys, found.blocking) == ("conflict", (key,), True)
    assert found.id.startswith("D-")
    assert "limit was 1, the manifest wants 2, it is 3" in found.message
    assert "login was true, the manifest wants false, it is true" in found.message


def test_a_conflict_over_a_record_being_there_says_so_and_one_over_rights_lists_them() -> None:
    existence = _difference(KOFI, {}, class_="conflict", applied=None, desired=None)
    rights = _difference(
        tables("reader"),
        {"t": ("INSERT", "SELECT")},
        class_="conflict",
        applied={"t": ("SELECT",)},
        desired=None,
    )

    (of_existence,) = judge(_drifted(existence))
    (of_rights,) = judge(_drifted(rights))

    assert "it was absent, the manifest wants it absent, it is there" in of_existence.message
    assert "t was SELECT, the manifest wants absent, it is INSERT, SELECT" in of_rights.message


# Break-glass accounts


def _break_glass(case: Situation) -> list[Finding]:
    return [each for each in judge(case) if each.rule == "break-glass"]


def test_a_break_glass_account_that_was_changed_by_hand_blocks_and_is_not_held_pro_06() -> None:
    observed = state(fields={account("breaker"): {"login": False, "superuser": True}})
    key = account("breaker")
    back = update(key, {"login": False}, {"login": True})
    difference = _difference(key, {"login": False}, desired={"login": True})
    case = replace(situation(observed, [back], rules=BREAKER), drift=(difference,))

    (found,) = judge(case)

    assert (found.rule, found.keys, found.blocking) == ("break-glass", (key,), True)
    assert "has 1 difference made by hand and would be altered by 1 change" in found.message
    assert held_back(case.changes, [found]) == (back,)


def test_a_break_glass_account_that_somebody_let_into_a_group_blocks_pro_06() -> None:
    key = inside("analysts", "breaker")
    observed = state(key, accounts=["breaker"])
    case = replace(
        situation(observed, rules=BREAKER), drift=(_difference(key, {}, class_="rogue"),)
    )

    (found,) = _break_glass(case)

    assert (found.keys, found.blocking) == ((key,), True)


def test_whatever_alters_a_break_glass_account_or_what_it_is_in_blocks() -> None:
    member, around = inside("rescuers", "breaker"), inside("owner", "rescuers")
    observed = state(member, around, tables("breaker"), accounts=["breaker", "kofi"])
    changes = [
        update(account("breaker"), {"limit": 1}, {"limit": 2}),
        delete(member),
        delete(around),
        delete(tables("breaker")),
        delete(Key("setting", ("breaker", "", "work_mem"))),
    ]
    others = [delete(inside("owner", "kofi")), delete(tables("owner"))]

    (found,) = _break_glass(situation(observed, [*changes, *others], rules=BREAKER))

    assert set(found.keys) == {change.key for change in changes}
    assert found.blocking


def test_a_break_glass_account_may_be_created_and_be_given_something() -> None:
    changes = [create(account("breaker"), ADMINISTRATOR), create(inside("rescuers", "breaker"))]

    assert judge(situation(state(role("rescuers")), changes, rules=BREAKER)) == ()


def test_a_break_glass_account_that_is_not_there_and_not_created_blocks() -> None:
    case = situation(state(accounts=["kofi"]), rules=BREAKER)
    wanted = replace(case.desired, state=state(accounts=["breaker"]))

    (found,) = judge(replace(case, desired=wanted))

    assert (found.rule, found.keys, found.blocking) == ("break-glass", (), True)
    assert '"breaker" is not on flowdb' in found.message


def test_a_break_glass_account_is_not_missed_where_it_holds_nothing() -> None:
    assert judge(situation(state(accounts=["kofi"]), rules=BREAKER)) == ()


def test_the_last_grant_of_a_break_glass_account_does_not_go_with_its_line() -> None:
    observed = state(inside("rescuers", "breaker"), accounts=["breaker"])

    (found,) = judge(situation(observed, [delete(inside("rescuers", "breaker"))], rules=BREAKER))

    assert (found.rule, found.blocking) == ("break-glass", True)


def test_a_break_glass_account_that_is_as_it_should_be_is_not_mentioned() -> None:
    observed = state(inside("rescuers", "breaker"), accounts=["breaker", "kofi"])

    assert judge(situation(observed, [create(KOFI)], rules=BREAKER)) == ()
