"""What holds of the choice that a policy makes among all differences."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.diff import diff
from reconciler.plan import changed_name, select
from reconciler.safety import check, held_back
from reconciler.scope import Desired, Policy
from reconciler.state import State
from tests.properties.states import CAPABILITIES, PRINCIPALS, asked, obey

policies = st.builds(
    Policy,
    prune=st.sampled_from(["never", "owned", "all"]),
    leavers=st.sampled_from(["disable", "delete"]),
)
OWN = frozenset({"amina"})


@given(asked(st.builds(Policy, prune=st.just("never"))))
def test_prune_never_removes_nothing_and_disables_nobody(case: tuple[Desired, State]) -> None:
    desired, observed = case

    changes = select(desired, observed, CAPABILITIES, frozenset()).changes

    assert all(change.action != "delete" for change in changes)
    assert all(change.key in desired.state for change in changes)


@given(asked(st.builds(Policy, prune=st.just("owned"))))
def test_prune_owned_removes_rights_alone_and_only_declared_ones(
    case: tuple[Desired, State],
) -> None:
    desired, observed = case
    declared = desired.scope.groups | {path[-1] for path in desired.scope.roles}

    for change in select(desired, observed, CAPABILITIES, frozenset()).changes:
        if change.action == "delete":
            assert change.key.kind not in (*PRINCIPALS, "server", "object")
            assert declared & set(change.key.path[:2])
        elif change.key not in desired.state:
            assert change.key.path[-1] in desired.scope.leavers


@given(asked(policies))
def test_names_that_nobody_may_touch_are_touched_by_no_change(case: tuple[Desired, State]) -> None:
    desired, observed = case

    changes = select(desired, observed, CAPABILITIES, OWN).changes

    for change in changes:
        name = changed_name(change.key)
        assert name not in OWN
        assert not desired.scope.is_protected(name)


@given(asked(policies))
def test_every_difference_is_changed_shown_or_protected(case: tuple[Desired, State]) -> None:
    desired, observed = case

    chosen = select(desired, observed, CAPABILITIES, OWN)

    changed = {change.key for change in chosen.changes}
    protected = {change.key for change in chosen.protected}
    unmanaged = set(chosen.unmanaged)
    assert len(changed) + len(protected) + len(unmanaged) == len(changed | protected | unmanaged)
    for change in diff(desired.state, observed):
        left_already = change.key.kind == "account" and change.key.path[-1] in desired.scope.leavers
        assert change.key in changed | protected | unmanaged or left_already


@given(asked(policies))
def test_what_was_chosen_is_chosen_only_once(case: tuple[Desired, State]) -> None:
    desired, observed = case
    chosen = select(desired, observed, CAPABILITIES, OWN)

    after = obey(chosen.changes, observed, strictly=False)

    assert select(desired, after, CAPABILITIES, OWN).changes == ()


@given(asked(policies))
def test_every_change_a_line_asks_for_names_the_line(case: tuple[Desired, State]) -> None:
    desired, observed = case

    for change in select(desired, observed, CAPABILITIES, OWN).changes:
        assert bool(change.sources) == (change.key in desired.state)


@given(asked(policies))
def test_findings_have_ids_of_their_own_and_hold_back_only_changes(
    case: tuple[Desired, State],
) -> None:
    desired, observed = case
    chosen = select(desired, observed, CAPABILITIES, OWN)

    findings = check(desired, chosen.changes, chosen.protected, OWN)

    assert len({each.id for each in findings}) == len(findings)
    assert findings == check(desired, chosen.changes, chosen.protected, OWN)
    assert all(change in chosen.changes for change in held_back(chosen.changes, findings))


@given(asked(policies))
def test_what_is_left_alone_leaves_nothing_dangling(case: tuple[Desired, State]) -> None:
    desired, observed = case

    changes = select(desired, observed, CAPABILITIES, OWN).changes

    obey(changes, observed, strictly=True)
