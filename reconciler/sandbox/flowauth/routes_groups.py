"""Routes under /admin/groups, up to 1.17: groups, their members, and their rights on servers."""

from datetime import datetime

from reconciler.sandbox.flowauth.columns import (
    format_http_date,
    integer_value,
    parse_date,
    text_value,
)
from reconciler.sandbox.flowauth.context import Context
from reconciler.sandbox.flowauth.groups import ON, GroupRow, GroupTables, LimitsRow, Use
from reconciler.sandbox.flowauth.responses import crashed, json_response, not_found, refused
from reconciler.sandbox.flowauth.routing import Route
from reconciler.sandbox.flowauth.table import DatabaseRefusedError
from reconciler.sandbox.flowauth.tables import ServerRow, Tables
from reconciler.sandbox.flowauth.uses import shown_uses, use_in
from reconciler.sandbox.http.messages import Response


def list_groups(context: Context) -> Response:
    """GET /admin/groups: all but the users' own."""
    rows = context.services.store.view().grouped.groups.listed()
    return json_response([_named(row) for row in rows if row.owner_id is None])


def create_group(context: Context) -> Response:
    """POST /admin/groups: a name that a user's own group has is taken too."""
    name = text_value(context.json_object().get("name"))
    with context.services.store.transaction() as tables:
        row = GroupRow(tables.grouped.groups.new_id(), name)
        tables.grouped.groups.insert(row)
    return json_response(_named(row))


def show_group(context: Context) -> Response:
    """GET /admin/groups/ID."""
    view = context.services.store.view()
    row = _find(context, view.grouped)
    members = [
        {"id": u.id, "name": u.username}
        for u in view.users.listed()
        if (u.id, row.id) in view.grouped.members
    ]
    return json_response({**_named(row), "members": members, "servers": servers_of(view, row.id)})


def rename_group(context: Context) -> Response:
    """PATCH /admin/groups/ID: the name alone."""
    name = text_value(context.json_object().get("name"))
    with context.services.store.transaction() as tables:
        old = _find(context, tables.grouped)
        row = GroupRow(old.id, name, old.owner_id)
        tables.grouped.groups.update(row)
    return json_response(_named(row))


def remove_group(context: Context) -> Response:
    """DELETE /admin/groups/ID."""
    with context.services.store.transaction() as tables:
        tables.grouped.delete_group(_find(context, tables.grouped).id)
    return json_response({"poll": "OK"})


def list_members(context: Context) -> Response:
    """GET /admin/groups/ID/members."""
    view = context.services.store.view()
    group = _find(context, view.grouped)
    users = [row for row in view.users.listed() if (row.id, group.id) in view.grouped.members]
    return json_response([{"id": row.id, "name": row.username} for row in users])


def set_members(context: Context) -> Response:
    """PATCH /admin/groups/ID/members: the complete list."""
    wanted = listed_ids(context.json_object().get("members"))
    with context.services.store.transaction() as tables:
        group = _find(context, tables.grouped)
        if any(user_id not in tables.users for user_id in wanted):
            raise not_found()
        kept = {link for link in tables.grouped.members if link[1] != group.id}
        tables.grouped.members = kept | {(user_id, group.id) for user_id in wanted}
    return json_response(_named(group))


def list_servers(context: Context) -> Response:
    """GET /admin/groups/ID/servers."""
    view = context.services.store.view()
    return json_response(servers_of(view, _find(context, view.grouped).id))


def show_limits(context: Context) -> Response:
    """GET /admin/groups/ID/servers/SID/time_limits: the date in RFC 1123 form."""
    grouped = context.services.store.view().grouped
    row = grouped.limits.get((context.id_argument(), context.id_argument(1)))
    if row is None:
        raise not_found()
    return json_response(
        {
            "longest_token_life": row.longest_life,
            "latest_token_expiry": format_http_date(row.latest_end),
        }
    )


def show_rights(context: Context) -> Response:
    """GET /admin/groups/ID/servers/SID/capabilities.

    Era A lists all that the server allows, and what the group may do of it; era B what it may do.
    """
    view = context.services.store.view()
    group, server = _find(context, view.grouped), _server(view, context.id_argument(1))
    offered = view.grouped.uses_on(server.id)
    held = {
        name: use.within(offered[name])
        for name, use in view.grouped.uses_of(group.id, server.id).items()
        if name in offered
    }
    if context.services.settings.era == "B":
        return json_response(sorted(name for name, use in held.items() if use.actions))
    nothing = {name: Use(frozenset(), use.units) for name, use in offered.items()}
    return json_response(shown_uses(view.grouped, {**nothing, **held}))


def set_servers(context: Context) -> Response:
    """PATCH /admin/groups/ID/servers: the complete list of servers, limits and rights."""
    entries = context.json_object().get("servers")
    if not isinstance(entries, list):
        raise crashed()
    era, is_careless = context.services.settings.era, context.services.settings.cleans_other_groups
    with context.services.store.transaction() as tables:
        group = _find(context, tables.grouped)
        before = dict(tables.grouped.held)
        _forget_rights(tables.grouped, group.id)
        for entry in entries:
            if not isinstance(entry, dict):
                raise crashed()
            server = _server(tables, entry.get("id"))
            tables.grouped.limits[group.id, server.id] = _limits(entry, server)
            uses = _uses(era, tables.grouped, server.id, entry.get("rights"), group.id, before)
            for name, use in uses.items():
                tables.grouped.held[group.id, server.id, name] = use
            if is_careless:
                _clean_other_groups(tables.grouped, server.id, set(uses))
    return json_response(_named(group))


def servers_of(tables: Tables, group_id: int) -> list[dict[str, object]]:
    """The servers on which a group has rights."""
    rows = tables.servers.listed()
    return [
        {"id": row.id, "name": row.name}
        for row in rows
        if (group_id, row.id) in tables.grouped.limits
    ]


def listed_ids(values: object) -> list[int]:
    """The ids in a list of objects; anything else crashes."""
    if not isinstance(values, list) or any(not isinstance(each, dict) for each in values):
        raise crashed()
    found = [each.get("id") for each in values]
    if not all(isinstance(number, int) for number in found):
        raise crashed()
    return found


def _named(row: GroupRow) -> dict[str, object]:
    return {"id": row.id, "name": row.name}


def _find(context: Context, grouped: GroupTables) -> GroupRow:
    row = grouped.groups.get(context.id_argument())
    if row is None:
        raise not_found()
    return row


def _server(tables: Tables, server_id: object) -> ServerRow:
    row = tables.servers.get(server_id) if isinstance(server_id, int) else None
    if row is None:
        raise not_found()
    return row


def _limits(entry: dict[str, object], server: ServerRow) -> LimitsRow:
    if "latest_expiry" not in entry or "max_life" not in entry:
        raise crashed()
    end: datetime = parse_date(entry["latest_expiry"])
    life = integer_value(entry["max_life"], "postgres")
    longest = server.longest_token_life_minutes
    if not isinstance(life, int) or not isinstance(longest, int):
        raise DatabaseRefusedError("a lifetime is no integer")
    if life > longest:
        raise refused("Lifetime too long", bad_field="max_life")
    if server.latest_token_expiry is None or end > server.latest_token_expiry:
        raise refused("End date too late", bad_field="latest_expiry")
    return LimitsRow(end, life)


def _uses(
    era: str,
    grouped: GroupTables,
    server_id: int,
    rights: object,
    group_id: int,
    before: dict[tuple[int, int, str], Use],
) -> dict[str, Use]:
    offered = grouped.uses_on(server_id)
    if era == "B":
        if not isinstance(rights, list):
            raise crashed()
        for right in rights:
            if right not in offered or not offered[right].actions:
                raise refused(f"{right} not enabled for this server.")
        return dict.fromkeys(rights, Use(ON))
    if not isinstance(rights, dict):
        raise crashed()
    found: dict[str, Use] = {}
    for name, value in rights.items():
        if name in offered:  # others are ignored
            found[name] = use_in(value, offered[name])
            beyond = sorted(found[name].actions - offered[name].actions)
            if beyond and (group_id, server_id, name) in before:
                text = f"Permission '{beyond[0]}' not enabled for this server."
                raise refused(text, bad_field=beyond[0])
    return found


def _forget_rights(grouped: GroupTables, group_id: int) -> None:
    grouped.limits = {key: row for key, row in grouped.limits.items() if key[0] != group_id}
    grouped.held = {key: use for key, use in grouped.held.items() if key[0] != group_id}


def _clean_other_groups(grouped: GroupTables, server_id: int, kept: set[str]) -> None:
    """Era B's defect: what the clean-up looks for is not only this group's."""
    grouped.held = {
        key: use for key, use in grouped.held.items() if key[1] != server_id or key[2] in kept
    }


ROUTES = (
    Route("GET", "/admin/groups", list_groups),
    Route("POST", "/admin/groups", create_group),
    Route("GET", "/admin/groups/*", show_group),
    Route("PATCH", "/admin/groups/*", rename_group),
    Route("DELETE", "/admin/groups/*", remove_group),
    Route("GET", "/admin/groups/*/members", list_members),
    Route("PATCH", "/admin/groups/*/members", set_members),
    Route("GET", "/admin/groups/*/servers", list_servers),
    Route("PATCH", "/admin/groups/*/servers", set_servers),
    Route("GET", "/admin/groups/*/servers/*/time_limits", show_limits),
    Route("GET", "/admin/groups/*/servers/*/capabilities", show_rights),
)
