"""The rules that hold after every step: administrators, our own access, the fewest holders."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import pytest

from reconciler.changes import Change
from reconciler.classify import Difference
from reconciler.holding import HalfEdges, Holding
from reconciler.plan import Finding
from reconciler.safety import Situation, held_back, judge, walk
from reconciler.scope import Capabilities, Rules
from reconciler.state import Fields, Key, State
from tests.safety_cases import (
    ADMINISTRATOR,
    CAPABILITIES,
    SERVICE,
    USER,
    account,
    at_ease,
    create,
    delete,
    demote,
    disable,
    group,
    inside,
    role,
    state,
    tables,
    update,
)

EDGE: Fields = {"admin": False, "inherit": True, "set": True}
ADMIN_ONLY: Fields = {"admin": True, "inherit": False, "set": False}


def _found(case: Situation, rule: str) -> list[Finding]:
    return [each for each in judge(case) if each.rule == rule]


# The last administrator


def _administrators(*names: str) -> State:
    return state(fields=dict.fromkeys(map(account, names), ADMINISTRATOR), accounts=["kofi"])


def test_the_last_administrator_is_not_removed_pro_05() -> None:
    case = at_ease(_administrators("amina"), [delete(account("amina"))])

    (found,) = _found(case, "last-administrator")

    assert (found.keys, found.blocking) == ((account("amina"),), True)
    assert found.message.startswith("1 of 1 administrator of flowdb (Amina Diallo) would go")


def test_power_that_somebody_gave_by_hand_is_taken_back_though_nobody_else_has_it_pro_05() -> None:
    raised = Difference(
        "D-1", account("amina"), "drift", "widened", "drift", None, USER, ADMINISTRATOR
    )
    case = replace(at_ease(_administrators("amina"), [demote("amina")]), drift=(raised,))

    assert _found(case, "last-administrator") == []
    both = replace(at_ease(_administrators("amina", "esi"), [demote("amina"), demote("esi")]))
    assert _found(replace(both, drift=(raised,)), "last-administrator") != []


@pytest.mark.parametrize("second", [demote("esi"), disable("esi"), delete(account("esi"))])
def test_two_administrators_removed_in_one_plan_are_blocked_though_each_alone_is_fine_pro_05(
    second: Change,
) -> None:
    observed, first = _administrators("amina", "esi"), delete(account("amina"))

    (found,) = _found(at_ease(observed, [first, second]), "last-administrator")

    assert found.keys == (account("amina"), account("esi"))
    assert found.message.startswith("2 of 2 administrators of flowdb (Amina Diallo, Esi Owusu)")
    assert judge(at_ease(observed, [first])) == ()
    assert judge(at_ease(observed, [second])) == ()


def test_our_own_account_is_no_other_administrator_pro_05() -> None:
    observed = _administrators("amina", SERVICE)

    assert _found(at_ease(observed, [demote("amina")]), "last-administrator") != []


def test_an_administrator_who_may_not_sign_in_is_none() -> None:
    off: Fields = {"login": False, "superuser": True}
    observed = state(fields={account("amina"): ADMINISTRATOR, account("esi"): off})

    assert _found(at_ease(observed, [demote("amina")]), "last-administrator") != []


def test_the_last_administrator_may_go_after_another_was_made_one() -> None:
    promote = update(account("kofi"), {"superuser": False}, {"superuser": True})
    observed = _administrators("amina")

    assert judge(at_ease(observed, [promote, demote("amina")])) == ()
    assert judge(at_ease(observed, [create(account("esi"), ADMINISTRATOR), demote("amina")])) == ()


def test_the_last_administrator_stays_where_another_is_made_one_too_late_pro_05() -> None:
    promote = update(account("kofi"), {"superuser": False}, {"superuser": True})
    case = at_ease(_administrators("amina"), [])
    wrong_way_round = replace(case, changes=(demote("amina"), promote))

    (found,) = _found(wrong_way_round, "last-administrator")

    assert found.keys == (account("amina"),)
    assert [each.step for each in walk(wrong_way_round, wrong_way_round.changes)] == [0]


def test_the_last_administrator_stays_where_making_another_one_is_held_back_pro_05() -> None:
    promote = update(account("kofi"), {"superuser": False}, {"superuser": True})
    cut = Difference("D-1", promote.key, "drift", "narrowed", "drift", {}, {}, {})
    case = replace(at_ease(_administrators("amina"), [promote, demote("amina")]), drift=(cut,))

    findings = judge(case)

    assert [each.rule for each in findings] == ["held", "last-administrator"]
    assert held_back(case.changes, findings) == case.changes


def test_a_target_that_had_no_other_administrator_needs_none() -> None:
    assert judge(at_ease(_administrators(), [delete(account("kofi"))])) == ()


def test_an_administrator_by_level_is_one_until_the_level_is_lower_pro_05() -> None:
    capabilities = Capabilities(levels=("user", "admin"), administrator={"level": "admin"})
    lower = update(account("amina"), {"level": "admin"}, {"level": "user"})
    observed = state(fields={account("amina"): {"level": "admin"}})
    case = replace(at_ease(observed, [lower]), capabilities=capabilities)

    assert [each.rule for each in judge(case)] == ["last-administrator"]


def test_an_administrator_whose_account_gets_another_name_is_removed_and_created_pro_03() -> None:
    observed = _administrators("amina")
    renamed = [create(account("amina_d"), ADMINISTRATOR), delete(account("amina"))]
    without_power = [create(account("amina_d"), USER), delete(account("amina"))]

    assert judge(at_ease(observed, renamed)) == ()
    assert [each.rule for each in judge(at_ease(observed, without_power))] == ["last-administrator"]


def test_holders_of_a_role_whose_accounts_get_other_names_are_counted_by_account_pro_03() -> None:
    observed = state(role("owner"), inside("owner", "amina"), accounts=["amina"])
    rules = Rules(min_holders={("owner",): 1})
    renamed = [create(account("amina_d"), USER), delete(inside("owner", "amina"))]

    assert judge(at_ease(observed, [*renamed, create(inside("owner", "amina_d"))], rules)) == ()
    assert _found(at_ease(observed, renamed, rules), "min-holders") != []


# Our own access


def _own() -> State:
    """We are in a group, that is in a role, that is in another."""
    return state(
        group("operators"),
        role("owner"),
        role("root"),
        inside("operators", SERVICE),
        inside("owner", "operators"),
        inside("root", "owner"),
        tables("owner"),
        accounts=[SERVICE, "kofi"],
    )


@pytest.mark.parametrize(
    "change",
    [
        delete(account(SERVICE)),
        disable(SERVICE),
        delete(inside("operators", SERVICE)),
        delete(inside("owner", "operators")),
        delete(inside("root", "owner")),
        delete(role("root")),
        delete(group("operators")),
        delete(tables("owner")),
        update(tables("owner"), {"t": ("INSERT", "SELECT")}, {"t": ("SELECT",)}),
        update(role("owner"), {"createrole": True}, {"createrole": False}),
        update(inside("owner", "operators"), EDGE, {**EDGE, "set": False}),
    ],
    ids=lambda change: f"{change.action} {change.key}",
)
def test_nothing_is_taken_from_us_or_from_what_we_are_in_pro_04(change: Change) -> None:
    case = at_ease(_own(), [change])

    (found,) = _found(case, "own-access")

    assert (found.keys, found.blocking) == ((change.key,), True)
    assert f'"{SERVICE}", the account that reconciler uses' in found.message
    assert [each.rule for each in walk(case, case.changes)] == ["own-access"]


@pytest.mark.parametrize(
    "change",
    [
        delete(inside("operators", "kofi")),
        delete(tables("kofi")),
        delete(role("other")),
        create(tables("root")),
        create(inside("other", "owner")),
        update(tables("owner"), {"t": ("SELECT",)}, {"t": ("INSERT", "SELECT")}),
    ],
    ids=lambda change: f"{change.action} {change.key}",
)
def test_what_is_given_to_us_and_what_is_taken_from_others_is_nothing_to_us(
    change: Change,
) -> None:
    assert judge(at_ease(_own(), [change])) == ()


def test_all_that_is_taken_from_one_role_of_ours_is_one_finding_that_says_how_much_pro_04() -> None:
    changes = [delete(tables("owner")), delete(inside("root", "owner")), delete(tables("root"))]

    found = _found(at_ease(_own(), changes), "own-access")

    assert [each.message.split(",")[0] for each in found] == [
        '1 change on flowdb would take something from "root"',
        '2 changes on flowdb would take something from "owner"',
    ]


@pytest.mark.parametrize(
    "options, is_blocked",
    [
        ({}, True),
        (EDGE, True),
        ({**ADMIN_ONLY, "set": True}, True),
        ({**ADMIN_ONLY, "inherit": True}, True),
        (ADMIN_ONLY, False),
    ],
)
def test_a_role_that_we_may_only_grant_is_none_that_we_are_in_pro_04(
    options: Fields, is_blocked: bool
) -> None:
    observed = state(role("reader"), tables("reader"), fields={inside("reader", SERVICE): options})

    found = judge(at_ease(observed, [delete(tables("reader"))]))

    assert bool(found) == is_blocked


def test_what_we_come_to_be_in_by_the_plan_is_not_taken_from_either_pro_04() -> None:
    changes = [create(inside("new", "operators")), delete(tables("new"))]

    found = _found(at_ease(_own(), changes), "own-access")

    assert [each.keys for each in found] == [(tables("new"),)]


# The fewest holders


def _owners(*names: str) -> State:
    return state(role("owner"), *(inside("owner", name) for name in names), accounts=names)


TWO = Rules(min_holders={("owner",): 2})


def test_a_role_keeps_the_fewest_holders_that_it_needs() -> None:
    observed = _owners("kofi", "amina", "esi")
    two = [delete(inside("owner", "kofi")), delete(inside("owner", "amina"))]

    (found,) = _found(at_ease(observed, two, TWO), "min-holders")

    assert found.keys == (inside("owner", "amina"), inside("owner", "kofi"))
    assert found.message.startswith(
        '"owner" on flowdb would have 1 of its 3 holders left (Amina Diallo, Kofi Mensah would go)'
        ", and needs 2"
    )
    assert judge(at_ease(observed, two[:1], TWO)) == ()


def test_a_role_that_has_too_few_already_loses_no_more() -> None:
    found = judge(at_ease(_owners("kofi"), [delete(inside("owner", "kofi"))], TWO))

    assert [each.rule for each in found] == ["min-holders"]


def test_a_new_role_may_have_too_few_while_it_is_filled() -> None:
    changes = [create(role("owner")), *(create(inside("owner", each)) for each in ("kofi", "esi"))]

    assert judge(at_ease(state(accounts=["kofi", "esi"]), changes, TWO)) == ()


def test_holders_are_replaced_one_by_one_since_giving_comes_before_taking() -> None:
    changes = [
        delete(inside("owner", "kofi")),
        delete(inside("owner", "amina")),
        create(inside("owner", "esi")),
        create(inside("owner", "yaw")),
    ]
    new = {account("esi"): USER, account("yaw"): USER}
    observed = State({**_owners("kofi", "amina").records, **new})

    assert judge(at_ease(observed, changes, TWO)) == ()
    given_last = replace(at_ease(observed, [], TWO), changes=tuple(changes))
    assert [each.rule for each in judge(given_last)] == ["min-holders"]


def test_holders_go_by_what_their_group_loses_and_by_being_switched_off() -> None:
    nested = inside("owner", "team")
    members = [inside("team", "kofi"), inside("team", "amina")]
    observed = state(role("owner"), group("team"), nested, *members, accounts=["kofi", "amina"])

    by_group = judge(at_ease(observed, [delete(nested)], TWO))
    by_account = judge(at_ease(observed, [disable("kofi")], TWO))

    assert [(each.rule, each.keys) for each in by_group] == [("min-holders", (nested,))]
    assert [(each.rule, each.keys) for each in by_account] == [("min-holders", (account("kofi"),))]


def test_a_change_that_takes_nobody_out_is_not_held_back_with_those_that_do() -> None:
    granting = update(inside("owner", "kofi"), {"admin": False}, {"admin": True})

    (found,) = judge(at_ease(_owners("kofi", "amina"), [disable("kofi"), granting], TWO))

    assert (found.rule, found.keys) == ("min-holders", (account("kofi"),))


def test_a_path_that_is_lost_while_another_stays_is_no_loss_of_a_holder() -> None:
    nested = inside("owner", "team")
    both = [inside("team", "kofi"), inside("owner", "kofi"), inside("owner", "amina")]
    observed = state(role("owner"), group("team"), nested, *both, accounts=["kofi", "amina"])

    assert judge(at_ease(observed, [delete(nested)], TWO)) == ()


# The walk


def test_a_plan_that_only_gives_is_not_walked_where_nothing_given_can_break_a_rule() -> None:
    changes = [create(account(f"p{number}"), USER) for number in range(3)]
    case = replace(at_ease(_own(), changes, TWO), observed=_Unreadable({}))

    assert judge(case) == ()
    assert list(walk(case, case.changes)) == []


class _Unreadable(State):
    """A state that fails where anybody looks at its records."""

    def __getattribute__(self, name: str) -> object:
        if name == "records":
            raise AssertionError("nobody has to look at this")
        return super().__getattribute__(name)


def test_a_step_is_named_by_its_place_in_what_is_walked_and_its_keys_are_of_the_whole_plan() -> (
    None
):
    observed = _owners("kofi", "amina", "esi")
    changes = [delete(inside("owner", name)) for name in ("amina", "esi", "kofi")]
    case = at_ease(observed, changes, TWO)

    (found,) = walk(case, case.changes[1:])

    assert (found.step, found.rule, found.subject) == (1, "min-holders", "owner")
    assert found.keys == (inside("owner", "esi"), inside("owner", "kofi"))


def test_a_membership_that_only_lets_grant_the_role_makes_nobody_a_holder() -> None:
    key = Key("membership", ("owner", "kofi"))
    observed = state(role("owner"), key, accounts=["kofi"], fields={key: ADMIN_ONLY})
    one = Rules(min_holders={("owner",): 1})
    narrowed = update(key, {"admin": True}, {"admin": False})

    assert judge(at_ease(observed, [narrowed], one)) == ()


def test_a_copy_of_a_graph_holds_the_same_and_goes_its_own_way() -> None:
    edges: dict[Key, Fields] = {
        inside("readers", "kofi"): {"inherit": False, "set": True},
        inside("staff", "kofi"): {},
    }
    records: dict[Key, Fields] = {account("kofi"): USER, group("staff"): {}, **edges}
    there = State({**records, tables("readers"): {}})
    graph = Holding(there, CAPABILITIES)

    copy = graph.copied()

    before = _content(graph)
    assert _content(copy) == before
    copy.apply(delete(inside("staff", "kofi"), {}))
    copy.apply(delete(inside("readers", "kofi"), {"inherit": False, "set": True}))
    copy.apply(delete(account("kofi"), USER))
    copy.apply(delete(group("staff"), {}))
    copy.apply(delete(tables("readers"), {}))
    assert _content(graph) == before
    changed = {name for name, value in _content(copy).items() if value != before[name]}
    assert changed == set(before) - {"capabilities"}


def _content(graph: Holding) -> dict[str, object]:
    """All that a graph knows, by attribute; a new attribute has to be copied too."""
    return {
        name: vars(value) if isinstance(value, HalfEdges) else value
        for name, value in deepcopy(vars(graph)).items()
    }
