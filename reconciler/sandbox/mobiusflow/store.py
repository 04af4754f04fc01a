"""The users of a simulated engine, in memory; may be read and edited by hand at any time."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from uuid import uuid4

SWITCHES = ("admin", "flows", "configure", "subscribe", "write", "read")
SWITCHES_OF = {
    "Viewer": frozenset({"read", "subscribe"}),
    "Editor": frozenset({"read", "subscribe", "write", "configure", "flows"}),
    "Administrator": frozenset(SWITCHES),
}


@dataclass(frozen=True, slots=True)
class UserRow:
    """One user: `roles` are the switches that are on (v1), or names of roles (v3).

    `writes` counts how often it was written.
    """

    id: str
    username: str
    password: str = field(repr=False)
    roles: frozenset[str]
    is_active: bool = True
    writes: int = 0


class Store:
    """All users, each write whole or not at all."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._rows: dict[str, UserRow] = {}

    def rows(self) -> tuple[UserRow, ...]:
        """All users in order of creation."""
        with self._lock:
            return tuple(self._rows.values())

    def get(self, key: str) -> UserRow | None:
        """The user with this id."""
        with self._lock:
            return self._rows.get(key)

    def named(self, username: str) -> UserRow | None:
        """The first user of this name."""
        return next((row for row in self.rows() if row.username == username), None)

    def add(self, username: str, password: str, *roles: str) -> UserRow:
        """Create a user, who is active."""
        row = UserRow(str(uuid4()), username, password, frozenset(roles))
        with self._lock:
            self._rows[row.id] = row
        return row

    def restore(self, rows: Iterable[UserRow]) -> None:
        """Have exactly these users, each as it was when somebody looked."""
        with self._lock:
            self._rows = {row.id: row for row in rows}

    def change(
        self,
        key: str,
        *,
        roles: frozenset[str] | None = None,
        is_active: bool | None = None,
        password: str | None = None,
    ) -> None:
        """Write what is given of a user, who must be there."""
        with self._lock:
            row = self._rows[key]
            self._rows[key] = replace(
                row,
                roles=row.roles if roles is None else roles,
                is_active=row.is_active if is_active is None else is_active,
                password=row.password if password is None else password,
                writes=row.writes + 1,
            )

    def remove(self, key: str) -> None:
        """Delete a user, who must be there."""
        with self._lock:
            del self._rows[key]
