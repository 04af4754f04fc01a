"""Routes under /admin/servers: servers, their limits and their scopes."""

from dataclasses import replace

from reconciler.sandbox.flowauth import cascades
from reconciler.sandbox.flowauth.columns import (
    format_date,
    format_http_date,
    integer_value,
    looked_up_ids,
    parse_date,
    text_value,
)
from reconciler.sandbox.flowauth.context import Context
from reconciler.sandbox.flowauth.responses import crashed, json_response, not_found, refused
from reconciler.sandbox.flowauth.routing import Route
from reconciler.sandbox.flowauth.table import DatabaseRefusedError
from reconciler.sandbox.flowauth.tables import RoleRow, ScopeRow, ServerRow, Tables
from reconciler.sandbox.http.messages import Response

_NAME_MESSAGE_LIMIT = 120


def list_servers(context: Context) -> Response:
    """GET /admin/servers: id and name of all servers, without pages."""
    servers = context.services.store.view().servers.listed()
    return json_response([{"id": row.id, "name": row.name} for row in servers])


def show_server(context: Context) -> Response:
    """GET /admin/servers/ID: a null expiry crashes most releases."""
    row = _find(context, context.services.store.view())
    if row.latest_token_expiry is None and not context.services.settings.has_endless_servers:
        raise crashed()
    return json_response(
        {
            "id": row.id,
            "name": row.name,
            "longest_token_life_minutes": row.longest_token_life_minutes,
            "latest_token_expiry": format_date(row.latest_token_expiry),
        }
    )


def show_time_limits(context: Context) -> Response:
    """GET /admin/servers/ID/time_limits: the date in RFC 1123 form."""
    row = _find(context, context.services.store.view())
    return json_response(
        {
            "longest_token_life_minutes": row.longest_token_life_minutes,
            "latest_token_expiry": format_http_date(row.latest_token_expiry),
        }
    )


def create_server(context: Context) -> Response:
    """POST /admin/servers: the expiry is parsed before anything else is looked at."""
    body = context.json_object()
    expiry = parse_date(body.get("latest_token_expiry"))
    name = checked_name(context.services.store.view(), body)
    if "longest_token_life_minutes" not in body or "roles" in body:
        raise crashed()
    life = integer_value(body["longest_token_life_minutes"], context.services.settings.backend)
    scopes = body.get("scopes", [])
    if not isinstance(scopes, list):
        raise crashed()
    with context.services.store.transaction() as tables:
        server = ServerRow(tables.servers.new_id(), name, expiry, life)
        tables.servers.insert(server)
        for scope in scopes:
            row = ScopeRow(tables.scopes.new_id(), text_value(scope), server.id)
            tables.scopes.insert(row)
    return json_response({"id": server.id})


def edit_server(context: Context) -> Response:
    """PATCH /admin/servers/ID: needs the expiry always, and copies every key onto the row."""
    _find(context, context.services.store.view())
    body = context.json_object()
    is_endless = "latest_token_expiry" in body and body["latest_token_expiry"] is None
    may_be = is_endless and context.services.settings.has_endless_servers
    expiry = None if may_be else parse_date(body.get("latest_token_expiry"))
    if "scopes" in body:
        raise crashed()
    with context.services.store.transaction() as tables:
        row = replace(_find(context, tables), latest_token_expiry=expiry)
        old_id = row.id
        row = _with_columns(context, row, body)
        cascades.renumber_server(tables, row, old_id)
        if "roles" in body:
            _reassign_roles(context, tables, row.id, body["roles"])
    return json_response({"id": row.id})


def remove_server(context: Context) -> Response:
    """DELETE /admin/servers/ID: with its scopes, roles and tokens."""
    with context.services.store.transaction() as tables:
        row = _find(context, tables)
        cascades.delete_server(tables, row.id, context.services.settings.backend)
    return json_response({"poll": "OK"})


def list_server_roles(context: Context) -> Response:
    """GET /admin/servers/ID/roles: scopes by name; one null expiry crashes all of it."""
    view = context.services.store.view()
    roles = view.roles_of_server(_find(context, view).id)
    return json_response([_role_with_scope_names(view, role) for role in roles])


def list_scopes(context: Context) -> Response:
    """GET /admin/servers/ID/scopes."""
    view = context.services.store.view()
    return _scopes_response(view, _find(context, view).id)


def set_scopes(context: Context) -> Response:
    """POST /admin/servers/ID/scopes: the keys are the complete set, the booleans mean nothing."""
    _find(context, context.services.store.view())
    wanted = context.json_object()
    with context.services.store.transaction() as tables:
        server_id = _find(context, tables).id
        kept = {scope.name for scope in tables.scopes_of_server(server_id)}
        for scope in tables.scopes_of_server(server_id):
            if scope.name not in wanted:
                cascades.delete_scope(tables, scope.id)
        for name in wanted:
            if name not in kept:
                tables.scopes.insert(ScopeRow(tables.scopes.new_id(), name, server_id))
    return _scopes_response(tables, server_id)


def edit_scopes(_context: Context) -> Response:
    """PATCH /admin/servers/ID/scopes: never finished in FlowAuth, always a 500."""
    raise crashed()


def _find(context: Context, tables: Tables) -> ServerRow:
    row = tables.servers.get(context.id_argument())
    if row is None:
        raise not_found()
    return row


def checked_name(view: Tables, body: dict[str, object]) -> str:
    """The name of a new server, or FlowAuth's refusal of it."""
    if not body.get("name"):
        raise refused("Must provide server name", bad_field="name")
    name = body["name"]
    if not isinstance(name, str):
        raise crashed()
    if len(name) > _NAME_MESSAGE_LIMIT:
        raise refused("Server name must be 120 characters or less.", bad_field="name")
    if view.server_named(name) is not None:
        raise refused("Server with this name already exists.", bad_field="name")
    return name


def _with_columns(context: Context, row: ServerRow, body: dict[str, object]) -> ServerRow:
    backend = context.services.settings.backend
    if "name" in body:
        row = replace(row, name=text_value(body["name"]))
    if "longest_token_life_minutes" in body:
        life = integer_value(body["longest_token_life_minutes"], backend)
        row = replace(row, longest_token_life_minutes=life)
    if "id" in body:
        new_id = integer_value(body["id"], backend)
        if not isinstance(new_id, int):
            raise DatabaseRefusedError("the id is no integer")
        row = replace(row, id=new_id)
    return row


def _reassign_roles(context: Context, tables: Tables, server_id: int, values: object) -> None:
    """Delete the server's roles that are not listed, and move listed ones of other servers here."""
    backend = context.services.settings.backend
    listed = looked_up_ids(values, tables.roles, backend)
    for role in tables.roles_of_server(server_id):
        if role.id not in listed:
            cascades.delete_role(tables, role.id, backend)
    for role in tables.roles.listed():
        if role.id in listed:
            tables.roles.update(replace(role, server_id=server_id))


def _role_with_scope_names(view: Tables, role: RoleRow) -> dict[str, object]:
    if role.latest_token_expiry is None:
        raise crashed()
    names = {scope.id: scope.name for scope in view.scopes.listed()}
    return {
        "id": role.id,
        "name": role.name,
        "scopes": [names[scope_id] for scope_id in view.scopes_of_role(role.id)],
        "latest_token_expiry": format_date(role.latest_token_expiry),
        "longest_token_life_minutes": role.longest_token_life_minutes,
    }


def _scopes_response(tables: Tables, server_id: int) -> Response:
    scopes = tables.scopes_of_server(server_id)
    return json_response(
        [{"id": row.id, "name": row.name, "enabled": row.enabled} for row in scopes]
    )


ROUTES = (
    Route("GET", "/admin/servers", list_servers),
    Route("POST", "/admin/servers", create_server),
    Route("GET", "/admin/servers/*", show_server),
    Route("PATCH", "/admin/servers/*", edit_server),
    Route("DELETE", "/admin/servers/*", remove_server),
    Route("GET", "/admin/servers/*/time_limits", show_time_limits),
    Route("GET", "/admin/servers/*/roles", list_server_roles),
    Route("GET", "/admin/servers/*/scopes", list_scopes),
    Route("POST", "/admin/servers/*/scopes", set_scopes),
    Route("PATCH", "/admin/servers/*/scopes", edit_scopes),
)
