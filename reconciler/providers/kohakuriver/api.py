"""KohakuRiver's routes as functions, and the shapes of their answers.

Here belongs one function for each route we use. Ids are rowids: that of a deleted account is given
to the next one where it was the highest. Source: KohakuRiver, host API.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from reconciler.errors import RefusedError, UnexpectedResponseError
from reconciler.provider import SecretText
from reconciler.providers.http_connection import AmbiguousError, Json
from reconciler.providers.kohakuriver.client import Client, as_bearer, as_session
from reconciler.secret import Secret

_REGISTER_TIMEOUT_S: Final = 60.0
"""The host serves one after the other, and takes a quarter of a second for each password."""

_Answer = TypeVar("_Answer")


class _Row(BaseModel):
    """An answer: what we do not know of it is ignored, what we need must be there."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        strict=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )


class UserRow(_Row):
    """An account."""

    id: int
    username: str
    display_name: str | None
    role: str
    is_active: bool


class InvitationRow(_Row):
    """An invitation, which anybody can use who has its token."""

    id: int
    token: SecretText
    role: str
    max_usage: int
    usage_count: int
    is_valid: bool
    created_by_id: int | None
    expires_at: str


class _Assignee(_Row):
    id: int


class VpsRow(_Row):
    """A VPS. `task_id` is above 2**53, and a text here. `assignees` may lack all of them."""

    task_id: str
    name: str | None
    owner_username: str | None
    assignees: tuple[_Assignee, ...]


class AssigneeRow(_Row):
    """Somebody a VPS is assigned to."""

    user_id: int
    username: str


class TokenRow(_Row):
    """An API token of one's own."""

    id: int
    name: str


class _Assignments(_Row):
    assignments: tuple[AssigneeRow, ...]


class _NewToken(_Row):
    token: SecretText


class _SignedIn(_Row):
    user: UserRow


class _Message(_Row):
    message: str


class _Status(_Row):
    auth_enabled: bool


_USERS: Final = TypeAdapter(tuple[UserRow, ...])
_USER: Final = TypeAdapter(UserRow)
_INVITATIONS: Final = TypeAdapter(tuple[InvitationRow, ...])
_INVITATION: Final = TypeAdapter(InvitationRow)
_ALL_VPS: Final = TypeAdapter(tuple[VpsRow, ...])
_ASSIGNMENTS: Final = TypeAdapter(_Assignments)
_TOKENS: Final = TypeAdapter(tuple[TokenRow, ...])
_TOKEN: Final = TypeAdapter(_NewToken)
_SIGNED_IN: Final = TypeAdapter(_SignedIn)
_MESSAGE: Final = TypeAdapter(_Message)
_STATUS: Final = TypeAdapter(_Status)


def _fitting(client: Client, asked: str, shape: TypeAdapter[_Answer], answer: object) -> _Answer:
    try:
        return shape.validate_python(answer, strict=False)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the answer"
        text = f"{asked}: {where} is not as KohakuRiver answers: {first['msg']}"
        raise UnexpectedResponseError(client.target, text) from None


def _read(client: Client, path: str, shape: TypeAdapter[_Answer]) -> _Answer:
    return _fitting(client, f"GET {path}", shape, client.get(path))


def _written(client: Client, asked: str, shape: TypeAdapter[_Answer], answer: object) -> _Answer:
    """What a write was answered. Where that makes no sense, nobody knows what became of it."""
    try:
        return _fitting(client, asked, shape, answer)
    except UnexpectedResponseError as error:
        raise AmbiguousError(client.target, error.message) from None


# Whom the host takes us for


def prove(client: Client) -> None:
    """Raises RefusedError unless the host has authentication, and takes us for its administrator.

    With authentication off everybody is an administrator; a secret that is not its own makes us
    anonymous, and is no error to the host.
    """
    status = client.get("/auth/status")
    if not isinstance(status, dict) or "auth_enabled" not in status:
        raise client.foreign('its answer to GET /auth/status has no "auth_enabled"')
    if not _fitting(client, "GET /auth/status", _STATUS, status).auth_enabled:
        text = "the host has AUTH_ENABLED = False: there everybody may do everything"
        raise RefusedError(client.target, f"{text}, so there is no access to manage; turn it on")
    if _read(client, "/auth/me", _USER).id != 0:
        text = "the host takes us for nobody: the option admin_token is not its ADMIN_SECRET"
        raise RefusedError(client.target, f"{text}, or it has none (an empty one is off)")


def who_is(client: Client, token: Secret) -> UserRow:
    """The account that an API token belongs to; id -1 for one that belongs to nobody."""
    answer = client.get("/auth/me", as_bearer(token))
    return _fitting(client, "GET /auth/me", _USER, answer)


def whose_session(client: Client, cookie: Secret) -> UserRow:
    """The account that a session belongs to; id -1 for one that is none any more."""
    answer = client.get("/auth/me", as_session(cookie))
    return _fitting(client, "GET /auth/me", _USER, answer)


# Accounts


def list_users(client: Client) -> tuple[UserRow, ...]:
    """Every account, newest first."""
    return _read(client, "/auth/users", _USERS)


def change_user(client: Client, user_id: int, fields: Mapping[str, object]) -> UserRow:
    """Change an account; it as it is then. All fields are taken, or none."""
    path = f"/auth/users/{user_id}"
    answer, _ = client.write("PATCH", path, dict(fields))
    return _written(client, f"PATCH {path}", _USER, answer)


def delete_user(client: Client, user_id: int) -> str:
    """Delete an account, and nothing that refers to it; what the host says, with the name."""
    path = f"/auth/users/{user_id}"
    answer, _ = client.write("DELETE", path)
    return _written(client, f"DELETE {path}", _MESSAGE, answer).message


def register(
    client: Client, invitation: Secret, body: Mapping[str, object]
) -> tuple[UserRow, Secret]:
    """Create an account with an invitation; it, and the cookie of its first session.

    Never to be sent again without a look: it is three commits, and a timeout says nothing.
    """
    client.conceal([invitation])
    path = f"/auth/register?token={quote(invitation.reveal(), safe='')}"
    timeout_s = max(_REGISTER_TIMEOUT_S, client.options.timeout_s)
    answer, cookie = client.write("POST", path, dict(body), {}, timeout_s=timeout_s)
    return _written(client, "POST /auth/register", _SIGNED_IN, answer).user, cookie


def log_in(client: Client, name: str, password: Secret) -> Secret | None:
    """The cookie of a new session; None where the host knows no such name with this password."""
    body = {"username": name, "password": password}
    try:
        return client.write("POST", "/auth/login", body, {})[1]
    except RefusedError:
        return None


def log_out(client: Client, cookie: Secret) -> None:
    """End one session."""
    client.write("POST", "/auth/logout", None, as_session(cookie))


# API tokens, as the account that has the session


def create_token(client: Client, cookie: Secret, name: str) -> Secret:
    """A new API token, which is shown once. Of nobody, where the session is none any more."""
    answer, _ = client.write("POST", "/auth/tokens/create", {"name": name}, as_session(cookie))
    token = _written(client, "POST /auth/tokens/create", _TOKEN, answer).token
    client.conceal([token])
    return token


def list_tokens(client: Client, cookie: Secret) -> tuple[TokenRow, ...]:
    """One's own API tokens."""
    answer = client.get("/auth/tokens", as_session(cookie))
    return _fitting(client, "GET /auth/tokens", _TOKENS, answer)


def delete_token(client: Client, cookie: Secret, token_id: int) -> None:
    """Revoke an API token of one's own."""
    client.write("DELETE", f"/auth/tokens/{token_id}", None, as_session(cookie))


# Invitations


def list_invitations(client: Client) -> tuple[InvitationRow, ...]:
    """Every invitation that there ever was, newest first."""
    path = "/auth/invitations"
    response = client.answer(path)
    if response.status_code == 500:
        text = (
            f"GET {path} gave status 500. If that comes again, an account was deleted that had "
            "made an invitation, and the host can list none until that one is revoked: send DELETE "
            f"/api{path}/ID with the header X-Admin-Token, for each ID from 1 on, until the list "
            "answers again"
        )
        raise UnexpectedResponseError(client.target, text)
    return _fitting(client, f"GET {path}", _INVITATIONS, client.json(response))


def create_invitation(client: Client, role: str, *, hours: int) -> InvitationRow:
    """An invitation of nobody's for one account of this role."""
    body: Json = {"role": role, "max_usage": 1, "expires_hours": hours}
    answer, _ = client.write("POST", "/auth/invitations", body)
    row = _written(client, "POST /auth/invitations", _INVITATION, answer)
    client.conceal([row.token])
    return row


def delete_invitation(client: Client, invitation_id: int) -> None:
    """Revoke an invitation."""
    client.write("DELETE", f"/auth/invitations/{invitation_id}")


# VPS


def list_vps(client: Client) -> tuple[VpsRow, ...]:
    """Every VPS that there ever was, newest first."""
    return _read(client, "/vps", _ALL_VPS)


def list_assignees(client: Client, task_id: str) -> tuple[AssigneeRow, ...]:
    """Whom a VPS is assigned to. GET /vps says nobody as soon as one of them was deleted."""
    return _read(client, f"/vps/{task_id}/assignments", _ASSIGNMENTS).assignments


def assign(client: Client, task_id: str, users: Sequence[int]) -> None:
    """Assign a VPS to these too. The answer repeats what was sent, and proves nothing."""
    client.write("POST", f"/vps/{task_id}/assign", list(users))


def unassign(client: Client, task_id: str, user_id: int) -> None:
    """Take one assignment away."""
    client.write("DELETE", f"/vps/{task_id}/assign/{user_id}")
