"""Grants that begin and end: named as causes, taken away unattended, and nothing else with them
(TIM-02 to TIM-06).
"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from reconciler.engine import Choice
from reconciler.errors import StaleError
from tests.cli.conftest import MANIFEST, Project
from tests.cli.frozen import NOON, apply_at, apply_saved_at, run_at, save_at

HEAD = """\
version: 1
targets:
  db: {provider: memory, options: {state: state.json}}
servers:
  main: {target: db, database: maindb}
users: {amina: {}, esi: {}, kofi: {}, yaw: {}}
roles:
  chief: {server: main, level: admin}
  reader: {server: main}
  writer: {server: main}
grants:
"""
FUTURE, PAST = "2099-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
EVENING = NOON + timedelta(hours=6)
AT_SIX = "2027-06-30T18:00:00Z"


def grant(user: str, role: str, **window: str) -> str:
    """One line of the manifest."""
    words = "".join(f", {name.rstrip('_')}: {time}" for name, time in window.items())
    return f"  - {{user: {user}, role: {role}{words}}}\n"


ALWAYS = grant("kofi", "reader")


def holders(project: Project, role: str = "reader") -> set[str]:
    """Who holds a role on the target."""
    records = json.loads(project.state())["records"]
    found = (each["path"] for each in records if each["kind"] == "membership")
    return {path[1] for path in found if path[0] == role}


def causes(project: Project, *arguments: str) -> dict[str, str]:
    """The cause of each change of a membership, by role and member."""
    result = project.run("plan", "--format", "json", *arguments)
    changes = json.loads(result.stdout)["targets"][0]["changes"]
    return {
        "/".join(each["path"]): each["cause"] for each in changes if each["kind"] == "membership"
    }


@pytest.fixture
def ending(project: Project) -> Project:
    """After an apply: two neighbours whose grants have ended by now, and one that stays."""
    neighbours = ("amina", "esi")
    before = HEAD + "".join(grant(n, "reader", until=FUTURE) for n in neighbours) + ALWAYS
    project.write_manifest(before)
    project.run_well("apply", "--yes")
    project.write_manifest(before.replace(FUTURE, PAST))
    return project


# What has ended goes, all of it


def test_neighbours_that_end_together_both_go_tim_02(ending: Project) -> None:
    assert causes(ending) == {"reader/amina": "expiry", "reader/esi": "expiry"}

    ending.run_well("apply", "--yes")

    assert holders(ending) == {"kofi"}


def test_three_neighbours_in_one_list_go_at_their_instant_tim_02(project: Project) -> None:
    names = ("amina", "esi", "yaw")
    project.write_manifest(HEAD + "".join(grant(n, "reader", until=AT_SIX) for n in names) + ALWAYS)
    apply_at()

    with run_at(EVENING - timedelta(seconds=1)) as run:
        early = run.plan().changes
    apply_at(EVENING)

    assert early == ()
    assert holders(project) == {"kofi"}


def test_an_extension_before_the_end_takes_nothing_away_tim_03(project: Project) -> None:
    project.write_manifest(HEAD + grant("amina", "reader", until=AT_SIX) + ALWAYS)
    apply_at()
    project.write_manifest(HEAD + grant("amina", "reader", until=FUTURE) + ALWAYS)

    with run_at(EVENING - timedelta(hours=1)) as run:
        before_the_end = run.plan()
    with run_at(EVENING + timedelta(hours=1)) as run:
        after_it = run.plan()

    assert before_the_end.changes == after_it.changes == ()


def test_an_overlapping_grant_keeps_what_the_other_ended_tim_03(project: Project) -> None:
    both = grant("amina", "reader", until=AT_SIX) + grant("amina", "reader", until=FUTURE)
    project.write_manifest(HEAD + both)
    apply_at()

    with run_at(EVENING) as run:
        changes = run.plan().changes

    assert changes == ()


def test_the_level_of_a_grant_that_ended_is_lowered_and_the_rest_stays_tim_03(
    project: Project,
) -> None:
    ends, stays = grant("amina", "chief", until=AT_SIX), grant("amina", "reader")
    project.write_manifest(HEAD + ends + stays + grant("kofi", "chief"))
    apply_at()

    with run_at(EVENING) as run:
        plan = run.plan(Choice(only_expiry=True))
        assert run.apply(plan).exit_code == 0

    told = {(each.key.kind, each.action, each.cause) for each in plan.changes}
    assert told == {("account", "update", "expiry"), ("membership", "delete", "expiry")}
    assert (holders(project), holders(project, "chief")) == ({"amina"}, {"kofi"})


def test_a_grant_that_ends_while_a_plan_waits_makes_it_stale_tim_04(project: Project) -> None:
    project.write_manifest(HEAD + grant("amina", "reader", until=AT_SIX) + ALWAYS)
    save_at()
    before = project.state()

    with pytest.raises(StaleError, match=AT_SIX):
        apply_saved_at(EVENING)

    assert project.state() == before


def test_a_grant_that_begins_while_a_plan_waits_makes_it_stale_tim_04(project: Project) -> None:
    project.write_manifest(HEAD + grant("amina", "reader", from_=AT_SIX) + ALWAYS)
    save_at()

    with pytest.raises(StaleError, match=AT_SIX):
        apply_saved_at(EVENING)


def test_end_start_and_edit_are_named_apart_in_one_plan_tim_04(project: Project) -> None:
    project.write_manifest(
        HEAD
        + grant("amina", "reader", until=FUTURE)
        + grant("esi", "reader", from_=FUTURE)
        + grant("kofi", "reader")
    )
    project.run_well("apply", "--yes")
    project.write_manifest(
        HEAD
        + grant("amina", "reader", until=PAST)
        + grant("esi", "reader", from_=PAST)
        + grant("yaw", "reader")
    )

    assert causes(project) == {
        "reader/amina": "expiry",
        "reader/esi": "start",
        "reader/kofi": "config",
        "reader/yaw": "config",
    }


# apply --only expiry


def test_only_expiry_takes_what_ended_and_leaves_all_other_work_tim_06(ending: Project) -> None:
    text = (ending.folder / "access.yaml").read_text()
    ending.write_manifest(
        text.replace(ALWAYS, grant("yaw", "reader") + grant("yaw", "chief", from_=PAST))
    )

    result = ending.run("apply", "--only", "expiry")

    assert result.exit_code == 0, result.output
    assert holders(ending) == {"kofi"}
    assert holders(ending, "chief") == set()
    assert set(causes(ending).values()) == {"config", "start"}


def test_only_expiry_asks_nobody_and_needs_no_terminal_tim_06(ending: Project) -> None:
    assert ending.run("apply").exit_code == 64

    assert ending.run("apply", "--only", "expiry").exit_code == 0

    assert ending.run("apply", "--only", "expiry").exit_code == 0
    assert holders(ending) == {"kofi"}


def test_only_expiry_repairs_no_drift_tim_06(ending: Project) -> None:
    document = json.loads(ending.state())
    document["records"] += [
        {"kind": "account", "path": ["eve"], "fields": {}},
        {"kind": "membership", "path": ["reader", "eve"], "fields": {}},
    ]
    ending.write_state(document)

    ending.run_well("apply", "--only", "expiry")

    assert holders(ending) == {"eve", "kofi"}
    assert ending.run("drift").exit_code == 3


def test_only_expiry_does_nothing_where_nothing_is_remembered_tim_06(ending: Project) -> None:
    result = ending.run("apply", "--only", "expiry", "--ledger", "new.sqlite3")

    assert result.exit_code == 0
    assert holders(ending) == {"amina", "esi", "kofi"}


def test_only_expiry_is_bound_by_the_rules_tim_06(project: Project) -> None:
    only_administrator = grant("amina", "chief", until=FUTURE)
    project.write_manifest(HEAD + only_administrator + grant("esi", "reader", until=FUTURE))
    project.run_well("apply", "--yes")
    project.write_manifest((project.folder / "access.yaml").read_text().replace(FUTURE, PAST))

    result = project.run("apply", "--only", "expiry")

    levels = {
        each["path"][0]: each["fields"].get("level")
        for each in json.loads(project.state())["records"]
        if each["kind"] == "account"
    }
    assert result.exit_code == 5
    assert levels["amina"] == "admin", "nobody else is left who could give it back"
    assert holders(project) == set()


def test_a_saved_plan_of_ends_alone_is_applied_with_only_expiry_tim_06(ending: Project) -> None:
    ending.run_well("plan", "-o", "plan.json")

    result = ending.run("apply", "plan.json", "--only", "expiry")

    assert result.exit_code == 0, result.output
    assert holders(ending) == {"kofi"}


@pytest.mark.parametrize(
    "line, what",
    [
        (grant("yaw", "reader"), "create membership reader/yaw"),
        (grant("yaw", "reader", from_=PAST), "create membership reader/yaw"),
        ("", "delete membership reader/kofi"),
    ],
    ids=["an edit that gives", "a start", "an edit that takes"],
)
def test_a_saved_plan_with_anything_else_is_refused_whole_tim_06(
    ending: Project, line: str, what: str
) -> None:
    text = (ending.folder / "access.yaml").read_text()
    ending.write_manifest(text.replace(ALWAYS, ALWAYS + line if line else line))
    ending.run("plan", "-o", "plan.json")
    before = ending.state()

    result = ending.run("apply", "plan.json", "--only", "expiry")

    assert result.exit_code == 5
    assert "--only expiry: the plan would also " in result.stderr
    assert "Nothing was written" in result.stderr
    assert ending.state() == before
    ending.run_well("apply", "plan.json")
    assert what.split("/")[-1] in json.dumps(json.loads((ending.folder / "plan.json").read_text()))


def test_what_begins_and_what_was_edited_is_left_to_a_person_tim_06(project: Project) -> None:
    project.write_manifest(HEAD + grant("amina", "reader", until=FUTURE) + ALWAYS)
    project.run_well("apply", "--yes")
    project.write_manifest(HEAD + grant("amina", "chief", from_=PAST) + ALWAYS)

    project.run_well("apply", "--only", "expiry")

    assert (holders(project), holders(project, "chief")) == ({"amina", "kofi"}, set())


def test_the_manifest_s_own_faults_stop_it_too_tim_06(ending: Project) -> None:
    ending.write_manifest(MANIFEST.replace("kofi, role", "koffi, role"))

    assert ending.run("apply", "--only", "expiry").exit_code == 4
