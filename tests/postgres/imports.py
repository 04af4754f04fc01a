"""Imports of the servers under test, as the command makes them, and runs over their result.

Here belongs what several tests of `import` do. What must hold is in the tests.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from pathlib import Path

from reconciler.engine import Inputs, Origin, Run
from reconciler.importing import Place, manifest_of
from reconciler.manifest.load import parse_manifest
from reconciler.manifest.models import Manifest
from reconciler.plan import Plan
from reconciler.providers.postgres import PROVIDER
from reconciler.providers.postgres.options import PostgresOptions
from reconciler.providers.postgres.provider import open_postgres
from tests.postgres.desk import NOW


def imported(dsn: str, databases: Sequence[str] = ()) -> str:
    """The manifest of a cluster; its target is `db`, over the environment variable DSN."""
    options = PostgresOptions.model_validate({"dsn": dsn})
    provider = open_postgres("db", options)
    try:
        survey = provider.survey(databases)
    finally:
        provider.close()
    place = Place("db", "postgres", {"dsn": {"env": "DSN"}}, PROVIDER.capabilities.attributes)
    return manifest_of(survey, place)


def read(text: str) -> Manifest:
    """The manifest of the text, which must be valid."""
    return parse_manifest({"access.yaml": text}).manifest


def comments(text: str) -> str:
    """What the comments of the text say, in one line."""
    lines = (line for line in text.splitlines() if line.startswith("#"))
    return " ".join(line.lstrip("# ") for line in lines)


def plans(text: str, dsn: str, folder: Path) -> Mapping[str, Plan]:
    """The plans of a manifest before anything is known, and when it has been applied once."""
    path = folder / "imported.yaml"
    path.write_text(text, encoding="utf-8")
    ledger = folder / "imported.sqlite3"
    inputs = Inputs((str(path),), (), {"DSN": dsn}, NOW, Origin(str(ledger)))
    with Run(inputs) as run:
        first = run.plan()
        run.apply(first, credentials_out=str(folder / "imported-passwords.jsonl"))
    with Run(inputs) as run:
        return {"first": first, "second": run.plan()}


def assert_nothing_to_do(text: str, dsn: str, folder: Path) -> None:
    """Both plans change nothing; of drift there is none but of whom the manifest has to protect."""
    __tracebackhide__ = True
    found = plans(text, dsn, folder)
    for name, plan in found.items():
        assert plan.changes == (), (name, text)
    (target,) = found["second"].targets
    assert target.applied, "the apply was not remembered"
    protected = read(text).targets["db"].policy.protect
    strange = [each for each in target.drift if not _is_any(each.key.path[-1], protected)]
    assert strange == [], text


def _is_any(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
