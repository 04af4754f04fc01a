"""One FlowAuth up to 1.17, as the provider uses it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.changes import Change, Journal, Outcome
from reconciler.providers.flowauth.client import Client
from reconciler.providers.flowauth.era import Era
from reconciler.providers.flowauth.legacy.apply import apply_changes
from reconciler.providers.flowauth.legacy.dialect import Dialect
from reconciler.providers.flowauth.legacy.directory import Directory
from reconciler.providers.flowauth.legacy.normalize import normalize
from reconciler.providers.flowauth.legacy.observe import Reading, read
from reconciler.providers.flowauth.legacy.preview import preview
from reconciler.providers.flowauth.legacy.routes import Routes
from reconciler.providers.flowauth.legacy.strings import Strings
from reconciler.state import State


class LegacyFlowAuth:
    """An instance whose groups hold rights; it remembers what was read last."""

    def __init__(self, client: Client, era: Era) -> None:
        self._client = client
        self._era = era
        self._dialect: Dialect = Routes() if era is Era.ROUTES else Strings()
        self._reading: Reading | None = None

    def observe(self) -> State:
        """Everything there is."""
        self._reading = read(self._client, self._dialect, self._era)
        return self._reading.state

    def normalize(self, desired: State, observed: State) -> State:
        """Desired in the spelling that will be read back."""
        return normalize(self._client.target, self._dialect, desired, observed, self._reading)

    def preview(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """The requests by name."""
        return preview(self._dialect, changes)

    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        """Carry out the changes one at a time, reading each back."""
        holders = self._reading.holders if self._reading else None
        ids = Directory(self._client, self._dialect, holders)
        return apply_changes(ids, changes, journal)
