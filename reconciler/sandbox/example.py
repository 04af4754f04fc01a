"""The example manifests: `examples/` in a checkout, copies of some in an installed package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def example_path(name: str) -> Path:
    """The file of an example. FileNotFoundError where an installation lost it."""
    for path in (_PACKAGE / f"{name}.yaml", _PACKAGE.parents[1] / "examples" / f"{name}.yaml"):
        if path.is_file():
            return path
    raise FileNotFoundError(f"examples/{name}.yaml is missing from this installation")


def example_manifest() -> str:
    """The text of the example that the demo applies."""
    return example_path("access").read_text(encoding="utf-8")
