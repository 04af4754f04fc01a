"""Fixtures for the tests of the MobiusFlow provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mobiusflow.lab import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Simulators and providers of one test, closed after it."""
    lab = Lab(tmp_path)
    try:
        yield lab
    finally:
        lab.close()
