"""What holds of the diff and its order for all states."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from reconciler.diff import diff, in_apply_order
from reconciler.staleness import stale_reasons
from reconciler.state import Fields, Key, Record, State, state_of
from tests.properties.states import CAPABILITIES, WHOLE, obey, pairs, states


@given(states())
def test_a_state_does_not_differ_from_itself_dif_09(state: State) -> None:
    copy = State({key: dict(fields) for key, fields in state.records.items()})

    assert diff(state, state) == ()
    assert diff(state, copy) == ()


@given(pairs())
def test_a_target_that_obeys_the_changes_has_what_is_desired(pair: tuple[State, State]) -> None:
    desired, observed = pair

    after = obey(in_apply_order(diff(desired, observed), CAPABILITIES), observed, strictly=False)

    for key, fields in desired.records.items():
        if key.kind in WHOLE:
            assert after.records[key] == fields
        elif key.kind != "object":
            assert {name: after.records[key][name] for name in fields} == fields
    left = {key for key in after.records if key.kind != "object"}
    assert left == {key for key in desired.records if key.kind != "object"}
    assert diff(desired, after) == ()


@given(pairs())
def test_fields_that_are_not_asked_for_are_left_as_they_were(pair: tuple[State, State]) -> None:
    desired, observed = pair

    after = obey(diff(desired, observed), observed, strictly=False)

    for key, before in observed.records.items():
        asked = desired.records.get(key)
        if asked is not None and key.kind not in WHOLE:
            untouched = before.keys() - asked.keys()
            assert {name: after.records[key][name] for name in untouched} == {
                name: before[name] for name in untouched
            }


@given(pairs())
def test_every_record_is_changed_at_most_once(pair: tuple[State, State]) -> None:
    keys = [change.key for change in diff(*pair)]

    assert keys == sorted(set(keys))


@given(pairs())
def test_each_change_says_what_was_there_and_what_will_be(pair: tuple[State, State]) -> None:
    desired, observed = pair

    for change in diff(desired, observed):
        before, after = observed.get(change.key), desired.get(change.key)
        match change.action:
            case "create":
                assert (change.before, change.after) == (None, after)
            case "delete":
                assert (change.before, change.after) == (before, None)
            case "update":
                assert change.before is not None
                assert change.after is not None
                assert change.before != change.after
                assert change.before.keys() == change.after.keys() or change.key.kind in WHOLE


@given(pairs(), st.randoms(use_true_random=False))
def test_the_order_in_which_states_were_built_never_matters_dif_02(
    pair: tuple[State, State], random: Random
) -> None:
    shuffled = []
    for state in pair:
        records = [Record(key, _reversed(fields)) for key, fields in state.records.items()]
        random.shuffle(records)
        shuffled.append(state_of(records))

    assert [list(state) for state in shuffled] == [list(state) for state in pair]
    assert diff(*shuffled) == diff(*pair)


@given(pairs(), st.randoms(use_true_random=False))
def test_the_order_in_which_changes_are_given_never_matters_dif_02(
    pair: tuple[State, State], random: Random
) -> None:
    changes = list(diff(*pair))
    ordered = in_apply_order(changes, CAPABILITIES)

    random.shuffle(changes)

    assert in_apply_order(changes, CAPABILITIES) == ordered


@given(pairs())
def test_the_order_of_apply_never_refers_to_what_is_not_there(pair: tuple[State, State]) -> None:
    desired, observed = pair
    changes = in_apply_order(diff(desired, observed), CAPABILITIES)

    after = obey(changes, observed, strictly=True)

    assert diff(desired, after) == ()


@given(pairs())
def test_nothing_is_taken_before_everything_was_given_dif_08(pair: tuple[State, State]) -> None:
    changes = in_apply_order(diff(*pair), CAPABILITIES)

    actions = [change.action for change in changes]
    first_delete = actions.index("delete") if "delete" in actions else len(actions)
    assert "create" not in actions[first_delete:]


@given(pairs())
def test_no_plan_is_stale_on_the_state_it_was_made_of(pair: tuple[State, State]) -> None:
    desired, observed = pair

    assert list(stale_reasons(diff(desired, observed), observed)) == []


@given(pairs(), states())
def test_a_plan_is_stale_if_and_only_if_what_it_touches_differs_pln_03_pln_04(
    pair: tuple[State, State], later: State
) -> None:
    desired, observed = pair
    changes = diff(desired, observed)
    touched = {change.key: change.before for change in changes}

    reasons = list(stale_reasons(changes, later))

    differs = [key for key, before in touched.items() if _differs(key, before, later)]
    assert len(reasons) == len(differs)
    assert all(any(str(key) in reason for reason in reasons) for key in differs)


def _differs(key: Key, before: object, later: State) -> bool:
    there = later.records.get(key)
    if not isinstance(before, dict) or there is None:
        return before is not None or there is not None
    if key.kind in WHOLE:
        return there != before
    return any(there.get(name) != value for name, value in before.items())


def _reversed(fields: Fields) -> Fields:
    return dict(reversed(list(fields.items())))
