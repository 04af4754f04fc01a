"""Which of FlowAuth's three ways to hold access an instance has.

Asked by reads that need no sign-in: an admin route that is there answers 401, one that is not 404.
Source: FlowAuth 1.0 to 1.34, the routes of each release.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from reconciler.errors import UnexpectedResponseError
from reconciler.providers.flowauth.client import Client

_FIRST_WITH_ROLES: Final = (1, 18)


class Era(Enum):
    """What a server's rights are made of."""

    ROUTES = "API routes"
    """The first releases: API routes with rights and aggregation units, given to groups."""

    STRINGS = "API scopes"
    """To 1.17: scopes that are one text each, given to groups."""

    ROLES = "roles"
    """From 1.18 on: scopes, given to roles."""


@dataclass(frozen=True, slots=True)
class Release:
    """An era and the version that FlowAuth reports; the first releases report none."""

    era: Era
    version: str


def find_release(client: Client) -> Release:
    """The release behind a client. Raises UnexpectedResponseError where it is not FlowAuth."""
    version = client.version()
    has_roles = client.has_route("/roles/") if version is None else not _is_older(version)
    if has_roles:
        return Release(Era.ROLES, version or "unknown")
    if not client.has_route("/admin/groups"):
        raise _neither(client, version)
    has_routes = client.has_route("/admin/capabilities")
    return Release(Era.ROUTES if has_routes else Era.STRINGS, version or "unknown")


def _is_older(version: str) -> bool:
    digits = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    return len(digits) == 2 and digits < _FIRST_WITH_ROLES


def _neither(client: Client, version: str | None) -> UnexpectedResponseError:
    if version is None:
        return client.foreign("it has neither GET /version nor roles nor groups")
    text = f"FlowAuth {version[:20]} has no roles, which came with 1.18, and no groups either"
    hint = "check the option url, and what stands between us and FlowAuth"
    return UnexpectedResponseError(client.target, f"{text}; {hint}")
