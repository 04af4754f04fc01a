"""What happens when some of it fails: dependents stop, the rest goes on, and bounds are kept
(APL-03, APL-08); and when a read fails: nothing is planned at all (DEL-05).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli import apply as apply_command
from reconciler.cli import cli
from reconciler.providers.memory.store import FileStore
from reconciler.sandbox.flowauth import Fault, FaultKind, FlowAuthSimulator
from tests.cli.conftest import EMPTY_STATE, MANIFEST, Project, record
from tests.flowauth.simulated import OWN, OWN_PASSWORD, start_simulator

PEOPLE = ("amina", "esi", "kofi", "yaw")
THREE = f"""\
version: 1
targets:
  api:
    provider: flowauth
    options: {{url: {{env: API_URL}}, username: {OWN}, password: {{env: API_PASSWORD}}}}
  one: {{provider: memory, options: {{state: one.json}}}}
  two: {{provider: memory, options: {{state: two.json}}}}
servers:
  store: {{target: api, token_expires: 2035-12-31T00:00:00Z, token_life: 2d, scopes: [run]}}
  first: {{target: one}}
  second: {{target: two}}
users: {{amina: {{}}, esi: {{}}, kofi: {{}}, yaw: {{}}}}
roles:
  runner: {{server: store, scopes: [run]}}
  reader: {{server: first}}
  writer: {{server: second}}
grants:
""" + "".join(
    f"  - {{user: {name}, role: {role}}}\n"
    for name in PEOPLE
    for role in ("runner", "reader", "writer")
)


class House:
    """Three targets: a simulated FlowAuth and two files, in the working folder."""

    def __init__(self, folder: Path, flowauth: FlowAuthSimulator) -> None:
        self.folder = folder
        self.flowauth = flowauth
        self._files = 0
        self.write(THREE)
        for name in ("one", "two"):
            (folder / f"{name}.json").write_text(json.dumps(EMPTY_STATE), encoding="utf-8")

    def write(self, text: str) -> None:
        (self.folder / "access.yaml").write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, list(arguments))

    def apply(self, *options: str) -> Result:
        self._files += 1
        passwords = f"passwords-{self._files}.jsonl"
        return self.run("apply", "--yes", "--credentials-out", passwords, *options)

    def report(self, result: Result) -> dict[str, dict[str, str]]:
        """The status of each change, by target and record."""
        targets = json.loads(result.stdout)["targets"]
        return {
            each["target"]: {
                f"{one['kind']} {'/'.join(one['path'])}": one["status"] for one in each["outcomes"]
            }
            for each in targets
        }

    def arm(self, kind: FaultKind, method: str, path: str, **more: object) -> None:
        self.flowauth.faults.arm(Fault(kind, method, path, **more))  # type: ignore[arg-type]  # of many types

    def users(self) -> set[str]:
        """Who has an account on FlowAuth, of those whom the manifest names."""
        return set(self.flowauth.store.snapshot().users) & set(PEOPLE)

    def contents(self) -> tuple[object, ...]:
        """All that the targets hold."""
        texts = ((self.folder / f"{name}.json").read_text() for name in ("one", "two"))
        return (self.flowauth.store.snapshot(), *texts)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.chdir(tmp_path)
    with start_simulator() as flowauth:
        flowauth.store.add_user(OWN, OWN_PASSWORD, is_admin=True)
        monkeypatch.setenv("API_URL", flowauth.url)
        monkeypatch.setenv("API_PASSWORD", OWN_PASSWORD)
        yield House(tmp_path, flowauth)
    assert flowauth.unplanned_errors == ()


# Failures


def test_a_user_who_vanished_is_told_and_all_others_are_served_apl_03(house: House) -> None:
    house.flowauth.store.add_user("esi", "of her own")
    store = house.flowauth.store
    house.arm(FaultKind.OUTSIDE_EDIT, "POST", "/admin/users", edit=lambda: store.delete_user("esi"))

    result = house.apply("--format", "json")

    assert result.exit_code == 8, result.output
    statuses = house.report(result)
    failed = {key for key, status in statuses["api"].items() if status != "done"}
    assert failed == {"membership store/runner/esi"}
    assert {*statuses["one"].values(), *statuses["two"].values()} == {"done"}
    assert house.users() == {"amina", "kofi", "yaw"}
    again = house.apply()
    assert again.exit_code == 0, again.output
    assert house.users() == set(PEOPLE)


def test_what_depends_on_a_failure_is_not_tried_and_the_rest_goes_on_apl_03(house: House) -> None:
    house.arm(FaultKind.ECHO_400, "POST", "/admin/users", nth=2)

    result = house.apply("--format", "json")

    assert result.exit_code == 8
    statuses = house.report(result)["api"]
    (failed,) = (key for key, status in statuses.items() if status == "failed")
    (skipped,) = (key for key, status in statuses.items() if status == "skipped")
    name = failed.removeprefix("account ")
    assert skipped == f"membership store/runner/{name}"
    assert house.users() == set(PEOPLE) - {name}
    assert f"{failed} was not created" in result.stdout
    assert house.apply().exit_code == 0


@pytest.mark.parametrize("most, sent", [(0, 4), (1, 1), (2, 2), (3, 3), (4, 4), (9, 4)])
def test_so_many_failures_and_no_more_apl_03(house: House, most: int, sent: int) -> None:
    house.arm(FaultKind.ECHO_400, "POST", "/admin/users", count=100)

    result = house.apply("--max-failures", str(most), "--format", "json")

    statuses = house.report(result)
    failed = [status for status in statuses["api"].values() if status == "failed"]
    tried = [each for each in house.flowauth.requests if each[:2] == ("POST", "/admin/users")]
    assert (len(failed), len(tried)) == (sent, sent)
    assert {*statuses["one"].values(), *statuses["two"].values()} == {"done"}
    assert result.exit_code == 8


class Stopwatch:
    """The clock against which a deadline is held; it stands until the test turns it."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s


def test_after_the_deadline_nothing_more_is_started_apl_03(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Stopwatch()
    monkeypatch.setattr(apply_command, "time", watch)

    def late() -> None:
        watch.now_s = 600.0

    house.arm(FaultKind.OUTSIDE_EDIT, "POST", "/admin/users", nth=2, edit=late)

    result = house.apply("--deadline", "600", "--format", "json")

    assert result.exit_code == 8
    statuses = house.report(result)
    assert len(house.users()) == 2, "the call in flight was finished"
    assert {*statuses["one"].values(), *statuses["two"].values()} == {"skipped"}
    watch.now_s = 0.0
    assert house.apply("--deadline", "600").exit_code == 0


def test_a_deadline_that_is_not_reached_changes_nothing_apl_03(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Stopwatch()
    monkeypatch.setattr(apply_command, "time", watch)
    house.arm(
        FaultKind.OUTSIDE_EDIT,
        "POST",
        "/admin/users",
        nth=2,
        edit=lambda: setattr(watch, "now_s", 599.0),
    )

    assert house.apply("--deadline", "600").exit_code == 0


# A target that keeps something else


@pytest.fixture
def commented(project: Project) -> Project:
    """A manifest that asks for a comment with capital letters."""
    users = "amina: {name: Amina Diallo, accounts: {db: {attributes: {comment: Field Team}}}}"
    project.write_manifest(MANIFEST.replace("amina: {name: Amina Diallo}", users))
    return project


def lower_comments(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Let memory targets keep comments in small letters; how often one was written."""
    write, writes = FileStore.write, []

    def keep(store: FileStore, text: str) -> None:
        writes.append(text)
        write(store, text.replace("Field Team", "field team"))

    monkeypatch.setattr(FileStore, "write", keep)
    return lambda: len(writes)


def test_a_value_that_the_target_keeps_otherwise_is_found_by_the_second_read_apl_08(
    commented: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    lower_comments(monkeypatch)

    result = commented.run("apply", "--yes", "--format", "json")

    assert result.exit_code == 8
    (target,) = json.loads(result.stdout)["targets"]
    assert [each["path"] for each in target["remaining"]] == [["amina"]]
    assert {each["status"] for each in target["outcomes"]} == {"done"}


def test_it_is_tried_once_a_run_and_is_no_drift_apl_08(
    commented: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = lower_comments(monkeypatch)
    commented.run("apply", "--yes")
    before = writes()

    second, third = commented.run("apply", "--yes"), commented.run("apply", "--yes")

    assert writes() == before + 2
    for result in (second, third):
        assert result.exit_code in (1, 8)
        assert "Converged: no" in result.stdout
        assert "amina" in result.stdout
    assert commented.run("drift").exit_code == 0
    assert commented.run("plan", "--detailed-exitcode").exit_code == 2


def test_a_repair_that_has_no_effect_stays_drift_apl_08(
    commented: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    commented.run_well("apply", "--yes")
    commented.write_state(json.loads(commented.state().replace("Field Team", "field team")))
    text = Path("access.yaml").read_text(encoding="utf-8")
    policy = "state.json}, policy: {drift: {narrowed: repair}}}"
    commented.write_manifest(text.replace("state.json}}", policy))
    lower_comments(monkeypatch)

    assert commented.run("apply", "--yes").exit_code == 8

    assert commented.run("drift").exit_code == 3


def test_once_the_target_keeps_the_value_it_converges_apl_08(
    commented: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        lower_comments(patch)
        commented.run("apply", "--yes")

    commented.run_well("apply", "--yes")

    assert commented.run("plan", "--detailed-exitcode").exit_code == 0


# A read that fails


@pytest.fixture
def managed(house: House) -> House:
    """After an apply; then a grant is taken from the manifest, and a stranger gets in by hand."""
    assert house.apply().exit_code == 0
    house.write(THREE.replace("  - {user: amina, role: reader}\n", ""))
    document = json.loads((house.folder / "two.json").read_text())
    document["records"] += [record("account", "eve"), record("membership", "writer", "eve")]
    (house.folder / "two.json").write_text(json.dumps(document), encoding="utf-8")
    return house


@pytest.mark.parametrize(
    "fault",
    [
        Fault(FaultKind.ADMIN_DEMOTED, "GET", "/admin/*"),
        Fault(FaultKind.BODY_CUT_SHORT, "GET", "/admin/users*", count=1000),
        Fault(FaultKind.HALF_JSON_BODY, "GET", "/admin/users*", count=1000),
        Fault(FaultKind.ERROR_500_BEFORE_EFFECT, "GET", "/admin/users/*", nth=2, count=1000),
    ],
    ids=["no right any more", "cut", "half", "the second page"],
)
@pytest.mark.parametrize("command", ["plan -o plan.json", "apply --yes", "drift", "status"])
def test_a_target_of_three_that_is_not_read_whole_stops_it_all_del_05(
    managed: House, fault: Fault, command: str
) -> None:
    before = managed.contents()
    if fault.kind is FaultKind.ADMIN_DEMOTED:
        managed.flowauth.store.set_admin(OWN, is_admin=False)
        before = managed.contents()
    else:
        managed.flowauth.faults.arm(fault)

    result = managed.run(*command.split())

    assert result.exit_code == 9, result.output
    assert "api: " in result.stderr
    assert "Nothing was planned and nothing was written on any target." in result.stderr
    assert result.stdout == ""
    assert managed.contents() == before
    assert not (managed.folder / "plan.json").exists()


def test_too_many_requests_in_the_middle_of_a_listing_stop_it_all_del_05(managed: House) -> None:
    managed.arm(FaultKind.RATE_LIMITED_429, "GET", "/admin/users/*", nth=2, count=1000)
    before = managed.contents()

    result = managed.run("apply", "--yes")

    assert result.exit_code == 9
    assert managed.contents() == before


def test_a_target_that_is_read_whole_again_is_served_del_05(managed: House) -> None:
    managed.arm(FaultKind.BODY_CUT_SHORT, "GET", "/admin/users*", count=1000)
    assert managed.run("drift").exit_code == 9
    managed.flowauth.faults.disarm()

    assert managed.run("drift").exit_code == 3
    assert managed.apply().exit_code == 0


def test_without_the_target_that_cannot_be_read_the_others_are_served_del_05(
    managed: House,
) -> None:
    managed.arm(FaultKind.BODY_CUT_SHORT, "GET", "/admin/users*", count=1000)

    assert managed.run("drift", "--target", "two").exit_code == 3
    assert managed.run("apply", "--yes", "--target", "two").exit_code == 0
