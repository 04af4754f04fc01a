"""`reconciler init`: a starter manifest and a CI workflow."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final

import click

from reconciler.cli.options import common_options
from reconciler.cli.session import Session
from reconciler.errors import UsageError

_FILES: Final = {
    "access.yaml": "access.yaml",
    "access-workflow.yml": ".github/workflows/access.yml",
}
"""The templates, and where they go."""

_NEXT_STEPS: Final = """
Next:
  1. Put your systems and people into access.yaml.
  2. reconciler validate                  says what is wrong with it
  3. export FLOWDB_DSN=... FLOWAUTH_URL=... FLOWAUTH_PASSWORD=...
     reconciler plan                      shows what would be changed; changes nothing
  4. reconciler apply                     asks, then changes it
  5. Commit both files; the workflow says at its top what CI needs.
"""


@click.command("init")
@click.argument("folder", metavar="[FOLDER]", default=".")
@common_options(reads_manifest=False, has_formats=False)
def command(session: Session, *, folder: str) -> int:
    """Write a starter manifest and a CI workflow to FOLDER (default: here).

    Overwrites nothing: when one of the files exists, nothing is written.
    """
    places = {name: Path(folder) / place for name, place in _FILES.items()}
    existing = [str(place) for place in places.values() if place.exists() or place.is_symlink()]
    if existing:
        verb = "exists" if len(existing) == 1 else "exist"
        raise UsageError(
            f"{' and '.join(existing)} {verb} already; name another folder. Nothing was written."
        )
    for name, place in places.items():
        _write(place, _template(name))
    session.out("".join(f"Wrote {place}\n" for place in places.values()) + _NEXT_STEPS)
    return 0


def _template(name: str) -> str:
    return (resources.files("reconciler") / "templates" / name).read_text(encoding="utf-8")


def _write(place: Path, text: str) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{place} cannot be written: {error.strerror}") from error
