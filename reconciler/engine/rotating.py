"""New passwords for accounts that are there, because somebody asked for them by name.

Here belongs finding the accounts, and refusing what cannot be. The result is a reading that asks
for them; everything else goes the way of all changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import TYPE_CHECKING, Final, NoReturn

from reconciler.changes import Change
from reconciler.engine.passwords import renewed
from reconciler.engine.reading import Reading
from reconciler.errors import UsageError
from reconciler.passwords import AS_GIVEN, PASSWORD, temporary
from reconciler.source import suggest
from reconciler.state import Key

if TYPE_CHECKING:
    from reconciler.engine.run import Run

_OPTION: Final = "--rotate-password"


def rotated(run: Run, readings: Mapping[str, Reading], specs: Set[str]) -> dict[str, Reading]:
    """The readings with a new password asked for each of these: `USER`, or `USER@TARGET`.

    A user alone means all targets where the user has an account. Raises UsageError with the first
    that cannot be.
    """
    result = dict(readings)
    for spec in sorted(specs):
        found = _Rotation(run, readings, spec)
        for target, value in found.values():
            name = found.account(target)
            result[target] = renewed(result[target], {name: value})
    return result


class _Rotation:
    """One of the new passwords that somebody asked for."""

    def __init__(self, run: Run, readings: Mapping[str, Reading], spec: str) -> None:
        self._run = run
        self._readings = readings
        self._spec = spec
        users = run.loaded.manifest.users
        name, _, target = (spec, "", "") if spec in users else spec.rpartition("@")
        self._user = name or target
        self._target = target if name else ""
        if self._user not in users:
            hint = suggest(self._user, users) or "name one of the manifest, not an account"
            self._refuse(f'there is no user "{self._user}"; {hint}')
        if users[self._user].state != "active":
            self._refuse(f"{self._user} is {users[self._user].state}")

    def values(self) -> Iterator[tuple[str, str]]:
        """By target, what the field of the account is to say."""
        if self._target and self._target not in self._readings:
            hint = suggest(self._target, self._readings) or f"there are {self._names()}"
            self._refuse(f'this run has no target "{self._target}"; {hint}')
        targets = [self._target] if self._target else sorted(self._readings)
        asked = [each for each in targets if self._key(each) in self._readings[each].asked]
        if not asked:
            where = self._target or self._names()
            self._refuse(f"{self._user} has no account on {where}: no active grant asks for one")
        for target in asked:
            yield target, self._value(target)

    def account(self, target: str) -> str:
        """The name of the user's account."""
        user = self._run.loaded.manifest.users[self._user]
        return user.account_name(self._user, target)

    def _key(self, target: str) -> Key:
        return Key("account", (self.account(target),))

    def _names(self) -> str:
        return ", ".join(sorted(self._readings))

    def _value(self, target: str) -> str:
        reading, key, name = self._readings[target], self._key(target), self.account(target)
        there = reading.observed.get(key)
        if not self._run.capabilities_of(target).given_passwords:
            hint = "" if self._target else "; name the others, as USER@TARGET"
            why = f"{target} ({reading.desired.provider}) makes a password once, with its account"
            self._refuse(why + hint)
        if there is None:
            self._refuse(f"{name} is not there yet on {target}: a new account gets one anyway")
        if name in reading.untouchable or reading.desired.scope.is_protected(name):
            self._refuse(f"{name} on {target} is protected, or the account that we use")
        if name in reading.desired.passwords:
            self._check_given(target)
            return AS_GIVEN
        value = temporary(str((reading.desired.state.get(key) or {}).get("valid_until") or ""))
        change = Change("update", key, {PASSWORD: None}, {PASSWORD: value})
        if not self._run.providers[target].new_passwords([change]):
            self._refuse(f"the options of {target} say that accounts get no passwords")
        return value

    def _check_given(self, target: str) -> None:
        """One from outside is sent again only where nobody knows whether it is there."""
        there = self._readings[target].observed.get(self._key(target)) or {}
        if there.get(PASSWORD) != "unknown":
            name = self.account(target)
            place = self._run.passwords_of(target)[name].reference
            self._refuse(f"the password of {name} on {target} comes from {place}: change it there")

    def _refuse(self, why: str) -> NoReturn:
        raise UsageError(f"{_OPTION} {self._spec}: {why}. Nothing was written")
