"""The example manifest: `examples/access.yaml` in a checkout, a copy in an installed package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def example_manifest() -> str:
    """The text of the example. FileNotFoundError where an installation lost it."""
    for path in (_PACKAGE / "access.yaml", _PACKAGE.parents[1] / "examples" / "access.yaml"):
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise FileNotFoundError("examples/access.yaml is missing from this installation")
