"""Routes up to 1.17 for users and servers, where they differ from those of later releases.

Era A has API routes and aggregation units for the whole FlowAuth; era B has neither.
"""

from dataclasses import replace

from reconciler.sandbox.flowauth import routes_servers, routes_users
from reconciler.sandbox.flowauth.columns import (
    format_http_date,
    integer_value,
    parse_date,
    text_value,
)
from reconciler.sandbox.flowauth.context import Context
from reconciler.sandbox.flowauth.groups import ON, NamedRow, Use
from reconciler.sandbox.flowauth.responses import crashed, json_response, not_found
from reconciler.sandbox.flowauth.routes_groups import listed_ids, servers_of
from reconciler.sandbox.flowauth.routing import Access, Route
from reconciler.sandbox.flowauth.table import DatabaseRefusedError
from reconciler.sandbox.flowauth.tables import ServerRow, Tables, UserRow
from reconciler.sandbox.flowauth.uses import shown_uses, use_in
from reconciler.sandbox.http.messages import Response

# Users


def show_user(context: Context) -> Response:
    """GET /admin/users/ID: with the own group and its servers, where the release says."""
    view = context.services.store.view()
    row = _user(context, view)
    own = view.grouped.own_group(row.id)
    facts: dict[str, object] = {"id": row.id, "name": row.username, "is_admin": row.is_admin}
    if context.services.settings.tells_own_groups and own is not None:
        groups = [{"id": each.id, "name": each.name} for each in view.grouped.groups_of(row.id)]
        facts |= {"groups": groups, "group_id": own.id, "servers": servers_of(view, own.id)}
    return json_response(facts)


def show_own_group(context: Context) -> Response:
    """GET /admin/users/ID/user_group."""
    view = context.services.store.view()
    own = view.grouped.own_group(_user(context, view).id)
    if own is None:
        raise crashed()
    return json_response({"id": own.id, "name": own.name})


def list_user_groups(context: Context) -> Response:
    """GET /admin/users/ID/groups: without the user's own."""
    view = context.services.store.view()
    return json_response(_groups(view, _user(context, view)))


def set_user_groups(context: Context) -> Response:
    """PATCH /admin/users/ID/groups: the complete list; 404 where one of them is not there."""
    wanted = listed_ids(context.json_object().get("groups"))
    with context.services.store.transaction() as tables:
        row = _user(context, tables)
        if any(group_id not in tables.grouped.groups for group_id in wanted):
            raise not_found()
        tables.grouped.set_groups(row.id, wanted)
    return json_response(_groups(tables, row))


def _user(context: Context, tables: Tables) -> UserRow:
    row = tables.users.get(context.id_argument())
    if row is None:
        raise not_found()
    return row


def _groups(tables: Tables, user: UserRow) -> list[dict[str, object]]:
    groups = tables.grouped.groups_of(user.id)
    return [{"id": row.id, "name": row.name} for row in groups if row.owner_id is None]


# Servers


def show_server(context: Context) -> Response:
    """GET /admin/servers/ID: in the earliest releases with a secret key, and never with limits."""
    view = context.services.store.view()
    row = _server(context, view)
    keys = view.grouped.secret_keys
    secret = {"secret_key": keys[row.id]} if row.id in keys else {}
    return json_response({"id": row.id, "name": row.name, **secret})


def show_limits(context: Context) -> Response:
    """GET /admin/servers/ID/time_limits: the date in RFC 1123 form."""
    row = _server(context, context.services.store.view())
    return json_response(
        {
            "longest_token_life": row.longest_token_life_minutes,
            "latest_token_expiry": format_http_date(row.latest_token_expiry),
        }
    )


def create_server(context: Context) -> Response:
    """POST /admin/servers: where servers have secret keys, one without cannot be stored."""
    body = context.json_object()
    expiry = parse_date(body.get("latest_token_expiry"))
    name = routes_servers.checked_name(context.services.store.view(), body)
    has_keys = context.services.settings.has_secret_keys
    if not set(body) <= {"name", "latest_token_expiry", "longest_token_life", "secret_key"}:
        raise crashed()
    if "longest_token_life" not in body or (has_keys and not body.get("secret_key")):
        raise DatabaseRefusedError("a column that must not be null")
    life = integer_value(body["longest_token_life"], context.services.settings.backend)
    with context.services.store.transaction() as tables:
        server = ServerRow(tables.servers.new_id(), name, expiry, life)
        tables.servers.insert(server)
        if has_keys:
            tables.grouped.secret_keys[server.id] = text_value(body["secret_key"])
    return json_response({"id": server.id})


def edit_server(context: Context) -> Response:
    """PATCH /admin/servers/ID: needs the expiry always; each key is copied onto the row."""
    body = context.json_object()
    expiry = parse_date(body.get("latest_token_expiry"))
    with context.services.store.transaction() as tables:
        row = replace(_server(context, tables), latest_token_expiry=expiry)
        if "name" in body:
            row = replace(row, name=text_value(body["name"]))
        if "longest_token_life" in body:
            life = integer_value(body["longest_token_life"], context.services.settings.backend)
            row = replace(row, longest_token_life_minutes=life)
        tables.servers.update(row)
    return json_response({"id": row.id})


def list_capabilities(context: Context) -> Response:
    """GET /admin/servers/ID/capabilities.

    Era A lists every API route: one that the server has not, with nothing allowed and all units.
    Era B lists the server's own texts, each switched on or off.
    """
    view = context.services.store.view()
    offered = view.grouped.uses_on(_server(context, view).id)
    if context.services.settings.era == "B":
        return json_response({name: bool(use.actions) for name, use in offered.items()})
    units = frozenset(row.name for row in view.grouped.units.listed())
    every = {row.name: Use(frozenset(), units) for row in view.grouped.routes.listed()}
    return json_response(shown_uses(view.grouped, {**every, **offered}))


def set_capabilities(context: Context) -> Response:
    """PATCH /admin/servers/ID/capabilities: the complete set; what is absent is removed, with the
    rights of groups on it.
    """
    body = context.json_object()
    era = context.services.settings.era
    with context.services.store.transaction() as tables:
        server = _server(context, tables)
        wanted = {
            name: Use(ON if value else frozenset()) if era == "B" else _offered(tables, name, value)
            for name, value in body.items()
        }
        grouped = tables.grouped
        kept = {key: use for key, use in grouped.offered.items() if key[0] != server.id}
        grouped.offered = kept | {(server.id, name): use for name, use in wanted.items()}
        grouped.held = {
            key: use for key, use in grouped.held.items() if key[1] != server.id or key[2] in wanted
        }
    return json_response({"poll": "OK"})


def _offered(tables: Tables, name: str, value: object) -> Use:
    """An entry of era A: the route is found by its id, and a unit that is not there crashes."""
    number = value.get("id") if isinstance(value, dict) else None
    route = tables.grouped.routes.get(number) if isinstance(number, int) else None
    if route is None:
        raise not_found()
    use = use_in(value)
    if route.name != name or not use.units <= {row.name for row in tables.grouped.units.listed()}:
        raise crashed()
    return use


def _server(context: Context, tables: Tables) -> ServerRow:
    row = tables.servers.get(context.id_argument())
    if row is None:
        raise not_found()
    return row


# API routes and aggregation units of era A


def list_routes(context: Context) -> Response:
    """GET /admin/capabilities: by name, with nothing allowed."""
    grouped = context.services.store.view().grouped
    return json_response(
        shown_uses(grouped, {row.name: Use(frozenset()) for row in grouped.routes.listed()})
    )


def create_route(context: Context) -> Response:
    """POST /admin/capabilities."""
    name = text_value(context.json_object().get("name"))
    with context.services.store.transaction() as tables:
        row = NamedRow(tables.grouped.routes.new_id(), name)
        tables.grouped.routes.insert(row)
    return json_response({"name": row.name, "id": row.id})


def remove_route(context: Context) -> Response:
    """DELETE /admin/capabilities/ID."""
    with context.services.store.transaction() as tables:
        row = tables.grouped.routes.get(context.id_argument())
        if row is None:
            raise not_found()
        tables.grouped.forget_capability(row.name)
        tables.grouped.routes.delete(row.id)
    return json_response({})


def list_units(context: Context) -> Response:
    """GET /spatial_aggregation: for everybody who is signed in."""
    rows = context.services.store.view().grouped.units.listed()
    return json_response([{"id": row.id, "name": row.name} for row in rows])


def create_unit(context: Context) -> Response:
    """POST /spatial_aggregation."""
    name = text_value(context.json_object().get("name"))
    with context.services.store.transaction() as tables:
        row = NamedRow(tables.grouped.units.new_id(), name)
        tables.grouped.units.insert(row)
    return json_response({"name": row.name, "id": row.id})


def remove_unit(context: Context) -> Response:
    """DELETE /spatial_aggregation/ID."""
    with context.services.store.transaction() as tables:
        row = tables.grouped.units.get(context.id_argument())
        if row is None:
            raise not_found()
        tables.grouped.units.delete(row.id)
    return json_response({})


ROUTES = (
    Route("GET", "/admin/users", routes_users.list_users),
    Route("POST", "/admin/users", routes_users.create_user, in_two_steps=True),
    Route("GET", "/admin/users/*", show_user),
    Route("PATCH", "/admin/users/*", routes_users.edit_user),
    Route("DELETE", "/admin/users/*", routes_users.remove_user),
    Route("GET", "/admin/users/*/user_group", show_own_group),
    Route("GET", "/admin/users/*/groups", list_user_groups),
    Route("PATCH", "/admin/users/*/groups", set_user_groups),
    Route("GET", "/admin/servers", routes_servers.list_servers),
    Route("POST", "/admin/servers", create_server),
    Route("GET", "/admin/servers/*", show_server),
    Route("PATCH", "/admin/servers/*", edit_server),
    Route("DELETE", "/admin/servers/*", routes_servers.remove_server),
    Route("GET", "/admin/servers/*/time_limits", show_limits),
    Route("GET", "/admin/servers/*/capabilities", list_capabilities),
    Route("PATCH", "/admin/servers/*/capabilities", set_capabilities),
)

CAPABILITY_ROUTES = (
    Route("GET", "/admin/capabilities", list_routes),
    Route("POST", "/admin/capabilities", create_route),
    Route("DELETE", "/admin/capabilities/*", remove_route),
    Route("GET", "/spatial_aggregation", list_units, Access.SIGNED_IN),
    Route("POST", "/spatial_aggregation", create_unit),
    Route("DELETE", "/spatial_aggregation/*", remove_unit),
)
