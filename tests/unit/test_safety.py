"""What findings are, what they hold back, and the rules that need no walk through the steps."""

from __future__ import annotations

from dataclasses import replace

from reconciler.changes import Change
from reconciler.plan import Finding
from reconciler.safety import finding, held_back, judge
from reconciler.scope import Capabilities, Permanent, Policy, Rules, Scope, Separation
from reconciler.state import Key, State
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

KOFI = inside("analysts", "kofi")
ESI = inside("analysts", "esi")
REMOVALS = (delete(ESI), delete(KOFI))
BLOCKING = Finding("S-1", "emptied", "store", "x", (KOFI,), blocking=True)


def test_a_group_that_becomes_empty_blocks_its_removals_and_names_who_loses_del_03() -> None:
    case = situation(changes=REMOVALS, scope=Scope(emptied=frozenset({("analysts",)})))

    (found,) = judge(case)

    assert (found.rule, found.blocking, found.keys) == ("emptied", True, (ESI, KOFI))
    assert found.message == (
        '"analysts" would be left without anybody; it would lose Esi Owusu, Kofi Mensah'
    )


def test_a_group_that_was_empty_already_is_not_reported() -> None:
    assert judge(situation(scope=Scope(emptied=frozenset({("analysts",)})))) == ()


def test_a_group_that_loses_some_members_is_not_reported() -> None:
    assert judge(situation(changes=REMOVALS)) == ()


def test_each_protected_name_is_one_finding_that_says_why_pro_01_pro_02() -> None:
    root = create(inside("analysts", "root"))
    tied = delete(role("analysts"))
    breaker = delete(account("breaker"))
    case = replace(
        situation(scope=Scope(protected=("es*", "br*"))),
        protected=(REMOVALS[0], root, tied, breaker),
        untouchable=frozenset({"root"}),
        dropped_protection=("br*",),
    )

    told = [each for each in judge(case) if each.rule == "protected"]

    assert [each.message for each in told] == [
        '"analysts" is tied to a protected name: 1 difference left alone',
        '"breaker" is protected by policy.protect of the last apply: 1 difference left alone',
        '"esi" is protected by policy.protect: 1 difference left alone',
        '"root" is the account reconciler uses, a bootstrap administrator, or another manifest\'s: '
        "1 difference left alone",
    ]
    assert not any(each.blocking for each in told)


def test_a_protection_that_is_dropped_is_in_force_once_more_and_blocks_until_accepted_pro_02() -> (
    None
):
    case = replace(situation(), dropped_protection=("ops*", "admin*"))

    found = judge(case)

    assert [(each.rule, each.keys, each.blocking) for each in found] == [
        ("protection-dropped", (), True),
        ("protection-dropped", (), True),
    ]
    assert found[0].message.startswith('policy.protect of flowdb no longer has "admin*"')


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


# What is held back


def _held(named: Key, *changes: Change) -> tuple[Change, ...]:
    return held_back(changes, [replace(BLOCKING, keys=(named,))])


def test_a_blocking_finding_holds_back_its_changes_and_no_others_pro_07() -> None:
    assert held_back(REMOVALS, [BLOCKING]) == (REMOVALS[1],)


def test_a_finding_that_holds_does_so_without_being_a_failure() -> None:
    assert held_back(REMOVALS, [replace(BLOCKING, blocking=False, holds=True)]) == (REMOVALS[1],)


def test_an_accepted_finding_and_one_that_only_tells_hold_back_nothing() -> None:
    assert held_back(REMOVALS, [replace(BLOCKING, accepted=True)]) == ()
    assert held_back(REMOVALS, [replace(BLOCKING, blocking=False)]) == ()


def test_what_depends_on_a_principal_that_is_held_back_is_held_back_too() -> None:
    reader = create(role("reader"))
    within = create(inside("reader", "amina"))
    around = create(inside("everything", "reader"))
    rights = create(tables("reader"))
    beside = create(inside("writer", "amina"))

    held = _held(reader.key, reader, within, around, rights, beside)

    assert held == (reader, within, around, rights)


def test_a_table_or_schema_with_the_name_of_a_principal_that_is_held_back_is_none_of_it() -> None:
    public = create(role("public"))
    rights = create(tables("writer"))

    assert _held(public.key, public, rights) == (public,)


def test_what_stands_on_a_server_that_is_held_back_is_held_back_too() -> None:
    server = create(Key("server", ("api",)))
    within = create(Key("role", ("api", "reader")))
    member = create(Key("membership", ("api", "reader", "amina")))
    rights = create(Key("privilege", ("other", "api", "table", "")))

    assert _held(server.key, server, within, member, rights) == (server, within, member, rights)


def test_an_account_does_not_leave_while_something_of_it_is_kept() -> None:
    off, other = disable("kofi"), disable("amina")
    gone = delete(account("kofi"))

    assert _held(KOFI, *REMOVALS, off, other) == (REMOVALS[1], off)
    assert _held(KOFI, *REMOVALS, gone) == (REMOVALS[1], gone)
    rights = delete(tables("kofi"))
    assert _held(rights.key, rights, gone) == (rights, gone)


def test_an_account_that_is_only_altered_does_not_wait_for_its_memberships() -> None:
    limit = update(account("kofi"), {"limit": 1}, {"limit": 2})

    assert _held(KOFI, *REMOVALS, limit) == (REMOVALS[1],)


def test_a_role_or_group_does_not_go_while_something_in_it_or_of_it_is_kept() -> None:
    gone = delete(group("analysts"))
    rights, around = delete(tables("analysts")), delete(inside("reader", "analysts"))
    other = delete(role("reader"))

    assert _held(KOFI, *REMOVALS, gone, other) == (REMOVALS[1], gone)
    assert _held(rights.key, rights, gone, other) == (rights, gone)
    assert _held(around.key, around, gone, other) == (around, gone, other)


def test_a_server_does_not_go_while_a_role_that_was_to_go_from_it_is_kept() -> None:
    member = delete(Key("membership", ("api", "reader", "amina")))
    within, server = delete(Key("role", ("api", "reader"))), delete(Key("server", ("api",)))
    other = delete(Key("server", ("other",)))

    assert _held(member.key, member, within, server, other) == (member, within, server)


def test_what_is_taken_from_a_role_waits_for_nothing_else_that_is_held_back() -> None:
    narrowed = update(tables("reader"), {"t": ("INSERT", "SELECT")}, {"t": ("SELECT",)})
    given = create(inside("reader", "kofi"))

    assert _held(given.key, given, narrowed) == (given,)


# Grants that ought not to be made


def test_roles_that_nobody_may_hold_together_block_what_would_bring_it_about() -> None:
    approver, requester = inside("approver", "kofi"), inside("requester", "kofi")
    separation = Separation("Kofi Mensah", ("approver", "requester"), (approver, requester))
    case = situation(
        state(requester, role("approver"), role("requester"), accounts=["kofi"]),
        [create(approver)],
        rules=Rules(separations=(separation,)),
    )

    (found,) = judge(case)

    assert (found.rule, found.keys, found.blocking) == ("never-together", (approver,), True)
    assert "gives Kofi Mensah approver and requester, which nobody" in found.message


def test_roles_that_somebody_holds_together_already_are_told_and_block_nothing() -> None:
    approver, requester = inside("approver", "kofi"), inside("requester", "kofi")
    separation = Separation("Kofi Mensah", ("approver", "requester"), (approver, requester))
    elsewhere = replace(separation, keys=())
    observed = state(approver, requester, accounts=["kofi"])

    (found,) = judge(situation(observed, rules=Rules(separations=(separation, elsewhere))))

    assert (found.rule, found.keys, found.blocking) == ("never-together", (), False)
    assert "nothing in this plan brings it about" in found.message


def test_a_new_grant_of_a_risky_role_without_an_end_blocks_and_an_old_one_is_told() -> None:
    old, new = inside("owner", "kofi"), inside("owner", "amina")
    permanent = (
        Permanent("Kofi Mensah", "owner", (old,)),
        Permanent("Amina Diallo", "owner", (new,)),
        Permanent("Esi Owusu", "owner", (inside("owner", "esi"),)),  # neither there nor given
    )
    case = situation(state(old), [create(new)], rules=Rules(permanent=permanent))

    found = judge(case)

    assert [(each.keys, each.blocking) for each in found] == [((new,), True), ((), False)]
    assert found[0].message.startswith("Amina Diallo would get owner on flowdb for ever")
    assert found[1].message.startswith("Kofi Mensah has owner on flowdb for ever")


# What is left alone


def test_a_level_that_no_grant_gives_is_told_and_not_taken() -> None:
    accounts = {"kofi": "admin", "yaw": "admin", "esi": "user"}
    keys = tuple(account(name) for name in accounts)
    observed = State({key: {"level": accounts[key.path[0]]} for key in keys})
    capabilities = Capabilities(levels=("user", "admin"))
    case = replace(situation(observed), unmanaged=keys, capabilities=capabilities)

    found = judge(case)

    assert [(each.rule, each.keys, each.blocking) for each in found] == [
        ("unasked-level", (account("kofi"),), False)
    ]
    assert found[0].message.startswith('Kofi Mensah has the level "admin", which no grant gives')


def test_rights_left_alone_since_nothing_is_remembered_are_counted_and_leavers_named() -> None:
    scope = Scope(
        groups=frozenset({"analysts"}), roles=frozenset({("reader",)}), leavers=frozenset({"kofi"})
    )
    unmanaged = (KOFI, ESI, tables("reader"), inside("strangers", "kofi"), account("yaw"))
    case = replace(situation(scope=scope), unmanaged=unmanaged, is_applied_known=False)

    (found,) = judge(case)

    assert (found.rule, found.keys, found.blocking) == ("left-alone-unknown", (), False)
    assert found.message.startswith("what no line gives in declared roles and groups of flowdb")
    assert "(3 records)" in found.message
    assert found.message.endswith(
        "Kofi Mensah left, and will still be in roles or groups until then"
    )


def test_rights_left_alone_are_not_told_where_the_last_apply_is_known_or_nothing_is_pruned() -> (
    None
):
    scope = Scope(groups=frozenset({"analysts"}))
    case = replace(situation(scope=scope), unmanaged=(KOFI,))
    never = situation(scope=scope, policy=Policy(prune="never"))

    assert judge(case) == ()
    assert judge(replace(never, unmanaged=(KOFI,), is_applied_known=False)) == ()
