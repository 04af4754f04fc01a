"""The routes of Engine API v3 that are about users: four as published, the others as assumed.

Source: the request collection for v3, "Auth" and "User"; the manual of Toolbox 3.
"""

from collections.abc import Mapping

from reconciler.sandbox.http.messages import Response, json_reply
from reconciler.sandbox.mobiusflow.context import MIN_PASSWORD, Context
from reconciler.sandbox.mobiusflow.store import SWITCHES_OF, UserRow

_PAGE = b"<!doctype html><html><head><title>Toolbox</title></head><body></body></html>"


def respond(context: Context) -> Response:
    """The answer to a request."""
    if context.request.method == "POST" and context.parts == ("auth", "login"):
        return _log_in(context)
    _authorize(context)
    path = "/" + "/".join(context.parts)
    if context.request.method == "GET":
        if path == context.oddities.list_path:
            return _list(context)
        if path in ("/user", "/users"):
            return _no_list(context)
    match (context.request.method, *context.parts):
        case "POST", "auth", "validate-session":
            return json_reply({"valid": True})
        case "POST", "auth", "logout":
            context.services.sessions.end(context.bearer)
            return json_reply({"result": "OK"})
        case "PATCH", "user", "password", key:
            return _set_password(context, key)
        case "POST", "user":
            return _create(context)
        case "PATCH", "user", "role", key:
            return _set_role(context, key)
        case "PATCH", "user", "active", key:
            return _set_active(context, key)
        case "DELETE", "user", key:
            return _delete(context, key)
    raise context.refused(404, "Route not found")


def _log_in(context: Context) -> Response:
    body = context.body("username", "password")
    row = context.signed_in(context.text(body, "username"), context.text(body, "password"))
    return json_reply({"sessionToken": context.services.sessions.begin(row.id)})


def _authorize(context: Context) -> None:
    key = context.services.sessions.user_of(context.bearer)
    row = context.store.get(key)
    may_leave = context.parts == ("auth", "logout")
    if row is None or not (may_leave or "Administrator" in row.roles):
        raise context.refused(401, "Unauthorized")


def _list(context: Context) -> Response:
    rows = [row for row in context.store.rows() if row.username not in context.oddities.hides_users]
    listed = [_shown(context, row) for row in rows]
    return json_reply({"users": listed} if context.oddities.wrapped else listed)


def _shown(context: Context, row: UserRow) -> Mapping[str, object]:
    oddities, roles = context.oddities, sorted(row.roles)
    is_text = oddities.roles_as == "text" and len(roles) == 1
    shown: dict[str, object] = {oddities.id_key: row.id, "username": row.username}
    shown |= {"role": roles[0]} if is_text else {"roles": roles}
    if not oddities.hides_email:
        shown["email"] = None
    if not oddities.hides_active:
        shown["isActive"] = row.is_active
    return shown


def _no_list(context: Context) -> Response:
    match context.oddities.no_list:
        case "401":
            raise context.refused(401, "Unauthorized")
        case "page":
            return Response(200, _PAGE, "text/html")
    raise context.refused(404, "Route not found")


def _create(context: Context) -> Response:
    body = context.body("username", "password", "role")
    username = context.text(body, "username")
    password = context.text(body, "password", MIN_PASSWORD)
    role = _role(context, body)
    if context.store.named(username) is not None:
        raise context.refused(500, "Internal Server Error")
    if context.oddities.silent_writes:
        return json_reply({context.oddities.id_key: "0"})
    return json_reply({context.oddities.id_key: context.store.add(username, password, role).id})


def _set_role(context: Context, key: str) -> Response:
    row = context.needed(key)
    role = _role(context, context.body("role"))
    if not context.oddities.silent_writes:
        context.store.change(row.id, roles=frozenset({role}))
    return json_reply({"result": "OK"})


def _set_active(context: Context, key: str) -> Response:
    row = context.needed(key)
    is_active = context.body("isActive")["isActive"]
    if not isinstance(is_active, bool):
        raise context.refused(400, "body/isActive must be boolean")
    if not context.oddities.silent_writes:
        context.store.change(row.id, is_active=is_active)
        if not is_active:
            context.services.sessions.drop(row.id)
    return json_reply({"result": "OK"})


def _set_password(context: Context, key: str) -> Response:
    row = context.needed(key)
    password = context.text(context.body("password"), "password", MIN_PASSWORD)
    if not context.oddities.silent_writes:
        context.store.change(row.id, password=password)
    return json_reply({"result": "OK"})


def _delete(context: Context, key: str) -> Response:
    row = context.needed(key)
    if not context.oddities.silent_writes:
        context.store.remove(row.id)
        context.services.sessions.drop(row.id)
    return json_reply({"result": "OK"})


def _role(context: Context, body: Mapping[str, object]) -> str:
    role = body["role"]
    if not isinstance(role, str) or role not in SWITCHES_OF:
        raise context.refused(400, "body/role must be equal to one of the allowed values")
    return role
