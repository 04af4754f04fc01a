"""From a manifest to a host and back: what people write, what they are told, what comes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.engine import Inputs, Limits, Origin, Run
from reconciler.errors import IncompleteReadError, ManifestError
from reconciler.plan import Plan
from reconciler.report import Report
from tests.conformance.bench import NOW, never
from tests.kohakuriver.lab import INVITATIONS, Lab
from tests.kohakuriver.simulated import ADMIN_SECRET

HEAD = """
version: 1
targets:
  river:
    provider: kohakuriver
    options: {url: {env: URL}, admin_token: {env: SECRET}, timeout_s: 20}
    policy: {leavers: LEAVERS}
"""
BODY = """
servers: {gpu: {target: river}}
users:
  amina: {name: Amina Diallo}
  kofi: {name: Kofi Mensah}
  svc-load:
    kind: service
    owner: amina
    accounts: {river: {attributes: {api_token: true}}}
groups: {analysts: {members: [amina, kofi]}}
roles:
  river-admin: {target: river, level: admin}
  river-user: {target: river, level: user}
  gpu-users: {server: gpu, name: assignee}
grants:
  - {user: amina, role: river-admin}
  - {user: svc-load, role: river-user}
  - {group: analysts, role: gpu-users}
"""


class Desk:
    """Applies manifests to the host of a lab."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        self._files = 0

    @contextmanager
    def run(self, body: str, leavers: str = "disable") -> Iterator[Run]:
        path = self.folder / "access.yaml"
        path.write_text(HEAD.replace("LEAVERS", leavers) + body, encoding="utf-8")
        origin = Origin(str(self.folder / "ledger.sqlite3"), author="desk <desk@example.org>")
        environment = {"URL": self.lab.simulator.url, "SECRET": ADMIN_SECRET}
        with Run(Inputs((str(path),), (), environment, NOW, origin)) as run:
            yield run

    def plan(self, body: str, leavers: str = "disable") -> Plan:
        with self.run(body, leavers) as run:
            return run.plan()

    def apply(self, body: str, leavers: str = "disable") -> Report:
        self._files += 1
        with self.run(body, leavers) as run:
            plan = run.plan()
            holding = frozenset(each.id for each in plan.findings if each.is_holding)
            out = str(self.folder / f"credentials-{self._files}.jsonl")
            limits = Limits(stop=never)
            return run.apply(plan, accept=holding, credentials_out=out, limits=limits)

    def converge(self, body: str, leavers: str = "disable") -> Report:
        report = self.apply(body, leavers)
        assert report.targets[0].is_converged, report.targets[0]
        assert self.plan(body, leavers).changes == ()
        return report

    def credentials(self) -> list[dict[str, str]]:
        text = (self.folder / f"credentials-{self._files}.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def desk(lab: Lab, tmp_path: Path) -> Desk:
    """An empty host with a VPS, and a place to apply manifests from."""
    lab.start().add_vps("gpu")
    return Desk(lab, tmp_path)


def holders(lab: Lab) -> list[str]:
    """Who is assigned to the first VPS."""
    tables = lab.store.tables
    return sorted(tables.users[row.user].username for row in tables.assignments)


def test_an_empty_host_gets_its_first_administrator_levels_seats_and_tokens(
    lab: Lab, desk: Desk
) -> None:
    desk.converge(BODY)

    users = lab.store.tables.users.values()
    assert {row.username: (row.role, row.display_name) for row in users} == {
        "amina": ("admin", "Amina Diallo"),
        "kofi": ("anony", "Kofi Mensah"),
        "svc-load": ("user", "svc-load"),
    }
    assert holders(lab) == ["amina", "kofi"]


def test_passwords_and_the_token_of_a_service_are_in_the_credentials_file(
    lab: Lab, desk: Desk
) -> None:
    desk.converge(BODY)

    keys = [
        (entry["account"], *(entry.keys() - {"account", "target"})) for entry in desk.credentials()
    ]
    assert sorted(keys) == [
        ("amina", "password"),
        ("kofi", "password"),
        ("svc-load", "api_token"),
        ("svc-load", "password"),
    ]


def test_a_seat_that_somebody_gave_by_hand_is_taken_back(lab: Lab, desk: Desk) -> None:
    desk.converge(BODY)
    (task,) = lab.store.tables.vps
    lab.store.assign(task, lab.store.add_user("stranger").id)

    desk.converge(BODY)

    assert holders(lab) == ["amina", "kofi"]


def test_the_seats_of_a_role_that_left_the_manifest_are_taken(lab: Lab, desk: Desk) -> None:
    """Even one that could not be taken at first, when no line names the VPS any more."""
    desk.converge(BODY)
    lines = BODY.splitlines()
    fewer = "\n".join(line for line in lines if "gpu" not in line)
    lab.store.add_vps("gpu")

    first = desk.apply(fewer)
    lab.store.tables.vps[max(lab.store.tables.vps)].name = "another"
    desk.converge(fewer)

    assert not first.targets[0].is_converged
    assert holders(lab) == []


def test_one_who_leaves_cannot_sign_in_and_the_plan_says_what_goes_with_it(
    lab: Lab, desk: Desk
) -> None:
    also = "role: river-admin}\n  - {user: kofi, role: river-admin}"
    body = BODY.replace("role: river-admin}", also)
    desk.converge(body)
    lab.store.add_invitation("admin", created_by=lab.store.user("kofi").id)
    left = body.replace("kofi: {name: Kofi Mensah}", "kofi: {name: Kofi Mensah, state: departed}")

    with desk.run(left) as run:
        plan = run.plan()
        previewed = run.preview(plan)["river"]
    desk.converge(left)

    rules = [each.rule for each in plan.findings]
    assert {"invitations-revoked", "open-invitations"} <= set(rules)
    assert f"DELETE {INVITATIONS}/4 (role admin, made by <kofi>)" in previewed
    assert not lab.store.user("kofi").is_active
    assert lab.open_invitations == 0
    assert holders(lab) == ["amina"]


def test_one_with_the_highest_id_is_shut_out_instead_of_being_deleted(lab: Lab, desk: Desk) -> None:
    desk.converge(BODY, "delete")
    fewer = BODY.replace("  - {user: svc-load, role: river-user}\n", "")
    assert lab.store.user("svc-load").id == 3

    plan = desk.plan(fewer, "delete")
    desk.apply(fewer, "delete")

    assert "highest-id" in [each.rule for each in plan.findings]
    assert not lab.store.user("svc-load").is_active


def test_one_below_the_highest_id_is_deleted_where_the_policy_says_so(lab: Lab, desk: Desk) -> None:
    desk.converge(BODY, "delete")
    lab.store.add_user("guard", "anony").is_active = False
    fewer = BODY.replace("  - {user: svc-load, role: river-user}\n", "")

    desk.converge(fewer, "delete")

    assert lab.store.tables.user_named("svc-load") is None


def test_the_last_administrator_stays_whatever_is_accepted(lab: Lab, desk: Desk) -> None:
    desk.converge(BODY)
    fewer = BODY.replace("role: river-admin}", "role: river-user}")

    report = desk.apply(fewer)

    (failed,) = [each for each in report.outcomes if each.status == "failed"]
    assert "last active administrator" in failed.message
    assert lab.store.user("amina").role == "admin"


def test_a_host_whose_invitations_cannot_be_listed_gets_no_plan(lab: Lab, desk: Desk) -> None:
    lab.store.add_invitation("viewer", created_by=99)

    with pytest.raises(IncompleteReadError, match="DELETE /api/auth/invitations/ID"):
        desk.plan(BODY)


# What cannot be held, with its line


@pytest.mark.parametrize(
    "old, new, told",
    [
        (", name: assignee", "", 'roles.gpu-users: on a VPS nobody can be "gpu-users"'),
        ("name: assignee}", "name: assignee, attributes: {api_token: true}}", "has no api_token"),
        ("name: assignee}", "name: assignee, scopes: [run]}", "a role has no scopes"),
        ("level: admin", "level: boss", '"boss" is not a level'),
        ("api_token: true", "api_token: 1", "api_token is true or false"),
        ("{target: river}", "{target: river, database: gpu}", "a server has no database"),
        ("kofi: {name: Kofi Mensah}", "kofi: {accounts: {river: ko}}", "has 2 characters"),
        ("kofi: {name: Kofi Mensah}", "kofi: {accounts: {river: AMINA}}", "another name"),
        ("Kofi Mensah", "K" * 101, "the name to show has 101 characters"),
    ],
)
def test_what_a_host_cannot_hold_is_told_before_it_is_asked(
    lab: Lab, desk: Desk, old: str, new: str, told: str
) -> None:
    assert old in BODY

    with pytest.raises(ManifestError) as caught:
        desk.plan(BODY.replace(old, new))

    assert told in str(caught.value)
    assert "access.yaml:" in str(caught.value)
    assert lab.simulator.requests == ()


def test_a_vps_that_is_not_there_is_told_at_the_line_of_its_role(lab: Lab, desk: Desk) -> None:
    lab.store.add_vps("gpu")

    with pytest.raises(ManifestError) as caught:
        desk.plan(BODY)

    assert "roles.gpu-users: 2 VPS are called" in str(caught.value)
