"""Who is calling: the first method that works wins, and nobody is nobody, not an error."""

from dataclasses import dataclass

from reconciler.sandbox.http.messages import RefusedError, Request, json_reply
from reconciler.sandbox.kohakuriver.store import CrashedError, Store, digest
from reconciler.sandbox.kohakuriver.tables import LEVELS, UserRow

COOKIE = "kohakuriver_session"
_BEARER = "Bearer "


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling; `user` is None for the two who are in no table: the system and nobody."""

    id: int
    username: str
    display_name: str
    role: str
    user: UserRow | None = None


SYSTEM = Caller(0, "_system", "System (Auth Disabled)", "admin")
ANONYMOUS = Caller(-1, "_anonymous", "Anonymous", "anony")


def caller_of(request: Request, store: Store) -> Caller:
    """Who is calling, by the header of the administrator, the cookie, or an API token."""
    given = request.headers.get("x-admin-token", "")
    if store.admin_secret and given == store.admin_secret:
        return SYSTEM
    user = _of_cookie(request, store) or _of_token(request, store)
    if user is None or not user.is_active:
        return ANONYMOUS
    return Caller(user.id, user.username, user.display_name or "", user.role, user)


def cookie_of(request: Request) -> str:
    """The session cookie of a request; empty where it has none."""
    for pair in request.headers.get("cookie", "").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE:
            return value
    return ""


def require_role(caller: Caller, role: str) -> None:
    """Guard of most routes. Who is nobody, and who is but `anony`, gets 401."""
    if LEVELS.index(caller.role) == 0:
        header = (("WWW-Authenticate", "Bearer"),)
        raise RefusedError(json_reply({"detail": "Not authenticated"}, 401, header))
    if LEVELS.index(caller.role) < LEVELS.index(role):
        text = f"Insufficient permissions. Required role: {role}"
        raise RefusedError(json_reply({"detail": text}, 403))


def require_by_hand(caller: Caller, role: str) -> None:
    """Guard of the invitations, which says 403 to nobody too."""
    if LEVELS.index(caller.role) < LEVELS.index(role):
        text = f"{role.capitalize()} access required"
        raise RefusedError(json_reply({"detail": text}, 403))


def _of_cookie(request: Request, store: Store) -> UserRow | None:
    cookie = cookie_of(request)
    if not cookie:
        return None
    try:
        store.wait_to_read()
    except CrashedError:
        return None
    for row in store.tables.sessions:
        if row.cookie == cookie and store.now() < row.expires_at:
            user = store.tables.users.get(row.user)
            return user if user is not None and user.is_active else None
    return None


def _of_token(request: Request, store: Store) -> UserRow | None:
    """The owner of an API token. Its last use is written down, which a locked database prevents."""
    header = request.headers.get("authorization", "")
    if not header.startswith(_BEARER):
        return None
    wanted = digest(header.removeprefix(_BEARER))
    for row in store.tables.tokens.values():
        if row.digest == wanted:
            try:
                store.wait_to_write()
            except CrashedError:
                return None
            row.last_used = store.now()
            return store.tables.users.get(row.owner)
    return None
