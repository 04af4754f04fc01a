"""Routes of accounts: sign-in, registration, the list of users and what may be changed of one."""

from urllib.parse import parse_qs

from reconciler.sandbox.http.messages import RefusedError, Response, json_reply
from reconciler.sandbox.kohakuriver.bodies import Field, missing_query, path_id, read_body
from reconciler.sandbox.kohakuriver.callers import COOKIE, SYSTEM, cookie_of
from reconciler.sandbox.kohakuriver.context import Context, Route, said
from reconciler.sandbox.kohakuriver.store import CrashedError, digest
from reconciler.sandbox.kohakuriver.tables import LEVELS, InvitationRow, UserRow

_LONGEST_PASSWORD = 72
_LOGIN = (
    Field("username", is_required=True, low=1, high=50),
    Field("password", is_required=True, low=1),
)
_REGISTER = (
    Field("username", is_required=True, low=3, high=50),
    Field("password", is_required=True, low=8),
    Field("display_name", high=100),
)
_PATCH = (Field("display_name"), Field("role"), Field("is_active", "bool"))
BAD_ROLE = f"Invalid role. Must be one of: {list(LEVELS)}"


def show_status(context: Context) -> Response:
    """GET /auth/status: for anybody."""
    hours = context.settings.session_expire_hours if context.settings.auth_enabled else None
    answer = {"auth_enabled": context.settings.auth_enabled, "session_expire_hours": hours}
    return json_reply(answer)


def require_auth(context: Context) -> None:
    """503 where there is no authentication to talk about."""
    if not context.settings.auth_enabled:
        raise said("Authentication is disabled", 503)


def log_in(context: Context) -> Response:
    """POST /auth/login."""
    require_auth(context)
    body = read_body(context.request, _LOGIN)
    row = context.tables.user_named(str(body["username"]))
    context.store.spend_bcrypt()
    if row is None or digest(str(body["password"])) != row.password:
        raise said("Invalid username or password", 401)
    if not row.is_active:
        raise said("Account is disabled", 403)
    context.store.wait_to_write()
    return _signed_in(context, row, "Login successful")


def log_out(context: Context) -> Response:
    """POST /auth/logout: ends this HTTP session alone."""
    cookie = cookie_of(context.request)
    kept = [row for row in context.tables.sessions if row.cookie != cookie]
    context.tables.sessions[:] = kept
    header = (("Set-Cookie", f'{COOKIE}=""; Max-Age=0; Path=/; SameSite=lax'),)
    return json_reply({"message": "Logged out successfully"}, headers=header)


def show_me(context: Context) -> Response:
    """GET /auth/me: never 401, whoever asks."""
    require_auth(context)
    caller = context.caller
    if caller.user is not None:
        return json_reply(context.shown_user(caller.user))
    return json_reply(
        {
            "id": caller.id,
            "username": caller.username,
            "display_name": caller.display_name,
            "role": caller.role,
            "is_active": True,
            "created_at": context.time_text(context.store.now()),
        }
    )


def register(context: Context) -> Response:
    """POST /auth/register?token=: an account, a use of the invitation, an HTTP session."""
    require_auth(context)
    token = parse_qs(context.request.query).get("token", [""])[0]
    if not token:
        raise missing_query("token")
    body = read_body(context.request, _REGISTER)
    invitation = None
    secret = context.settings.register_secret
    if not secret or token != secret:
        invitation = _invitation(context, token)
    name = str(body["username"])
    if context.tables.user_named(name) is not None:
        raise said("Username already taken", 409)
    if len(str(body["password"]).encode()) > _LONGEST_PASSWORD:
        raise CrashedError
    context.store.spend_bcrypt()
    context.store.wait_to_write()
    row = context.store.add_user(
        name,
        "admin" if invitation is None else invitation.role,
        password=str(body["password"]),
        display_name=str(body.get("display_name", "")),
    )
    if context.store.loses_next_use:
        context.store.loses_next_use = False
        raise CrashedError
    if invitation is not None:
        invitation.usage_count += 1
    return _signed_in(context, row, "Registration successful")


def _invitation(context: Context, token: str) -> InvitationRow:
    rows = context.tables.invitations.values()
    found = next((row for row in rows if row.token == token), None)
    if found is None:
        raise said("Invalid invitation token", 400)
    if not found.is_valid(context.store.now()):
        raise said("Invitation has expired or reached usage limit", 400)
    return found


def _signed_in(context: Context, row: UserRow, message: str) -> Response:
    cookie = context.store.add_session(row.id).cookie
    age = context.settings.session_expire_hours * 3600
    header = f"{COOKIE}={cookie}; HttpOnly; Max-Age={age}; Path=/; SameSite=lax"
    answer = {"message": message, "user": context.shown_user(row)}
    return json_reply(answer, headers=(("Set-Cookie", header),))


def list_users(context: Context) -> Response:
    """GET /auth/users: all of them, newest first."""
    rows = sorted(context.tables.users.values(), key=lambda row: (row.created_at, row.id))
    return json_reply([context.shown_user(row) for row in reversed(rows)])


def _user(context: Context) -> UserRow:
    row = context.tables.users.get(path_id(context.arguments[0], "user_id"))
    if row is None:
        raise said("User not found", 404)
    return row


def change_user(context: Context) -> Response:
    """PATCH /auth/users/ID: all of it or nothing; null is left as it was."""
    number = path_id(context.arguments[0], "user_id")
    body = read_body(context.request, _PATCH)
    row = _user(context)
    role, is_active = body.get("role"), body.get("is_active")
    if role is not None and role not in LEVELS:
        raise said(BAD_ROLE, 400)
    if context.caller.id == number and context.caller is not SYSTEM:
        if role is not None and role != row.role:
            raise said("Cannot demote yourself", 400)
        if is_active is False:
            raise said("Cannot disable yourself", 400)
    context.store.wait_to_write()
    if "display_name" in body:
        row.display_name = str(body["display_name"])
    if role is not None:
        row.role = str(role)
    if is_active is not None:
        row.is_active = bool(is_active)
    return json_reply(context.shown_user(row))


def delete_user(context: Context) -> Response:
    """DELETE /auth/users/ID: the row alone; whatever refers to it stays."""
    row = _user(context)
    if context.caller.id == row.id:
        raise said("Cannot delete yourself", 400)
    context.store.wait_to_write()
    context.store.delete_user(row.username)
    return json_reply({"message": f"User '{row.username}' deleted"})


def missing() -> RefusedError:
    """There is no such route."""
    return said("Not Found", 404)


ROUTES = (
    Route("GET", "/auth/status", show_status),
    Route("POST", "/auth/login", log_in),
    Route("POST", "/auth/logout", log_out),
    Route("GET", "/auth/me", show_me),
    Route("POST", "/auth/register", register),
    Route("GET", "/auth/users", list_users, "operator"),
    Route("PATCH", "/auth/users/*", change_user, "admin"),
    Route("DELETE", "/auth/users/*", delete_user, "admin"),
)
