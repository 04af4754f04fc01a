"""The groups that FlowAuth up to 1.17 gives each user, which share their names with all groups."""

from __future__ import annotations

import pytest

from reconciler.errors import ManifestError
from reconciler.sandbox.flowauth import by_hand
from reconciler.state import Key
from tests.flowauth.eras import (
    DAILY,
    MANIFEST,
    ROUTE,
    apply,
    changes_of,
    converge,
    fill,
    groups_of,
    run_of,
)
from tests.flowauth.lab import Lab, create, delete, statuses

OLDER = pytest.mark.parametrize("era", ["A", "B"])


@OLDER
def test_rights_of_ones_own_go_with_the_grant_and_the_group_stays(lab: Lab, era: str) -> None:
    store = lab.start(era=era).store
    converge(lab)
    number = by_hand.group_id(store, "amina")

    converge(lab, MANIFEST.replace("  - {user: amina, role: own}\n", ""))

    assert by_hand.group_id(store, "amina") == number
    assert [name for name in groups_of(store) if name.endswith("for amina")] == []


@OLDER
def test_one_who_leaves_leaves_with_every_right(lab: Lab, era: str) -> None:
    store = lab.start(era=era).store
    converge(lab)

    outcomes = apply(lab, MANIFEST.replace("{name: Amina}", "{name: Amina, state: departed}"))

    assert {each.status for each in outcomes} == {"done"}
    assert [name for name in by_hand.group_facts(store) if "amina" in name] == []
    assert "user kofi in reader" in groups_of(store)


@OLDER
def test_nobody_else_is_put_into_a_users_own_group(lab: Lab, era: str) -> None:
    store = lab.start(era=era).store
    converge(lab)
    before = by_hand.group_facts(store)

    outcomes = lab.apply(create("membership", "store", "amina", "kofi"))

    assert statuses(outcomes) == ["failed"]
    assert "that of a user" in outcomes[0].message
    assert by_hand.group_facts(store) == before


@OLDER
def test_a_renamed_users_own_rights_are_read_under_the_new_name(lab: Lab, era: str) -> None:
    store = fill(lab, era)
    by_hand.give(store, "user0", "second", ROUTE if era == "A" else (f"run&{DAILY}",))
    store.rename_user("user0", "renamed")

    state = lab.observe()
    outcomes = lab.apply(delete("membership", "second", "renamed", "renamed"))

    assert Key("membership", ("second", "renamed", "renamed")) in state
    assert statuses(outcomes) == ["done"]
    assert [name for name in groups_of(store) if name.endswith(" for user0")] == []


GONE = MANIFEST.replace("{name: Amina}", "{name: Amina, state: departed}")
IDLE = MANIFEST.replace("[amina, kofi]", "[kofi]").replace("  - {user: amina, role: own}\n", "")


@OLDER
@pytest.mark.parametrize("text", [GONE, IDLE], ids=["departed", "without_grants"])
def test_a_role_with_the_name_of_who_left_is_not_there_until_that_user_is_back(
    lab: Lab, era: str, text: str
) -> None:
    store = lab.start(era=era).store
    converge(lab)

    apply(lab, text)
    left = changes_of(lab, text)
    names = set(groups_of(store))
    converge(lab)

    assert left == []
    assert [name for name in names if "amina" in name] == []
    assert "user amina in reader" in groups_of(store)
    assert [name for name in groups_of(store) if name.endswith("for amina")] != []


@OLDER
def test_a_role_with_the_name_of_a_user_who_is_not_there_may_be_anybody_elses(
    lab: Lab, era: str
) -> None:
    store = lab.start(era=era).store

    converge(lab, IDLE.replace("grants:\n", "grants:\n  - {user: kofi, role: own}\n"))

    assert "user kofi in amina" in groups_of(store)


@OLDER
def test_a_role_with_the_name_of_who_leaves_is_given_to_nobody_else(lab: Lab, era: str) -> None:
    lab.start(era=era)
    converge(lab)
    text = GONE.replace("{user: amina, role: own}", "{user: kofi, role: own}")

    with run_of(lab, text) as run, pytest.raises(ManifestError) as caught:
        run.plan()

    (problem,) = caught.value.problems
    assert "that of this user alone" in str(problem)
    assert problem.source is not None
    assert problem.source.line == 24
