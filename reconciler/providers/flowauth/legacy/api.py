"""The admin routes of FlowAuth up to 1.17 as functions, and the shapes of their answers.

Here belongs what differs from `flowauth.api`. How rights are written differs between these releases
too: see `routes` and `strings`. Source: FlowAuth 1.0 to 1.17, admin.py, groups.py, servers.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import TypeAdapter

from reconciler.providers.flowauth.api import Named, Row, checked
from reconciler.providers.flowauth.client import Client


class UserRow(Row):
    """GET /admin/users/ID. Not all of these releases tell the user's groups and own group.

    `servers` are those on which the own group has rights.
    """

    id: int
    name: str
    is_admin: bool
    groups: tuple[Named, ...] | None = None
    group_id: int | None = None
    servers: tuple[Named, ...] | None = None


class GroupRow(Row):
    """GET /admin/groups/ID: also of users' own groups, which the list of groups leaves out."""

    id: int
    name: str
    members: tuple[Named, ...]
    servers: tuple[Named, ...]


class Limits(Row):
    """The limits of a server's tokens, or of a group's on a server. The time is as in HTTP."""

    latest_token_expiry: str
    longest_token_life: int


_NAMED: Final = TypeAdapter(tuple[Named, ...])
_ONE: Final = TypeAdapter(Named)
_USER: Final = TypeAdapter(UserRow)
_GROUP: Final = TypeAdapter(GroupRow)
_LIMITS: Final = TypeAdapter(Limits)


def find_user(client: Client, user_id: int) -> UserRow | None:
    """One user with the admin flag, or None if there is none of this id."""
    route = f"/admin/users/{user_id}"
    answer = client.find(route)
    return None if answer is None else checked(client, f"GET {route}", _USER, answer)


def own_group(client: Client, user_id: int) -> Named:
    """A user's own group."""
    route = f"/admin/users/{user_id}/user_group"
    return checked(client, f"GET {route}", _ONE, client.get(route))


def list_user_groups(client: Client, user_id: int) -> tuple[Named, ...]:
    """The groups that a user is in, without the user's own."""
    route = f"/admin/users/{user_id}/groups"
    return checked(client, f"GET {route}", _NAMED, client.get(route))


def set_user_groups(client: Client, user_id: int, groups: Sequence[int]) -> None:
    """Replace the whole list of a user's groups; the user's own stays."""
    body = {"groups": [{"id": number} for number in groups]}
    client.write("PATCH", f"/admin/users/{user_id}/groups", body)


def list_groups(client: Client) -> tuple[Named, ...]:
    """Every group but the users' own."""
    return checked(client, "GET /admin/groups", _NAMED, client.get("/admin/groups"))


def find_group(client: Client, group_id: int) -> GroupRow | None:
    """One group with its members and servers, or None if there is none of this id."""
    route = f"/admin/groups/{group_id}"
    answer = client.find(route)
    return None if answer is None else checked(client, f"GET {route}", _GROUP, answer)


def create_group(client: Client, name: str) -> None:
    """Create a group without members and rights."""
    client.write("POST", "/admin/groups", {"name": name})


def delete_group(client: Client, group_id: int) -> None:
    """Delete a group with its rights."""
    client.write("DELETE", f"/admin/groups/{group_id}")


def set_group_servers(
    client: Client, group_id: int, servers: Sequence[Mapping[str, object]]
) -> None:
    """Replace everything that a group may do: one entry for each server, with all its rights."""
    client.write("PATCH", f"/admin/groups/{group_id}/servers", {"servers": list(servers)})


def find_group_limits(client: Client, group_id: int, server_id: int) -> Limits | None:
    """The limits of a group's tokens on a server, or None if it has no rights there."""
    return _find_limits(client, f"/admin/groups/{group_id}/servers/{server_id}/time_limits")


def find_server_limits(client: Client, server_id: int) -> Limits | None:
    """The limits of a server's tokens, or None if there is none of this id."""
    return _find_limits(client, f"/admin/servers/{server_id}/time_limits")


def _find_limits(client: Client, route: str) -> Limits | None:
    answer = client.find(route)
    return None if answer is None else checked(client, f"GET {route}", _LIMITS, answer)


def wants_secret_key(client: Client, server_id: int) -> bool:
    """Whether servers of this release have a secret key, which is not kept here."""
    answer = client.find(f"/admin/servers/{server_id}")
    return isinstance(answer, dict) and "secret_key" in answer


def create_server(client: Client, name: str, *, expiry: str, life_minutes: int) -> None:
    """Create a server on which nothing is allowed yet."""
    body = {"name": name, "latest_token_expiry": expiry, "longest_token_life": life_minutes}
    client.write("POST", "/admin/servers", body)


def set_server_limits(
    client: Client, server_id: int, *, name: str, expiry: str, life_minutes: int
) -> None:
    """Set a server's limits. Any other key would be written to the server's row."""
    body = {"name": name, "latest_token_expiry": expiry, "longest_token_life": life_minutes}
    client.write("PATCH", f"/admin/servers/{server_id}", body)


def rights_route(group_id: int, server_id: int) -> str:
    """Where FlowAuth tells what a group may do on a server, as its release spells it."""
    return f"/admin/groups/{group_id}/servers/{server_id}/capabilities"
