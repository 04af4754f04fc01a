"""How much one plan may take away: by group, by role, by target and over all targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from reconciler.changes import Change
from reconciler.classify import Difference
from reconciler.plan import Finding
from reconciler.safety import Situation, check_total, held_back, judge
from reconciler.scope import Policy, Removals
from reconciler.state import Key, State
from tests.safety_cases import (
    account,
    create,
    delete,
    disable,
    group,
    inside,
    leaving,
    role,
    situation,
    state,
    tables,
    team,
    update,
)

MOST = {1: 1, 2: 2, 3: 2, 9: 4, 10: 5, 11: 5}
"""How many a set of each size may lose: half of it, or two unless that is everybody of three."""


def _kept_elsewhere(observed: State) -> State:
    """The same state in which everybody also holds a role, so that nobody loses everything."""
    names = sorted(observed.names("account"))
    held = {inside("everybody", name): {} for name in names}
    return State({**observed.records, role("everybody"): {}, **held})


def _removals(case: Situation) -> list[Finding]:
    return [each for each in judge(case) if each.rule == "removals"]


@pytest.mark.parametrize("container", [group("analysts"), role("analysts")], ids=lambda key: key[0])
@pytest.mark.parametrize(
    "size, lost", [(size, lost) for size in MOST for lost in range(1, size + 1)]
)
def test_a_set_may_lose_half_of_it_or_two_but_not_everybody_del_01_del_02(
    size: int, lost: int, container: Key
) -> None:
    observed = _kept_elsewhere(team(size, container))

    found = _removals(situation(observed, leaving(lost)))

    if lost <= MOST[size]:
        assert found == []
    else:
        (one,) = found
        assert set(one.keys) == {change.key for change in leaving(lost)}
        assert one.blocking
        noun = "members" if container.kind == "group" else "holders"
        assert f'"analysts" on flowdb would lose {lost} of its {size} {noun}' in one.message


@pytest.mark.parametrize("lost, is_blocked", [(50, False), (51, True)])
def test_a_large_set_loses_at_most_so_many_del_01(lost: int, is_blocked: bool) -> None:
    observed = _kept_elsewhere(team(200))

    found = _removals(situation(observed, leaving(lost)))

    assert bool(found) == is_blocked
    assert all("the most that one plan may take is 50 (" in each.message for each in found)


@pytest.mark.parametrize(
    "limits, lost, is_blocked",
    [
        (Removals(percent=20, at_most=50, floor=0), 2, False),
        (Removals(percent=20, at_most=50, floor=0), 3, True),
        (Removals(percent=100, at_most=3, floor=0), 3, False),
        (Removals(percent=100, at_most=3, floor=0), 4, True),
        (Removals(percent=0, at_most=0, floor=4), 4, False),
        (Removals(percent=0, at_most=0, floor=4), 5, True),
        (Removals(percent=100, at_most=50, floor=9), 10, True),
        (Removals(percent=0, at_most=0, floor=10), 10, False),
    ],
)
def test_each_of_the_three_limits_passes_exactly_at_its_number_del_01(
    limits: Removals, lost: int, is_blocked: bool
) -> None:
    observed = _kept_elsewhere(team(10))

    found = _removals(situation(observed, leaving(lost), policy=Policy(removals=limits)))

    assert bool(found) == is_blocked


def test_nine_of_nine_are_blocked_and_the_message_says_everybody_del_03() -> None:
    found = _removals(situation(team(9, role("analysts")), leaving(9)))

    messages = [each.message for each in found]
    assert any("would lose 9 of its 9 holders" in each for each in messages)
    assert any(
        "9 of 9 people would lose everything they hold on flowdb" in each for each in messages
    )
    assert all("that is everybody" in each for each in messages)


def test_all_teams_at_once_are_one_finding_for_each_and_one_for_the_target_del_03() -> None:
    observed = State({**team(3).records, **team(4, role("readers")).records})
    case = situation(observed, [*leaving(3), *leaving(4, "readers")])

    found = _removals(case)

    assert len(found) == 3
    assert held_back(case.changes, found) == case.changes


def test_removing_one_nested_group_counts_everybody_whom_it_cuts_off() -> None:
    members = [inside("analysts", f"p{number}") for number in range(30)]
    nested = inside("reader", "analysts")
    names = [f"p{number}" for number in range(30)]
    observed = state(*members, nested, group("analysts"), role("reader"), accounts=names)

    found = _removals(situation(observed, [delete(nested)]))

    assert [each.keys for each in found] == [(nested,), (nested,)]
    assert found[0].message.startswith('"reader" on flowdb would lose 30 of its 30 holders')
    assert found[1].message.startswith("30 of 30 people would lose everything")


def test_who_is_still_in_by_another_way_has_lost_nothing() -> None:
    names = ["p1", "p2", "p3", "p4"]
    inner = inside("analysts", "inner")
    both = [inside(where, name) for where in ("analysts", "inner") for name in names]
    observed = state(*both, inner, group("analysts"), group("inner"), accounts=names)

    assert _removals(situation(observed, leaving(4))) == []


def test_who_is_moved_within_a_role_has_lost_nothing() -> None:
    observed = team(4, role("analysts"))
    moved = [create(inside("inner", f"p{number}")) for number in range(1, 5)]
    changes = [create(group("inner")), create(inside("analysts", "inner")), *moved, *leaving(4)]

    assert _removals(situation(observed, changes)) == []


def test_who_would_be_moved_but_may_be_held_back_counts_as_lost() -> None:
    moved = create(inside("analysts", "inner"))
    within = [create(inside("inner", f"p{number}")) for number in range(1, 5)]
    case = situation(_kept_elsewhere(team(4)), [moved, *within, *leaving(4)])
    conflict = Difference("D-1", moved.key, "conflict", "mixed", "drift", {}, None, {})

    assert _removals(case) == []
    (found,) = _removals(replace(case, drift=(conflict,)))
    assert set(found.keys) == {change.key for change in leaving(4)}


def test_accounts_that_are_switched_off_or_deleted_are_lost_to_their_groups() -> None:
    changes = [disable("p1"), disable("p2"), delete(account("p3"))]

    found = _removals(situation(_kept_elsewhere(team(4)), changes))

    assert {each.keys for each in found} == {tuple(sorted(change.key for change in changes))}
    assert [each.message.split(" would ")[0] for each in found] == [
        '"analysts" on flowdb',
        '"everybody" on flowdb',
        "3 of 4 people",
    ]


def test_accounts_that_could_not_sign_in_are_lost_to_nobody() -> None:
    off = {account(f"p{number}"): {"login": False} for number in range(1, 4)}
    observed = State({**team(4).records, **off})

    assert _removals(situation(observed, leaving(3))) == []


def test_a_membership_that_only_lets_grant_the_role_counts_for_nothing() -> None:
    names = ["p1", "p2", "p3"]
    only = {"admin": True, "inherit": False, "set": False}
    edges = {inside("analysts", name): only for name in names}
    observed = state(role("analysts"), accounts=names, fields=edges)
    full = {"admin": False, "inherit": True, "set": True}
    narrowed = [update(key, full, only) for key in edges]

    assert _removals(situation(observed, [delete(key, only) for key in edges])) == []
    held = state(role("analysts"), accounts=names, fields=dict.fromkeys(edges, full))
    assert len(_removals(situation(held, narrowed))) == 2


def _ended(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    return tuple(replace(change, cause="expiry") for change in changes)


def test_what_ends_at_the_time_its_grant_said_is_not_counted_del_01() -> None:
    assert _removals(situation(team(9), _ended(leaving(9)))) == []


def test_a_set_is_counted_as_it_is_without_what_ended_del_01() -> None:
    observed = _kept_elsewhere(team(10))
    ended, removed = _ended(leaving(7)), leaving(10)[7:]

    (found,) = _removals(situation(observed, [*ended, *removed]))

    assert set(found.keys) == {change.key for change in removed}
    assert "would lose 3 of its 3 members" in found.message


def test_what_may_be_kept_past_its_end_is_counted_with_those_who_stay() -> None:
    end = replace(disable("p1"), cause="expiry")
    case = situation(_kept_elsewhere(team(5)), [end, *leaving(3)])
    conflict = Difference("D-1", end.key, "conflict", "mixed", "drift", {}, None, {})

    assert _removals(case) == []
    (found,) = _removals(replace(case, drift=(conflict,)))
    assert '"analysts" on flowdb would lose 3 of its 5 members' in found.message


# A whole target


def test_a_target_loses_those_who_hold_nothing_there_any_more_however_they_held_it_del_01() -> None:
    observed = state(
        role("reader"),
        group("idle"),
        inside("reader", "kofi"),
        inside("idle", "yaw"),
        tables("amina"),
        accounts=["kofi", "amina", "yaw", "esi"],
        fields={account("root"): {"login": True, "superuser": True}},
    )
    changes = [
        delete(inside("reader", "kofi")),
        delete(tables("amina")),
        delete(inside("idle", "yaw")),  # gave nothing
        delete(account("esi")),  # had nothing
        delete(account("root")),
    ]

    found = [each for each in _removals(situation(observed, changes)) if "people" in each.message]

    assert len(found) == 1
    assert found[0].message.startswith(
        "3 of 3 people would lose everything they hold on flowdb (Amina Diallo, Kofi Mensah, root)"
    )
    assert set(found[0].keys) == {changes[0].key, changes[1].key, changes[4].key}


def test_accounts_that_the_manifest_does_not_know_do_not_make_a_loss_look_small() -> None:
    strangers = [f"s{number}" for number in range(50)]
    names = ["kofi", "amina", "esi"]
    held = [inside("reader", name) for name in [*strangers, *names]]
    observed = state(role("reader"), *held, accounts=[*strangers, *names])

    found = _removals(situation(observed, [delete(inside("reader", name)) for name in names]))

    assert [each.message[:42] for each in found] == ["3 of 3 people would lose everything they h"]


def test_a_role_of_a_target_where_roles_live_in_servers_is_named_with_its_server() -> None:
    path = ("api", "reader")
    members = {Key("membership", (*path, f"p{number}")): {} for number in range(3)}
    accounts = state(accounts=[f"p{number}" for number in range(3)]).records
    observed = State({**accounts, Key("role", path): {}, **members})

    found = _removals(situation(observed, [delete(key) for key in members]))

    assert found[0].message.startswith('"api/reader" on flowdb would lose 3 of its 3 holders')


# All targets


def _target(name: str, observed: State, *changes: Change, people: Mapping[str, str]) -> Situation:
    case = situation(observed, changes)
    return replace(case, desired=replace(case.desired, target=name, people=people))


PEOPLE = {f"p{number}": f"Person {number}" for number in range(1, 5)}


def test_people_who_lose_the_last_they_hold_anywhere_are_counted_once_del_01() -> None:
    others = {f"{name}_api": person for name, person in PEOPLE.items()}
    renamed = state(
        role("reader"), *(inside("reader", name) for name in others), accounts=sorted(others)
    )
    first = _target("flowdb", team(4, role("analysts")), *leaving(4), people=PEOPLE)
    gone = [delete(inside("reader", f"p{number}_api")) for number in range(1, 4)]
    second = _target("api", renamed, *gone, people=others)

    found = check_total([first, second], Removals())

    assert [each.target for each in found] == ["flowdb", "api"]
    assert all(each.blocking and each.rule == "removals" for each in found)
    assert found[0].message.startswith(
        "3 of 4 people would lose the last they hold anywhere: the most that one plan may take is "
        "50 percent; on flowdb 3 (Person 1, Person 2, Person 3)"
    )
    assert set(found[0].keys) == {change.key for change in leaving(3)}
    assert set(found[1].keys) == {change.key for change in gone}


def test_people_who_keep_something_on_another_target_have_not_lost_the_last() -> None:
    first = _target("flowdb", team(4, role("analysts")), *leaving(4), people=PEOPLE)
    second = _target("api", team(4, role("reader")), people=PEOPLE)

    assert check_total([first, second], Removals()) == ()
    assert check_total([first], Removals()) != ()


def test_the_limits_of_the_total_are_its_own_and_pass_exactly_at_the_number_del_01() -> None:
    first = _target("flowdb", team(4, role("analysts")), *leaving(3), people=PEOPLE)

    assert check_total([first], Removals(percent=75)) == ()
    assert len(check_total([first], Removals(percent=74))) == 1
    assert len(check_total([first], Removals(percent=100, at_most=2))) == 1


def test_what_ended_by_itself_is_not_counted_in_the_total_either() -> None:
    first = _target("flowdb", team(4, role("analysts")), *_ended(leaving(4)), people=PEOPLE)

    assert check_total([first], Removals()) == ()
