"""Saved plans: the same bytes always, and applied only where they still fit (PLN-01 to PLN-07)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import StaleError
from reconciler.json_text import json_text
from reconciler.plan_file import digest_of
from tests.cli.conftest import MANIFEST, Project, record
from tests.cli.frozen import ESI, LEDGER, NOON, apply_at, apply_saved_at, plan_text_at, save_at

GRANT = "  - {user: amina, role: reader}\n"
ESI_TOO = MANIFEST.replace("users:\n", "users:\n  esi: {name: Esi Owusu}\n").replace(
    GRANT, GRANT + "  - {user: esi, role: reader}\n"
)


def edit_records(project: Project, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """Change the target's records by hand."""
    document = json.loads(project.state())
    change(document["records"])
    project.write_state(document)


def without(*path: str) -> Callable[[list[dict[str, Any]]], object]:
    """Take these records away."""

    def change(records: list[dict[str, Any]]) -> None:
        left = [each for each in records if each["path"] != [*path]]
        assert len(left) < len(records)
        records[:] = left

    return change


def edit_plan(change: Callable[[dict[str, Any]], object], *, fits_digest: bool) -> None:
    """Change the plan file; with a digest that fits, as another program would have written it."""
    path = Path("plan.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    if fits_digest:
        document["digest"] = digest_of(document)
    path.write_text(json_text(document), encoding="utf-8")


# The same bytes


def test_a_plan_with_drift_and_held_access_is_the_same_bytes_twice_pln_01(
    applied: Project,
) -> None:
    edit_records(applied, without("analysts", "amina"))
    edit_records(applied, lambda records: records.append(record("account", "eve")))
    edit_records(applied, lambda records: records.append(record("membership", "reader", "eve")))
    applied.write_manifest(ESI_TOO)

    first = plan_text_at()
    assert applied.run("drift").exit_code == 3  # the ledger knows since when, from now on
    second = plan_text_at()

    assert first == second
    document = json.loads(first)
    (target,) = document["targets"]
    assert {each["cause"] for each in target["changes"]} == {"config", "drift"}
    assert {each["direction"] for each in target["drift"]} == {"narrowed", "widened"}
    assert [each["rule"] for each in document["findings"] if each["holds"]] == ["held"]


# Edited, of another environment, used


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document["targets"][0]["changes"].pop(),
        lambda document: document["targets"][0].update(target="other"),
        lambda document: document.update(valid_until=""),
        lambda document: document.update(at="2099-01-01T00:00:00Z"),
        lambda document: document["manifest"].update(digest="0" * 64),
    ],
    ids=["a change less", "another target", "no end", "younger", "another manifest"],
)
def test_an_edited_plan_is_refused_and_nothing_written_pln_02(
    project: Project, change: Callable[[dict[str, Any]], object]
) -> None:
    project.write_manifest(MANIFEST.replace(GRANT, GRANT[:-2] + ", until: 2099-01-01T00:00:00Z}\n"))
    project.run_well("plan", "-o", "plan.json")
    edit_plan(change, fits_digest=False)
    before = project.state()

    result = project.run("apply", "plan.json")

    assert result.exit_code == 4
    assert "edited by hand" in result.stderr
    assert project.state() == before


def test_a_plan_for_another_manifest_is_refused_pln_02(project: Project) -> None:
    project.run_well("plan", "-o", "plan.json")
    (project.folder / "other.yaml").write_text(MANIFEST.replace("amina", "abena"))
    before = project.state()

    result = project.run("apply", "-f", "other.yaml", "plan.json")

    assert result.exit_code == 6
    assert "the manifest changed since the plan was made" in result.stderr
    assert project.state() == before


def test_a_plan_made_with_another_ledger_is_refused_pln_02(applied: Project) -> None:
    applied.write_manifest(ESI_TOO)
    applied.run_well("plan", "-o", "plan.json")
    applied.run_well("plan", "-o", "blind.json", "--ledger", "other.sqlite3")
    before = applied.state()

    known = applied.run("apply", "plan.json", "--ledger", "other.sqlite3")
    unknown = applied.run("apply", "blind.json")

    assert (known.exit_code, unknown.exit_code) == (6, 6)
    assert "db: nothing is known of an apply any more" in known.stderr
    assert "db: something was applied at " in unknown.stderr
    assert applied.state() == before


def test_a_plan_with_nothing_to_do_is_used_once_too_pln_02(applied: Project) -> None:
    applied.run_well("plan", "-o", "plan.json")
    applied.run_well("apply", "plan.json")

    again = applied.run("apply", "plan.json")

    assert again.exit_code == 6
    assert "this plan was used already, by run 2 at " in again.stderr


def test_a_plan_is_used_also_where_the_target_refused_all_of_it_pln_02(applied: Project) -> None:
    applied.write_manifest(MANIFEST.replace("state.json}}", "state.json}, policy: {prune: all}}"))
    used = [record("role", "legacy"), record("privilege", "legacy", "elsewhere", "table", "public")]
    edit_records(applied, lambda records: records.extend(used))
    applied.run_well("plan", "-o", "plan.json")
    assert applied.run("apply", "plan.json").exit_code == 1

    again = applied.run("apply", "plan.json")

    assert again.exit_code == 6
    assert "used already" in again.stderr


# Changed since


@pytest.mark.parametrize(
    "before, after",
    [
        ("version: 1\n", "version: 1\npolicies: {max_plan_age: 23h}\n"),
        ("state.json}}", "state.json}, policy: {prune: never}}"),
        ("state.json}}", "state.json}, policy: {protect: [amina]}}"),
        (GRANT, ""),
    ],
    ids=["how old a plan may be", "what is pruned", "who is protected", "who has a grant"],
)
def test_a_plan_is_stale_once_manifest_or_policy_changed_pln_03(
    project: Project, before: str, after: str
) -> None:
    project.run_well("plan", "-o", "plan.json")
    assert before in MANIFEST
    project.write_manifest(MANIFEST.replace(before, after))
    state = project.state()

    result = project.run("apply", "plan.json")

    assert result.exit_code == 6
    assert "the manifest changed since the plan was made" in result.stderr
    assert project.state() == state


def test_a_comment_in_the_manifest_is_no_change_pln_03(project: Project) -> None:
    project.run_well("plan", "-o", "plan.json")
    project.write_manifest("# reviewed\n" + MANIFEST)

    project.run_well("apply", "plan.json")


def test_a_touched_object_that_changed_is_named_with_both_values_pln_03(applied: Project) -> None:
    applied.write_manifest(MANIFEST.replace("{server: main}", "{server: main, level: admin}"))
    applied.run_well("plan", "-o", "plan.json")

    def promote(records: list[dict[str, Any]]) -> None:
        (amina,) = (each for each in records if each["path"] == ["amina"])
        amina["fields"]["level"] = "admin"

    edit_records(applied, promote)
    before = applied.state()

    result = applied.run("apply", "plan.json")

    assert result.exit_code == 6
    assert "db: account amina was level=user and is level=admin" in result.stderr
    assert "kofi" not in result.stderr
    assert applied.state() == before


def test_an_apply_in_between_is_told_with_its_time_and_author_pln_03(project: Project) -> None:
    apply_at()
    project.write_manifest(ESI_TOO)
    save_at()
    project.write_manifest(MANIFEST.replace(GRANT, ""))
    report = apply_at(NOON + timedelta(minutes=5))
    assert report.exit_code == 0
    project.write_manifest(ESI_TOO)
    before = project.state()

    with pytest.raises(StaleError) as caught:
        apply_saved_at(NOON + timedelta(minutes=6))

    assert str(caught.value) == (
        f"db: something was applied at 2027-06-30T12:05:00Z by {ESI}, after the plan was made; "
        "plan again"
    )
    assert project.state() == before


def test_what_the_plan_does_not_touch_may_change_pln_04(applied: Project) -> None:
    applied.write_manifest(ESI_TOO)
    applied.run_well("plan", "-o", "plan.json")
    edit_records(applied, without("analysts", "kofi"))
    edit_records(applied, lambda records: records.append(record("account", "eve")))

    result = applied.run("apply", "plan.json")

    assert result.exit_code == 0, result.output
    paths = [each["path"] for each in json.loads(applied.state())["records"]]
    assert ["reader", "esi"] in paths
    assert ["eve"] in paths
    assert ["analysts", "kofi"] not in paths


# Too late


def test_a_plan_fits_until_the_next_grant_ends_and_not_at_that_instant_pln_05(
    project: Project,
) -> None:
    ends = NOON + timedelta(hours=6)
    project.write_manifest(MANIFEST.replace(GRANT, GRANT[:-2] + f", until: {ends.isoformat()}}}\n"))
    save_at()
    before = project.state()

    with pytest.raises(StaleError, match=r"a grant started or ended at 2027-06-30T18:00:00Z"):
        apply_saved_at(ends)

    assert project.state() == before
    assert apply_saved_at(ends - timedelta(seconds=1)).exit_code == 0


@pytest.mark.parametrize(
    "policies, age, minutes",
    [
        ("", timedelta(hours=24), 1440),
        ("policies: {max_plan_age: 30m}\n", timedelta(minutes=30), 30),
        ("policies: {max_plan_age: 7d}\n", timedelta(days=7), 10080),
    ],
    ids=["by default", "shorter", "longer"],
)
def test_a_plan_grows_too_old_pln_05(
    project: Project, policies: str, age: timedelta, minutes: int
) -> None:
    project.write_manifest(MANIFEST.replace("version: 1\n", "version: 1\n" + policies))
    save_at()
    before = project.state()

    with pytest.raises(StaleError, match=f"made at 2027-06-30T12:00:00Z, .* {minutes} minutes old"):
        apply_saved_at(NOON + age + timedelta(seconds=1))

    assert project.state() == before
    assert apply_saved_at(NOON + age).exit_code == 0


# Formats


def test_a_plan_of_a_newer_minor_version_is_applied_and_once_only_pln_07(project: Project) -> None:
    project.run_well("plan", "-o", "plan.json")
    shutil.copy("plan.json", "original.json")
    edit_plan(
        lambda document: document.update(format="reconciler.plan/v1.9", news="of later"),
        fits_digest=True,
    )

    project.run_well("apply", "plan.json")

    assert "Nothing to do" in project.run_well("plan").stdout
    assert project.run("apply", "original.json").exit_code == 6


def test_a_plan_of_a_newer_major_version_is_refused_pln_07(project: Project) -> None:
    project.run_well("plan", "-o", "plan.json")
    edit_plan(lambda document: document.update(format="reconciler.plan/v2"), fits_digest=True)
    before = project.state()

    applied, shown = project.run("apply", "plan.json"), project.run("show", "plan.json")

    assert (applied.exit_code, shown.exit_code) == (4, 4)
    assert "it was made by a newer reconciler" in applied.stderr
    assert project.state() == before
    assert not Path(LEDGER).exists()
