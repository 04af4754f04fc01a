"""Groups that cannot be read while Users can: Users are planned, Groups left, and it is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.changes import Change
from reconciler.cli import cli
from reconciler.engine import Choice, Run
from reconciler.errors import IncompleteReadError, PartlyReadError, StaleError
from reconciler.plan import UNREAD, Plan
from reconciler.sandbox.http.faults import Fault, FaultKind
from reconciler.state import Key
from tests.conformance.bench import Access, Bench
from tests.scim.lab import needs, read
from tests.scim.service import PREFIX, ScimService
from tests.scim.target import ScimTarget

USERS = ("amina", "esi", "kofi")


class Partly(Bench):
    """A workbench that plans as `plan` and `apply` do: a target as far as it can be read."""

    def run(self, access: Access) -> Run:
        return Run(replace(Bench.run(self, access).inputs, in_part=True))


@pytest.fixture
def bench(service: ScimService, tmp_path: Path) -> Partly:
    return Partly(ScimTarget(service), tmp_path)


def _access(*holders: str, leavers: str = "delete") -> Access:
    grants = tuple((user, "readers") for user in holders)
    policy = {"leavers": leavers}
    return Access(users=USERS, roles={"readers": ()}, grants=grants, policy=policy)


def _unread(plan: Plan) -> list[str]:
    return [each.message for each in plan.findings if each.rule == UNREAD]


def _members(service: ScimService) -> set[str]:
    names = {row["id"]: row["userName"] for row in service.rows("/Users")}
    values = [m["value"] for row in service.rows("/Groups") for m in row.get("members", ())]
    return {names.get(value, value) for value in values}  # Canaille has userNames as values


def _keys(changes: tuple[Change, ...]) -> set[str]:
    return {f"{each.action} {each.key}" for each in changes}


@pytest.mark.parametrize("status", [403, 404, 501])
def test_a_read_of_users_alone_is_an_error_that_has_them(readers: ScimService, status: int) -> None:
    readers.oddities.shut, readers.oddities.shut_with = "/Groups", status

    with pytest.raises(PartlyReadError, match="/Groups") as caught:
        read(readers, "readers")

    assert caught.value.state.names("account") == {"amina", "kofi"}
    assert caught.value.kinds == {"role", "membership"}


def test_users_that_cannot_be_read_leave_nothing_to_plan(
    bench: Partly, service: ScimService
) -> None:
    service.oddities.shut = "/"

    with pytest.raises(IncompleteReadError), bench.run(_access("amina")) as run:
        run.plan()


def test_whoever_does_not_ask_for_parts_gets_an_error(bench: Partly, service: ScimService) -> None:
    service.oddities.shut = "/Groups"

    with pytest.raises(IncompleteReadError), Bench.run(bench, _access("amina")) as run:
        run.plan()


def test_a_first_apply_makes_users_tells_what_waits_and_is_not_remembered(
    bench: Partly, service: ScimService
) -> None:
    stranger = service.post("/Users", userName="stranger", active=True)
    service.post("/Groups", displayName="readers", members=[{"value": stranger}])
    service.oddities.shut = "/Groups"

    report = bench.apply(_access("amina"))
    service.oddities.shut = ""
    whole = bench.apply(_access("amina"))

    assert report.exit_code == 9
    assert _keys(report.plan.changes) == {"create account amina"}
    (told,) = _unread(report.plan)
    assert "GET /Groups: the token lacks the right" in told
    assert "2 changes of the manifest among them" in told
    assert whole.exit_code == 0
    assert _members(service) == {"amina", "stranger"}  # nothing is pruned by a first apply


def test_nothing_about_groups_is_planned_and_nobody_is_deleted_for_it(
    bench: Partly, service: ScimService
) -> None:
    bench.converge(_access("amina", "kofi"))
    stranger = service.post("/Users", userName="stranger", active=True)
    group = service.id_of("/Groups", "readers")
    added = [{"value": stranger, "$ref": f"{service.base}/Users/{stranger}"}]
    service.edit("/Groups", group, {"op": "add", "path": "members", "value": added})
    service.oddities.shut = "/Groups"

    report = bench.apply(_access("esi", "kofi"), accepts=False)

    assert report.exit_code == 9
    assert _keys(report.plan.changes) == {"create account esi", "update account amina"}
    assert {row["userName"]: row["active"] for row in service.rows("/Users")}["amina"] is False
    assert _members(service) == {"amina", "kofi", "stranger"}
    assert len(_unread(report.plan)) == 2  # what waits, and that amina is shut out instead


def test_without_memory_nothing_is_taken_since_nobody_can_count_who_is_left(
    bench: Partly, service: ScimService
) -> None:
    bench.converge(_access("amina", "kofi"))
    bench.ledger.unlink()
    service.oddities.shut = "/Groups"
    access = replace(_access("amina", "esi", "kofi"), departed=frozenset({"amina", "kofi"}))

    report = bench.apply(access)
    accepted = bench.apply(access, accepts=True)

    assert report.exit_code == 9
    assert _keys(tuple(each.change for each in report.outcomes)) == {"create account esi"}
    assert any("nothing is taken from amina, kofi" in each for each in _unread(report.plan))
    assert [each.status for each in accepted.outcomes] == ["done"] * 2


def test_what_waited_is_done_once_groups_can_be_read_again(
    bench: Partly, service: ScimService
) -> None:
    bench.converge(_access("amina", "kofi"))
    service.oddities.shut = "/Groups"
    bench.apply(_access("esi", "kofi"))
    service.oddities.shut = ""

    changes = bench.changes(_access("esi", "kofi"))
    bench.converge(_access("esi", "kofi"), accepts=True)

    assert {(each.action, each.key) for each in changes} == {
        ("delete", Key("membership", ("readers", "amina"))),
        ("create", Key("membership", ("readers", "esi"))),
        ("delete", Key("account", ("amina",))),
    }
    assert _members(service) == {"esi", "kofi"}
    assert "amina" not in {row["userName"] for row in service.rows("/Users")}


def test_an_unread_group_is_in_sync_with_nothing_and_no_drift_is_made_up(
    bench: Partly, service: ScimService
) -> None:
    bench.converge(_access("amina", "kofi"))
    service.oddities.shut = "/Groups"

    plan = bench.plan(_access("amina", "kofi"))

    (target,) = plan.targets
    assert (target.changes, target.drift) == ((), ())
    assert not [key for key in target.unmanaged if key.kind != "account"]
    (told,) = _unread(plan)
    assert "0 changes of the manifest among them" in told


def test_plan_and_apply_go_on_with_exit_code_9_and_other_commands_do_not(
    bench: Partly, service: ScimService
) -> None:
    path = bench.folder / "access.yaml"
    path.write_text(bench.manifest_text(_access("amina")))
    service.oddities.shut = "/Groups"

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, [*words, "-f", str(path)], env=bench.environment())
        return result.exit_code, result.output

    ends = {words[0]: run(*words) for words in (("plan",), ("drift",), ("status",))}
    applied = run("apply", "--yes")

    assert {name: code for name, (code, _) in ends.items()} == {"plan": 9, "drift": 9, "status": 9}
    assert "blocks, target: GET /Groups" in ends["plan"][1]
    assert "amina" in ends["plan"][1]
    assert "Nothing was planned" in ends["drift"][1]
    assert applied[0] == 9
    assert "amina" in {row["userName"] for row in service.rows("/Users")}


def test_ended_grants_alone_do_not_silence_it(bench: Partly, service: ScimService) -> None:
    bench.converge(_access("amina", "kofi"))
    service.oddities.shut = "/Groups"

    with bench.run(_access("amina")) as run:
        plan = run.plan(Choice(only_expiry=True))

    assert len(_unread(plan)) == 1


def test_whoever_accepts_it_goes_on_without(bench: Partly, service: ScimService) -> None:
    service.oddities.shut = "/Groups"

    report = bench.apply(_access("amina"), accepts=True)

    assert report.exit_code == 0


def test_who_accepted_that_one_change_waits_has_not_accepted_another(
    bench: Partly, service: ScimService
) -> None:
    bench.converge(_access("amina", "kofi"))
    service.oddities.shut = "/Groups"

    plans = [bench.plan(_access(*holders)) for holders in (("amina", "esi", "kofi"), ("amina",))]

    told = [f for plan in plans for f in plan.findings if "1 change of the" in f.message]
    assert [str(key) for each in told for key in each.keys] == [
        "membership readers/esi",
        "membership readers/kofi",
    ]
    assert len({each.id for each in told}) == 2


def test_a_plan_that_was_made_when_they_could_be_read_is_stale(
    bench: Partly, service: ScimService
) -> None:
    with bench.run(_access("amina")) as run:
        plan = run.plan()
    service.oddities.shut = "/Groups"
    before = len([each for each in service.requests if each.method != "GET"])

    with bench.run(_access("amina")) as run, pytest.raises(StaleError, match="cannot be read now"):
        run.apply(plan, is_saved=True)

    assert len([each for each in service.requests if each.method != "GET"]) == before


def test_what_was_written_and_cannot_be_read_again_is_not_taken_for_done(
    bench: Partly, service: ScimService
) -> None:
    needs(service, "counts")  # else the reads are more

    def shut() -> None:
        service.oddities.shut = "/Groups"

    last = Fault(FaultKind.OUTSIDE_EDIT, "GET", f"{PREFIX}/Groups", nth=3, edit=shut)
    service.faults.arm(last)

    report = bench.apply(_access("amina"))
    service.oddities.shut = ""

    assert [each.status for each in report.outcomes] == ["done"] * 3
    assert "could not be read again" in report.targets[0].failure
    assert report.exit_code == 8
    bench.converge(_access("amina"))
