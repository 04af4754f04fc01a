"""Fixtures for the tests of the Graphistry provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.graphistry.installation import new_installation
from tests.graphistry.lab import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A stand-in with nobody in it, and what the tests do with it."""
    with new_installation() as installation:
        yield Lab(installation, tmp_path)
