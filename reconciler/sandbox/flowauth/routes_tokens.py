"""Routes for tokens: minting, renewing and listing them.

A token is a JWT signed with HMAC and the simulator's own key: no FlowAPI could verify it, and
none is meant to. What matters here is which role and which scopes end up in it.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from reconciler.sandbox.flowauth.columns import format_http_date, integer_value, text_value
from reconciler.sandbox.flowauth.context import Context
from reconciler.sandbox.flowauth.responses import crashed, json_response, not_found, refused
from reconciler.sandbox.flowauth.routing import Access, Route
from reconciler.sandbox.flowauth.tables import RoleRow, ServerRow, Tables, TokenRow, UserRow
from reconciler.sandbox.http.messages import Response

# A real public key whose private half was thrown away; it verifies nothing.
_PUBLIC_KEY = """\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvLy7FMJDWFDQBFAiN7iw
XXC13ame/IEpC+QSoXDnBDBfUYwdfdZaHtl9KdPeSF3n8SYquwg0NQjd4c94HTmo
kREgUNDZ+CnOVJ+aDhECnw5oa+aSmmCXgu1XlpqU1KAtYXo4LB3bGhhvjcgqMLZV
Z5QvuUiscPSbBUbdMXmnuAVuTsm4uN4ze+QvzNjuD6spkMAsWBDR+X35IZENih06
GBaSUksQNQpARwjl3kT+wfgpOvQL9oMO7a/0qF11xvmvid+VXx76S+lsRBjWYXDu
4t1D1A4TAwjzEYfFSOWf1AidgqfzEMTjDtAhgoWbnZgE0hersTxUy1HZ4hV5zmoD
hQIDAQAB
-----END PUBLIC KEY-----
"""


def show_public_key(_context: Context) -> Response:
    """GET /admin/public_key."""
    return json_response({"public_key": _PUBLIC_KEY})


def list_all_tokens(context: Context) -> Response:
    """GET /admin/tokens: the tokens of all users, in clear."""
    view = context.services.store.view()
    return json_response([_as_json(view, token) for token in view.tokens.listed()])


def list_own_servers(context: Context) -> Response:
    """GET /tokens/servers: the servers that the user has a role on."""
    view = context.services.store.view()
    roles = view.roles_of_user(context.signed_in_user().id)
    server_ids = {role.server_id for role in roles}
    servers = sorted(
        (row for row in view.servers.listed() if row.id in server_ids), key=lambda row: row.name
    )
    return json_response([{"id": row.id, "server_name": row.name} for row in servers])


def show_own_access(_context: Context) -> Response:
    """GET /tokens/servers/SID: broken in FlowAuth, always a 500."""
    raise crashed()


def list_own_tokens(context: Context) -> Response:
    """GET /tokens/tokens/SID: the user's tokens for a server, with the roles in each."""
    view = context.services.store.view()
    server, user = _server(context, view), context.signed_in_user()
    return json_response(
        [
            {**_as_json(view, token), "roles": _role_names(view, token)}
            for token in view.tokens.listed()
            if token.server_id == server.id and token.user_id == user.id
        ]
    )


def mint_token(context: Context) -> Response:
    """POST /tokens/tokens/SID: the role is checked on the server, then looked up by name alone."""
    server = _server(context, context.services.store.view())
    body = context.json_object()
    if "name" not in body:
        raise refused("No name.", bad_field="name")
    if "roles" not in body:
        raise refused("No roles.", bad_field="roles")
    roles = _requested_roles(context, server, body["roles"])
    token = _mint(context, server, roles, body)
    return json_response({"token": token.token})


def renew_token(context: Context) -> Response:
    """POST /tokens/tokens/TID/renew (era D): a new token with the old one's roles."""
    view = context.services.store.view()
    old, user = view.tokens.get(context.id_argument()), context.signed_in_user()
    if old is None or old.user_id != user.id:
        raise not_found()
    server = view.servers.get(old.server_id)
    if server is None:
        raise not_found()
    role_ids = {role_id for token_id, role_id in view.token_roles if token_id == old.id}
    roles = [role for role in view.roles.listed() if role.id in role_ids]
    token = _mint(context, server, roles, {"name": old.name})
    return json_response({"token": token.token, "id": token.id})


def _server(context: Context, view: Tables) -> ServerRow:
    row = view.servers.get(context.id_argument())
    if row is None:
        raise not_found()
    return row


def _requested_roles(context: Context, server: ServerRow, requested: object) -> list[RoleRow]:
    if not isinstance(requested, list):
        raise crashed()
    view = context.services.store.view()
    held = view.roles_of_user(context.signed_in_user().id)
    permitted = {role.name for role in held if role.server_id == server.id}
    roles: list[RoleRow] = []
    for item in requested:
        name = item.get("name") if isinstance(item, dict) else None
        if name not in permitted:
            message = f"Role '{name}' is not permitted for the current user"
            raise refused(message, code=401)
        # FlowAuth's defect: the first role of this name, whatever its server.
        roles.append(next(role for role in view.roles.listed() if role.name == name))
    return roles


def _mint(
    context: Context, server: ServerRow, roles: Sequence[RoleRow], body: dict[str, object]
) -> TokenRow:
    services, user = context.services, context.signed_in_user()
    now = datetime.fromtimestamp(services.clock(), UTC).replace(tzinfo=None)
    expiry = _expiry(now, server, roles, _lifetime(context, body))
    if expiry < now:
        raise refused(f"Token for {user.username} expired", code=401)
    with services.store.transaction() as tables:
        scopes = {role.name: _scope_names(tables, role) for role in roles}
        text = _jwt(server, user, scopes, (now, expiry))
        name = text_value(body["name"])
        token = TokenRow(tables.tokens.new_id(), name, user.id, server.id, expiry, text)
        tables.tokens.insert(token)
        if services.settings.era == "D":
            tables.token_roles |= {(token.id, role.id) for role in roles}
    return token


def _lifetime(context: Context, body: dict[str, object]) -> int | str | None:
    """The lifetime asked for: only era D looks at `lifetime_minutes`."""
    settings = context.services.settings
    asked = body.get("lifetime_minutes") if settings.era == "D" else None
    return None if asked is None else integer_value(asked, settings.backend)


def _expiry(
    now: datetime, server: ServerRow, roles: Sequence[RoleRow], asked: int | str | None
) -> datetime:
    """The earliest of all limits; null expiries drop out."""
    limited: list[ServerRow | RoleRow] = [server, *roles]
    dates = [row.latest_token_expiry for row in limited if row.latest_token_expiry is not None]
    lives = [row.longest_token_life_minutes for row in limited]
    for life in lives if asked is None else [*lives, asked]:
        if isinstance(life, str):
            raise crashed()
        dates.append(now + timedelta(minutes=life))
    return min(dates)


def _jwt(
    server: ServerRow,
    user: UserRow,
    scopes: dict[str, list[str]],
    valid: tuple[datetime, datetime],
) -> str:
    issued, expiry = (int(date.replace(tzinfo=UTC).timestamp()) for date in valid)
    claims = {"aud": server.name, "sub": user.username, "iat": issued, "exp": expiry}
    payload = {**claims, "jti": secrets.token_hex(16), "roles": scopes}
    signed = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(payload)}"
    signature = hmac.new(_PUBLIC_KEY.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_base64(signature)}"


def _encoded(value: object) -> str:
    return _base64(json.dumps(value, sort_keys=True).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _scope_names(tables: Tables, role: RoleRow) -> list[str]:
    ids = tables.scopes_of_role(role.id)
    return sorted(scope.name for scope in tables.scopes.listed() if scope.id in ids)


def _role_names(view: Tables, token: TokenRow) -> list[str]:
    ids = {role_id for token_id, role_id in view.token_roles if token_id == token.id}
    return sorted(role.name for role in view.roles.listed() if role.id in ids)


def _as_json(view: Tables, token: TokenRow) -> dict[str, object]:
    server, user = view.servers.get(token.server_id), view.users.get(token.user_id)
    if server is None or user is None:
        raise crashed()
    return {
        "id": token.id,
        "name": token.name,
        "token": token.token,
        "expires": format_http_date(token.expiry),
        "server_name": server.name,
        "username": user.username,
    }


ROUTES = (
    Route("GET", "/admin/public_key", show_public_key),
    Route("GET", "/admin/tokens", list_all_tokens),
    Route("GET", "/tokens/servers", list_own_servers, Access.SIGNED_IN),
    Route("GET", "/tokens/servers/*", show_own_access, Access.SIGNED_IN),
    Route("GET", "/tokens/tokens/*", list_own_tokens, Access.SIGNED_IN),
    Route("POST", "/tokens/tokens/*", mint_token, Access.SIGNED_IN),
)
RENEWAL_ROUTES = (Route("POST", "/tokens/tokens/*/renew", renew_token, Access.SIGNED_IN),)
