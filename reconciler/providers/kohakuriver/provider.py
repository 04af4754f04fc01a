"""The open KohakuRiver provider. What it does is in its sibling modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.changes import Change, Journal, Outcome
from reconciler.provider import Identity, Notes, Rights, Warned
from reconciler.providers.kohakuriver import api, invitations, standing
from reconciler.providers.kohakuriver.apply import apply_changes
from reconciler.providers.kohakuriver.client import Client
from reconciler.providers.kohakuriver.directory import Directory
from reconciler.providers.kohakuriver.guards import undeletable
from reconciler.providers.kohakuriver.normalize import normalize
from reconciler.providers.kohakuriver.observe import observe
from reconciler.providers.kohakuriver.options import KohakuRiverOptions
from reconciler.providers.kohakuriver.pending import Invited
from reconciler.providers.kohakuriver.preview import preview
from reconciler.providers.kohakuriver.strangers import switches
from reconciler.providers.kohakuriver.words import API_TOKEN, SYSTEM
from reconciler.scope import Scope
from reconciler.state import INVITED, Fields, State

if TYPE_CHECKING:
    from reconciler.survey import Survey


def open_kohakuriver(target: str, options: KohakuRiverOptions) -> KohakuRiverProvider:
    """A provider for the host of these options. It connects when it is first asked something."""
    return KohakuRiverProvider(target, options)


class KohakuRiverProvider:
    """One KohakuRiver host."""

    def __init__(self, target: str, options: KohakuRiverOptions) -> None:
        self.target = target
        self.options = options
        self._client = Client(target, options)
        self._invited = Invited()
        self._directory = Directory(self._client, self._invited)
        self._scope = Scope()

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
        """All accounts, who is assigned to the VPS of the scope, and what strangers are invited."""
        self._scope = scope
        state = observe(self._directory, scope)
        return State({**state.records, **switches(self._directory)})

    def survey(self, servers: Sequence[str]) -> Survey:  # noqa: ARG002  # it is read whole
        """All accounts and assignments, for a manifest that says them."""
        from reconciler.providers.kohakuriver.survey import take_survey  # `import` alone needs it

        return take_survey(self._directory, self.identify())

    def normalize(self, desired: State, observed: State) -> State:
        """Desired without roles, and with accounts that may sign in or are to be made by whoever
        is invited.
        """
        return normalize(self.target, desired, observed, self._are_invited)

    def _are_invited(self, name: str, fields: Fields) -> bool:
        """Whether a new account is made by whoever it is for: by a person, who needs no token."""
        if self.options.new_accounts != "invite" or fields.get(API_TOKEN) is True:
            return False
        return name not in self._scope.services

    def new_passwords(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """Every new account: there is none without a password or an invitation."""
        return tuple(
            change.key.path[-1]
            for change in changes
            if change.key.kind == "account"
            and (change.action == "create" or INVITED in (change.after or {}))
        )

    def preview(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """The requests by name; ids are resolved when they are sent."""
        return preview(self._directory, changes)

    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        """Carry out the changes one at a time."""
        return apply_changes(Directory(self._client, self._invited), changes, journal)

    # Whom we invited

    def recall(self, notes: Notes, unsettled: frozenset[str]) -> None:
        """Take the digests of the tokens of the invitations that are ours."""
        self._invited.recall(notes, unsettled)

    def notes(self) -> Notes:
        """The digests of those that say something."""
        return standing.to_remember(self._directory, self._scope.accounts)

    def invited(self) -> Mapping[str, str]:
        """Who was invited and has not registered."""
        return standing.waiting(self._directory)

    def lapsed(self) -> Mapping[str, str]:
        """Whose invitation ran out, or was used under another name."""
        return standing.lapsed(self._directory)

    # What stands in the way, and what to know

    def obstacles(self, changes: Sequence[Change]) -> tuple[Warned, ...]:
        """The account that must not be deleted, since the next one would be given its id; and who
        must not be invited, since they may have been already.
        """
        found = undeletable(self._directory.users, changes)
        return (*found, *standing.obstacles(self._directory, changes))

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
