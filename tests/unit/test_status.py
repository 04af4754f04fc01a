"""What a plan comes to in numbers: pending, drift, held, blocked, and what can be said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.plan import Finding, Plan, TargetPlan
from reconciler.render.report_text import report_summary
from reconciler.render.text import plan_summary
from reconciler.report import Report, TargetReport
from reconciler.safety.kept_back import blocked_keys, held_keys
from reconciler.status import (
    Success,
    Verdict,
    status_of,
    tallies,
    verdict,
)
from tests.sample_plans import (
    flowauth,
    flowdb,
    forgotten_plan,
    in_sync_plan,
    plan_of,
    sample_plan,
)


def test_a_tally_counts_pending_by_cause_and_drift_by_direction() -> None:
    archive, auth, database = tallies(sample_plan())

    assert auth.pending == {"config": 3, "start": 1, "expiry": 2, "unknown": 0}
    assert auth.drift == {"widened": 0, "narrowed": 0, "mixed": 1}
    assert database.drift == {"widened": 2, "narrowed": 1, "mixed": 0}
    assert sum(database.pending.values()) == len(flowdb().changes) - 2
    assert sum(archive.pending.values()) == sum(archive.drift.values()) == 0


def test_what_is_held_and_what_is_blocked_are_counted_apart() -> None:
    _, auth, database = tallies(sample_plan())

    assert (auth.held, auth.blocked) == (0, 3)
    assert (database.held, database.blocked) == (1, 0)


def test_held_keys_hold_for_either_reason_and_blocked_keys_for_one() -> None:
    held, blocked = held_keys(sample_plan()), blocked_keys(sample_plan())

    assert {target: len(keys) for target, keys in held.items()} == {
        "archive": 0,
        "flowauth": 3,
        "flowdb": 1,
    }
    assert {target: len(keys) for target, keys in blocked.items()} == {
        "archive": 0,
        "flowauth": 3,
        "flowdb": 0,
    }


def test_what_is_silenced_is_not_counted_and_still_planned_drf_03() -> None:
    (tally,) = tallies(plan_of(flowdb()), {"D-0a1b2c3d", "D-9"})

    assert tally.drift == {"widened": 2, "narrowed": 0, "mixed": 0}
    assert tally.silenced == 1
    assert [each.cause for each in flowdb().changes].count("drift") == 2


def test_without_memory_there_is_no_drift_and_every_difference_is_unexplained() -> None:
    (tally,) = tallies(forgotten_plan())

    assert sum(tally.drift.values()) == 0
    assert tally.pending["unknown"] == 12
    assert tally.unexplained == 13
    assert not tally.is_known


@pytest.mark.parametrize(
    "plan, said",
    [
        (in_sync_plan(), "none"),
        (plan_of(replace(flowdb(), drift=())), "none"),
        (plan_of(flowdb()), "drift"),
        (forgotten_plan(), "unknown"),
        (plan_of(flowauth(), forgotten_plan().targets[0]), "unknown"),
        (plan_of(replace(forgotten_plan().targets[0], changes=(), drift=())), "none"),
    ],
    ids=["in sync", "pending", "drift", "forgotten", "drift and forgotten", "forgotten in sync"],
)
def test_the_verdict_over_all_targets_drf_02(plan: Plan, said: Verdict) -> None:
    assert verdict(tallies(plan)) == said


def test_a_status_has_what_the_ledger_remembers_of_each_target() -> None:
    success = Success("2027-01-01T00:00:00.000Z", "abc", "esi", 3)

    archive, auth, _ = status_of(sample_plan(), {"flowauth": (success, None)})

    assert (archive.last_success, archive.lock) == (None, None)
    assert auth.last_success == success
    assert auth.tally.target == auth.target == "flowauth"


def test_a_finding_that_blocks_nothing_in_particular_is_counted_as_blocked() -> None:
    target = TargetPlan("db", "memory", "memory 1", "root", applied="0")
    finding = Finding("S-1", "protection-dropped", "db", "dropped", blocking=True)
    plan = Plan("2027-01-15T00:00:00Z", "", ("a.yaml",), "0", (target,), (finding,))

    (tally,) = tallies(plan)

    assert tally.blocked == 1
    assert "1 finding to decide" in plan_summary(plan)
    assert "1 blocked" in report_summary(Report(plan, (TargetReport("db"),)))
