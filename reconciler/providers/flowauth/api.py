"""FlowAuth's admin routes as functions, and the shapes of their answers.

Here belongs one function for each route we use. All routes take integer ids, which may belong to
something else a moment later: see `directory`. Source: FlowAuth 1.18 to 1.34, admin.py, roles.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from reconciler.errors import UnexpectedResponseError
from reconciler.providers.flowauth.client import Client
from reconciler.secret import Secret

_Answer = TypeVar("_Answer")


class Row(BaseModel):
    """An answer of FlowAuth: what we do not know of it is ignored, what we need must be there."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, hide_input_in_errors=True)


class Named(Row):
    """An id and a name."""

    id: int
    name: str


class UserRow(Row):
    """GET /admin/users/ID."""

    id: int
    name: str
    is_admin: bool
    roles: tuple[Named, ...]


class ServerRow(Row):
    """GET /admin/servers/ID. Releases after 1.34 may have no expiry."""

    id: int
    name: str
    latest_token_expiry: str | None
    longest_token_life_minutes: int


class RoleRow(Row):
    """A role with the ids of its scopes and users. Releases after 1.34 may have no expiry."""

    id: int
    name: str
    server: int
    scopes: tuple[int, ...]
    users: tuple[int, ...]
    latest_token_expiry: str | None
    longest_token_life_minutes: int


_NAMED: Final = TypeAdapter(tuple[Named, ...])
_ROLES: Final = TypeAdapter(tuple[RoleRow, ...])
_ROLE: Final = TypeAdapter(RoleRow)
_USER: Final = TypeAdapter(UserRow)
_SERVER: Final = TypeAdapter(ServerRow)


def checked(client: Client, route: str, shape: TypeAdapter[_Answer], answer: object) -> _Answer:
    """An answer in its shape. Raises UnexpectedResponseError naming the route where it has not."""
    try:
        return shape.validate_python(answer, strict=False)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the answer"
        raise UnexpectedResponseError(
            client.target, f"{route}: {where} is not as FlowAuth documents it: {first['msg']}"
        ) from None


def _found(client: Client, route: str, shape: TypeAdapter[_Answer]) -> _Answer | None:
    answer = client.find(route)
    return None if answer is None else checked(client, f"GET {route}", shape, answer)


def list_users(client: Client) -> tuple[Named, ...]:
    """Every user, in the server's order."""
    return checked(client, "GET /admin/users", _NAMED, client.get("/admin/users"))


def find_user(client: Client, user_id: int) -> UserRow | None:
    """One user with the admin flag and roles, or None if there is none of this id."""
    return _found(client, f"/admin/users/{user_id}", _USER)


def list_servers(client: Client) -> tuple[Named, ...]:
    """Every server, in the server's order."""
    return checked(client, "GET /admin/servers", _NAMED, client.get("/admin/servers"))


def find_server(client: Client, server_id: int) -> ServerRow | None:
    """One server with the limits of its tokens, or None if there is none of this id."""
    return _found(client, f"/admin/servers/{server_id}", _SERVER)


def list_scopes(client: Client, server_id: int) -> tuple[Named, ...]:
    """The scopes of a server."""
    route = f"/admin/servers/{server_id}/scopes"
    return checked(client, f"GET {route}", _NAMED, client.get(route))


def list_roles(client: Client) -> tuple[RoleRow, ...]:
    """Every role of every server. The slash at the end is part of the route."""
    return checked(client, "GET /roles/", _ROLES, client.get("/roles/"))


def find_role(client: Client, role_id: int) -> RoleRow | None:
    """One role with its scopes and users, or None if there is none of this id."""
    return _found(client, f"/roles/{role_id}", _ROLE)


def create_user(client: Client, name: str, password: Secret, *, is_admin: bool) -> None:
    """Create a user without roles. The key is `username` here and `name` in answers."""
    body = {"username": name, "password": password, "is_admin": is_admin}
    client.write("POST", "/admin/users", body)


def update_user(client: Client, user_id: int, fields: Mapping[str, object]) -> None:
    """Change a user's admin flag (`is_admin`) or `password`: both are stored, or none."""
    client.write("PATCH", f"/admin/users/{user_id}", dict(fields))


def set_user_roles(client: Client, user_id: int, roles: Sequence[int]) -> None:
    """Replace the whole list of a user's roles. Unknown ids are dropped in silence: read back."""
    client.write("PATCH", f"/admin/users/{user_id}", {"roles": list(roles)})


def delete_user(client: Client, user_id: int) -> None:
    """Delete a user with tokens; tokens already handed out stay good until they expire."""
    client.write("DELETE", f"/admin/users/{user_id}")


def create_server(client: Client, name: str, *, expiry: str, life_minutes: int) -> None:
    """Create a server without scopes."""
    body = {"name": name, "latest_token_expiry": expiry, "longest_token_life_minutes": life_minutes}
    client.write("POST", "/admin/servers", body)


def set_server_limits(
    client: Client, server_id: int, *, name: str, expiry: str | None, life_minutes: int
) -> None:
    """Set a server's limits. An expiry of None is for a server that has none.

    Name and expiry must be there even where they stay; any other key does harm.
    """
    body = {"name": name, "latest_token_expiry": expiry, "longest_token_life_minutes": life_minutes}
    client.write("PATCH", f"/admin/servers/{server_id}", body)


def set_scopes(client: Client, server_id: int, scopes: Sequence[str]) -> None:
    """Make these all scopes of a server. One left out vanishes from every role that has it."""
    client.write("POST", f"/admin/servers/{server_id}/scopes", dict.fromkeys(scopes, True))


def delete_server(client: Client, server_id: int) -> None:
    """Delete a server with its scopes, roles and tokens."""
    client.write("DELETE", f"/admin/servers/{server_id}")


def create_role(client: Client, name: str, server_id: int, fields: Mapping[str, object]) -> None:
    """Create a role without users; `fields` as in `update_role`, of which limits must be there.

    Unknown scope ids are dropped in silence: read back.
    """
    client.write("POST", "/roles/", {"name": name, "server_id": server_id, **fields})


def update_role(client: Client, role_id: int, fields: Mapping[str, object]) -> None:
    """Change a role.

    `fields` may be `scopes` (ids, all of them) and the limits as in `RoleRow`.
    """
    client.write("PATCH", f"/roles/{role_id}", dict(fields))


def delete_role(client: Client, role_id: int) -> None:
    """Delete a role; its users lose it."""
    client.write("DELETE", f"/roles/{role_id}")
