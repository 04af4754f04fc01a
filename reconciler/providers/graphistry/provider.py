"""The open Graphistry provider. What it does is in its sibling modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property

from reconciler.changes import Change, Journal, Outcome
from reconciler.errors import UnexpectedResponseError
from reconciler.provider import Identity, Rights, Warned
from reconciler.providers.graphistry import remarks
from reconciler.providers.graphistry.apply import apply_changes, new_passwords
from reconciler.providers.graphistry.normalize import normalize
from reconciler.providers.graphistry.observe import Sight, observe
from reconciler.providers.graphistry.options import PINS, GraphistryOptions
from reconciler.providers.graphistry.preview import preview
from reconciler.providers.graphistry.shell import Shell, rows_in
from reconciler.scope import Scope
from reconciler.state import EMPTY, State


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

    def __repr__(self) -> str:
        return f"GraphistryProvider({self.target!r})"

    def close(self) -> None:
        """Nothing: no run of the shell outlives its call."""

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

    def normalize(self, desired: State, observed: State) -> State:
        """Desired with what new users have, one role for each member, and the switches."""
        return normalize(self.target, self.options, desired, observed)

    def new_passwords(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """Every new user who does not sign in through SSO alone."""
        return new_passwords(self._shell, changes)

    def preview(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """The operations in words."""
        return preview(changes)

    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        """Carry out the changes; neighbours of one kind in one run of the shell."""
        return apply_changes(self._shell, changes, journal)

    # What it says of plans

    def obstacles(self, changes: Sequence[Change]) -> tuple[Warned, ...]:
        """What would fail, as far as it was read."""
        return tuple(remarks.obstacles(self.options, self._sight, changes))

    def warnings(self, changes: Sequence[Change]) -> tuple[Warned, ...]:
        """What these changes do beside, and switches that are not as the options say."""
        return tuple(remarks.warnings(self.options, self._sight, changes))

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

    def lacking(self, changes: Sequence[Change]) -> Rights:  # noqa: ARG002  # whatever they are
        """Nothing: who may start the shell may do everything."""
        return Rights()

    def remarks(self) -> tuple[str, ...]:
        """Switches, flags of inactive users, a forgotten `admin`, and models of organisations."""
        found = () if self.options.has_organisations else self._shell.read("discover")
        rows = rows_in(self.target, list(found) if isinstance(found, list) else [], PINS)
        return remarks.of_the_site(self.options, self._sight, rows)
