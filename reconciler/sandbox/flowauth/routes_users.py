"""Routes under /admin/users: creating, reading, changing and deleting users."""

from dataclasses import replace

from reconciler.sandbox.flowauth import cascades, passwords
from reconciler.sandbox.flowauth.columns import (
    boolean_value,
    integer_value,
    looked_up_ids,
    text_value,
)
from reconciler.sandbox.flowauth.context import Context
from reconciler.sandbox.flowauth.responses import crashed, json_response, not_found, refused
from reconciler.sandbox.flowauth.routing import Route
from reconciler.sandbox.flowauth.table import DatabaseRefusedError
from reconciler.sandbox.flowauth.tables import Tables, UserRow
from reconciler.sandbox.http.messages import Response

# The attributes of FlowAuth's user model: POST takes any of them and crashes on other keys.
_MODEL_ATTRIBUTES = frozenset(
    {
        "id",
        "username",
        "password",
        "_password",
        "is_admin",
        "require_two_factor",
        "roles",
        "tokens",
    }
)


def list_users(context: Context) -> Response:
    """GET /admin/users: id and name of all users, without pages."""
    users = context.services.store.view().users.listed()
    return json_response([{"id": row.id, "name": row.username} for row in users])


def show_user(context: Context) -> Response:
    """GET /admin/users/ID."""
    view = context.services.store.view()
    row = _find(view, context.id_argument())
    roles = [{"id": role.id, "name": role.name} for role in view.roles_of_user(row.id)]
    return json_response(
        {
            "id": row.id,
            "name": row.username,
            "is_admin": row.is_admin,
            "has_two_factor": row.two_factor is not None,
            "require_two_factor": row.require_two_factor,
            "roles": roles,
        }
    )


def create_user(context: Context) -> Response:
    """POST /admin/users: unknown role ids are dropped, unknown keys are a 500."""
    body = context.json_object()
    if body.get("password", "") == "":
        raise refused("Password must be provided.", bad_field="password")
    password = context.check_strength(body["password"], "password")
    if not _MODEL_ATTRIBUTES.issuperset(body) or "username" not in body or body.get("tokens"):
        raise crashed()
    store = context.services.store
    with store.user_creation():
        _refuse_taken_name(store.view(), body["username"])
        role_ids = _role_ids(context, store.view(), body.get("roles", []))
        context.spend_password_cost()
        digest = _password_hash(body, password)
        context.let_others_in()
        with store.transaction() as tables:
            row = _new_user(context, tables, body, digest)
            tables.users.insert(row)
            cascades.set_user_roles(tables, row.id, role_ids)
            if context.services.settings.has_groups:
                group_id = tables.grouped.add_user(row.id, row.username)
                return json_response({"id": row.id, "group_id": group_id})
    return json_response({"id": row.id})


def edit_user(context: Context) -> Response:
    """PATCH /admin/users/ID: all changes are stored together, or none; unknown keys do nothing."""
    user_id = context.id_argument()
    store = context.services.store
    _find(store.view(), user_id)
    body = context.json_object()
    if body.get("password"):
        context.spend_password_cost()
    with store.transaction() as tables:
        row = _find(tables, user_id)
        row = _with_name_and_password(context, row, body)
        row = _with_flags(tables, row, body)
        tables.users.update(row)
        if "roles" in body:
            role_ids = _role_ids(context, tables, body["roles"])
            cascades.set_user_roles(tables, user_id, role_ids)
    return json_response({"id": user_id})


def remove_user(context: Context) -> Response:
    """DELETE /admin/users/ID: refused for the last administrator."""
    with context.services.store.transaction() as tables:
        row = _find(tables, context.id_argument())
        if row.is_admin and not tables.other_admins(row.id):
            raise refused("Removing this user would leave no admins.")
        cascades.delete_user(tables, row.id)
    return json_response({"poll": "OK"})


def _find(tables: Tables, user_id: int) -> UserRow:
    row = tables.users.get(user_id)
    if row is None:
        raise not_found()
    return row


def _refuse_taken_name(view: Tables, username: object) -> None:
    if view.user_named(text_value(username)) is not None:
        raise refused("Username already exists.", bad_field="username")


def _role_ids(context: Context, tables: Tables, values: object) -> tuple[int, ...]:
    return looked_up_ids(values, tables.roles, context.services.settings.backend)


def _password_hash(body: dict[str, object], password: str) -> str:
    """The hash to store; a `_password` in the body is taken as a ready hash."""
    if "_password" in body:
        return text_value(body["_password"])
    return passwords.hash_password(password)


def _new_user(context: Context, tables: Tables, body: dict[str, object], digest: str) -> UserRow:
    explicit = body.get("id")
    backend = context.services.settings.backend
    user_id = tables.users.new_id() if explicit is None else integer_value(explicit, backend)
    if not isinstance(user_id, int):
        raise DatabaseRefusedError("the id is no integer")
    return UserRow(
        user_id,
        text_value(body["username"]),
        digest,
        boolean_value(body.get("is_admin")),
        boolean_value(body.get("require_two_factor")),
    )


def _with_name_and_password(context: Context, row: UserRow, body: dict[str, object]) -> UserRow:
    if "username" in body:
        username = text_value(body["username"])
        if not username:
            raise refused("Username too short.", bad_field="username")
        row = replace(row, username=username)
    if "password" in body and body["password"] != "":
        password = context.check_strength(body["password"], "password")
        digest = passwords.hash_password(password)
        version = row.password_version + 1
        row = replace(row, password_hash=digest, password_version=version)
    return row


def _with_flags(tables: Tables, row: UserRow, body: dict[str, object]) -> UserRow:
    if "is_admin" in body:
        is_admin = boolean_value(body["is_admin"])
        if row.is_admin and not is_admin and not tables.other_admins(row.id):
            message = "Removing this user's admin rights would leave no admins."
            raise refused(message, bad_field="is_admin")
        row = replace(row, is_admin=is_admin)
    if "require_two_factor" in body:
        row = replace(row, require_two_factor=boolean_value(body["require_two_factor"]))
    if body.get("has_two_factor") is False:
        row = replace(row, two_factor=None)
    return row


ROUTES = (
    Route("GET", "/admin/users", list_users),
    Route("POST", "/admin/users", create_user, in_two_steps=True),
    Route("GET", "/admin/users/*", show_user),
    Route("PATCH", "/admin/users/*", edit_user),
    Route("DELETE", "/admin/users/*", remove_user),
)
