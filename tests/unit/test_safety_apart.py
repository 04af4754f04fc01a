"""Roles that nobody may hold together, in effect and after every step."""

from __future__ import annotations

from dataclasses import replace

from reconciler.safety import judge
from reconciler.scope import Apart, Rules
from reconciler.state import State
from tests.safety_cases import account, at_ease, create, delete, inside, role, state, update

APART = Rules(apart=(Apart(frozenset({("approver",), ("requester",)}), frozenset({"esi"})),))


def _duties(*pairs: tuple[str, str]) -> State:
    return state(
        role("approver"),
        role("requester"),
        *(inside(*pair) for pair in pairs),
        accounts=["kofi", "amina", "esi"],
    )


def test_nobody_comes_to_hold_what_nobody_may_hold_together_through_any_group() -> None:
    observed = _duties(("requester", "kofi"), ("team", "kofi"), ("team", "amina"))

    (found,) = judge(at_ease(observed, [create(inside("approver", "team"))], APART))

    assert (found.rule, found.keys) == ("never-together", (inside("approver", "team"),))
    assert found.message.startswith(
        "Kofi Mensah would hold approver and requester on flowdb, which nobody may hold together"
    )


def test_who_is_exempt_may_hold_them_together() -> None:
    observed = _duties(("requester", "esi"))

    assert judge(at_ease(observed, [create(inside("approver", "esi"))], APART)) == ()


def test_who_held_them_together_before_may_go_on_and_be_given_them_anew() -> None:
    observed = _duties(("requester", "kofi"), ("approver", "kofi"), ("team", "kofi"))

    assert judge(at_ease(observed, [create(inside("approver", "team"))], APART)) == ()


def test_who_moves_from_one_to_the_other_gives_up_the_first_before() -> None:
    observed = _duties(("requester", "kofi"))
    taken, given = delete(inside("requester", "kofi")), create(inside("approver", "kofi"))
    case = at_ease(observed, [], APART)

    assert judge(replace(case, changes=(taken, given))) == ()
    (found,) = judge(replace(case, changes=(given, taken)))
    assert found.keys == (given.key,)


def test_who_does_not_give_up_the_first_since_that_is_held_back_does_not_get_the_second() -> None:
    observed = _duties(("requester", "kofi"))
    taken, given = delete(inside("requester", "kofi")), create(inside("approver", "kofi"))
    few = replace(APART, min_holders={("requester",): 1})
    case = replace(at_ease(observed, [], few), changes=(taken, given))

    findings = judge(case)

    assert [(each.rule, each.keys) for each in findings] == [
        ("min-holders", (taken.key,)),
        ("never-together", (given.key,)),
    ]


def test_an_account_that_is_switched_on_comes_to_hold_what_it_is_in() -> None:
    off = {account("kofi"): {"login": False, "superuser": False}}
    observed = State({**_duties(("requester", "kofi"), ("approver", "kofi")).records, **off})
    on = update(account("kofi"), {"login": False}, {"login": True})

    assert [each.keys for each in judge(at_ease(observed, [on], APART))] == [(account("kofi"),)]


def test_two_of_three_roles_are_together() -> None:
    three = Rules(apart=(Apart(frozenset({("approver",), ("requester",), ("auditor",)})),))
    observed = _duties(("requester", "kofi"))

    found = judge(at_ease(observed, [create(inside("auditor", "kofi"))], three))

    assert [each.rule for each in found] == ["never-together"]
