"""Routes of API tokens, which serve nobody too, and of invitations, which check roles by hand."""

from reconciler.sandbox.http.messages import Response, json_reply
from reconciler.sandbox.kohakuriver.bodies import Field, path_id, read_body
from reconciler.sandbox.kohakuriver.callers import require_by_hand
from reconciler.sandbox.kohakuriver.context import Context, Route, said
from reconciler.sandbox.kohakuriver.routes_accounts import BAD_ROLE, require_auth
from reconciler.sandbox.kohakuriver.store import CrashedError
from reconciler.sandbox.kohakuriver.tables import LEVELS, InvitationRow

_TOKEN = (Field("name", is_required=True, low=1, high=100),)
_INVITATION = (
    Field("role"),
    Field("group_id", "int"),
    Field("max_usage", "int", low=1),
    Field("expires_hours", "int", low=1, high=720),
)
_DEFAULT_HOURS = 72


def list_tokens(context: Context) -> Response:
    """GET /auth/tokens: the caller's own, and nobody's for nobody; newest first."""
    require_auth(context)
    rows = [row for row in context.tables.tokens.values() if row.owner == context.caller.id]
    return json_reply(
        [
            {
                "id": row.id,
                "name": row.name,
                "last_used": context.time_text(row.last_used),
                "created_at": context.time_text(row.created_at),
            }
            for row in reversed(rows)
        ]
    )


def create_token(context: Context) -> Response:
    """POST /auth/tokens/create: for whoever calls, be it nobody."""
    require_auth(context)
    body = read_body(context.request, _TOKEN)
    context.store.wait_to_write()
    row, text = context.store.add_token(context.caller.id, str(body["name"]))
    made = context.time_text(row.created_at)
    return json_reply({"id": row.id, "name": row.name, "token": text, "created_at": made})


def delete_token(context: Context) -> Response:
    """DELETE /auth/tokens/ID: one's own."""
    require_auth(context)
    row = context.tables.tokens.get(path_id(context.arguments[0], "token_id"))
    if row is None or row.owner != context.caller.id:
        raise said("Token not found", 404)
    context.store.wait_to_write()
    del context.tables.tokens[row.id]
    return json_reply({"message": f"Token '{row.name}' revoked"})


def list_invitations(context: Context) -> Response:
    """GET /auth/invitations: all that ever were, with their tokens; 500 where a creator is gone."""
    require_by_hand(context.caller, "admin")
    rows = sorted(context.tables.invitations.values(), key=lambda row: (row.created_at, row.id))
    if not all(context.tables.is_listable(row) for row in rows):
        raise CrashedError
    return json_reply([_shown(context, row) for row in reversed(rows)])


def create_invitation(context: Context) -> Response:
    """POST /auth/invitations: operators may invite viewers, administrators anybody."""
    body = read_body(context.request, _INVITATION)
    require_by_hand(context.caller, "operator")
    role = str(body.get("role", "user"))
    if role not in LEVELS:
        raise said(BAD_ROLE, 400)
    if context.caller.role == "operator" and role != "viewer":
        raise said("Operators can only create viewer invitations", 403)
    group = body.get("group_id") or None
    if group is not None and group not in context.tables.groups:
        raise said("Group not found", 400)
    context.store.wait_to_write()
    hours, most = body.get("expires_hours", _DEFAULT_HOURS), body.get("max_usage", 1)
    assert isinstance(hours, int)
    assert isinstance(most, int)
    row = context.store.add_invitation(
        role,
        created_by=context.caller.id if context.caller.user else None,
        group_id=group if isinstance(group, int) else None,
        max_usage=most,
        hours=hours,
    )
    return json_reply(_shown(context, row))


def delete_invitation(context: Context) -> Response:
    """DELETE /auth/invitations/ID: works on one that no list can show, too."""
    number = path_id(context.arguments[0], "invitation_id")
    require_by_hand(context.caller, "admin")
    if number not in context.tables.invitations:
        raise said("Invitation not found", 404)
    context.store.wait_to_write()
    del context.tables.invitations[number]
    return json_reply({"message": f"Invitation {number} revoked"})


def _shown(context: Context, row: InvitationRow) -> dict[str, object]:
    return {
        "id": row.id,
        "token": row.token,
        "role": row.role,
        "group_id": row.group_id,
        "max_usage": row.max_usage,
        "usage_count": row.usage_count,
        "remaining_uses": max(row.max_usage - row.usage_count, 0),
        "expires_at": context.time_text(row.expires_at),
        "is_valid": row.is_valid(context.store.now()),
        "created_by_id": row.created_by,
        "created_at": context.time_text(row.created_at),
    }


ROUTES = (
    Route("GET", "/auth/tokens", list_tokens),
    Route("POST", "/auth/tokens/create", create_token),
    Route("DELETE", "/auth/tokens/*", delete_token),
    Route("GET", "/auth/invitations", list_invitations),
    Route("POST", "/auth/invitations", create_invitation),
    Route("DELETE", "/auth/invitations/*", delete_invitation),
)
