"""What a service says of itself, with careful guesses where it says nothing, or nonsense.

Source: RFC 7643, section 5 (ServiceProviderConfig); RFC 7644, section 4; RFC 9865, section 4
(pagination). A `maxResults` of 0 is taken for unknown: Keycloak 26 says so
(keycloak/keycloak#49841).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.errors import RefusedError, UnexpectedResponseError
from reconciler.providers.scim.client import Client, Row
from reconciler.providers.scim.options import Auto, ScimOptions
from reconciler.providers.scim.resources import value_of
from reconciler.providers.scim.shapes import Shape, shapes_of

_USUAL_PAGE: Final = 100
_LARGEST_PAGE: Final = 1000
"""More than this in one answer is not asked for unless an option says so: answers time out too."""


@dataclass(frozen=True, slots=True)
class Features:
    """What the service can do. `config` is what it says itself, empty where it says nothing.

    `shapes` has what its resources may and must have, by schema in small letters. `by_cursor` says
    that each page names the next, and that none can be asked for by the number of its first.
    """

    config: Row
    patch: bool
    etag: bool
    page_size: int
    shapes: Mapping[str, Shape]
    by_cursor: bool = False

    def shape(self, schema: str) -> Shape:
        """What resources of a schema have; one that tells nothing where the service does not."""
        return self.shapes.get(schema.lower(), Shape())


def read_features(client: Client) -> Features:
    """Ask the service, and let the options decide where they say yes or no.

    Raises RefusedError where the token is refused; any other fault means that nothing is told.
    """
    config = _told(client, "/ServiceProviderConfig")
    schemas = _told(client, "/Schemas")
    if not config or not schemas:  # was it the token?
        client.get("/Users?startIndex=1&count=1")
    options: ScimOptions = client.options
    return Features(
        config=config,
        patch=_decided(options.use_patch, _switch(config, "patch"), unknown=True),
        etag=_decided(options.use_etag, _switch(config, "etag"), unknown=False),
        page_size=_page_size(options, most_results(config)),
        shapes=shapes_of(schemas),
        by_cursor=_switch(config, "pagination", "cursor") is True
        and _switch(config, "pagination", "index") is False,
    )


def most_results(config: Row) -> int:
    """How many resources the service says that it gives at once; 0 where it does not say."""
    filtered = _number(_part(config, "filter").get("maxResults"))
    return _number(_part(config, "pagination").get("maxPageSize")) or filtered


def _number(value: object) -> int:
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _page_size(options: ScimOptions, most: int) -> int:
    if not options.page_size:
        return min(most, _LARGEST_PAGE) if most > 0 else _USUAL_PAGE
    return min(options.page_size, most) if most > 0 else options.page_size


def _told(client: Client, path: str) -> Row:
    """The JSON at a path; empty where the service gives no such thing."""
    try:
        response = client.get(path)
        found = client.json(response) if response.status_code == 200 else {}
    except (RefusedError, UnexpectedResponseError):
        return {}
    return found if isinstance(found, dict) else {}


def _part(row: Row, name: str) -> Row:
    found = value_of(row, name)
    return found if isinstance(found, dict) else {}


def _switch(config: Row, name: str, part: str = "supported") -> bool | None:
    """Whether something is supported: also where it says so with a text."""
    value = _part(config, name).get(part)
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _decided(option: Auto, told: bool | None, *, unknown: bool) -> bool:
    if option != "auto":
        return option == "yes"
    return unknown if told is None else told
