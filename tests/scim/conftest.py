"""A SCIM service for one test, and the provider on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scim.service import ScimService


@pytest.fixture
def service() -> Iterator[ScimService]:
    """A service that is as RFC 7644 says, until a test says otherwise."""
    with ScimService() as found:
        yield found
    assert found.unplanned_errors == ()
