"""What the tests of the provider do with a service: open it, read it, change it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from reconciler.changes import Change, Outcome
from reconciler.providers.scim.options import ScimOptions
from reconciler.providers.scim.provider import ScimProvider, open_scim
from reconciler.scope import Scope
from reconciler.state import Fields, Key, Kind, State
from tests.conformance.bench import Notes
from tests.scim.service import ScimService


@contextmanager
def opened(service: ScimService, **options: object) -> Iterator[ScimProvider]:
    """A provider on the service."""
    given = {"url": service.base, "token": service.token, "timeout_s": 20, **options}
    provider = open_scim("people", ScimOptions.model_validate(given))
    try:
        yield provider
    finally:
        provider.close()


def read(service: ScimService, *roles: str, **options: object) -> State:
    """What a provider of its own reads, where these roles are declared."""
    scope = Scope(roles=frozenset((role,) for role in roles))
    with opened(service, **options) as provider:
        return provider.observe(scope)


def made(service: ScimService, *changes: Change, **options: object) -> list[Outcome]:
    """What became of these changes."""
    with opened(service, **options) as provider:
        return list(provider.apply(changes, Notes()))


def account(name: str, /, **fields: str | bool) -> Change:
    """The change that creates an account."""
    return Change("create", Key("account", (name,)), None, {"active": True, **fields})


def altered(name: str, /, **fields: str | bool) -> Change:
    """The change that gives an account these fields."""
    before: Fields = dict.fromkeys(fields)
    return Change("update", Key("account", (name,)), before, fields)


def member(role: str, name: str) -> Change:
    """The change that puts somebody into a role."""
    return Change("create", Key("membership", (role, name)), None, {})


def gone(kind: Kind, *path: str) -> Change:
    """The change that takes a record away."""
    return Change("delete", Key(kind, path), {}, None)


def needs(service: ScimService, what: str) -> None:
    """Skip the test on a server that does not do this."""
    if what in service.backend.lacks:
        pytest.skip(f"this server has no {what}")


def statuses(outcomes: Sequence[Outcome]) -> list[str]:
    """What became of each."""
    return [each.status for each in outcomes]


def writes(service: ScimService) -> list[tuple[str, str]]:
    """Method and path of each request that was no read."""
    return [(each.method, each.path) for each in service.requests if each.method != "GET"]
