"""A plain picture of the whole state, for comparing before and after; it holds no secrets."""

from dataclasses import dataclass

from reconciler.sandbox.flowauth.columns import format_date
from reconciler.sandbox.flowauth.tables import RoleRow, ServerRow, Tables, UserRow


@dataclass(frozen=True, slots=True)
class UserFacts:
    """A user; `roles` are (server, role) names, `password_version` counts password writes."""

    id: int
    is_admin: bool
    require_two_factor: bool
    has_two_factor: bool
    password_version: int
    roles: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """A server; `scopes` are (name, id) pairs, sorted."""

    id: int
    latest_token_expiry: str | None
    longest_token_life_minutes: int | str
    scopes: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """A role; `scopes` are names, sorted."""

    id: int
    latest_token_expiry: str | None
    longest_token_life_minutes: int | str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Users and servers by name, roles by (server, role), tokens as (user, server, name)."""

    users: dict[str, UserFacts]
    servers: dict[str, ServerFacts]
    roles: dict[tuple[str, str], RoleFacts]
    tokens: tuple[tuple[str, str, str], ...]


def take_snapshot(tables: Tables) -> Snapshot:
    """The state of the tables, by name and sorted."""
    users = sorted(tables.users.listed(), key=lambda row: row.username)
    servers = sorted(tables.servers.listed(), key=lambda row: row.name)
    roles = sorted(
        ((_role_path(tables, row), row) for row in tables.roles.listed()), key=lambda pair: pair[0]
    )
    return Snapshot(
        {row.username: _user_facts(tables, row) for row in users},
        {row.name: _server_facts(tables, row) for row in servers},
        {path: _role_facts(tables, row) for path, row in roles},
        _token_facts(tables),
    )


def _user_facts(tables: Tables, row: UserRow) -> UserFacts:
    return UserFacts(
        row.id,
        row.is_admin,
        row.require_two_factor,
        row.two_factor is not None,
        row.password_version,
        tuple(sorted(_role_path(tables, role) for role in tables.roles_of_user(row.id))),
    )


def _server_facts(tables: Tables, row: ServerRow) -> ServerFacts:
    scopes = sorted((scope.name, scope.id) for scope in tables.scopes_of_server(row.id))
    expiry = format_date(row.latest_token_expiry)
    return ServerFacts(row.id, expiry, row.longest_token_life_minutes, tuple(scopes))


def _role_facts(tables: Tables, row: RoleRow) -> RoleFacts:
    by_id = {scope.id: scope.name for scope in tables.scopes.listed()}
    names = sorted(by_id[scope_id] for scope_id in tables.scopes_of_role(row.id))
    expiry = format_date(row.latest_token_expiry)
    return RoleFacts(row.id, expiry, row.longest_token_life_minutes, tuple(names))


def _token_facts(tables: Tables) -> tuple[tuple[str, str, str], ...]:
    users = {row.id: row.username for row in tables.users.listed()}
    servers = {row.id: row.name for row in tables.servers.listed()}
    return tuple(
        (users[row.user_id], servers[row.server_id], row.name)
        for row in sorted(tables.tokens.listed(), key=lambda token: token.id)
    )


def _role_path(tables: Tables, row: RoleRow) -> tuple[str, str]:
    server = tables.servers.get(row.server_id)
    return (server.name if server else f"server {row.server_id}", row.name)
