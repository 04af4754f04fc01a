"""The open MobiusFlow provider. What it does is in its sibling modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.changes import Change, Journal, Outcome
from reconciler.passwords import Marks, Standing
from reconciler.provider import Identity, Lack, Rights, Warned
from reconciler.providers.mobiusflow import limits, probe
from reconciler.providers.mobiusflow.apply import Application
from reconciler.providers.mobiusflow.client import Client
from reconciler.providers.mobiusflow.normalize import normalize
from reconciler.providers.mobiusflow.options import MobiusFlowOptions
from reconciler.providers.mobiusflow.preview import preview
from reconciler.providers.mobiusflow.rows import Engine
from reconciler.providers.mobiusflow.v1 import USERS, V1Engine
from reconciler.providers.mobiusflow.v3 import V3Engine
from reconciler.providers.password_accounts import accounts_renewed
from reconciler.providers.password_keeping import PasswordKeeping
from reconciler.scope import Scope
from reconciler.secret import Secret
from reconciler.state import EMPTY, Key, State

if TYPE_CHECKING:
    from reconciler.survey import Survey


def open_mobiusflow(target: str, options: MobiusFlowOptions) -> MobiusFlowProvider:
    """A provider for the engine of these options. It signs in when it is first asked something."""
    return MobiusFlowProvider(target, options)


class MobiusFlowProvider:
    """One engine, one session, which is logged out when this is closed."""

    def __init__(self, target: str, options: MobiusFlowOptions) -> None:
        self.target = target
        self.options = options
        self._client = Client(target, options)
        is_v1 = options.dialect == "v1"
        self._engine: Engine = V1Engine(self._client) if is_v1 else V3Engine(self._client)
        self._passwords = PasswordKeeping(target, options.min_password_length)
        self._observed = EMPTY

    def __repr__(self) -> str:
        return f"MobiusFlowProvider({self.target!r})"

    def close(self) -> None:
        """Log out and close the connections. Safe to call twice."""
        self._client.close()

    def identify(self) -> Identity:
        """The engine's version, where it tells it, and the account we log in with."""
        version, account = self._engine.version(), self.options.username
        return Identity("MobiusFlow", version, account, place=self.options.url)

    def observe(self, scope: Scope) -> State:  # noqa: ARG002  # there are no filters: it is read whole
        """All users."""
        users = self._engine.users()
        records = {Key("account", (name,)): user.fields for name, user in users.items()}
        self._observed = State(records)
        return self._observed

    def survey(self, servers: Sequence[str]) -> Survey:  # noqa: ARG002  # it is read whole
        """All users, for a manifest that says them."""
        from reconciler.providers.mobiusflow.survey import survey_of  # `import` alone needs it

        return survey_of(self.identify(), self.observe(Scope()))

    def normalize(self, desired: State, observed: State) -> State:
        """Desired with accounts that are active, where that is told."""
        return normalize(desired, observed)

    def new_passwords(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """Every new user, since MobiusFlow creates none without a password, less those who are
        given one; and those for whom somebody asked for one.
        """
        return accounts_renewed(changes, is_made=True)

    def compare_passwords(
        self, given: Mapping[str, Secret], marks: Marks
    ) -> Mapping[str, Standing]:
        """How these passwords stand against what was sent last: MobiusFlow shows none."""
        return self._passwords.compare(given, marks)

    def password_marks(self) -> Marks:
        """Fingerprints of the passwords from outside that were sent."""
        return self._passwords.marks()

    def preview(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """The requests, with names where they have ids."""
        return preview(self.options, changes)

    def warnings(self, changes: Sequence[Change]) -> tuple[Warned, ...]:
        """What cannot be done, and what goes by routes that nobody has verified."""
        short = self._passwords.short(changes)
        return (
            *limits.warnings(self.options, self._observed, changes),
            *limits.of_short_passwords(short, self.options.min_password_length),
        )

    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        """Carry out the changes one at a time, reading each back."""
        own, passwords = self.options.username, self._passwords
        application = Application(self.target, self._engine, own, passwords)
        return passwords.noted(application.outcomes(changes, journal))

    # Examining

    def clock(self) -> datetime:
        """The time of the engine's machine; any answer has it, also one that refuses us."""
        is_v1 = self.options.dialect == "v1"
        return self._client.clock(USERS if is_v1 else "/user")

    def lacking_to_read(self, scope: Scope) -> Rights:  # noqa: ARG002  # all of it takes one right
        """Where the list of users is, if it is not where the options say it is.

        Whoever may not read it at all is refused: RefusedError.
        """
        if isinstance(self._engine, V3Engine) and (why := probe.absent_list(self._engine)):
            return Rights(lacking=(Lack(why),))
        return Rights()

    def lacking(self, changes: Sequence[Change]) -> Rights:
        """Nothing: administrators may do everything. What no route is known for is not compared."""
        blocked = [each for each in self.warnings(changes) if each.blocking]
        return Rights(lacking=tuple(Lack(each.message) for each in blocked))

    def remarks(self) -> tuple[str, ...]:
        """The default account, names that differ only in case, and what was found of v3's list."""
        found = [
            f"the names {' and '.join(names)} differ only in case"
            for names in limits.case_variants(self._observed)
        ]
        if limits.DEFAULT_ADMIN in self._observed.names("account"):
            found.append(limits.default_account())
        if isinstance(self._engine, V3Engine):
            found += probe.remarks(self._engine)
        return tuple(sorted(found))
