"""Golden files: texts that people and machines read, compared as a whole.

`pytest --update-golden` writes what the program says now; the change is then reviewed like code.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

_FOLDER = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write golden files instead of comparing"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with the golden file of a name, or writes it with --update-golden."""
    is_update = bool(request.config.getoption("--update-golden"))

    def compare(name: str, text: str) -> None:
        path = _FOLDER / name
        if is_update:
            path.write_text(text, encoding="utf-8", newline="")
        assert path.exists(), f"{path} is missing; make it with: pytest --update-golden"
        assert text == path.read_bytes().decode()

    return compare
