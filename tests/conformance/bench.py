"""The workbench of the conformance suite: manifests from a few words, runs over a real target.

Here belongs what turns `Access` into a manifest file and the file into plans and reports. What is
to hold of them is `tests.conformance.suite`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from reconciler.changes import Change, Handed
from reconciler.engine import Inputs, Limits, Origin, Run
from reconciler.plan import Plan
from reconciler.provider import Options, Provider, ProviderType
from reconciler.providers import registry
from reconciler.report import Report, TargetReport
from reconciler.scope import Capabilities
from reconciler.secret import Secret
from tests.conformance.target import ConformanceTarget, Entry, Scalar, Servers

NOW = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)
TARGET = "target"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a manifest of the suite says.

    `roles` have their rights, `grants` are pairs of holder and role; a holder is a group if
    `groups` has it, else a user. `inner` are the groups in a group. `servers` are used instead of
    the target's one; `role_entries` say more of roles, or something else. `standing` are roles that
    are there whatever we do, whole.
    """

    users: tuple[str, ...] = ()
    departed: frozenset[str] = frozenset()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inner: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inherits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    levels: Mapping[str, str] = field(default_factory=dict)
    grants: tuple[tuple[str, str], ...] = ()
    attributes: Mapping[str, Mapping[str, Scalar]] = field(default_factory=dict)
    policy: Mapping[str, object] = field(default_factory=dict)
    servers: Servers = field(default_factory=dict)
    role_entries: Mapping[str, Entry] = field(default_factory=dict)
    standing: Mapping[str, Entry] = field(default_factory=dict)


def small_access(target: ConformanceTarget) -> Access:
    """Two users, one of them through a group, and two roles."""
    rights = target.rights
    return Access(
        users=("amina", "kofi"),
        groups={"analysts": ("kofi",)},
        roles={"reader": rights[:1], "writer": rights[:2]},
        grants=(("amina", "writer"), ("analysts", "reader")),
    )


def never() -> bool:
    """What asks a run to stop, and does not."""
    return False


@dataclass(slots=True)
class Notes:
    """A journal that remembers what it was told."""

    intended: list[Change] = field(default_factory=list)
    passwords: dict[str, Secret] = field(default_factory=dict)
    tokens: dict[str, Secret] = field(default_factory=dict)
    invitations: dict[str, Secret] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def intend(self, changes: Sequence[Change]) -> None:
        self.intended += changes

    def is_stopping(self) -> bool:
        return False

    def hand_over(
        self, account: str, password: Secret, expires: str, *, what: Handed = "password"
    ) -> None:
        kept = {"password": self.passwords, "invitation": self.invitations}
        kept.get(what, self.tokens)[account] = password

    def remember(self, account: str, note: str) -> None:
        self.notes[account] = note


@dataclass(slots=True)
class Bench:
    """Runs manifests against one target. `folder` takes the manifest and the files of passwords."""

    target: ConformanceTarget
    folder: Path
    _files: int = 0

    @property
    def kind(self) -> ProviderType:
        return registry.provider_type(self.target.provider)

    @property
    def ledger(self) -> Path:
        """The ledger in which its runs are recorded."""
        return self.folder / "ledger.sqlite3"

    @property
    def capabilities(self) -> Capabilities:
        return self.kind.capabilities

    @property
    def has_roles(self) -> bool:
        """Whether the roles of the suite are things on the target, and no levels."""
        return self.capabilities.roles and self.target.has_own_roles

    def options(self) -> Options:
        return self.kind.options(**self.target.options())

    @contextmanager
    def provider(self) -> Iterator[Provider]:
        """The provider itself, open on the target."""
        provider = self.kind.open(TARGET, self.options())
        try:
            yield provider
        finally:
            provider.close()

    def run(self, access: Access) -> Run:
        """A run over the manifest of this access. It has touched nothing yet."""
        path = self.folder / "access.yaml"
        path.write_text(self.manifest_text(access), encoding="utf-8")
        origin = Origin(str(self.ledger), author="suite <suite@example.org>")
        return Run(Inputs((str(path),), (), self.environment(), NOW, origin))

    def plan(self, access: Access) -> Plan:
        with self.run(access) as run:
            return run.plan()

    def apply(
        self, access: Access, stop: Callable[[], bool] = never, *, accepts: bool = False
    ) -> Report:
        """Plan and apply, whatever comes of it; with `accepts`, also what is held or blocked."""
        with self.run(access) as run:
            plan = run.plan()
            holding = {each.id for each in plan.findings if each.is_holding}
            return run.apply(
                plan,
                accept=frozenset(holding) if accepts else frozenset(),
                credentials_out=self.new_file(),
                limits=Limits(stop=stop),
            )

    def converge(self, access: Access, *, accepts: bool = False) -> TargetReport:
        """Plan and apply, which must work, and must leave nothing to do."""
        report = self.apply(access, accepts=accepts)
        (target,) = report.targets
        failed = [(str(each.change.key), each.message) for each in target.outcomes if each.message]
        assert target.is_converged, (target.failure, failed, target.remaining)
        assert self.changes(access) == ()
        return target

    def changes(self, access: Access) -> tuple[Change, ...]:
        """What a new plan would do."""
        return self.plan(access).changes

    def new_file(self) -> str:
        """A path at which there is nothing."""
        self._files += 1
        return str(self.folder / f"credentials-{self._files}.jsonl")

    def environment(self) -> Mapping[str, str]:
        """The variables that the manifest refers to."""
        options = self.target.options()
        return {_variable(k): v for k, v in options.items() if isinstance(v, str)}

    def manifest_text(self, access: Access) -> str:
        """The manifest of this access: JSON, which is YAML."""
        return json.dumps(self._manifest(access), ensure_ascii=False)

    def _manifest(self, access: Access) -> Mapping[str, object]:
        options = {
            name: {"env": _variable(name)} if isinstance(value, str) else value
            for name, value in self.target.options().items()
        }
        servers = access.servers or {self.target.server_name: self.target.server()}
        target = {
            "provider": self.target.provider,
            "options": options,
            "policy": dict(access.policy),
        }
        return {
            "version": 1,
            "targets": {TARGET: target},
            "servers": {name: {"target": TARGET, **each} for name, each in servers.items()},
            "users": {name: _user(name, access) for name in access.users},
            "groups": {name: _group(name, access) for name in access.groups},
            "roles": {
                **{name: self._role(name, access) for name in access.roles},
                **{name: dict(entry) for name, entry in access.standing.items()},
            },
            "grants": [_grant(holder, role, access) for holder, role in access.grants],
        }

    def _role(self, name: str, access: Access) -> Mapping[str, object]:
        entry: dict[str, object] = {
            **self.target.role(access.roles[name]),
            **access.role_entries.get(name, {}),
        }
        if name in access.levels:
            entry["level"] = access.levels[name]
        if name in access.inherits:
            entry["inherits"] = list(access.inherits[name])
        return entry


def _variable(option: str) -> str:
    return f"CONFORMANCE_{option.upper()}"


def _user(name: str, access: Access) -> Mapping[str, object]:
    entry: dict[str, object] = {"name": f"Person {access.users.index(name)}"}
    if name in access.departed:
        entry["state"] = "departed"
    if name in access.attributes:
        entry["accounts"] = {TARGET: {"attributes": dict(access.attributes[name])}}
    return entry


def _group(name: str, access: Access) -> Mapping[str, object]:
    members: Sequence[str] = access.groups[name]
    return {"members": list(members), "groups": list(access.inner.get(name, ()))}


def _grant(holder: str, role: str, access: Access) -> Mapping[str, object]:
    return {"group" if holder in access.groups else "user": holder, "role": role}
