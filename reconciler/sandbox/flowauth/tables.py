"""Rows and tables with the behaviours that sqlite and PostgreSQL show through FlowAuth.

Next ids, list order, length limits and unique rules belong here; who may write does not.
Rows are frozen, so copying a table is cheap and a copy is a transaction's private view.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from reconciler.sandbox.flowauth.settings import Backend

NAME_LIMIT = 75
SCOPE_LIMIT = 512


class UniqueViolationError(Exception):
    """A name, an id or a link is there already; FlowAuth answers it with shape 2."""


class DatabaseRefusedError(Exception):
    """Any other refusal of the database; FlowAuth answers it with shape 5."""


class Row(Protocol):
    """What a table needs to know of a row."""

    @property
    def id(self) -> int:
        """The primary key."""

    @property
    def unique_key(self) -> tuple[object, ...]:
        """What no other row of the table may share."""

    @property
    def limited_texts(self) -> tuple[tuple[str, int], ...]:
        """Texts with the most characters that PostgreSQL takes."""


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


RowT = TypeVar("RowT", bound=Row)


class Sequence:
    """A PostgreSQL sequence: it never goes back, whatever happens to the transaction."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        """The next number."""
        self._last += 1
        return self._last


class Table(Generic[RowT]):
    """Rows by id, with one backend's ids, order and limits."""

    def __init__(
        self, backend: Backend, sequence: Sequence, rows: dict[int, RowT] | None = None
    ) -> None:
        self._backend = backend
        self._sequence = sequence
        self._rows: dict[int, RowT] = {} if rows is None else rows

    def copy(self) -> Table[RowT]:
        """A private copy; the sequence stays shared, as it is outside of transactions."""
        return Table(self._backend, self._sequence, dict(self._rows))

    def __contains__(self, row_id: object) -> bool:
        return row_id in self._rows

    def get(self, row_id: int) -> RowT | None:
        """The row with this id, or None."""
        return self._rows.get(row_id)

    def listed(self) -> tuple[RowT, ...]:
        """All rows: by id on sqlite, in heap order (an updated row is last) on PostgreSQL."""
        if self._backend == "sqlite":
            return tuple(self._rows[row_id] for row_id in sorted(self._rows))
        return tuple(self._rows.values())

    def new_id(self) -> int:
        """The next id: highest + 1 on sqlite, which reuses ids; the sequence on PostgreSQL."""
        if self._backend == "sqlite":
            return max(self._rows, default=0) + 1
        return self._sequence.next()

    def insert(self, row: RowT) -> None:
        """Add a row; raises UniqueViolationError or DatabaseRefusedError."""
        self._check(row)
        if row.id in self._rows:
            raise UniqueViolationError(f"id {row.id}")
        self._rows[row.id] = row

    def update(self, row: RowT, old_id: int | None = None) -> None:
        """Replace a row, perhaps under a new id; a row that stays equal is not written."""
        key = row.id if old_id is None else old_id
        if self._rows[key] == row:
            return
        self._check(row, ignoring=key)
        if row.id != key and row.id in self._rows:
            raise UniqueViolationError(f"id {row.id}")
        if self._backend == "sqlite" and row.id == key:
            self._rows[key] = row
            return
        del self._rows[key]
        self._rows[row.id] = row

    def delete(self, row_id: int) -> None:
        """Remove a row."""
        del self._rows[row_id]

    def _check(self, row: RowT, ignoring: int | None = None) -> None:
        if self._backend == "postgres":
            for text, limit in row.limited_texts:
                if len(text) > limit:
                    raise DatabaseRefusedError(f"a text is longer than {limit} characters")
        for other_id, other in self._rows.items():
            if other_id != ignoring and other.unique_key == row.unique_key:
                raise UniqueViolationError("unique key")


@dataclass(slots=True)
class Tables:
    """The whole state: five tables and the links between them.

    `members` holds (user id, role id), `role_scopes` (role id, scope id), `token_roles`
    (token id, role id).
    """

    users: Table[UserRow]
    servers: Table[ServerRow]
    scopes: Table[ScopeRow]
    roles: Table[RoleRow]
    tokens: Table[TokenRow]
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
    )
