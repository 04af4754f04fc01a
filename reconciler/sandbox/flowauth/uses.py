"""How era A spells what may be done with an API route."""

from collections.abc import Mapping

from reconciler.sandbox.flowauth.groups import GroupTables, Use
from reconciler.sandbox.flowauth.responses import crashed

ACTIONS = ("get_result", "poll", "run")


def shown_uses(grouped: GroupTables, uses: Mapping[str, Use]) -> dict[str, object]:
    """Uses by API route, each with the route's id, all actions, and the names of the units."""
    ids = {row.name: row.id for row in grouped.routes.listed()}
    return {
        name: {
            "id": ids[name],
            "permissions": {action: action in use.actions for action in ACTIONS},
            "spatial_aggregation": sorted(use.units),
        }
        for name, use in uses.items()
    }


def use_in(value: object, offered: Use | None = None) -> Use:
    """A use as a request has it; with `offered`, units beyond it are dropped without a word."""
    permissions = value.get("permissions") if isinstance(value, dict) else None
    units = value.get("spatial_aggregation", []) if isinstance(value, dict) else None
    if not isinstance(permissions, dict) or not isinstance(units, list):
        raise crashed()
    if not set(permissions) <= set(ACTIONS):
        raise crashed()
    actions = frozenset(action for action, is_allowed in permissions.items() if is_allowed)
    names = frozenset(str(unit) for unit in units)
    return Use(actions, names if offered is None else names & offered.units)
