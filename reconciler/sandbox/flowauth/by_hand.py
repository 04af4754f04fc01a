"""Edits by hand of a FlowAuth up to 1.17, and a picture of what its groups hold.

Like the edits of `store`, which are good for the users of these releases too: by name, at once, and
with no check but the unique rules. In era A, what a server or group may do is given by API route,
with actions and aggregation units; in era B it is a list of texts.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from reconciler.sandbox.flowauth.columns import format_date, naive_utc
from reconciler.sandbox.flowauth.groups import ON, GroupRow, LimitsRow, NamedRow, Use
from reconciler.sandbox.flowauth.store import DEFAULT_EXPIRY, DEFAULT_LIFE_MINUTES, Store
from reconciler.sandbox.flowauth.tables import Tables

Routes = Mapping[str, tuple[Iterable[str], Iterable[str]]]
"""By API route: actions, and aggregation units."""


def uses(routes: Routes | Iterable[str]) -> dict[str, Use]:
    """What may be done, of either era."""
    if isinstance(routes, Mapping):
        return {
            name: Use(frozenset(actions), frozenset(units))
            for name, (actions, units) in routes.items()
        }
    return {name: Use(ON) for name in routes}


def offer(store: Store, server: str, offered: Routes | Iterable[str]) -> None:
    """Make this all that groups can be given on a server; new routes and units are added."""
    with store.transaction() as tables:
        server_id = _server_id(tables, server)
        grouped, wanted = tables.grouped, uses(offered)
        for name, use in wanted.items():
            if isinstance(offered, Mapping):
                _know(tables, name, use)
        kept = {key: use for key, use in grouped.offered.items() if key[0] != server_id}
        grouped.offered = kept | {(server_id, name): use for name, use in wanted.items()}


def switch_off(store: Store, server: str, text: str) -> None:
    """Era B: let a server know a text, switched off."""
    with store.transaction() as tables:
        tables.grouped.offered[_server_id(tables, server), text] = Use(frozenset())


def add_group(store: Store, name: str, members: Iterable[str] = ()) -> int:
    """Add a group without rights; returns its id."""
    with store.transaction() as tables:
        group_id = tables.grouped.groups.new_id()
        tables.grouped.groups.insert(GroupRow(group_id, name))
        tables.grouped.members |= {(store.user_id(user), group_id) for user in members}
    return group_id


def give(
    store: Store,
    group: str,
    server: str,
    held: Routes | Iterable[str],
    *,
    latest_end: datetime = DEFAULT_EXPIRY,
    longest_life: int = DEFAULT_LIFE_MINUTES,
) -> None:
    """Make this all that a group, which may be a user's own, may do on a server."""
    with store.transaction() as tables:
        pair = group_id(store, group), _server_id(tables, server)
        end = naive_utc(latest_end)
        assert end is not None
        tables.grouped.limits[pair] = LimitsRow(end, longest_life)
        kept = {key: use for key, use in tables.grouped.held.items() if key[:2] != pair}
        tables.grouped.held = kept | {(*pair, name): use for name, use in uses(held).items()}


def set_members(store: Store, group: str, members: Iterable[str]) -> None:
    """Make these all that are in a group."""
    with store.transaction() as tables:
        number = group_id(store, group)
        kept = {link for link in tables.grouped.members if link[1] != number}
        tables.grouped.members = kept | {(store.user_id(user), number) for user in members}


def group_id(store: Store, name: str) -> int:
    """The id of a group."""
    for row in store.view().grouped.groups.listed():
        if row.name == name:
            return row.id
    raise KeyError(f"no group {name!r} in the simulated FlowAuth")


def group_facts(store: Store) -> dict[str, object]:
    """Everything about groups and servers in small facts, by names for them, without secrets."""
    view = store.view()
    users = {row.id: row.username for row in view.users.listed()}
    servers = {row.id: row.name for row in view.servers.listed()}
    groups = {row.id: row.name for row in view.grouped.groups.listed()}
    found: dict[str, object] = {
        f"group {row.name}": (row.id, row.owner_id) for row in view.grouped.groups.listed()
    }
    for user, group in view.grouped.members:
        found[f"user {users[user]} in {groups[group]}"] = True
    for (group, server), row in view.grouped.limits.items():
        limits = format_date(row.latest_end), row.longest_life
        found[f"group {groups[group]} on {servers[server]}"] = limits
    for (server, name), use in view.grouped.offered.items():
        found[f"{name} of {servers[server]}"] = _shown(use)
    for (group, server, name), use in view.grouped.held.items():
        found[f"{name} of {servers[server]} for {groups[group]}"] = _shown(use)
    return found


def _shown(use: Use) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(sorted(use.actions)), tuple(sorted(use.units))


def _know(tables: Tables, route: str, use: Use) -> None:
    grouped = tables.grouped
    if route not in {row.name for row in grouped.routes.listed()}:
        grouped.routes.insert(NamedRow(grouped.routes.new_id(), route))
    for unit in sorted(use.units - {row.name for row in grouped.units.listed()}):
        grouped.units.insert(NamedRow(grouped.units.new_id(), unit))


def _server_id(tables: Tables, name: str) -> int:
    row = tables.server_named(name)
    if row is None:
        raise KeyError(f"no server {name!r} in the simulated FlowAuth")
    return row.id
