"""The conformance suite on a real SCIM service from PyPI, as it is and as odd as others are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.suite import ProviderConformance
from tests.scim.service import Oddities, ScimService
from tests.scim.target import ScimTarget

KINDS = {
    "as-it-is": Oddities(),
    "poor": Oddities(page_cap=2, no_patch=True, no_discovery=True, hides_members=True),
}


class TestScim(ProviderConformance):
    """A whole service, and one that knows no PATCH and tells nothing of itself."""

    @pytest.fixture(params=sorted(KINDS))
    def target(self, request: pytest.FixtureRequest) -> Iterator[ScimTarget]:
        with ScimService(KINDS[request.param]) as service:
            target = ScimTarget(service)
            target.crash_points = (request.param_index, 5)
            yield target
        assert service.unplanned_errors == ()
