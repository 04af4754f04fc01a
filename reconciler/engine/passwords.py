"""Passwords that come from outside, and ends of temporary ones, as differences of a reading.

Here belongs what a plan asks of passwords: it becomes fields of accounts, which are then compared
like any others. How a password stands is for the provider to say; no password is in a reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from reconciler.engine.reading import Reading
from reconciler.passwords import (
    AS_GIVEN,
    NO_PASSWORD,
    PASSWORD,
    GivenPassword,
    Marks,
    PasswordMark,
    Standing,
)
from reconciler.provider import KeepingPasswords, Provider, Warned
from reconciler.state import Fields, Key, State

_END: Final = "valid_until"
_NEVER: Final = "infinity"

_NOBODY_KNOWS: Final = Standing("unknown")


def with_passwords(
    reading: Reading,
    provider: Provider,
    given: Mapping[str, GivenPassword],
    *,
    are_needed: bool = False,
) -> Reading:
    """The reading with what there is to do about passwords.

    `given` are those from outside, by account; `are_needed` says that no account is made without
    one. Where there are none, and no temporary password of
    ours is waiting to be replaced, nothing is read and nothing changes. Raises TargetError.
    """
    if not isinstance(provider, KeepingPasswords):
        return reading
    remembered = reading.memory.head.passwords if reading.memory else {}
    known = {**remembered, **provider.password_marks()}
    waiting = dict(_waiting(reading, known))
    if not (given or waiting):
        return reading
    own = {name: mark for name, mark in known.items() if name in given or name in waiting}
    values = {name: each.value for name, each in given.items() if each.value is not None}
    standings = provider.compare_passwords(values, own)
    work = _Amending(reading, {**own, **provider.password_marks()}, are_needed)
    for name, each in sorted(given.items()):
        work.add_given(name, each, standings.get(name, _NOBODY_KNOWS))
    for name in sorted(waiting):
        work.add_end(name, standings.get(name, _NOBODY_KNOWS), is_given=name in given)
    return work.result(given)


def _waiting(reading: Reading, marks: Marks) -> Iterator[tuple[str, PasswordMark]]:
    """The accounts whose end is still the one of their temporary password, and no line's."""
    for name, mark in marks.items():
        key = Key("account", (name,))
        asked, there = reading.asked.get(key), reading.observed.get(key) or {}
        is_free = asked is not None and _END not in asked
        if mark.expires and is_free and there.get(_END) == mark.expires:
            yield name, mark


@dataclass(slots=True)
class _Amending:
    """The fields that come to each side of a reading, and what there is to say."""

    reading: Reading
    marks: Marks
    are_needed: bool
    desired: dict[Key, dict[str, str]] = field(default_factory=dict)
    applied: dict[Key, dict[str, str]] = field(default_factory=dict)
    observed: dict[Key, dict[str, str]] = field(default_factory=dict)
    remarks: list[Warned] = field(default_factory=list)

    def add_given(self, name: str, given: GivenPassword, standing: Standing) -> None:
        """What a password from outside asks for."""
        key = Key("account", (name,))
        if key not in self.reading.observed:
            value = NO_PASSWORD if given.value is None else AS_GIVEN
            self.desired.setdefault(key, {})[PASSWORD] = value
            if given.value is None and self.are_needed:
                what = f"is needed to create the account: {given.missing}"
                self._say("password-missing", key, what, is_blocking=True)
            elif given.value is None:
                self._say("password-missing", key, f"is created without one: {given.missing}")
            return
        if given.value is None:
            self._say("password-missing", key, f"is left as it is: {given.missing}")
            return
        self.observed.setdefault(key, {})[PASSWORD] = standing.kept
        if standing.kept == "unknown":
            self._say(
                "password-unknown",
                key,
                f"may be another than {given.reference} gives: our account may not read what is "
                "kept, and no apply that is remembered set it. It is left as it is; "
                "--rotate-password USER sends it",
            )
            return
        self.desired.setdefault(key, {})[PASSWORD] = AS_GIVEN
        mark = self.marks.get(name)
        if mark and not mark.expires and standing.is_ours is False and standing.kept != AS_GIVEN:
            self.applied.setdefault(key, {})[PASSWORD] = AS_GIVEN  # somebody set it on the target

    def add_end(self, name: str, standing: Standing, *, is_given: bool) -> None:
        """Lift the end of a temporary password once another is there, and it would end that."""
        key = Key("account", (name,))
        is_replaced = standing.is_ours is False and standing.kept != NO_PASSWORD
        if is_replaced or (is_given and key in self.desired):
            self.desired.setdefault(key, {})[_END] = _NEVER
        elif standing.is_ours is None:
            end = self.marks[name].expires
            self._say(
                "password-ends",
                key,
                f"ends at {end}, also one that was set in place of the temporary one: our account "
                f"may not read whether it was. If so, write attributes: {{{_END}: {_NEVER}}}",
            )

    def _say(self, rule: str, key: Key, what: str, *, is_blocking: bool = False) -> None:
        text = f"the password of {key.path[0]} on {self.reading.desired.target} {what}"
        self.remarks.append(Warned(rule, text, (key,), is_blocking))

    def result(self, given: Mapping[str, GivenPassword]) -> Reading:
        """The reading with all that."""
        reading = self.reading
        state = _amended(reading.desired.state, self.desired)
        applied = reading.applied and _amended(reading.applied, self.applied)
        return replace(
            reading,
            desired=replace(reading.desired, state=state),
            applied=applied,
            observed=_amended(reading.observed, self.observed),
            password_marks=self._kept_marks(given),
            remarks=(*reading.remarks, *self.remarks),
        )

    def _kept_marks(self, given: Mapping[str, GivenPassword]) -> Marks:
        """What is worth remembering: of accounts that are there, and as long as it says a thing."""
        accounts = self.reading.observed
        return {
            name: mark
            for name, mark in sorted(self.marks.items())
            if (there := accounts.get(Key("account", (name,)))) is not None
            and (name in given or (mark.expires and there.get(_END) == mark.expires))
        }


def _amended(state: State, more: Mapping[Key, Fields]) -> State:
    """The state with more fields of records that it has."""
    found = {key: {**state.records[key], **more[key]} for key in more if key in state.records}
    return State({**state.records, **found}) if found else state


def renewed(reading: Reading, passwords: Mapping[str, str]) -> Reading:
    """The reading with these passwords asked for: the values of the field, by account."""
    more = {Key("account", (name,)): {PASSWORD: value} for name, value in passwords.items()}
    state = _amended(reading.desired.state, more)
    remarks = tuple(each for each in reading.remarks if not more.keys() & set(each.keys))
    return replace(reading, desired=replace(reading.desired, state=state), remarks=remarks)
