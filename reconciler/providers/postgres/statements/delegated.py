"""What others than the owner of an object granted on it, and what depends on whom.

Here belong the questions that taking a privilege raises. The statements are `privileges`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.changes import Change
from reconciler.privilege_words import OPTION, words_in
from reconciler.providers.postgres.standing_grants import Held
from reconciler.providers.postgres.statements.grants import Part, Privileges
from reconciler.providers.postgres.statements.statement import Rendering
from reconciler.state import Fields, Key


class Delegated:
    """Who granted what to whom, as it was read, and what of it the changes leave."""

    def __init__(self, changes: Sequence[Change], rendering: Rendering) -> None:
        self._grantors = rendering.delegations.grantors
        self._passed_on = rendering.delegations.passed_on
        self._after: dict[Key, Fields] = {}
        if self:
            self._after = {change.key: change.after or {} for change in changes}

    def __bool__(self) -> bool:
        return bool(self._grantors)

    def grantors(self, held: Held) -> tuple[str, ...]:
        """Who else than the owner granted what is held here."""
        return self._grantors.get(held, ())

    def granted(self, held: Held, grantor: str, lost: Part) -> Part:
        """What of that which is lost here this grantor gave: PostgreSQL warns of any other."""
        passed_on = self._passed_on.get(held._replace(grantee=grantor), ())
        words = {word for grantee, own in passed_on if grantee == held.grantee for word in own}
        mark = OPTION if lost.is_option else ""
        return lost._replace(privileges=tuple(w for w in lost.privileges if w + mark in words))

    def depth(self, held: Held, below: frozenset[str] = frozenset()) -> int:
        """How many grants lie at most between the owner and this holder.

        What a holder granted has to be taken before what the holder has.
        """
        above = [each for each in self.grantors(held) if each not in below]
        below |= {held.grantee}
        return 1 + max((self.depth(held._replace(grantee=g), below) for g in above), default=0)

    def passed_on(self, held: Held, lost: Part) -> Iterator[tuple[str, Privileges, Privileges]]:
        """To whom a holder passed on what it loses: the grantee (empty: PUBLIC), the words, and
        those of them that this grantee is to keep.
        """
        for grantee, words in self._passed_on.get(held, ()):
            gone = tuple(each for each in words if each.removesuffix(OPTION) in lost.privileges)
            if gone:
                key = Key("privilege", (grantee, held.database, held.kind, held.schema))
                after = self._after.get(key)
                # of everybody's objects a change has only those that it is about
                left = gone if after is None else after.get(held.name, () if grantee else gone)
                staying = words_in(left)
                yield grantee, gone, tuple(each for each in gone if each in staying)
