"""`reconciler schema`: the JSON schemas of the manifest, of plans and of the acknowledge file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from reconciler.acknowledgements import acknowledge_schema_text
from reconciler.cli.options import common_options
from reconciler.cli.session import Session
from reconciler.errors import ReconcilerError, UsageError
from reconciler.manifest.schema import schema_text
from reconciler.plan_schema import plan_schema_text

_MANIFEST_FILE: Final = "access.schema.json"
_PLAN_FILE: Final = "plan.schema.json"
_ACKNOWLEDGE_FILE: Final = "acknowledge.schema.json"


@click.command("schema")
@click.option("--plan", "of_plan", is_flag=True, help="The schema of the plan document instead.")
@click.option(
    "--acknowledge", "of_acknowledge", is_flag=True, help="The schema of acknowledge.yaml instead."
)
@click.option("--write", is_flag=True, help="Write all schemas to files.")
@click.option("--check", is_flag=True, help="Exit with 1 when these files are not up to date.")
@click.option(
    "--folder", default="schemas", show_default=True, help="Where --write and --check look."
)
@common_options(reads_manifest=False, has_formats=False)
def command(
    session: Session, *, of_plan: bool, of_acknowledge: bool, write: bool, check: bool, folder: str
) -> int:
    """Print the JSON schema of the manifest, for editors and other checks."""
    if of_plan + of_acknowledge + write + check > 1:
        raise UsageError("--plan, --acknowledge, --write and --check exclude each other")
    if write:
        _write(session, Path(folder))
    elif check:
        _check(Path(folder))
    else:
        name = _PLAN_FILE if of_plan else _ACKNOWLEDGE_FILE if of_acknowledge else _MANIFEST_FILE
        session.document(_texts()[name])
    return 0


def _texts() -> Mapping[str, str]:
    return {
        _MANIFEST_FILE: schema_text(),
        _PLAN_FILE: plan_schema_text(),
        _ACKNOWLEDGE_FILE: acknowledge_schema_text(),
    }


def _write(session: Session, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in _texts().items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from error
    session.out("".join(f"{folder / name}\n" for name in _texts()))


def _check(folder: Path) -> None:
    from jsonschema import Draft202012Validator  # slow to import, and needed here alone

    for text in _texts().values():
        Draft202012Validator.check_schema(json.loads(text))
    stale = [name for name, text in _texts().items() if _content(folder / name) != text]
    if stale:
        raise ReconcilerError(
            f"not up to date in {folder}: {', '.join(stale)}; run: reconciler schema --write"
        )


def _content(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
