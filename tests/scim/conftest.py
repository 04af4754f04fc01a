"""A SCIM service for one test: the package, or the server that `./dev test --scim` chose."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scim.backends import RemoteBackend
from tests.scim.chosen import chosen_backend, is_throw_away
from tests.scim.service import ScimService


@pytest.fixture(scope="session")
def backend() -> Iterator[RemoteBackend | None]:
    """The server that the run chose; None for the package, of which each test has its own."""
    if not is_throw_away():
        yield None
        return
    with chosen_backend() as found:
        yield found


@pytest.fixture
def service(backend: RemoteBackend | None) -> Iterator[ScimService]:
    """A service without anybody, which is as it is until a test says otherwise."""
    with ScimService(backend=backend) as found:
        yield found
        if backend is not None:
            found.erase()
    assert found.unplanned_errors == ()


@pytest.fixture
def readers(service: ScimService) -> ScimService:
    """A service with the group readers, in which amina is, and kofi beside."""
    amina = service.post("/Users", userName="amina", active=True, displayName="Amina")
    service.post("/Users", userName="kofi", active=True, externalId="other:kofi")
    service.post("/Groups", displayName="readers", members=[{"value": amina}])
    return service
