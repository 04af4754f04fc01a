"""The conformance suite on a real SCIM service from PyPI, as it is and as odd as others are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.suite import ProviderConformance
from tests.scim.backends import RemoteBackend
from tests.scim.chosen import (
    NOT_ASKED_FOR,
    chosen_backend,
    is_asked_for,
    refuse_strangers,
)
from tests.scim.oddities import Oddities
from tests.scim.service import ScimService
from tests.scim.target import ScimTarget

KINDS = {
    "as-it-is": Oddities(),
    "poor": Oddities(page_cap=2, no_patch=True, discovery=404, hides_members=True),
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


@pytest.fixture(scope="module")
def backend() -> Iterator[RemoteBackend]:
    """The other service of this run."""
    with chosen_backend() as found:
        yield found


if is_asked_for():

    class TestRealScim(ProviderConformance):
        """A server that is not the package, behind the same faults."""

        @pytest.fixture
        def target(self, backend: RemoteBackend) -> Iterator[ScimTarget]:
            with ScimService(backend=backend) as service:
                kept = refuse_strangers(service)
                try:
                    target = ScimTarget(service)
                    target.crash_points = (0, 7)
                    yield target
                finally:
                    service.erase(kept)
            assert service.unplanned_errors == ()

else:

    @pytest.mark.skip(reason=NOT_ASKED_FOR)
    def test_another_scim_service_goes_through_the_suite() -> None:
        """Stands for the whole suite, so that a run without one says so once."""
