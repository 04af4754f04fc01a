"""Rights as API routes, each with what may be done and at which aggregation units.

The first releases. Routes and units are lists of the whole FlowAuth; a server allows some of them,
and a group gets some of what its server allows.
Source: FlowAuth 1.0, admin.py and spatial_aggregation.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Final

from pydantic import TypeAdapter

from reconciler.providers.flowauth.api import Named, Row, checked
from reconciler.providers.flowauth.client import Client
from reconciler.providers.flowauth.legacy import api
from reconciler.providers.flowauth.legacy.words import (
    ACTIONS,
    NOWHERE,
    Right,
    Rights,
    parsed,
    spelled,
)
from reconciler.providers.settling import settle

_ROUTES: Final = "/admin/capabilities"
_UNITS: Final = "/spatial_aggregation"


class _Use(Row):
    """What may be done with one API route."""

    id: int
    permissions: dict[str, bool]
    spatial_aggregation: tuple[str, ...]


_USES: Final = TypeAdapter(dict[str, _Use])
_NAMED: Final = TypeAdapter(tuple[Named, ...])

_Plan = Mapping[str, tuple[frozenset[str], frozenset[str]]]
"""By API route: what may be done, and at which units."""


class Routes:
    """A `Dialect`."""

    name = "API routes"
    tells_inner_queries_apart = False
    may_touch_others = False

    def offered(self, client: Client, server_id: int) -> Rights:
        """What a server allows. FlowAuth lists all routes, with nothing allowed on the others."""
        return _rights(_uses(client, f"/admin/servers/{server_id}/capabilities"))

    def held(self, client: Client, group_id: int, server_id: int) -> Rights:
        """What a group may do of what its server allows."""
        return _rights(_uses(client, api.rights_route(group_id, server_id)))

    def offer(self, client: Client, server_id: int, rights: Rights) -> None:
        """Allow these on a server; routes and units that FlowAuth does not know are added first."""
        plan = _planned(rights)
        numbers = _add_routes(client, plan)
        _add_units(client, {unit for _, units in plan.values() for unit in units})
        body = {route: {"id": numbers[route], **_entry(*use)} for route, use in plan.items()}
        client.write("PATCH", f"/admin/servers/{server_id}/capabilities", body)

    def body(self, rights: Rights) -> object:
        """By API route."""
        return {route: _entry(*use) for route, use in _planned(rights).items()}

    def obstacle(self, rights: Rights) -> str:
        """A route has one list of rights and one of units: each right holds at each unit."""
        strange = sorted(right for right in rights if parsed(right) is None)
        if strange:
            return f"{', '.join(strange)} is no right on an API route"
        for route, (actions, units) in _planned(rights).items():
            if len(units) > 1 and NOWHERE in units:
                return f"the API route {route} cannot be {NOWHERE} and have aggregation units"
            whole = {spelled(Right(action, route, unit)) for action in actions for unit in units}
            if not rights >= whole:
                return f"what may be done with {route} differs between its aggregation units"
        return ""

    def joined(self, rights: Collection[Rights]) -> Rights:
        """Each right on a route at each of its units."""
        plan = _planned(frozenset().union(*rights))
        return frozenset(
            spelled(Right(action, route, unit))
            for route, (actions, units) in plan.items()
            for action in actions
            for unit in (units - {NOWHERE} or units)
        )

    def requests(self, server: str, rights: Rights) -> tuple[str, ...]:
        """New routes and units, and one request with all rights."""
        plan = _planned(rights)
        units = sorted({unit for _, each in plan.values() for unit in each} - {NOWHERE})
        body = {route: {"id": f"<{route}>", **_entry(*use)} for route, use in plan.items()}
        return (
            *(f"POST {_ROUTES} {_shown({'name': route})}, if it is new" for route in plan),
            *(f"POST {_UNITS} {_shown({'name': unit})}, if it is new" for unit in units),
            f"PATCH /admin/servers/<{server}>/capabilities {_shown(body)}",
        )


def _uses(client: Client, route: str) -> Mapping[str, _Use]:
    return checked(client, f"GET {route}", _USES, client.get(route))


def _rights(uses: Mapping[str, _Use]) -> Rights:
    return frozenset(
        spelled(Right(action, route, unit))
        for route, use in uses.items()
        for action, is_allowed in use.permissions.items()
        if is_allowed
        for unit in use.spatial_aggregation or (NOWHERE,)
    )


def _planned(rights: Iterable[str]) -> _Plan:
    found: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
    for right in sorted(filter(None, map(parsed, rights))):
        actions, units = found.get(right.query, (frozenset(), frozenset()))
        found[right.query] = (actions | {right.action}, units | {right.unit})
    return found


def _entry(actions: frozenset[str], units: frozenset[str]) -> Mapping[str, object]:
    return {
        "permissions": {action: action in actions for action in ACTIONS},
        "spatial_aggregation": sorted(units - {NOWHERE}),
    }


def _add_routes(client: Client, wanted: Iterable[str]) -> Mapping[str, int]:
    """The numbers of these API routes, of which new ones are added."""
    _add(client, _ROUTES, wanted, lambda: _numbers(client))
    return _numbers(client)


def _numbers(client: Client) -> Mapping[str, int]:
    return {name: use.id for name, use in _uses(client, _ROUTES).items()}


def _add_units(client: Client, wanted: Collection[str]) -> None:
    _add(client, _UNITS, set(wanted) - {NOWHERE}, lambda: _unit_names(client))


def _unit_names(client: Client) -> frozenset[str]:
    rows = checked(client, f"GET {_UNITS}", _NAMED, client.get(_UNITS))
    return frozenset(row.name for row in rows)


def _add(
    client: Client, path: str, wanted: Iterable[str], there: Callable[[], Collection[str]]
) -> None:
    for name in sorted(set(wanted).difference(there())):
        write = partial(client.write, "POST", path, {"name": name})
        settle(client.target, f'"{name}" of {path}', write, partial(_is_among, name, there))


def _is_among(name: str, there: Callable[[], Collection[str]]) -> bool:
    return name in there()


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
