"""Passwords on products that show nobody what they keep: made here, or given from outside.

Here belongs which one is sent, and knowing one from outside again: by a fingerprint of what was
sent last. Sending a password, and seeing that it is good, is for each provider.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from reconciler.changes import Change, Journal, Outcome
from reconciler.errors import WriteError
from reconciler.passwords import (
    AS_GIVEN,
    NO_PASSWORD,
    Marks,
    PasswordMark,
    Standing,
    asked_password,
)
from reconciler.providers.fingerprints import fingerprint, has_fingerprint
from reconciler.providers.passwords import new_password
from reconciler.secret import Secret
from reconciler.state import Key

_AT_ONCE = 2
"""Fingerprints side by side: each takes memory."""


class PasswordKeeping:
    """The passwords of one open target, which takes none that is shorter than `shortest`.

    One that somebody set on the target by hand cannot be told from the one that was sent.
    """

    def __init__(self, target: str, shortest: int = 0) -> None:
        self._target = target
        self._shortest = shortest
        self._given: Mapping[str, Secret] = {}
        self._marks: dict[str, PasswordMark] = {}
        self._compared: dict[tuple[Secret, str], bool] = {}

    def __repr__(self) -> str:
        return f"PasswordKeeping({sorted(self._given)})"

    def compare(self, given: Mapping[str, Secret], marks: Marks) -> Mapping[str, Standing]:
        """How the given passwords stand against what was sent last; `unknown` of what was not."""
        self._given = given
        known = {**marks, **self._marks}
        names = sorted(given.keys() | marks.keys())
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = pool.map(lambda name: self._standing(given.get(name), known.get(name)), names)
            return dict(zip(names, found, strict=True))

    def marks(self) -> Marks:
        """What is to be remembered of passwords from outside that were sent."""
        return dict(self._marks)

    def short(self, changes: Sequence[Change]) -> tuple[Key, ...]:
        """The accounts whose given password the target would refuse for its length."""
        return tuple(
            each.key
            for each in changes
            if asked_password(each) == AS_GIVEN
            and (given := self._given.get(each.key.path[-1]))
            and len(given.reveal()) < self._shortest
        )

    def chosen(self, change: Change, journal: Journal) -> Secret:
        """The password that a change sets: the given one, or a new one that was handed over.

        Raises WriteError where one is to come from outside and is not there.
        """
        name, asked = change.key.path[-1], asked_password(change)
        if asked == AS_GIVEN:
            return self._given[name]
        if asked == NO_PASSWORD:
            text = f'no account is made without a password, and that of "{name}" is not there'
            raise WriteError(self._target, f"{text}; see to the place that the manifest names")
        password = new_password(self._shortest)
        journal.hand_over(name, password, "")
        return password

    def noted(self, outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
        """The outcomes, each password from outside remembered that is there by now.

        Of one that may be there nothing is: it is sent again.
        """
        for outcome in outcomes:
            change = outcome.change
            if asked_password(change) == AS_GIVEN and outcome.status == "done":
                name = change.key.path[-1]
                given = self._given[name]
                known = fingerprint(given.reveal())
                self._marks[name] = PasswordMark("", "", known)
                self._compared[given, known] = True
            yield outcome

    def _standing(self, given: Secret | None, mark: PasswordMark | None) -> Standing:
        """How one stands. A run asks several times, and each comparison takes a while."""
        if given is None or mark is None or not mark.fingerprint:
            return Standing("unknown")
        pair = given, mark.fingerprint
        if pair not in self._compared:
            self._compared[pair] = has_fingerprint(given.reveal(), mark.fingerprint)
        return Standing("as given" if self._compared[pair] else "another")
