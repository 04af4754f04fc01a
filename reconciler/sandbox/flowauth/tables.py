"""The rows of FlowAuth and the tables that they are in; who may write does not belong here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from reconciler.sandbox.flowauth.groups import GroupTables, empty_group_tables
from reconciler.sandbox.flowauth.settings import Backend
from reconciler.sandbox.flowauth.table import NAME_LIMIT, SCOPE_LIMIT, Sequence, Table


@dataclass(frozen=True, slots=True)
class TwoFactor:
    """An enabled second factor: its secret, the steps used up, the backup codes left."""

    secret: str = field(repr=False)
    used_steps: frozenset[int] = frozenset()
    backup_codes: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user; `password_version` counts password writes, so that tests can see one."""

    id: int
    username: str
    password_hash: str = field(repr=False)
    is_admin: bool = False
    require_two_factor: bool = False
    two_factor: TwoFactor | None = None
    password_version: int = 1

    @property
    def unique_key(self) -> tuple[object, ...]:
        """User names are unique, with case."""
        return (self.username,)

    @property
    def limited_texts(self) -> tuple[tuple[str, int], ...]:
        """The user name."""
        return ((self.username, NAME_LIMIT),)


@dataclass(frozen=True, slots=True)
class ServerRow:
    """A server and its two limits; sqlite stores a lifetime that is no number as text."""

    id: int
    name: str
    latest_token_expiry: datetime | None
    longest_token_life_minutes: int | str

    @property
    def unique_key(self) -> tuple[object, ...]:
        """Server names are unique."""
        return (self.name,)

    @property
    def limited_texts(self) -> tuple[tuple[str, int], ...]:
        """The name: the column holds 75 although the message says 120."""
        return ((self.name, NAME_LIMIT),)


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """A scope of one server."""

    id: int
    name: str
    server_id: int
    enabled: bool = True

    @property
    def unique_key(self) -> tuple[object, ...]:
        """Scope names are unique on their server."""
        return (self.server_id, self.name)

    @property
    def limited_texts(self) -> tuple[tuple[str, int], ...]:
        """The scope's text."""
        return ((self.name, SCOPE_LIMIT),)


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role of one server."""

    id: int
    name: str
    server_id: int
    latest_token_expiry: datetime | None
    longest_token_life_minutes: int | str

    @property
    def unique_key(self) -> tuple[object, ...]:
        """Role names are unique on their server, and only there."""
        return (self.server_id, self.name)

    @property
    def limited_texts(self) -> tuple[tuple[str, int], ...]:
        """The name."""
        return ((self.name, NAME_LIMIT),)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token that somebody minted."""

    id: int
    name: str
    user_id: int
    server_id: int
    expiry: datetime
    token: str = field(repr=False)

    @property
    def unique_key(self) -> tuple[object, ...]:
        """Token names may repeat."""
        return (self.id,)

    @property
    def limited_texts(self) -> tuple[tuple[str, int], ...]:
        """The token's name."""
        return ((self.name, NAME_LIMIT),)


@dataclass(slots=True)
class Tables:
    """The whole state: five tables and the links between them, and groups where there are such.

    `members` holds (user id, role id), `role_scopes` (role id, scope id), `token_roles`
    (token id, role id).
    """

    users: Table[UserRow]
    servers: Table[ServerRow]
    scopes: Table[ScopeRow]
    roles: Table[RoleRow]
    tokens: Table[TokenRow]
    grouped: GroupTables
    members: set[tuple[int, int]] = field(default_factory=set)
    role_scopes: set[tuple[int, int]] = field(default_factory=set)
    token_roles: set[tuple[int, int]] = field(default_factory=set)

    def copy(self) -> Tables:
        """A private copy of everything."""
        return Tables(
            self.users.copy(),
            self.servers.copy(),
            self.scopes.copy(),
            self.roles.copy(),
            self.tokens.copy(),
            self.grouped.copy(),
            set(self.members),
            set(self.role_scopes),
            set(self.token_roles),
        )

    def user_named(self, username: str) -> UserRow | None:
        """The user with exactly this name, or None."""
        return next((row for row in self.users.listed() if row.username == username), None)

    def server_named(self, name: str) -> ServerRow | None:
        """The server with exactly this name, or None."""
        return next((row for row in self.servers.listed() if row.name == name), None)

    def scopes_of_server(self, server_id: int) -> tuple[ScopeRow, ...]:
        """The scopes of a server, in list order."""
        return tuple(row for row in self.scopes.listed() if row.server_id == server_id)

    def roles_of_server(self, server_id: int) -> tuple[RoleRow, ...]:
        """The roles of a server, in list order."""
        return tuple(row for row in self.roles.listed() if row.server_id == server_id)

    def roles_of_user(self, user_id: int) -> tuple[RoleRow, ...]:
        """The roles that a user holds, in list order."""
        return tuple(row for row in self.roles.listed() if (user_id, row.id) in self.members)

    def users_of_role(self, role_id: int) -> list[int]:
        """The ids of a role's users, sorted."""
        return sorted(user for user, role in self.members if role == role_id)

    def scopes_of_role(self, role_id: int) -> list[int]:
        """The ids of a role's scopes, sorted."""
        return sorted(scope for role, scope in self.role_scopes if role == role_id)

    def other_admins(self, user_id: int) -> tuple[UserRow, ...]:
        """The administrators besides one user."""
        return tuple(row for row in self.users.listed() if row.is_admin and row.id != user_id)


def empty_tables(backend: Backend) -> Tables:
    """Tables without rows."""
    return Tables(
        Table(backend, Sequence()),
        Table(backend, Sequence()),
        Table(backend, Sequence()),
        Table(backend, Sequence()),
        Table(backend, Sequence()),
        empty_group_tables(backend),
    )
