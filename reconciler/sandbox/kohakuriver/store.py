"""The simulator's state, its locks, and edits by hand for tests and the demo.

Edits by hand are what somebody does while the program is not looking; they check nothing.
"""

import copy
import hashlib
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from reconciler.sandbox.http.clock import Clock
from reconciler.sandbox.kohakuriver.settings import KohakuRiverSettings
from reconciler.sandbox.kohakuriver.tables import (
    AssignmentRow,
    InvitationRow,
    SessionRow,
    Tables,
    TokenRow,
    UserRow,
    VpsRow,
    next_id,
)

_FIRST_TASK = 7_300_000_000_000_000_001
_BUSY_TIMEOUT_S = 5.0
Lock = Literal["reader", "exclusive"]


class CrashedError(Exception):
    """The product's own code fails: status 500, as plain text."""


class Store:
    """All state of one host; `serial` is held by the one request that runs."""

    def __init__(
        self, settings: KohakuRiverSettings, clock: Clock, wait: Callable[[float], object]
    ) -> None:
        self.serial = threading.RLock()
        self.tables = Tables()
        self.admin_secret = settings.admin_secret
        self.is_dropping_writes = False
        self.loses_next_use = False
        self._settings = settings
        self._clock = clock
        self._wait = wait
        self._lock: Lock = "reader"
        self._locked_s = 0.0

    def now(self) -> float:
        """The host's time, in seconds since the epoch."""
        return self._clock()

    # Another process on the same file

    def lock(self, kind: Lock, seconds: float) -> None:
        """Let another process lock the database for so long, as far as requests wait for it."""
        with self.serial:
            self._lock, self._locked_s = kind, seconds

    def wait_to_write(self) -> None:
        """Wait for the database as a writer; CrashedError when that takes more than 5 seconds."""
        waited = min(self._locked_s, _BUSY_TIMEOUT_S)
        if waited:
            self._wait(self._settings.lock_wait_s)
            is_late = self._locked_s > _BUSY_TIMEOUT_S
            self._locked_s -= waited
            if is_late:
                raise CrashedError

    def wait_to_read(self) -> None:
        """The same as a reader, whom only an exclusive lock stops."""
        if self._lock == "exclusive":
            self.wait_to_write()

    @contextmanager
    def dropping_writes(self) -> Iterator[None]:
        """Every write is answered as it should be, and forgotten, as long as this lasts."""
        self.is_dropping_writes = True
        try:
            yield
        finally:
            self.is_dropping_writes = False

    @contextmanager
    def request(self) -> Iterator[Tables]:
        """The rows, for the one request that runs."""
        with self.serial:
            before = copy.deepcopy(self.tables) if self.is_dropping_writes else None
            yield self.tables
            if before is not None:
                self.tables = before

    def spend_bcrypt(self) -> None:
        """Take the time of one password operation, while everybody waits."""
        if self._settings.bcrypt_cost_s:
            self._wait(self._settings.bcrypt_cost_s)

    # Rows, as routes and hands make them

    def add_user(
        self,
        name: str,
        role: str = "user",
        *,
        password: str = "of no use",  # the default of an edit by hand
        display_name: str | None = None,
    ) -> UserRow:
        """A new account."""
        with self.serial:
            row = UserRow(
                id=next_id(self.tables.users),
                username=name,
                password=digest(password),
                display_name=display_name or name,
                role=role,
                created_at=self.now(),
            )
            self.tables.users[row.id] = row
            return row

    def user(self, name: str) -> UserRow:
        """The account of this name, which is there."""
        row = self.tables.user_named(name)
        assert row is not None, f"there is no user {name}"
        return row

    def delete_user(self, name: str) -> None:
        """Delete an account, and nothing that refers to it."""
        with self.serial:
            del self.tables.users[self.user(name).id]

    def add_invitation(
        self,
        role: str = "user",
        *,
        created_by: int | None = None,
        group_id: int | None = None,
        max_usage: int = 1,
        hours: int = 72,
    ) -> InvitationRow:
        """A new invitation."""
        with self.serial:
            row = InvitationRow(
                id=next_id(self.tables.invitations),
                token=secrets.token_hex(32),
                role=role,
                group_id=group_id,
                max_usage=max_usage,
                expires_at=self.now() + hours * 3600,
                created_by=created_by,
                created_at=self.now(),
            )
            self.tables.invitations[row.id] = row
            return row

    def add_token(self, owner: int, name: str) -> tuple[TokenRow, str]:
        """A new API token and its text, which is kept nowhere."""
        with self.serial:
            text = secrets.token_hex(32)
            row = TokenRow(next_id(self.tables.tokens), owner, name, digest(text), self.now())
            self.tables.tokens[row.id] = row
            return row, text

    def add_session(self, user: int) -> SessionRow:
        """A new HTTP session."""
        with self.serial:
            hours = self._settings.session_expire_hours
            row = SessionRow(secrets.token_hex(32), user, self.now() + hours * 3600)
            self.tables.sessions.append(row)
            return row

    def add_vps(self, name: str | None, owner: int | None = None) -> VpsRow:
        """A new VPS, without any node."""
        with self.serial:
            task = max(self.tables.vps, default=_FIRST_TASK - 1) + 1
            row = VpsRow(task, name, owner, self.now())
            self.tables.vps[task] = row
            return row

    def assign(self, task_id: int, user: int) -> bool:
        """Assign a VPS; False where it is assigned to this id already."""
        with self.serial:
            if any(row.user == user for row in self.tables.assigned(task_id)):
                return False
            self.tables.assignments.append(AssignmentRow(task_id, user, self.now()))
            return True

    def unassign(self, task_id: int, user: int) -> bool:
        """Take an assignment away, an orphaned one too; False where there is none."""
        with self.serial:
            kept = [
                row for row in self.tables.assignments if (row.task_id, row.user) != (task_id, user)
            ]
            is_found = len(kept) < len(self.tables.assignments)
            self.tables.assignments[:] = kept
            return is_found


def digest(text: str) -> str:
    """What is kept of a password or token."""
    return hashlib.sha3_512(text.encode(errors="surrogatepass")).hexdigest()
