"""Imports of systems of accounts and roles, as the command makes them, and runs over their result.

Here belongs what the tests of `import` do for each of them. What must hold is in the tests.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.engine import Inputs, Origin, Run
from reconciler.importing.access import access_manifest
from reconciler.importing.place import Place
from reconciler.importing.trial import System
from reconciler.importing.yaml_text import Data
from reconciler.manifest.load import parse_manifest
from reconciler.manifest.models import Manifest
from reconciler.plan import Plan
from reconciler.provider import Surveying
from reconciler.providers.registry import provider_type
from tests.conformance.bench import NOW
from tests.conformance.target import ConformanceTarget

TARGET = "here"


@dataclass(frozen=True, slots=True)
class Import:
    """What an import printed, and the target it was made of."""

    text: str
    target: ConformanceTarget

    @property
    def manifest(self) -> Manifest:
        """The manifest, which must be valid."""
        return parse_manifest({"access.yaml": self.text}).manifest

    @property
    def comments(self) -> str:
        """What its comments say, in one line."""
        lines = (line for line in self.text.splitlines() if line.startswith("#"))
        return " ".join(line.lstrip("# ") for line in lines)

    @property
    def protected(self) -> Sequence[str]:
        """The patterns of those it protects."""
        return self.manifest.targets[TARGET].policy.protect

    @property
    def grants(self) -> set[tuple[str, str]]:
        """Who is given what: user and role, by their names in the manifest."""
        return {(grant.user or "", grant.role) for grant in self.manifest.grants}

    def plans(self, folder: Path) -> tuple[Plan, Plan]:
        """The plans before anything is known, and when the manifest has been applied once."""
        path = folder / "imported.yaml"
        path.write_text(self.text, encoding="utf-8")
        environment = {_variable(k): v for k, v in _texts(self.target).items()}
        origin = Origin(str(folder / "imported.sqlite3"), author="tests <tests@example.org>")
        inputs = Inputs((str(path),), (), environment, NOW, origin)
        with Run(inputs) as run:
            first = run.plan()
            run.apply(first, credentials_out=str(folder / "imported-passwords.jsonl"))
        with Run(inputs) as run:
            return first, run.plan()


def import_of(target: ConformanceTarget) -> Import:
    """The manifest of what is on the target; its texts are environment variables."""
    kind, options = provider_type(target.provider), target.options()
    provider = kind.open(TARGET, kind.options(**options))
    written: dict[str, Data] = {
        name: {"env": _variable(name)} if isinstance(value, str) else value
        for name, value in options.items()
    }
    try:
        assert isinstance(provider, Surveying)
        survey = provider.survey(())
        place = Place(TARGET, target.provider, written)
        return Import(access_manifest(survey, place, System(kind, provider.normalize)), target)
    finally:
        provider.close()


def assert_nothing_to_do(found: Import, folder: Path) -> None:
    """Neither plan changes anything, apply left every fact as it was, and nothing drifts but what
    belongs to those whom the manifest protects.
    """
    __tracebackhide__ = True
    before = found.target.witness()
    first, second = found.plans(folder)
    assert first.changes == (), found.text
    assert second.changes == (), found.text
    assert found.target.witness() == before
    (target,) = second.targets
    assert target.applied, "the apply was not remembered"
    strange = [each for each in target.drift if not _is_any(each.key.path[-1], found.protected)]
    assert strange == [], found.text


def _is_any(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _texts(target: ConformanceTarget) -> Mapping[str, str]:
    return {name: value for name, value in target.options().items() if isinstance(value, str)}


def _variable(option: str) -> str:
    return f"IMPORT_{option.upper()}"
