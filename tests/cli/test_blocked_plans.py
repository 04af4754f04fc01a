"""Plans of which something is blocked: what stays out, and what lifts it (PLN-06)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from reconciler.engine import Choice
from reconciler.errors import UsageError
from reconciler.ledger import open_ledger
from tests.cli.conftest import MANIFEST, Project
from tests.cli.frozen import LEDGER, NOON, apply_at, run_at

PEOPLE = ("amina", "kofi", "esi", "yaw", "abena", "kwame")
FEW = ("amina", "kofi")
USERS = "users:\n  amina: {name: Amina Diallo}\n  kofi: {name: Kofi Mensah}\n"


def manifest(*members: str, more: str = "") -> str:
    """The manifest with these members of the group; all have the role in another way too."""
    text = MANIFEST.replace(USERS, "users:\n" + "".join(f"  {name}: {{}}\n" for name in PEOPLE))
    rest = "".join(f"  - {{user: {name}, role: reader}}\n" for name in PEOPLE[2:])
    return text.replace("[amina, kofi]", f"[{', '.join(members)}]") + rest + more


def blocked(project: Project, *members: str) -> str:
    """Ask for a group with these members alone; the id of what is blocked then."""
    project.write_manifest(manifest(*members))
    result = project.run("plan", "-o", "plan.json")
    assert result.exit_code == 5
    findings = json.loads((project.folder / "plan.json").read_text())["findings"]
    (id,) = (each["id"] for each in findings if each["blocking"] and not each["accepted"])
    return str(id)


def acknowledge(project: Project, finding: str, until: str) -> None:
    """A reviewed entry for a finding."""
    entry = f"{{finding: {finding}, until: {until}, by: esi, reason: DATA-7}}"
    text = f"version: 1\nacknowledge:\n  - {entry}\n"
    (project.folder / ".reconciler" / "acknowledge.yaml").write_text(text, encoding="utf-8")


def members(project: Project) -> set[str]:
    """Who is in the group on the target."""
    paths = [each["path"] for each in json.loads(project.state())["records"]]
    return {path[1] for path in paths if path[0] == "analysts" and len(path) == 2}


@pytest.fixture
def crowd(project: Project) -> Project:
    """A target with six members in the group."""
    project.write_manifest(manifest(*PEOPLE))
    project.run_well("apply", "--yes")
    return project


def test_what_is_blocked_stays_out_and_the_rest_of_the_file_is_applied_pln_06(
    crowd: Project,
) -> None:
    blocked(crowd, *FEW)
    text = manifest(*FEW, more="  - {user: yaw, role: writer}\n")
    crowd.write_manifest(text.replace("roles:\n", "roles:\n  writer: {server: main}\n"))
    assert crowd.run("plan", "-o", "plan.json").exit_code == 5

    result = crowd.run("apply", "plan.json")

    assert result.exit_code == 5
    assert members(crowd) == set(PEOPLE)
    assert ["writer", "yaw"] in [each["path"] for each in json.loads(crowd.state())["records"]]


def test_the_id_of_a_finding_lifts_it_for_a_saved_plan_pln_06(crowd: Project) -> None:
    finding = blocked(crowd, *FEW)

    result = crowd.run("apply", "plan.json", "--accept", finding)

    assert result.exit_code == 0, result.output
    assert members(crowd) == set(FEW)
    journal = crowd.run_well("log", "--journal").stdout
    assert f"{finding} on db accepted by " in journal


def test_the_id_of_another_plan_is_refused_pln_06(crowd: Project) -> None:
    other = blocked(crowd, "amina")
    mine = blocked(crowd, *FEW)
    before = crowd.state()

    saved = crowd.run("apply", "plan.json", "--accept", other)
    made_now = crowd.run("apply", "--yes", "--accept", other)

    assert other != mine
    for result in (saved, made_now):
        assert result.exit_code == 64
        assert f"--accept {other}: there is no such finding" in result.stderr
        assert mine in result.stderr
    assert crowd.state() == before


def test_an_acceptance_is_void_once_its_numbers_change_pln_06(crowd: Project) -> None:
    old = blocked(crowd, "amina", "kofi")
    acknowledge(crowd, old, "2099-01-01T00:00:00Z")
    crowd.run_well("plan")
    new = blocked(crowd, "amina")

    result = crowd.run("apply", "--yes")

    assert old != new
    assert result.exit_code == 5
    assert members(crowd) == set(PEOPLE)
    assert crowd.run("plan", "--accept", old).exit_code == 64


def test_a_reviewed_entry_lifts_a_finding_and_stands_in_the_journal_pln_06(
    crowd: Project,
) -> None:
    finding = blocked(crowd, *FEW)
    acknowledge(crowd, finding, "2099-01-01T00:00:00Z")

    shown = crowd.run_well("plan").stdout
    result = crowd.run("apply", "plan.json")

    assert f"{finding} accepted by esi (DATA-7)" in shown
    assert result.exit_code == 0, result.output
    assert members(crowd) == set(FEW)
    assert f"{finding} on db accepted by esi (DATA-7)" in crowd.run("log", "--journal").stdout


def test_an_entry_that_ended_lifts_nothing_pln_06(crowd: Project) -> None:
    acknowledge(crowd, blocked(crowd, *FEW), "2020-01-01T00:00:00Z")

    result = crowd.run("apply", "--yes")

    assert result.exit_code == 5
    assert members(crowd) == set(PEOPLE)


def test_an_entry_ends_at_its_instant_pln_06(project: Project) -> None:
    project.write_manifest(manifest(*PEOPLE))
    apply_at()
    project.write_manifest(manifest(*FEW))
    with run_at() as run:
        (finding,) = run.plan().blocking
    acknowledge(project, finding.id, "2027-06-30T13:00:00Z")

    with run_at(NOON + timedelta(minutes=59, seconds=59)) as run:
        before_the_end = run.plan().blocking
    with run_at(NOON + timedelta(hours=1)) as run:
        at_the_end = run.plan().blocking

    assert (before_the_end, at_the_end) == ((), (finding,))


def test_an_entry_that_ended_while_the_plan_waited_lifts_nothing_any_more_pln_06(
    crowd: Project,
) -> None:
    acknowledge(crowd, blocked(crowd, *FEW), "2099-01-01T00:00:00Z")
    crowd.run_well("plan", "-o", "plan.json")
    acknowledge(crowd, "S-00000000", "2099-01-01T00:00:00Z")

    result = crowd.run("apply", "plan.json")

    assert result.exit_code == 5
    assert members(crowd) == set(PEOPLE)


def test_accepting_at_apply_leaves_the_plan_what_it_is_and_uses_it_up_pln_06(
    crowd: Project,
) -> None:
    finding = blocked(crowd, *FEW)
    document = json.loads((crowd.folder / "plan.json").read_text())
    crowd.run_well("apply", "plan.json", "--accept", finding)

    with open_ledger(LEDGER, clock=lambda: NOON, create=False) as ledger:
        assert ledger.runs()[0].plan_digest == document["digest"]


def test_accepting_where_nothing_is_blocked_is_a_mistake_pln_06(crowd: Project) -> None:
    with run_at() as run, pytest.raises(UsageError, match="nothing in this plan is blocked"):
        run.plan(Choice(frozenset({"S-00000000"})))
