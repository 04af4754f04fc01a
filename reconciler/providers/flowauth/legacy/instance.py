"""One FlowAuth up to 1.17, as the provider uses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.changes import Change, Journal, Outcome
from reconciler.providers.flowauth.client import Client
from reconciler.providers.flowauth.era import Era
from reconciler.providers.flowauth.legacy.apply import apply_changes
from reconciler.providers.flowauth.legacy.dialect import Dialect
from reconciler.providers.flowauth.legacy.directory import Directory
from reconciler.providers.flowauth.legacy.normalize import normalize, without_lost_roles
from reconciler.providers.flowauth.legacy.observe import Reading, read
from reconciler.providers.flowauth.legacy.preview import preview
from reconciler.providers.flowauth.legacy.routes import Routes
from reconciler.providers.flowauth.legacy.strings import Strings
from reconciler.providers.password_keeping import PasswordKeeping
from reconciler.scope import Scope
from reconciler.state import State


class LegacyFlowAuth:
    """An instance whose groups hold rights; it remembers what was read last."""

    def __init__(self, client: Client, era: Era) -> None:
        self._client = client
        self._era = era
        self._dialect: Dialect = Routes() if era is Era.ROUTES else Strings()
        self._reading: Reading | None = None
        self._users: frozenset[str] = frozenset()

    def observe(self, scope: Scope) -> State:
        """Everything there is. Of the scope only the names that users have matter, later."""
        self._reading = read(self._client, self._dialect, self._era)
        self._users = scope.users
        return self._reading.state

    @property
    def idle_groups(self) -> Mapping[str, tuple[str, ...]]:
        """The groups without rights on any server, with their members, as read last."""
        return self._reading.idle_groups if self._reading else {}

    def normalize(self, desired: State, observed: State) -> State:
        """Desired in the spelling that will be read back."""
        held = without_lost_roles(desired, observed, self._users)
        return normalize(self._client.target, self._dialect, held, observed, self._reading)

    def preview(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """The requests by name."""
        return preview(self._dialect, changes)

    def apply(
        self, changes: Sequence[Change], journal: Journal, passwords: PasswordKeeping
    ) -> Iterator[Outcome]:
        """Carry out the changes one at a time, reading each back."""
        holders = self._reading.holders if self._reading else None
        ids = Directory(self._client, self._dialect, holders)
        return apply_changes(ids, changes, journal, passwords)
