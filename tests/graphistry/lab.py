"""What the tests of the provider do with an installation: read it, change it, run manifests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from reconciler.changes import Change, Outcome
from reconciler.engine import Inputs, Origin, Run
from reconciler.plan import Plan
from reconciler.providers.graphistry.options import GraphistryOptions
from reconciler.providers.graphistry.provider import GraphistryProvider, open_graphistry
from reconciler.report import Report
from reconciler.scope import Scope
from reconciler.state import Fields, Key, State
from tests.conformance.bench import Notes
from tests.graphistry.installation import MODELS, ROLES, Installation

NOW = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)
PINNED: Mapping[str, object] = {**MODELS, "role_names": ROLES}
TARGET = "visuals"

Entry = Mapping[str, object]


@dataclass(slots=True)
class Lab:
    """An installation, and what was told of the last changes."""

    installation: Installation
    folder: Path
    notes: Notes = field(default_factory=Notes)
    _plans: int = 0

    def options(self, **options: object) -> Mapping[str, object]:
        return {"command": self.installation.command, "settings_off": [], **options}

    def provider(self, **options: object) -> GraphistryProvider:
        """A provider on the installation."""
        given = GraphistryOptions.model_validate(self.options(**options))
        return open_graphistry(TARGET, given)

    def read(self, *slugs: str, **options: object) -> State:
        """What a provider of its own reads, where these organisations are declared."""
        return self.provider(**options).observe(Scope(servers=frozenset(slugs)))

    def account(self, name: str, **options: object) -> Fields:
        """The fields of one account."""
        fields = self.read(**options).get(Key("account", (name,)))
        assert fields is not None, name
        return fields

    def make(self, *changes: Change, **options: object) -> list[Outcome]:
        """What became of these changes."""
        self.notes = Notes()
        with closing(self.provider(**options)) as provider:
            return list(provider.apply(changes, self.notes))

    def run(self, manifest: Entry, **options: object) -> Run:
        """A run over a manifest whose one target is the installation."""
        target = {"provider": "graphistry", "options": self.options(**options)}
        whole = {"version": 1, "targets": {TARGET: target}, **manifest}
        path = self.folder / "access.yaml"
        path.write_text(json.dumps(whole), encoding="utf-8")
        origin = Origin(str(self.folder / "ledger.sqlite3"), author="lab <lab@example.org>")
        return Run(Inputs((str(path),), (), {}, NOW, origin))

    def plan(self, manifest: Entry, **options: object) -> Plan:
        with self.run(manifest, **options) as run:
            return run.plan()

    def apply(self, manifest: Entry, **options: object) -> Report:
        """Plan and apply, which must leave nothing to do."""
        with self.run(manifest, **options) as run:
            self._plans += 1
            out = str(self.folder / f"credentials-{self._plans}.jsonl")
            report = run.apply(run.plan(), credentials_out=out)
        assert report.targets[0].is_converged, report.targets[0]
        return report


def new(name: str, /, **fields: str | bool) -> Change:
    """The change that creates an account."""
    return Change(
        "create", Key("account", (name,)), None, {"active": True, "level": "user"} | fields
    )


def altered(name: str, before: Fields, after: Fields) -> Change:
    """The change that gives an account these fields."""
    return Change("update", Key("account", (name,)), before, after)


def shut(name: str) -> Change:
    """The change after which somebody may not sign in any more."""
    return altered(name, {"active": True}, {"active": False})


def gone(name: str) -> Change:
    """The change that deletes an account."""
    return Change("delete", Key("account", (name,)), {"active": True}, None)


def statuses(outcomes: Sequence[Outcome]) -> list[str]:
    """What became of each."""
    return [each.status for each in outcomes]
