"""The rules between a plan and harm: what they find, and what a finding holds back."""

from __future__ import annotations

from dataclasses import replace

from reconciler.changes import Change
from reconciler.plan import Finding
from reconciler.safety import check, finding, held_back, unasked_levels
from reconciler.scope import Capabilities, Desired, Policy, Provenance, Scope
from reconciler.source import Source
from reconciler.state import EMPTY, Key, State

KOFI = Key("membership", ("analysts", "kofi"))
ESI = Key("membership", ("analysts", "esi"))
REMOVALS = (Change("delete", ESI, {}, None), Change("delete", KOFI, {}, None))


def _desired(scope: Scope) -> Desired:
    provenance = Provenance({}, lambda _path: Source("access.yaml", 1, 1))
    people = {"kofi": "Kofi Mensah"}
    return Desired("store", "memory", EMPTY, scope, Policy(), provenance, people)


def test_a_group_that_becomes_empty_blocks_its_removals_and_names_who_loses() -> None:
    desired = _desired(Scope(emptied=frozenset({("analysts",)})))

    (found,) = check(desired, REMOVALS, (), frozenset())

    assert (found.rule, found.blocking, found.keys) == ("emptied", True, (ESI, KOFI))
    assert (
        found.message == '"analysts" would be left without anybody; it would lose Kofi Mensah, esi'
    )


def test_a_group_that_was_empty_already_is_not_reported() -> None:
    desired = _desired(Scope(emptied=frozenset({("analysts",)})))

    assert check(desired, (), (), frozenset()) == ()


def test_a_group_that_loses_some_members_is_not_reported() -> None:
    assert check(_desired(Scope()), REMOVALS, (), frozenset()) == ()


def test_each_protected_name_is_one_finding_that_says_why() -> None:
    desired = _desired(Scope(protected=("es*",)))
    root = Change("create", Key("membership", ("analysts", "root")), None, {})
    tied = Change("delete", Key("role", ("analysts",)), {}, None)

    found = check(desired, (), (REMOVALS[0], root, tied), frozenset({"root"}))

    assert [each.message for each in found] == [
        '"analysts" is tied to a protected name: 1 difference(s) left alone',
        '"esi" is protected by policy.protect: 1 difference(s) left alone',
        '"root" is the account reconciler uses, or a bootstrap administrator: '
        "1 difference(s) left alone",
    ]
    assert not any(each.blocking for each in found)


def test_the_id_of_a_finding_changes_with_what_it_says_pln_06() -> None:
    first = finding("emptied", "store", "it would lose kofi", [KOFI], blocking=True)

    assert finding("emptied", "store", "it would lose kofi", [KOFI], blocking=True) == first
    others = [
        finding("emptied", "store", "it would lose kofi, esi", [KOFI], blocking=True),
        finding("emptied", "store", "it would lose kofi", [KOFI, ESI], blocking=True),
        finding("emptied", "other", "it would lose kofi", [KOFI], blocking=True),
        finding("protected", "store", "it would lose kofi", [KOFI], blocking=True),
    ]
    assert len({first.id, *(each.id for each in others)}) == 5


BLOCKING = Finding("S-1", "emptied", "store", "x", (KOFI,), blocking=True)


def test_a_blocking_finding_holds_back_its_changes_and_no_others() -> None:
    assert held_back(REMOVALS, [BLOCKING]) == (REMOVALS[1],)


def test_an_accepted_finding_and_one_that_only_tells_hold_back_nothing() -> None:
    assert held_back(REMOVALS, [replace(BLOCKING, accepted=True)]) == ()
    assert held_back(REMOVALS, [replace(BLOCKING, blocking=False)]) == ()


def test_what_depends_on_a_principal_that_is_held_back_is_held_back_too() -> None:
    role = Change("create", Key("role", ("reader",)), None, {})
    inside = Change("create", Key("membership", ("reader", "amina")), None, {})
    beside = Change("create", Key("membership", ("writer", "amina")), None, {})
    blocking = replace(BLOCKING, keys=(role.key,))

    assert held_back((role, inside, beside), [blocking]) == (role, inside)


def test_an_account_does_not_leave_while_its_membership_is_held_back() -> None:
    off = Change("update", Key("account", ("kofi",)), {"login": True}, {"login": False})
    asked = replace(off, sources=(Source("access.yaml", 3, 1),))
    other = Change("update", Key("account", ("amina",)), {"login": True}, {"login": False})
    blocking = finding("emptied", "store", "text", [KOFI], blocking=True)

    assert held_back((*REMOVALS, off, other), [blocking]) == (REMOVALS[1], off)
    assert held_back((*REMOVALS, asked), [blocking]) == (REMOVALS[1],)


def test_a_level_that_no_grant_gives_is_told_and_not_taken() -> None:
    accounts = {"kofi": "admin", "yaw": "admin", "esi": "user"}
    keys = [Key("account", (name,)) for name in accounts]
    observed = State({key: {"level": accounts[key.path[0]]} for key in keys})
    capabilities = Capabilities(levels=("user", "admin"))

    found = unasked_levels(_desired(Scope()), observed, keys, capabilities)

    assert [(each.rule, each.keys, each.blocking) for each in found] == [
        ("unasked-level", (Key("account", ("kofi",)),), False)
    ]
    assert found[0].message.startswith('Kofi Mensah has the level "admin", which no grant gives')
