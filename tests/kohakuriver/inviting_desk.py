"""A desk from which people are invited, and the people who then register."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from reconciler.engine import Inputs, Limits, Origin, Run
from reconciler.plan import Finding, Plan
from reconciler.report import Report
from reconciler.sandbox.kohakuriver.tables import InvitationRow
from tests.conformance.bench import NOW, never
from tests.kohakuriver.lab import Lab
from tests.kohakuriver.simulated import ADMIN_SECRET

PASSWORD = "correct horse battery"
HEAD = """
version: 1
targets:
  river:
    provider: kohakuriver
    options:
      {url: {env: URL}, admin_token: {env: SECRET}, timeout_s: 20, new_accounts: invite, OPTIONS}
servers: {gpu: {target: river}}
users:
  amina: {name: Amina Diallo}
  kofi: {name: Kofi Mensah}
  svc-load: {kind: service, owner: amina}
roles:
  river-admin: {target: river, level: admin}
  river-operator: {target: river, level: operator}
  river-user: {target: river, level: user}
  gpu-users: {server: gpu, name: assignee}
grants:
"""
AMINA = "  - {user: amina, role: river-user}\n"
SEAT = "  - {user: amina, role: gpu-users}\n"
KOFI = "  - {user: kofi, role: river-user}\n"
ADMIN = "  - {user: amina, role: river-admin}\n"
SERVICE = "  - {user: svc-load, role: river-user}\n"


class Clock:
    """The time of a host, which tests move."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_hours(self, hours: float) -> None:
        self.now += hours * 3600


class InvitingDesk:
    """Applies manifests to a host on which new people are invited. Nothing is accepted unasked."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        self.clock = Clock()
        self.options = "invitation_hours: 48"
        self.departed = ""
        self._files = 0
        lab.start(clock=self.clock).add_vps("gpu")

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.sqlite3"

    @contextmanager
    def run(self, grants: str) -> Iterator[Run]:
        path = self.folder / "access.yaml"
        head = HEAD.replace("OPTIONS", self.options)
        if self.departed:
            head = head.replace(f"{self.departed}: {{", f"{self.departed}: {{state: departed, ")
        path.write_text(head + (grants or "  []\n"), encoding="utf-8")
        origin = Origin(str(self.ledger), author="desk <desk@example.org>")
        environment = {"URL": self.lab.simulator.url, "SECRET": ADMIN_SECRET}
        with Run(Inputs((str(path),), (), environment, NOW, origin)) as run:
            yield run

    def plan(self, grants: str) -> Plan:
        with self.run(grants) as run:
            return run.plan()

    def apply(self, grants: str, *accept: str) -> Report:
        """Plan and apply; findings of the rules in `accept` are accepted."""
        self._files += 1
        out = str(self.folder / f"credentials-{self._files}.jsonl")
        with self.run(grants) as run:
            plan = run.plan()
            ids = frozenset(each.id for each in plan.findings if each.rule in accept)
            return run.apply(plan, accept=ids, credentials_out=out, limits=Limits(stop=never))

    def converge(self, grants: str, *accept: str) -> Report:
        report = self.apply(grants, *accept)
        assert report.targets[0].is_converged, report.targets[0]
        return report

    def handed(self) -> list[dict[str, str]]:
        """What the last apply handed over."""
        path = self.folder / f"credentials-{self._files}.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    def token(self, name: str) -> str:
        """The newest invitation that was handed over for this account."""
        found = ""
        for path in sorted(self.folder.glob("credentials-*.jsonl")):
            for line in path.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                found = entry["invitation"] if entry["account"] == name else found
        return found

    def register(self, name: str, token: str, **more: Any) -> int:
        """What somebody does who got an invitation; the status."""
        body = {"username": name, "password": PASSWORD, **more}
        url = f"{self.lab.simulator.url}/api/auth/register?token={token}"
        return httpx.post(url, json=body, timeout=20).status_code

    @property
    def open_rows(self) -> list[InvitationRow]:
        """The invitations that are open."""
        store = self.lab.store
        return [row for row in store.tables.invitations.values() if row.is_valid(store.now())]

    @property
    def seats(self) -> list[str]:
        tables = self.lab.store.tables
        return sorted(tables.users[row.user].username for row in tables.assignments)


def told(plan: Plan, rule: str) -> list[Finding]:
    """The findings of a rule."""
    return [each for each in plan.findings if each.rule == rule]
