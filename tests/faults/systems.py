"""The systems of the sweep: each a simulator that can be put back as it was, and looked at raw.

Here belongs one small declaration for each system. What is done with it is in `sweep`.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import Any, ClassVar

import httpx

from reconciler.sandbox.http.faults import Fault, FaultKind
from reconciler.sandbox.http.simulator import HttpSimulator
from reconciler.sandbox.mobiusflow import Dialect
from reconciler.sandbox.scim.backend import PackageBackend
from tests.conformance.target import ConformanceTarget
from tests.faults.troubles import TROUBLES, Arm
from tests.flowauth import simulated as flowauth
from tests.flowauth.legacy_target import LegacyTarget
from tests.kohakuriver import simulated as kohakuriver
from tests.mobiusflow import simulated as mobiusflow
from tests.scim.oddities import Oddities
from tests.scim.service import TOKEN, ScimService
from tests.scim.target import ScimTarget

_CSRF = "CSRF token expires"


class System(ABC):
    """One simulated system, running until it is closed."""

    leavers: str = "delete"
    """What becomes of accounts that leave."""

    lacks: frozenset[str] = frozenset({_CSRF})
    """Troubles that cannot come here."""

    sign_in: ClassVar[tuple[str, int]] = ("", 0)
    """Where one signs in with name and password, and the status for being let in."""

    target: ConformanceTarget
    simulator: HttpSimulator

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._http = httpx.Client(verify=False, trust_env=False, timeout=60)
        self._stack.callback(self._http.close)

    def started(self, simulator: HttpSimulator) -> None:
        self.simulator = simulator
        self._stack.enter_context(simulator)

    def close(self) -> None:
        self._stack.close()
        assert self.simulator.unplanned_errors == ()

    def troubles(self) -> Mapping[str, Arm]:
        """All that can go wrong here, by name."""
        return {name: arm for name, arm in TROUBLES.items() if name not in self.lacks}

    def signs_in(self, account: str, password: str) -> bool:
        """Whether it lets somebody in."""
        path, good = self.sign_in
        body = {"username": account, "password": password}
        response = self._http.post(f"{self.simulator.url}{path}", json=body)
        self._http.cookies.clear()
        assert response.status_code in (good, 401, 403), response.status_code
        return response.status_code == good

    @abstractmethod
    def keep(self) -> object:
        """All that it holds now."""

    @abstractmethod
    def restore(self, kept: Any) -> None:
        """Hold this again."""

    @abstractmethod
    def end_rights(self) -> None:
        """Take every right from our account."""

    @abstractmethod
    def mend(self) -> None:
        """Give it back."""

    def session_ends(self, nth: int, count: int) -> Fault:
        """What ends our session, and lets us sign in again."""
        return Fault(FaultKind.SESSION_INVALIDATED, nth=nth, count=min(count, 2))

    @abstractmethod
    def rows(self) -> Iterable[str]:
        """Each thing that could be there twice, as often as it is there."""


class FlowAuth(System):
    """Releases after 1.34 (era D), or up to 1.17 (B)."""

    lacks = frozenset()
    sign_in = ("/signin", 200)

    def __init__(self, era: str) -> None:
        super().__init__()
        simulator = flowauth.start_simulator(era=era, role_write_gap_s=0.0)
        self.started(simulator)
        self._store = simulator.store
        kind = LegacyTarget if era in "AB" else flowauth.SimulatedTarget
        self.target = kind(simulator)

    def keep(self) -> object:
        return self._store.view().copy()

    def restore(self, kept: Any) -> None:
        self._store._tables = kept.copy()

    def end_rights(self) -> None:
        self._store.set_admin(flowauth.OWN, is_admin=False)

    def mend(self) -> None:
        self._store.set_admin(flowauth.OWN, is_admin=True)

    def rows(self) -> Iterable[str]:
        tables = self._store.view()
        yield from (f"user {row.username}" for row in tables.users.listed())
        yield from (f"server {row.name}" for row in tables.servers.listed())
        yield from (f"scope {row.name} of {row.server_id}" for row in tables.scopes.listed())
        yield from (f"role {row.name} of {row.server_id}" for row in tables.roles.listed())
        groups = tables.grouped.groups.listed()
        yield from (f"group {row.name}" for row in groups if row.owner_id is None)


class KohakuRiver(System):
    """A host, whose accounts are made by invitations."""

    sign_in = ("/api/auth/login", 200)

    def __init__(self, leavers: str) -> None:
        super().__init__()
        self.leavers = leavers
        simulator = kohakuriver.start_simulator()
        self.started(simulator)
        self._store = simulator.store
        self.target = kohakuriver.SimulatedTarget(simulator)

    def keep(self) -> object:
        return copy.deepcopy(self._store.tables)

    def restore(self, kept: Any) -> None:
        with self._store.serial:
            self._store.tables = copy.deepcopy(kept)

    def end_rights(self) -> None:
        self._store.admin_secret = "another one"

    def mend(self) -> None:
        self._store.admin_secret = kohakuriver.ADMIN_SECRET

    def session_ends(self, nth: int, count: int) -> Fault:
        """That of the account that is being made: our own has none."""

        def forget() -> None:
            self._store.tables.sessions.clear()

        return Fault(FaultKind.OUTSIDE_EDIT, nth=nth, count=count, edit=forget)

    def rows(self) -> Iterable[str]:
        tables = self._store.tables
        yield from (f"user {row.username}" for row in tables.users.values())
        yield from (f"{row.user} on {row.task_id}" for row in tables.assignments)
        yield from (f"token {row.name} of {row.owner}" for row in tables.tokens.values())
        for each in tables.invitations.values():
            if each.is_valid(self._store.now()):
                yield f"open invitation of {each.created_by} for {each.role}"


class MobiusFlow(System):
    """Both generations of the Engine API."""

    def __init__(self, dialect: Dialect, leavers: str) -> None:
        super().__init__()
        self.leavers = leavers
        simulator = mobiusflow.start_simulator(dialect)
        self.started(simulator)
        self._store = simulator.store
        self._own = self._store.rows()[0]
        self.target = mobiusflow.SimulatedTarget(simulator)
        self.sign_in = (f"{simulator.settings.prefix}/auth/login", 200)  # type: ignore[misc]  # of one, not of all

    def keep(self) -> object:
        return self._store.rows()

    def restore(self, kept: Any) -> None:
        self._store.restore(kept)

    def end_rights(self) -> None:
        weak = frozenset({"Viewer", "read"})
        self._store.change(self._own.id, roles=weak)

    def mend(self) -> None:
        others = [row for row in self._store.rows() if row.id != self._own.id]
        self._store.restore([self._own, *others])

    def rows(self) -> Iterable[str]:
        return (f"user {row.username}" for row in self._store.rows())


class Scim(System):
    """A real service from PyPI, as it is or poor: with a token, and no session."""

    lacks = frozenset({_CSRF, "session ends"})

    def __init__(self, leavers: str, **oddities: Any) -> None:
        super().__init__()
        self.leavers = leavers
        self._backend = PackageBackend(TOKEN)
        self._service = ScimService(Oddities(**oddities), self._backend)
        self.started(self._service)
        self.target = ScimTarget(self._service)

    def keep(self) -> object:
        return copy.deepcopy(self._backend.storage.resources)

    def restore(self, kept: Any) -> None:
        self._backend.storage.resources = copy.deepcopy(kept)

    def end_rights(self) -> None:
        self._service.oddities.rotated = True

    def mend(self) -> None:
        self._service.oddities.rotated = False

    def rows(self) -> Iterable[str]:
        for row in self._service.rows("/Users"):
            yield f"user {row['userName']}"
        for row in self._service.rows("/Groups"):
            yield f"group {row['displayName']}"
            for member in row.get("members", ()):
                yield f"{member['value']} in {row['displayName']}"


SYSTEMS: Mapping[str, Callable[[], System]] = {
    "flowauth-b": lambda: FlowAuth("B"),
    "flowauth-d": lambda: FlowAuth("D"),
    "kohakuriver-delete": lambda: KohakuRiver("delete"),
    "kohakuriver-disable": lambda: KohakuRiver("disable"),
    "mobiusflow-v1": lambda: MobiusFlow("v1", "disable"),
    "mobiusflow-v3": lambda: MobiusFlow("v3", "delete"),
    "scim-poor": lambda: Scim("delete", page_cap=2, no_patch=True, discovery=404),
    "scim-whole": lambda: Scim("disable"),
}
"""By name, what starts one."""
