"""Routes under /roles: roles with their scopes, users and limits."""

from reconciler.sandbox.flowauth import cascades
from reconciler.sandbox.flowauth.columns import (
    format_date,
    integer_value,
    looked_up_id,
    looked_up_ids,
    text_value,
)
from reconciler.sandbox.flowauth.context import Context
from reconciler.sandbox.flowauth.responses import crashed, json_response, not_found
from reconciler.sandbox.flowauth.role_edit import (
    check_limits,
    check_scopes,
    commit_role_edit,
    plan_role_edit,
    role_expiry,
)
from reconciler.sandbox.flowauth.routing import Route
from reconciler.sandbox.flowauth.tables import RoleRow, ServerRow, Tables
from reconciler.sandbox.http.messages import Response

_REQUIRED = ("name", "server_id", "scopes", "longest_token_life_minutes")


def list_roles(context: Context) -> Response:
    """GET /roles/: all roles with all links."""
    return _all_roles(context.services.store.view())


def show_role(context: Context) -> Response:
    """GET /roles/ID."""
    view = context.services.store.view()
    return json_response(_as_json(view, _find(context, view)))


def create_role(context: Context) -> Response:
    """POST /roles/: the body says server_id, the reply says server; unknown ids are dropped."""
    body = context.json_object()
    if any(key not in body for key in _REQUIRED):
        raise crashed()
    with context.services.store.transaction() as tables:
        role = _new_role(context, tables, body)
        backend = context.services.settings.backend
        scopes = looked_up_ids(body["scopes"], tables.scopes, backend)
        check_scopes(tables, role.server_id, scopes)
        tables.roles.insert(role)
        tables.role_scopes |= {(role.id, scope_id) for scope_id in scopes}
        users = looked_up_ids(body.get("users", []), tables.users, backend)
        tables.members |= {(user_id, role.id) for user_id in users}
    return json_response(_as_json(tables, role))


def edit_role(context: Context) -> Response:
    """PATCH /roles/ID: replies with the list of all roles; concurrent writers lose updates."""
    settings, store = context.services.settings, context.services.store
    view = store.view()
    role = _find(context, view)
    edit = plan_role_edit(view, role, context.json_object(), settings)
    context.let_others_in(settings.role_write_gap_s)
    with store.transaction() as tables:
        commit_role_edit(tables, edit)
    return _all_roles(tables)


def remove_role(context: Context) -> Response:
    """DELETE /roles/ID."""
    with context.services.store.transaction() as tables:
        role = _find(context, tables)
        cascades.delete_role(tables, role.id, context.services.settings.backend)
    return json_response({"state": "done"})


def list_members(context: Context) -> Response:
    """GET /roles/ID/members."""
    view = context.services.store.view()
    ids = view.users_of_role(_find(context, view).id)
    users = [row for row in view.users.listed() if row.id in ids]
    return json_response([{"name": row.username, "id": row.id} for row in users])


def list_role_scopes(context: Context) -> Response:
    """GET /roles/ID/scopes."""
    view = context.services.store.view()
    ids = view.scopes_of_role(_find(context, view).id)
    scopes = [row for row in view.scopes.listed() if row.id in ids]
    return json_response([{"name": row.name, "id": row.id} for row in scopes])


def list_roles_of_user(context: Context) -> Response:
    """GET /roles/user/UID."""
    view = context.services.store.view()
    user_id = context.id_argument()
    if user_id not in view.users:
        raise not_found()
    return json_response([_as_json(view, role) for role in view.roles_of_user(user_id)])


def list_roles_on_server(_context: Context) -> Response:
    """GET /roles/server/SID/user/UID: broken in FlowAuth, always a 500."""
    raise crashed()


def _find(context: Context, tables: Tables) -> RoleRow:
    row = tables.roles.get(context.id_argument())
    if row is None:
        raise not_found()
    return row


def _new_role(context: Context, tables: Tables, body: dict[str, object]) -> RoleRow:
    settings = context.services.settings
    server = _server_of(context, tables, body)
    expiry = role_expiry(body.get("latest_token_expiry"), settings)
    life = integer_value(body["longest_token_life_minutes"], settings.backend)
    check_limits(server, expiry, life)
    return RoleRow(tables.roles.new_id(), text_value(body["name"]), server.id, expiry, life)


def _server_of(context: Context, tables: Tables, body: dict[str, object]) -> ServerRow:
    server_id = looked_up_id(body["server_id"], context.services.settings.backend)
    server = tables.servers.get(server_id)
    if server is None:
        raise not_found()
    return server


def _all_roles(tables: Tables) -> Response:
    return json_response([_as_json(tables, role) for role in tables.roles.listed()])


def _as_json(tables: Tables, role: RoleRow) -> dict[str, object]:
    return {
        "id": role.id,
        "name": role.name,
        "server": role.server_id,
        "scopes": tables.scopes_of_role(role.id),
        "users": tables.users_of_role(role.id),
        "latest_token_expiry": format_date(role.latest_token_expiry),
        "longest_token_life_minutes": role.longest_token_life_minutes,
    }


ROUTES = (
    Route("GET", "/roles/", list_roles),
    Route("POST", "/roles/", create_role),
    Route("GET", "/roles/*", show_role),
    Route("PATCH", "/roles/*", edit_role, in_two_steps=True),
    Route("DELETE", "/roles/*", remove_role),
    Route("GET", "/roles/*/members", list_members),
    Route("GET", "/roles/*/scopes", list_role_scopes),
    Route("GET", "/roles/user/*", list_roles_of_user),
    Route("GET", "/roles/server/*/user/*", list_roles_on_server),
)
