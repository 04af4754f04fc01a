"""The routes of Engine API v1 that are about users. Source: API description 1.2.3."""

from collections.abc import Mapping

from reconciler.sandbox.http.messages import Response, json_reply
from reconciler.sandbox.mobiusflow.context import MIN_PASSWORD, Context
from reconciler.sandbox.mobiusflow.store import SWITCHES, UserRow


def respond(context: Context) -> Response:
    """The answer to a request."""
    match (context.request.method, *context.parts):
        case "POST", "auth", "login":
            return _log_in(context)
        case "POST", "auth", "refresh":
            return _refresh(context)
    _authorize(context)
    match (context.request.method, *context.parts):
        case "GET", "mobius", "admin", "settings":
            return _settings(context)
        case "GET", "auth", "users":
            names = (row.username for row in context.store.rows())
            return json_reply([n for n in names if n not in context.oddities.hides_users])
        case "POST", "auth", "user":
            return _create(context)
        case "GET", "auth", "user", "roles", key:
            return json_reply(_switches(context, context.needed(key)))
        case "PATCH", "auth", "user", "roles", key:
            return _set_roles(context, key)
        case "PATCH", "auth", "user", "password", key:
            return _set_password(context, key)
        case "GET", "auth", "user", name:
            row = context.store.named(name)
            if row is None:
                raise context.refused(404, "User not found")
            return json_reply(row.id if context.oddities.bare_ids else {"_id": row.id})
        case "DELETE", "auth", "user", key:
            row = context.needed(key)
            if not context.oddities.silent_writes:
                context.store.remove(row.id)
            return json_reply({"result": "OK"})
    raise context.refused(404, "Route not found")


def _log_in(context: Context) -> Response:
    body = context.body("username", "password")
    row = context.signed_in(context.text(body, "username"), context.text(body, "password"))
    return json_reply(_tokens(context, row))


def _refresh(context: Context) -> Response:
    body = context.body("refreshToken")
    claims = context.services.signer.claims(context.text(body, "refreshToken"))
    row = context.store.get(str(claims.get("_id")))
    if claims.get("refreshToken") is not True or row is None:
        raise context.refused(401, "Invalid refresh token")
    return json_reply(_tokens(context, row))


def _tokens(context: Context, row: UserRow) -> Mapping[str, str]:
    settings, signer = context.services.settings, context.services.signer
    is_endless = context.oddities.tells_no_end
    bits = sum(1 << place for place, name in enumerate(SWITCHES) if name in row.roles)
    access = signer.token(
        {"_id": row.id, "roles": bits}, None if is_endless else settings.access_life_s
    )
    refresh = signer.token({"_id": row.id, "refreshToken": True}, settings.refresh_life_s)
    return {"token": access, "refreshToken": refresh}


def _authorize(context: Context) -> None:
    """401 for whoever is not signed in, and for whoever is no administrator: there is no 403."""
    claims = context.services.signer.claims(context.bearer)
    row = context.store.get(str(claims.get("_id")))
    if row is None or "refreshToken" in claims or "admin" not in row.roles:
        raise context.refused(401, "Unauthorized")


def _settings(context: Context) -> Response:
    if context.oddities.refuses_settings:
        raise context.refused(401, "Unauthorized")
    own = {
        "version": context.services.settings.version,
        "engineApiPort": 9081,
        "engineApiAuthProvider": context.oddities.auth_provider,
    }
    return json_reply({"ts": 0, "uri": "settings", "data": {"mobiusFlow": own, "nodeJS": {}}})


def _create(context: Context) -> Response:
    body = context.body("username", "password", "roles")
    username = context.text(body, "username")
    password = context.text(body, "password", MIN_PASSWORD)
    roles = _roles(context, body["roles"])
    there = context.store.named(username)
    if there is not None:
        if context.oddities.duplicates == "error":
            raise context.refused(500, "Internal Server Error")
        return json_reply({"_id": there.id})
    if context.oddities.silent_writes:
        return json_reply({"_id": "0"})
    return json_reply({"_id": context.store.add(username, password, *roles).id})


def _set_roles(context: Context, key: str) -> Response:
    row = context.needed(key)
    roles = _roles(context, context.body("roles")["roles"])
    if not context.oddities.silent_writes:
        context.store.change(row.id, roles=roles)
    return json_reply({"roles": {name: name in roles for name in _names(context)}})


def _set_password(context: Context, key: str) -> Response:
    row = context.needed(key)
    password = context.text(context.body("password"), "password", MIN_PASSWORD)
    if not context.oddities.silent_writes:
        context.store.change(row.id, password=password)
    return json_reply({"result": "OK"})


def _names(context: Context) -> tuple[str, ...]:
    return tuple(
        each for each in SWITCHES if each != "subscribe" or not context.oddities.five_switches
    )


def _switches(context: Context, row: UserRow) -> Mapping[str, bool]:
    return {name: name in row.roles for name in _names(context)}


def _roles(context: Context, value: object) -> frozenset[str]:
    """The switches that are on, of an object that has to have exactly this engine's."""
    if not isinstance(value, dict) or set(value) != set(_names(context)):
        raise context.refused(400, "body/roles must have exactly the required properties")
    if not all(isinstance(each, bool) for each in value.values()):
        raise context.refused(400, "body/roles must be boolean")
    return frozenset(name for name, is_on in value.items() if is_on)
