"""A SCIM service as the conformance suite wants a target: how to look at it and break it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from reconciler.sandbox.http.faults import Fault as Armed
from reconciler.sandbox.http.faults import FaultKind
from tests.conformance.target import NASTY_NAMES, ConformanceTarget, Entry, Fault, Scalar
from tests.scim.service import PREFIX, ScimService

OWN = "reconciler"
WRONG_TOKEN = "canary-wrong-token"
_EVER = 10_000

_ARMED: Mapping[Fault, Armed] = {
    "cut_read": Armed(FaultKind.BODY_CUT_SHORT, "GET", f"{PREFIX}/Groups", count=_EVER),
    "failing_read": Armed(
        FaultKind.ERROR_500_BEFORE_EFFECT, "GET", f"{PREFIX}/Groups", count=_EVER
    ),
    "cut_apply": Armed(FaultKind.RESET_BEFORE_EFFECT, "POST", f"{PREFIX}/Users", nth=2),
    "failing_write": Armed(FaultKind.ERROR_500_BEFORE_EFFECT, "POST", f"{PREFIX}/Groups", nth=2),
}


class ScimTarget(ConformanceTarget):
    """A service with our own user, and nobody else."""

    provider = "scim"
    own_account = OWN
    holdable = frozenset(NASTY_NAMES)
    attributes: Mapping[str, tuple[Scalar, Scalar]] = MappingProxyType(
        {
            "department": ("Data", "Platform"),
            "employee_number": ("100", "0200"),
            "title": ("Analyst", "Dr."),
        }
    )
    has_role_attributes = False
    faults: frozenset[Fault] = frozenset({*_ARMED, "wrong_credentials", "silent_write"})

    def __init__(self, service: ScimService) -> None:
        self.service = service
        self._token = service.token
        self.canaries = (service.token, WRONG_TOKEN)
        service.post("/Users", userName=OWN, active=True)

    def options(self) -> Mapping[str, str | int]:
        return {"url": self.service.base, "token": self._token, "account": OWN, "timeout_s": 20}

    def server(self) -> Entry:
        return {}

    def role(self, rights: tuple[str, ...]) -> Entry:
        return {"target": "target"}

    def witness(self) -> Mapping[str, object]:
        users = {row["id"]: row for row in self.service.rows("/Users")}
        found: dict[str, object] = {}
        for key, row in users.items():
            plain = {name: value for name, value in row.items() if name != "groups"}
            found[f"user {row['userName']}"] = (key, repr(sorted(plain.items())))
        for row in self.service.rows("/Groups"):
            found[f"group {row['displayName']}"] = row["id"]
            for member in row.get("members", ()):
                name = users.get(member["value"], {}).get("userName", member["value"])
                found[f"{name} in {row['displayName']}"] = True
        return found

    def add_bystanders(self) -> None:
        stranger = self.service.post("/Users", userName="stranger", active=True)
        self.service.post("/Groups", displayName="strangers", members=[{"value": stranger}])

    def revoke_by_hand(self, account: str, role: str) -> None:
        group = self.service.id_of("/Groups", role)
        user = self.service.id_of("/Users", account)
        (there,) = [row for row in self.service.rows("/Groups") if row["id"] == group]
        values = [each["value"] for each in there["members"]]
        value = user if user in values else account  # Canaille has userNames as values
        if "value paths" in self.service.backend.lacks:
            kept = [each for each in there["members"] if each["value"] != value]
            whole = {"schemas": there["schemas"], "displayName": role, "members": kept}
            self.service.ask("PUT", f"/Groups/{group}", whole)
        else:
            operation = {"op": "remove", "path": f'members[value eq "{value}"]'}
            self.service.edit("/Groups", group, operation)

    @contextmanager
    def fault(self, name: Fault) -> Iterator[None]:
        if name == "wrong_credentials":
            self._token = WRONG_TOKEN
        elif name == "silent_write":
            self.service.oddities.silent_writes = True
        else:
            self.service.faults.arm(_ARMED[name])
        try:
            yield
        finally:
            self._token = self.service.token
            self.service.oddities.silent_writes = False
            self.service.faults.disarm()
