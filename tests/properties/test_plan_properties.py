"""What holds of the choice that a policy makes among all differences."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.diff import diff
from reconciler.plan import changed_name
from reconciler.safety import finding, held_back
from reconciler.scope import Desired, Policy
from reconciler.selection import Remembered, Selection, select
from reconciler.state import EXACT_KINDS, State
from tests.properties.states import CAPABILITIES, PRINCIPALS, asked, obey

Case = tuple[Desired, State]

policies = st.builds(
    Policy,
    prune=st.sampled_from(["never", "owned", "all"]),
    leavers=st.sampled_from(["disable", "delete"]),
)
memories = st.sampled_from(["nothing", "desired", "observed", "empty"])
"""What the last apply left: unknown, what is asked now, what is there now, or nothing at all."""
OWN = frozenset({"amina"})


def chosen_from(case: Case, memory: str, own: frozenset[str] = OWN) -> Selection:
    desired, observed = case
    states = {"desired": desired.state, "observed": observed, "empty": State({})}
    remembered = None
    if memory != "nothing":
        remembered = Remembered(states[memory], lambda _key: "config")
    return select(desired, observed, CAPABILITIES, own, remembered=remembered)


@given(asked(st.builds(Policy, prune=st.just("never"))), memories)
def test_prune_never_removes_nothing_and_disables_nobody(case: Case, memory: str) -> None:
    changes = chosen_from(case, memory, frozenset()).changes

    assert all(change.action != "delete" for change in changes)
    assert all(change.key in case[0].state for change in changes)


@given(asked(policies))
def test_without_memory_nothing_is_deleted_and_no_cause_is_claimed_drf_01(case: Case) -> None:
    chosen = chosen_from(case, "nothing")

    assert all(change.action != "delete" for change in chosen.changes)
    assert {change.cause for change in chosen.changes} <= {"unknown"}
    assert chosen.drift == ()


@given(asked(st.builds(Policy, prune=st.just("owned"))), memories)
def test_prune_owned_removes_what_was_applied_and_rights_in_what_is_declared(
    case: Case, memory: str
) -> None:
    desired, observed = case
    declared = desired.scope.groups | {path[-1] for path in desired.scope.roles}
    applied = {"desired": desired.state, "observed": observed}.get(memory, State({}))

    for change in chosen_from(case, memory, frozenset()).changes:
        if change.action == "delete" and change.key not in applied:
            assert change.key.kind not in (*PRINCIPALS, "server", "object")
            assert declared & set(change.key.path[:2])
        elif change.key not in desired.state:
            assert change.key in applied or change.key.path[-1] in desired.scope.leavers


@given(asked(policies), memories)
def test_names_that_nobody_may_touch_are_touched_by_no_change_pro_01(
    case: Case, memory: str
) -> None:
    for change in chosen_from(case, memory).changes:
        name = changed_name(change.key)
        assert name not in OWN
        assert not case[0].scope.is_protected(name)


@given(asked(policies), memories)
def test_every_difference_is_changed_shown_or_protected(case: Case, memory: str) -> None:
    desired, observed = case

    chosen = chosen_from(case, memory)

    changed = {change.key for change in chosen.changes}
    protected = {change.key for change in chosen.protected}
    unmanaged = set(chosen.unmanaged)
    assert not changed & protected
    assert all(key.kind in EXACT_KINDS for key in (changed | protected) & unmanaged)
    for change in diff(desired.state, observed):
        left_already = change.key.kind == "account" and change.action == "delete"
        assert change.key in changed | protected | unmanaged or left_already


@given(asked(policies), memories)
def test_what_was_chosen_is_chosen_only_once(case: Case, memory: str) -> None:
    desired, observed = case
    chosen = chosen_from(case, memory)

    after = obey(chosen.changes, observed, strictly=False)

    assert chosen_from((desired, after), memory).changes == ()


@given(asked(policies), memories)
def test_every_change_a_line_asks_for_names_the_line(case: Case, memory: str) -> None:
    for change in chosen_from(case, memory).changes:
        assert bool(change.sources) == (change.key in case[0].state)


@given(asked(policies), memories)
def test_drift_is_only_what_is_not_as_it_was_applied_drf_02(case: Case, memory: str) -> None:
    chosen = chosen_from(case, memory)

    if memory == "observed":
        assert {each.class_ for each in chosen.drift} <= {"rogue"}
    assert len({(each.key, each.class_) for each in chosen.drift}) == len(chosen.drift)
    for each in chosen.drift:
        assert each.observed != each.applied or each.applied == {}


@given(asked(policies), memories, st.sets(st.integers(0, 20)))
def test_what_is_held_back_is_of_the_changes(case: Case, memory: str, numbers: set[int]) -> None:
    changes = chosen_from(case, memory).changes
    keys = [change.key for index, change in enumerate(changes) if index in numbers]

    held = held_back(changes, [finding("x", "db", "y", keys, blocking=True)])

    assert set(keys) <= {change.key for change in held} <= {change.key for change in changes}


@given(asked(policies), memories)
def test_what_is_left_alone_leaves_nothing_dangling(case: Case, memory: str) -> None:
    obey(chosen_from(case, memory).changes, case[1], strictly=True)
