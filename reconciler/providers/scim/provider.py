"""The open SCIM provider. What it does is in its sibling modules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.changes import Change, Journal, Outcome
from reconciler.provider import Identity, Rights, Warned
from reconciler.providers.scim.apply import apply_changes
from reconciler.providers.scim.client import Client
from reconciler.providers.scim.directory import Directory
from reconciler.providers.scim.examine import lacking, lacking_to_read, remarks, renamings
from reconciler.providers.scim.normalize import normalize, without_groups
from reconciler.providers.scim.observe import observe
from reconciler.providers.scim.options import ScimOptions
from reconciler.providers.scim.preview import preview
from reconciler.providers.scim.resources import text_of
from reconciler.scope import Scope
from reconciler.state import State

if TYPE_CHECKING:
    from reconciler.survey import Survey


def open_scim(target: str, options: ScimOptions) -> ScimProvider:
    """A provider for the service of these options. It connects when it is first asked something."""
    return ScimProvider(target, options)


class ScimProvider:
    """One service, or one tenant of it."""

    def __init__(self, target: str, options: ScimOptions) -> None:
        self.target = target
        self.options = options
        self._client = Client(target, options)
        self._directory = Directory(self._client)

    def __repr__(self) -> str:
        return f"ScimProvider({self.target!r})"

    def close(self) -> None:
        """Close the connections. Safe to call twice."""
        self._client.close()

    def identify(self) -> Identity:
        """The service, and the user whose token we have: as the option says, or the service.

        Source: RFC 7644, section 3.11 ("/Me"), which most services do not have.
        """
        _ = self._directory.features  # whether it answers, and takes the token
        account = self.options.account or self._own_name()
        return Identity("SCIM", "2.0", account, place=self.options.url)

    def _own_name(self) -> str:
        response = self._client.get("/Me")
        if response.status_code != 200:
            return ""
        found = self._client.json(response)
        return text_of(found, "userName") if isinstance(found, dict) else ""

    def observe(self, scope: Scope) -> State:
        """All users, groups and memberships."""
        return observe(self._directory, scope)

    def survey(self, servers: Sequence[str]) -> Survey:  # noqa: ARG002  # it is read whole
        """All users and groups, for a manifest that says them."""
        from reconciler.providers.scim.survey import take_survey  # `import` alone needs it

        return take_survey(self._directory, self.identify())

    def normalize(self, desired: State, observed: State) -> State:
        """Desired with what new users have, as the service spells it."""
        if self.options.groups == "no":
            desired = without_groups(desired)
        return normalize(self.target, desired, observed, self.foreign_names())

    def new_passwords(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """Nobody: people sign in to such services with what they have elsewhere."""
        del changes
        return ()

    def preview(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """The requests, with names where they have ids."""
        return preview(changes)

    # Examining, Limited and Sharing

    def warnings(self, changes: Sequence[Change]) -> tuple[Warned, ...]:
        """The users and groups that are known by their marks, since somebody renamed them."""
        del changes  # whatever is planned, they are told
        return tuple(
            Warned("renamed", each) for each in renamings(self.target, *self._directory.renamed)
        )

    def clock(self) -> datetime:
        """The time of the service's machine."""
        return self._client.clock()

    def lacking_to_read(self, scope: Scope) -> Rights:  # noqa: ARG002  # it is read whole
        """Which of Users and Groups the token may not read."""
        return lacking_to_read(self._directory)

    def lacking(self, changes: Sequence[Change]) -> Rights:
        """Nothing that could be asked."""
        return lacking(len(changes))

    def remarks(self) -> tuple[str, ...]:
        """What the service does not say of itself, and what is odd in it."""
        return tuple(remarks(self._directory, *self._directory.seen))

    def foreign_names(self) -> frozenset[str]:
        """Users and groups with the mark of another manifest."""
        return self._directory.foreign_names()

    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        """Carry out the changes one after the other."""
        return apply_changes(self._directory, changes, journal)
