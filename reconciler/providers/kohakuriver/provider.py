"""The open KohakuRiver provider. What it does is in its sibling modules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from reconciler.changes import Change, Journal, Outcome
from reconciler.provider import Identity, Rights, Warned
from reconciler.providers.kohakuriver import api, invitations
from reconciler.providers.kohakuriver.apply import apply_changes
from reconciler.providers.kohakuriver.client import Client
from reconciler.providers.kohakuriver.directory import Directory
from reconciler.providers.kohakuriver.guards import undeletable
from reconciler.providers.kohakuriver.normalize import normalize
from reconciler.providers.kohakuriver.observe import observe
from reconciler.providers.kohakuriver.options import KohakuRiverOptions
from reconciler.providers.kohakuriver.preview import preview
from reconciler.providers.kohakuriver.words import SYSTEM
from reconciler.scope import Scope
from reconciler.state import State


def open_kohakuriver(target: str, options: KohakuRiverOptions) -> KohakuRiverProvider:
    """A provider for the host of these options. It connects when it is first asked something."""
    return KohakuRiverProvider(target, options)


class KohakuRiverProvider:
    """One KohakuRiver host."""

    def __init__(self, target: str, options: KohakuRiverOptions) -> None:
        self.target = target
        self.options = options
        self._client = Client(target, options)
        self._directory = Directory(self._client)

    def __repr__(self) -> str:
        return f"KohakuRiverProvider({self.target!r})"

    def close(self) -> None:
        """Close the connections. Safe to call twice."""
        self._client.close()

    def identify(self) -> Identity:
        """The host's version, and the account in no table that its secret makes us."""
        api.prove(self._client)
        return Identity("KohakuRiver", self._client.version(), SYSTEM, place=self.options.url)

    def observe(self, scope: Scope) -> State:
        """All accounts, and who is assigned to the VPS of the scope."""
        return observe(self._directory, scope)

    def normalize(self, desired: State, observed: State) -> State:
        """Desired without roles, and with accounts that may sign in."""
        return normalize(self.target, desired, observed)

    def new_passwords(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """Every new account: there is none without a password."""
        return tuple(
            change.key.path[-1]
            for change in changes
            if change.key.kind == "account" and change.action == "create"
        )

    def preview(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """The requests by name; ids are resolved when they are sent."""
        return preview(self._directory, changes)

    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        """Carry out the changes one at a time."""
        return apply_changes(Directory(self._client), changes, journal)

    # What stands in the way, and what to know

    def obstacles(self, changes: Sequence[Change]) -> tuple[Warned, ...]:
        """The account that must not be deleted, since the next one would be given its id."""
        return undeletable(self._directory.users, changes)

    def warnings(self, changes: Sequence[Change]) -> tuple[Warned, ...]:
        """Invitations that are open, and those that go with somebody's level."""
        return invitations.warnings(self._directory, changes)

    # Examining

    def clock(self) -> datetime:
        """The time of the host's machine."""
        return self._client.clock()

    def lacking_to_read(self, scope: Scope) -> Rights:  # noqa: ARG002  # all of it takes one right
        """Nothing: a secret that is not the host's raises RefusedError."""
        api.prove(self._client)
        return Rights()

    def lacking(self, changes: Sequence[Change]) -> Rights:  # noqa: ARG002  # whatever they are
        """Nothing: its administrator may do everything."""
        return Rights()

    def remarks(self) -> tuple[str, ...]:
        """The invitations that are open."""
        self._directory.read_users()
        self._directory.read_invitations()
        return invitations.told(self._directory)
