"""The four steps over several targets: what is read, planned, blocked, stale, applied."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.changes import Change
from reconciler.engine import Choice, Inputs, Limits, Origin, Run
from reconciler.errors import (
    IncompleteReadError,
    ManifestError,
    StaleError,
    UsageError,
    WriteError,
)
from reconciler.providers.memory.provider import MemoryProvider
from reconciler.providers.memory.store import FileStore
from reconciler.state import Key

NOON = datetime(2027, 6, 30, 12, 0, tzinfo=UTC)
MANIFEST = """version: 1
targets:
  one: {provider: memory, options: {state: {env: STATE_ONE}}}
  two: {provider: memory, options: {state: {env: STATE_TWO}}, policy: {protect: [root]}}
servers: {db: {target: one}, dw: {target: two}}
users: {amina: {}, kofi: {}}
groups: {analysts: {members: [amina, kofi]}}
roles: {reader: {server: db}, loader: {server: dw}}
grants:
  - {group: analysts, role: reader}
  - {user: kofi, role: loader, until: 2027-06-30T18:00:00Z}
"""


class Desk:
    """A folder with a manifest and the state files of its two targets."""

    def __init__(self, folder: Path) -> None:
        self.manifest = folder / "access.yaml"
        self.states = {name: folder / f"{name}.json" for name in ("one", "two")}
        self.environment = {f"STATE_{k.upper()}": str(v) for k, v in self.states.items()}
        self.manifest.write_text(MANIFEST)
        for path in self.states.values():
            path.write_text('{"format": "reconciler.memory/v1", "records": []}')

    def edit(self, before: str, after: str) -> None:
        text = self.manifest.read_text()
        assert before in text
        self.manifest.write_text(text.replace(before, after))

    def run(self, *targets: str, now: datetime = NOON) -> Run:
        origin = Origin(str(self.manifest.with_name("ledger.sqlite3")))
        return Run(Inputs((str(self.manifest),), targets, self.environment, now, origin))

    def apply_all(self) -> None:
        with self.run() as run:
            assert run.apply(run.plan()).exit_code == 0

    def contents(self) -> Mapping[str, str]:
        return {name: path.read_text() for name, path in self.states.items()}

    def paths(self, target: str) -> list[list[str]]:
        rows = json.loads(self.states[target].read_text())["records"]
        return [[row["kind"], *row["path"]] for row in rows]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_plan_is_for_all_targets_and_ends_at_the_next_boundary(desk: Desk) -> None:
    with desk.run() as run:
        plan = run.plan()

    assert [each.target for each in plan.targets] == ["one", "two"]
    assert (plan.at, plan.valid_until) == ("2027-06-30T12:00:00Z", "2027-06-30T18:00:00Z")
    assert plan.target("one").people == {"amina": "amina", "kofi": "kofi"}
    assert plan.target("one").system == "memory 1"


def test_planning_writes_nothing_and_applying_converges(desk: Desk) -> None:
    before = desk.contents()
    with desk.run() as run:
        plan = run.plan()
        assert desk.contents() == before

        report = run.apply(plan)

    assert report.exit_code == 0
    assert ["membership", "loader", "kofi"] in desk.paths("two")
    with desk.run() as run:
        assert run.plan().changes == ()


def test_one_target_that_cannot_be_read_stops_everything_before_any_write_del_05(
    desk: Desk,
) -> None:
    with desk.run() as run:
        plan = run.plan()
        desk.states["two"].write_text('{"format": "reconc')
        before = desk.contents()

        with pytest.raises(IncompleteReadError) as caught:
            run.apply(plan)

    assert [each.target for each in caught.value.failures] == ["two"]
    assert desk.contents() == before


def test_all_targets_that_cannot_be_read_are_named(desk: Desk) -> None:
    for path in desk.states.values():
        path.unlink()

    with desk.run() as run, pytest.raises(IncompleteReadError) as caught:
        run.plan()

    assert [each.target for each in caught.value.failures] == ["one", "two"]


def test_a_run_for_one_target_needs_no_other(desk: Desk) -> None:
    desk.states["two"].unlink()
    del desk.environment["STATE_TWO"]

    with desk.run("one") as run:
        assert run.apply(run.plan()).exit_code == 0

    assert ["role", "reader"] in desk.paths("one")


def test_a_target_that_the_manifest_does_not_have_is_a_mistyped_word(desk: Desk) -> None:
    with pytest.raises(UsageError, match=r'--target on: .* did you mean "one"'):
        desk.run("on")


def test_references_that_lead_nowhere_are_all_reported_with_their_lines(desk: Desk) -> None:
    desk.environment.clear()

    with desk.run() as run, pytest.raises(ManifestError) as caught:
        run.plan()

    places = [problem.source.line for problem in caught.value.problems if problem.source]
    assert places == [3, 4]
    assert "STATE_ONE is not set" in str(caught.value)


def test_a_manifest_that_changed_makes_the_plan_stale_pln_03(desk: Desk) -> None:
    with desk.run() as run:
        plan = run.plan()
    desk.edit("[amina, kofi]", "[amina]")
    before = desk.contents()

    with desk.run() as run, pytest.raises(StaleError, match="manifest changed"):
        run.apply(plan)

    assert desk.contents() == before


def test_a_plan_for_more_targets_than_the_run_has_is_refused(desk: Desk) -> None:
    with desk.run() as run:
        plan = run.plan()

    with desk.run("one") as run, pytest.raises(UsageError, match="two"):
        run.apply(plan)


def test_a_blocked_removal_waits_and_the_rest_is_applied_and_accepting_lifts_it_pln_06(
    desk: Desk,
) -> None:
    desk.apply_all()
    desk.edit("members: [amina, kofi]", "members: []")
    desk.edit("users: {amina: {}", "users: {esi: {}, amina: {}")
    desk.edit("{user: kofi, role: loader", "{user: esi, role: loader")

    with desk.run() as run:
        plan = run.plan()
        report = run.apply(plan)

    assert report.exit_code == 5
    (blocking,) = plan.blocking
    assert blocking.target == "one"
    assert ["membership", "analysts", "amina"] in desk.paths("one")
    assert ["membership", "loader", "esi"] in desk.paths("two")
    with desk.run() as run:
        plan = run.plan(Choice(frozenset({blocking.id})))
        assert plan.blocking == ()
        assert run.apply(plan).exit_code == 0
    assert ["membership", "analysts", "amina"] not in desk.paths("one")


def test_accepting_what_is_not_blocked_is_a_mistake_pln_06(desk: Desk) -> None:
    with desk.run() as run, pytest.raises(UsageError, match="nothing in this plan is blocked"):
        run.plan(Choice(frozenset({"S-12345678"})))


def test_what_does_not_fit_the_target_is_reported_at_its_line(desk: Desk) -> None:
    rule = "{schema: geo, tables: [cells], allow: [select]}"
    desk.edit("{server: db}", f"{{server: db, privileges: [{rule}]}}")

    with desk.run() as run, pytest.raises(ManifestError) as caught:
        run.plan()

    (problem,) = caught.value.problems
    assert problem.source is not None
    assert problem.source.path == "roles.reader.privileges.0"
    assert 'there is no table "cells" in "db" schema "geo"' in problem.message


def test_another_apply_at_work_gives_the_exit_code_of_a_held_lock_apl_04(desk: Desk) -> None:
    with desk.run() as run:
        plan = run.plan()

        with FileStore("two", str(desk.states["two"])).locked():
            report = run.apply(plan)

    assert report.exit_code == 7
    statuses = {each.target: {one.status for one in each.outcomes} for each in report.targets}
    assert statuses == {"one": {"done"}, "two": {"skipped"}}
    assert "another apply" in report.targets[1].failure


def test_a_grant_that_ended_while_nobody_looked_is_taken_away(desk: Desk) -> None:
    desk.apply_all()

    with desk.run(now=NOON.replace(hour=18)) as run:
        plan = run.plan()
        assert run.apply(plan).exit_code == 0

    assert {(each.key.path, each.cause) for each in plan.changes} == {
        (("loader", "kofi"), "expiry"),
        (("kofi",), "expiry"),
    }
    assert ["membership", "loader", "kofi"] not in desk.paths("two")
    assert ["membership", "analysts", "kofi"] in desk.paths("one")


def test_a_stop_before_the_first_change_starts_nothing(desk: Desk) -> None:
    before = desk.contents()

    with desk.run() as run:
        report = run.apply(run.plan(), limits=Limits(stop=lambda: True))

    assert report.exit_code == 130
    assert {each.status for each in report.outcomes} == {"skipped"}
    assert desk.contents() == before


def test_what_a_second_read_still_finds_makes_the_apply_partly_done_apl_08(desk: Desk) -> None:
    with desk.run() as run:
        report = run.apply(run.plan())
        left = replace(report.targets[0], remaining=report.plan.changes[:1])

    assert replace(report, targets=(left, *report.targets[1:])).exit_code == 8


def test_progress_tells_each_target_and_each_change(desk: Desk) -> None:
    told: list[str] = []
    inputs = Inputs((str(desk.manifest),), (), desk.environment, NOON)

    with Run(inputs, told.append) as run:
        run.apply(run.plan())

    assert "reading one" in told
    assert "two: 1 of 3: create role loader" in told


HANDOVER = """version: 1
targets:
  one: {provider: memory, options: {state: {env: STATE_ONE}}}
servers: {db: {target: one}}
users: {amina: {}, kofi: {}}
roles: {chief: {server: db, level: admin}, reader: {server: db}}
grants:
  - {user: amina, role: chief}
  - {user: amina, role: reader}
  - {user: kofi, role: reader}
"""


def test_a_change_that_fails_stops_what_is_safe_only_after_it_pro_05(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.manifest.write_text(HANDOVER)
    desk.apply_all()
    desk.edit("{user: amina, role: chief}", "{user: kofi, role: chief}")
    carry_out = MemoryProvider._carry_out

    def refusing(provider: MemoryProvider, change: Change) -> str:
        if change.key == Key("account", ("kofi",)):
            raise WriteError("one", "no second administrator")
        return carry_out(provider, change)

    monkeypatch.setattr(MemoryProvider, "_carry_out", refusing)

    with desk.run() as run:
        report = run.apply(run.plan())

    statuses = {str(each.change.key): each.status for each in report.outcomes}
    assert statuses["account kofi"] == "failed"
    assert statuses["account amina"] == "skipped"
    assert "going on is not safe" in report.targets[0].failure
    assert "leaves nobody" in report.targets[0].failure


def test_one_who_left_is_remembered_beside_what_is_asked_and_drift_when_let_in_again(
    desk: Desk,
) -> None:
    desk.apply_all()
    desk.edit("  - {user: kofi, role: loader, until: 2027-06-30T18:00:00Z}\n", "")
    desk.apply_all()

    with desk.run() as run:
        plan, reading = run.plan(), run.readings["two"]
    assert reading.memory is not None
    assert reading.memory.is_as_asked
    assert reading.memory.state.get(Key("account", ("kofi",))) == {"enabled": False}
    assert (plan.changes, plan.target("two").drift) == ((), ())

    text = desk.states["two"].read_text()
    desk.states["two"].write_text(text.replace('"enabled": false', '"enabled": true'))
    with desk.run() as run:
        (drift,) = run.plan().target("two").drift
    assert (drift.key, drift.direction) == (Key("account", ("kofi",)), "widened")


def test_two_manifests_with_one_ledger_do_not_take_each_others_people_away_del_07(
    desk: Desk,
) -> None:
    desk.apply_all()
    text = desk.manifest.read_text()
    desk.manifest = desk.manifest.with_name("other.yaml")
    desk.manifest.write_text(text)
    desk.edit("  - {user: kofi, role: loader, until: 2027-06-30T18:00:00Z}\n", "")

    with desk.run() as run:
        plan = run.plan()
        report = run.apply(plan)

    (finding,) = plan.blocking
    assert finding.rule == "other-manifest"
    assert "applied from access.yaml before, and this is other.yaml" in finding.message
    assert (report.exit_code, report.outcomes) == (5, ())
    with desk.run() as run:
        report = run.apply(run.plan(Choice(frozenset({finding.id}))))
    assert report.exit_code == 0
    assert ["membership", "loader", "kofi"] not in desk.paths("two")
    with desk.run() as run:
        assert run.plan().findings == ()
