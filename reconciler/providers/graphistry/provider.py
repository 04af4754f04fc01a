"""The open Graphistry provider. What it does is in its sibling modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from reconciler.changes import Change, Journal, Outcome
from reconciler.errors import UnexpectedResponseError
from reconciler.provider import Identity, Lack, Rights, Warned
from reconciler.providers.graphistry import answering, remarks
from reconciler.providers.graphistry.apply import apply_changes, new_passwords
from reconciler.providers.graphistry.normalize import normalize
from reconciler.providers.graphistry.observe import Sight, observe
from reconciler.providers.graphistry.options import PINS, GraphistryOptions
from reconciler.providers.graphistry.preview import preview
from reconciler.providers.graphistry.rest import Rest
from reconciler.providers.graphistry.shell import Shell, rows_in
from reconciler.scope import Scope
from reconciler.state import EMPTY, State

if TYPE_CHECKING:
    from reconciler.survey import Survey


def open_graphistry(target: str, options: GraphistryOptions) -> GraphistryProvider:
    """A provider for the installation of these options. Nothing is started yet."""
    return GraphistryProvider(target, options)


class GraphistryProvider:
    """One installation, reached through Django's shell."""

    def __init__(self, target: str, options: GraphistryOptions) -> None:
        self.target = target
        self.options = options
        self._shell = Shell(target, options)
        self._sight = Sight(EMPTY)
        self._keys: Mapping[str, Warned | None] = {}
        self._rest = Rest(target, options) if options.url else None

    def __repr__(self) -> str:
        return f"GraphistryProvider({self.target!r})"

    def close(self) -> None:
        """Close the connections of the REST API. No run of the shell outlives its call."""
        if self._rest is not None:
            self._rest.close()

    @cached_property
    def _django(self) -> str:
        return str(self._hello()["django"])

    def _hello(self) -> Mapping[str, object]:
        said = self._shell.read("hello")
        return rows_in(self.target, [said], ("django", "time"))[0]

    def identify(self) -> Identity:
        """Graphistry with the release of its Django: its own it does not say to its shell."""
        own = self.options.service_account
        return Identity("Graphistry", f"(Django {self._django})", own)

    def observe(self, scope: Scope) -> State:
        """All users, the members of the manifest's organisations, and the switches to be written.

        Nothing of an organisation is read unless the options name the models.
        """
        self._sight = observe(self._shell, scope)
        return self._sight.state

    def survey(self, servers: Sequence[str]) -> Survey:  # noqa: ARG002  # it is read whole
        """All users and members of organisations, for a manifest that says them."""
        from reconciler.providers.graphistry.survey import take_survey  # `import` alone needs it

        survey, self._sight = take_survey(self._shell, self.identify())
        return survey

    def normalize(self, desired: State, observed: State) -> State:
        """Desired with what new users have, one role for each member, and the switches."""
        return normalize(self.target, self.options, desired, observed)

    def new_passwords(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """Every new user who does not sign in through SSO alone."""
        return new_passwords(self._shell, changes)

    def preview(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """The operations in words."""
        return preview(self.options, changes)

    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        """Carry out the changes; neighbours of one kind in one run of the shell."""
        return apply_changes(self._shell, changes, journal, self._rest)

    # What it says of plans

    def obstacles(self, changes: Sequence[Change]) -> tuple[Warned, ...]:
        """What would fail, as far as it was read. Looks for personal keys of who is shut out."""
        self._keys = answering.keys_of_leavers(self.options, changes)
        return tuple(remarks.obstacles(self.options, self._sight, changes))

    def warnings(self, changes: Sequence[Change]) -> tuple[Warned, ...]:
        """What these changes do beside, and switches that are not as the options say."""
        return tuple(remarks.warnings(self.options, self._sight, changes, self._keys))

    # Examining

    def clock(self) -> datetime:
        """The time in Graphistry's container."""
        time = self._hello()["time"]
        if not isinstance(time, int | float):
            raise UnexpectedResponseError(self.target, "the time that was read is no number")
        return datetime.fromtimestamp(time, UTC)

    def lacking_to_read(self, scope: Scope) -> Rights:  # noqa: ARG002  # whatever it is
        """Nothing: who may start the shell may do everything."""
        return Rights()

    def lacking(self, changes: Sequence[Change]) -> Rights:
        """What ends sessions, where a grant wants that: who may start the shell may do all else."""
        asked = sorted({name for change in changes for name in change.end_sessions})
        if not asked or self._rest is not None:
            return Rights()
        text = f"sessions of {', '.join(asked)} cannot be ended: set the option url"
        return Rights((Lack(text),))

    def remarks(self) -> tuple[str, ...]:
        """Switches, flags of inactive users, a forgotten `admin`, models of organisations, and
        whether the REST API and the script of personal keys answer.
        """
        found = () if self.options.has_organisations else self._shell.read("discover")
        rows = rows_in(self.target, list(found) if isinstance(found, list) else [], PINS)
        site = remarks.of_the_site(self.options, self._sight, rows)
        return tuple(sorted([*site, *answering.answers(self.options, self._rest, self._sight)]))
