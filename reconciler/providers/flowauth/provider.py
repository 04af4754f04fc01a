"""The open FlowAuth provider. What it does is in its sibling modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.changes import Change, Journal, Outcome
from reconciler.passwords import Marks, Standing
from reconciler.provider import Identity, Rights, Warned
from reconciler.providers.flowauth import remarks
from reconciler.providers.flowauth.apply import apply_changes
from reconciler.providers.flowauth.client import Client
from reconciler.providers.flowauth.era import Era, Release, find_release
from reconciler.providers.flowauth.legacy.instance import LegacyFlowAuth
from reconciler.providers.flowauth.normalize import normalize
from reconciler.providers.flowauth.observe import observe
from reconciler.providers.flowauth.options import FlowAuthOptions
from reconciler.providers.flowauth.preview import preview
from reconciler.providers.password_accounts import accounts_renewed
from reconciler.providers.password_keeping import PasswordKeeping
from reconciler.scope import Scope
from reconciler.secret import Secret
from reconciler.state import EMPTY, State

if TYPE_CHECKING:
    from reconciler.survey import Survey


def open_flowauth(target: str, options: FlowAuthOptions) -> FlowAuthProvider:
    """A provider for the instance of these options. It signs in at its first read."""
    return FlowAuthProvider(target, options)


class FlowAuthProvider:
    """One FlowAuth instance, one session. Its release is found when somebody first asks."""

    def __init__(self, target: str, options: FlowAuthOptions) -> None:
        self.target = target
        self.options = options
        self._client = Client(target, options)
        self._legacy: LegacyFlowAuth | None = None
        self._release: Release | None = None
        self._passwords = PasswordKeeping(target)
        self._observed = EMPTY

    def __repr__(self) -> str:
        return f"FlowAuthProvider({self.target!r})"

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def identify(self) -> Identity:
        """FlowAuth's version, the account we sign in with, and the bootstrap administrator."""
        version = self._find_release().version
        names = {self.options.username, self.options.bootstrap_admin} - {""}
        account, place = self.options.username, self.options.url
        return Identity("FlowAuth", version, account, frozenset(names), place)

    def observe(self, scope: Scope) -> State:
        """Everything there is: FlowAuth has no filters, so it is read whole."""
        legacy = self._older()
        self._observed = legacy.observe(scope) if legacy else observe(self._client)
        return self._observed

    def survey(self, servers: Sequence[str]) -> Survey:  # noqa: ARG002  # it is read whole
        """Everything there is, for a manifest that says it."""
        from reconciler.providers.flowauth.survey import survey_of  # `import` alone needs it

        identity, state = self.identify(), self.observe(Scope())
        return survey_of(identity, state, self._legacy.idle_groups if self._legacy else {})

    def normalize(self, desired: State, observed: State) -> State:
        """Desired with the limits that new roles take from their server."""
        if self._legacy:
            return self._legacy.normalize(desired, observed)
        return normalize(self.target, desired, observed)

    def new_passwords(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """Every new user, since FlowAuth creates none without a password, less those who are given
        one; and those for whom somebody asked for one.
        """
        return accounts_renewed(changes, is_made=True)

    def compare_passwords(
        self, given: Mapping[str, Secret], marks: Marks
    ) -> Mapping[str, Standing]:
        """How these passwords stand against what was sent last: FlowAuth shows none."""
        return self._passwords.compare(given, marks)

    def password_marks(self) -> Marks:
        """Fingerprints of the passwords from outside that were sent."""
        return self._passwords.marks()

    def preview(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """The requests by name; ids are resolved when they are sent."""
        return self._legacy.preview(changes) if self._legacy else preview(changes)

    def warnings(self, changes: Sequence[Change]) -> tuple[Warned, ...]:
        """Whose tokens outlive these changes."""
        return tuple(remarks.warnings(self._observed, changes))

    # Examining

    def clock(self) -> datetime:
        """The time of FlowAuth's machine."""
        return self._client.clock()

    def lacking_to_read(self, scope: Scope) -> Rights:  # noqa: ARG002  # all of it takes one right
        """Nothing: whoever is no administrator cannot sign in here, which raises RefusedError."""
        self._client.sign_in()
        return Rights()

    def lacking(self, changes: Sequence[Change]) -> Rights:  # noqa: ARG002  # whatever they are
        """Nothing: administrators may do everything."""
        return Rights()

    def remarks(self) -> tuple[str, ...]:
        """Nothing is known that fails later."""
        return ()

    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        """Carry out the changes one at a time, reading each back."""
        legacy, passwords = self._older(), self._passwords
        if legacy:
            return passwords.noted(legacy.apply(changes, journal, passwords))
        return passwords.noted(apply_changes(self._client, changes, journal, passwords))

    @property
    def release(self) -> Release:
        """The release of this instance; asks for it once, without signing in."""
        return self._release or self._find_release()

    def _older(self) -> LegacyFlowAuth | None:
        """The instance as one from before 1.18, or None where it is not."""
        return self._legacy if self.release.era is not Era.ROLES else None

    def _find_release(self) -> Release:
        found = find_release(self._client)
        if found != self._release:
            self._release = found
            is_older = found.era is not Era.ROLES
            self._legacy = LegacyFlowAuth(self._client, found.era) if is_older else None
        return found
