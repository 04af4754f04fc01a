"""What a service says of itself, with careful guesses where it says nothing, or nonsense.

Source: RFC 7643, section 5 (ServiceProviderConfig); RFC 7644, section 4. A `maxResults` of 0 is
taken for unknown: Keycloak 26 says so (keycloak/keycloak#49841).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.errors import UnexpectedResponseError
from reconciler.providers.scim.client import Client, Row
from reconciler.providers.scim.options import Auto, ScimOptions

_USER = "urn:ietf:params:scim:schemas:core:2.0:user"


@dataclass(frozen=True, slots=True)
class Features:
    """`user_attributes`: the names of a User's attributes in small letters; None if not told."""

    patch: bool
    etag: bool
    page_size: int
    user_attributes: frozenset[str] | None


def read_features(client: Client) -> Features:
    """Ask the service, and let the options decide where they say yes or no.

    Raises RefusedError where the token is refused; any other fault means that nothing is told.
    """
    config = _told(client, "/ServiceProviderConfig")
    most = _number(_part(config, "filter").get("maxResults"))
    options: ScimOptions = client.options
    return Features(
        patch=_decided(options.use_patch, _switch(config, "patch"), unknown=True),
        etag=_decided(options.use_etag, _switch(config, "etag"), unknown=False),
        page_size=min(options.page_size, most) if most > 0 else options.page_size,
        user_attributes=_user_attributes(_told(client, "/Schemas")),
    )


def _told(client: Client, path: str) -> Row:
    """The JSON at a path; empty where the service gives no such thing."""
    response = client.get(path)
    if response.status_code != 200:
        return {}
    try:
        found = client.json(response)
    except UnexpectedResponseError:
        return {}
    return found if isinstance(found, dict) else {}


def _part(row: Row, name: str) -> Row:
    found = row.get(name)
    return found if isinstance(found, dict) else {}


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _switch(config: Row, name: str) -> bool | None:
    """Whether something is supported: also where it says so with a text."""
    value = _part(config, name).get("supported")
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _decided(option: Auto, told: bool | None, *, unknown: bool) -> bool:
    if option != "auto":
        return option == "yes"
    return unknown if told is None else told


def _user_attributes(answer: Mapping[str, object]) -> frozenset[str] | None:
    resources = answer.get("Resources")
    for each in resources if isinstance(resources, list) else ():
        if isinstance(each, dict) and str(each.get("id", "")).lower() == _USER:
            attributes = each.get("attributes")
            if isinstance(attributes, list) and attributes:
                names = (a.get("name") for a in attributes if isinstance(a, dict))
                return frozenset(str(name).lower() for name in names)
    return None
