"""The simulator's state: transactions for the routes, and edits by hand for tests and the demo.

Edits by hand are what an administrator does in the web interface or in the database while the
program is not looking. They go by name, check nothing but the unique rules, and take effect at
once.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime

from reconciler.sandbox.flowauth import cascades, passwords
from reconciler.sandbox.flowauth.columns import naive_utc
from reconciler.sandbox.flowauth.settings import FlowAuthSettings
from reconciler.sandbox.flowauth.snapshot import Snapshot, take_snapshot
from reconciler.sandbox.flowauth.tables import (
    RoleRow,
    ScopeRow,
    ServerRow,
    Tables,
    UserRow,
    empty_tables,
)

DEFAULT_EXPIRY = datetime(2035, 1, 1)
DEFAULT_LIFE_MINUTES = 2880


class Store:
    """All state of one FlowAuth; safe to use from any thread."""

    def __init__(self, settings: FlowAuthSettings) -> None:
        self._settings = settings
        self._lock = threading.RLock()
        self._user_creation = threading.Lock()
        self._tables = empty_tables(settings.backend)

    def view(self) -> Tables:
        """The committed state, for reading only: later commits do not change it."""
        return self._tables

    @contextmanager
    def transaction(self) -> Iterator[Tables]:
        """A private copy that is committed at the end of the block, or dropped on any error."""
        with self._lock:
            tables = self._tables.copy()
            yield tables
            self._tables = tables

    def user_creation(self) -> AbstractContextManager[object]:
        """Serialises user creation on sqlite; on PostgreSQL two can race for one name."""
        return self._user_creation if self._settings.backend == "sqlite" else nullcontext()

    def snapshot(self) -> Snapshot:
        """The whole state without secrets, to be compared with another snapshot."""
        return take_snapshot(self.view())

    def restore_bootstrap_admin(self) -> None:
        """Create the bootstrap administrator, or reset its password and rights, as a start does."""
        settings = self._settings
        user = self.view().user_named(settings.admin_username)
        if user is None:
            self.add_user(settings.admin_username, settings.admin_password, is_admin=True)
            return
        self.set_password(user.username, settings.admin_password)
        self.set_admin(user.username, is_admin=True)

    def check_password(self, username: str, password: str) -> bool:
        """Whether this is the user's password."""
        return passwords.is_correct(password, _user(self.view(), username).password_hash)

    def user_id(self, username: str) -> int:
        """The id of a user."""
        return _user(self.view(), username).id

    def server_id(self, name: str) -> int:
        """The id of a server."""
        return _server(self.view(), name).id

    def role_id(self, server: str, name: str) -> int:
        """The id of a role."""
        return _role(self.view(), server, name).id

    def scope_id(self, server: str, name: str) -> int:
        """The id of a scope."""
        return _scope(self.view(), server, name).id

    def add_user(
        self,
        username: str,
        password: str,
        *,
        is_admin: bool = False,
        require_two_factor: bool = False,
    ) -> int:
        """Add a user with any password, however weak; returns its id."""
        digest = passwords.hash_password(password)
        with self.transaction() as tables:
            user_id = tables.users.new_id()
            row = UserRow(user_id, username, digest, is_admin, require_two_factor)
            tables.users.insert(row)
            if self._settings.has_groups:
                tables.grouped.add_user(user_id, username)
        return user_id

    def add_server(
        self,
        name: str,
        *,
        scopes: Iterable[str] = (),
        latest_token_expiry: datetime | None = DEFAULT_EXPIRY,
        longest_token_life_minutes: int = DEFAULT_LIFE_MINUTES,
    ) -> int:
        """Add a server with scopes; returns its id."""
        with self.transaction() as tables:
            server_id = tables.servers.new_id()
            expiry = naive_utc(latest_token_expiry)
            row = ServerRow(server_id, name, expiry, longest_token_life_minutes)
            tables.servers.insert(row)
            for scope in scopes:
                tables.scopes.insert(ScopeRow(tables.scopes.new_id(), scope, server_id))
        return server_id

    def add_scope(self, server: str, name: str) -> int:
        """Add a scope to a server; returns its id."""
        with self.transaction() as tables:
            scope_id = tables.scopes.new_id()
            tables.scopes.insert(ScopeRow(scope_id, name, _server(tables, server).id))
        return scope_id

    def add_role(
        self,
        server: str,
        name: str,
        *,
        scopes: Iterable[str] = (),
        users: Iterable[str] = (),
        latest_token_expiry: datetime | None = DEFAULT_EXPIRY,
        longest_token_life_minutes: int = DEFAULT_LIFE_MINUTES,
    ) -> int:
        """Add a role with scopes of its server and users; returns its id."""
        with self.transaction() as tables:
            role_id = tables.roles.new_id()
            server_id = _server(tables, server).id
            expiry = naive_utc(latest_token_expiry)
            row = RoleRow(role_id, name, server_id, expiry, longest_token_life_minutes)
            tables.roles.insert(row)
            tables.role_scopes |= {(role_id, _scope(tables, server, s).id) for s in scopes}
            tables.members |= {(_user(tables, user).id, role_id) for user in users}
        return role_id

    def set_password(self, username: str, password: str) -> None:
        """Give a user another password."""
        digest = passwords.hash_password(password)
        self._change_user(
            username,
            lambda row: replace(
                row, password_hash=digest, password_version=row.password_version + 1
            ),
        )

    def set_admin(self, username: str, *, is_admin: bool) -> None:
        """Promote or demote a user; nothing protects the last administrator here."""
        self._change_user(username, lambda row: replace(row, is_admin=is_admin))

    def set_require_two_factor(self, username: str, *, is_required: bool) -> None:
        """Demand a second factor of a user, or stop demanding it."""
        self._change_user(username, lambda row: replace(row, require_two_factor=is_required))

    def rename_user(self, username: str, new_username: str) -> None:
        """Give a user another name."""
        self._change_user(username, lambda row: replace(row, username=new_username))

    def set_user_roles(self, username: str, roles: Iterable[tuple[str, str]]) -> None:
        """Make these (server, role) pairs the complete roles of a user."""
        with self.transaction() as tables:
            role_ids = [_role(tables, server, name).id for server, name in roles]
            cascades.set_user_roles(tables, _user(tables, username).id, role_ids)

    def set_role_scopes(self, server: str, name: str, scopes: Iterable[str]) -> None:
        """Make these the complete scopes of a role."""
        with self.transaction() as tables:
            role_id = _role(tables, server, name).id
            kept = {link for link in tables.role_scopes if link[0] != role_id}
            added = {(role_id, _scope(tables, server, scope).id) for scope in scopes}
            tables.role_scopes = kept | added

    def set_role_limits(
        self,
        server: str,
        name: str,
        *,
        latest_token_expiry: datetime | None,
        longest_token_life_minutes: int,
    ) -> None:
        """Give a role other limits, whatever its server's are."""
        with self.transaction() as tables:
            row = _role(tables, server, name)
            expiry = naive_utc(latest_token_expiry)
            tables.roles.update(
                replace(
                    row,
                    latest_token_expiry=expiry,
                    longest_token_life_minutes=longest_token_life_minutes,
                )
            )

    def set_server_limits(
        self,
        name: str,
        *,
        latest_token_expiry: datetime | None,
        longest_token_life_minutes: int,
    ) -> None:
        """Give a server other limits; its roles keep theirs."""
        with self.transaction() as tables:
            expiry = naive_utc(latest_token_expiry)
            tables.servers.update(
                replace(
                    _server(tables, name),
                    latest_token_expiry=expiry,
                    longest_token_life_minutes=longest_token_life_minutes,
                )
            )

    def delete_user(self, username: str) -> None:
        """Remove a user; nothing protects the last administrator here."""
        with self.transaction() as tables:
            cascades.delete_user(tables, _user(tables, username).id)

    def delete_server(self, name: str) -> None:
        """Remove a server with its scopes, roles and tokens."""
        with self.transaction() as tables:
            cascades.delete_server(tables, _server(tables, name).id, self._settings.backend)

    def delete_scope(self, server: str, name: str) -> None:
        """Remove a scope, also from the roles that hold it."""
        with self.transaction() as tables:
            cascades.delete_scope(tables, _scope(tables, server, name).id)

    def delete_role(self, server: str, name: str) -> None:
        """Remove a role."""
        with self.transaction() as tables:
            role_id = _role(tables, server, name).id
            cascades.delete_role(tables, role_id, self._settings.backend)

    def _change_user(self, username: str, change: Callable[[UserRow], UserRow]) -> None:
        with self.transaction() as tables:
            tables.users.update(change(_user(tables, username)))


def _user(tables: Tables, username: str) -> UserRow:
    row = tables.user_named(username)
    if row is None:
        raise KeyError(f"no user {username!r} in the simulated FlowAuth")
    return row


def _server(tables: Tables, name: str) -> ServerRow:
    row = tables.server_named(name)
    if row is None:
        raise KeyError(f"no server {name!r} in the simulated FlowAuth")
    return row


def _scope(tables: Tables, server: str, name: str) -> ScopeRow:
    for row in tables.scopes_of_server(_server(tables, server).id):
        if row.name == name:
            return row
    raise KeyError(f"no scope {name!r} on server {server!r} in the simulated FlowAuth")


def _role(tables: Tables, server: str, name: str) -> RoleRow:
    for row in tables.roles_of_server(_server(tables, server).id):
        if row.name == name:
            return row
    raise KeyError(f"no role {name!r} on server {server!r} in the simulated FlowAuth")
