"""Carries out changes on MobiusFlow, one at a time and in their order; each is read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from reconciler.changes import Change, Journal, Outcome
from reconciler.errors import WriteError
from reconciler.passwords import PASSWORD, asked_password
from reconciler.providers.http_connection import AmbiguousError
from reconciler.providers.mobiusflow.guards import Guards
from reconciler.providers.mobiusflow.rows import Engine, User
from reconciler.providers.one_by_one import OneByOne
from reconciler.providers.password_keeping import PasswordKeeping
from reconciler.providers.settling import UnknownResultError, settle
from reconciler.secret import Secret
from reconciler.state import Fields


class Application:
    """One apply on one engine, where we are logged in as `own`."""

    def __init__(self, target: str, engine: Engine, own: str, passwords: PasswordKeeping) -> None:
        self._target = target
        self._engine = engine
        self._passwords = passwords
        self._guards = Guards(target, own)

    def outcomes(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        """Carry out the changes; one outcome for each."""
        self._engine.forget()
        work = OneByOne(journal, lambda _: ())
        for change in changes:
            outcome = work.attempt(change, partial(self._write, change, journal))
            assert outcome is not None
            yield outcome

    def _write(self, change: Change, journal: Journal) -> None:
        match change.key.kind, change.action:
            case "account", "create":
                self._create(change, journal)
            case "account", "update":
                self._update(change, journal)
            case "account", "delete":
                self._delete(change)
            case kind, action:
                raise WriteError(self._target, f"MobiusFlow has no way to {action} a {kind}")

    def _create(self, change: Change, journal: Journal) -> None:
        """Create a user after the password was handed over.

        MobiusFlow may answer a second creation of a name with success: it is looked for before,
        and looked for again where it is in doubt.
        """
        name, fields = change.key.path[-1], _written(change)
        if self._engine.look(name) is not None:
            raise WriteError(self._target, f'there is a user "{name}" already; plan again')
        password = self._passwords.chosen(change, journal)
        self._settle(
            name, lambda: self._engine.create(name, password, str(fields["level"])), fields
        )

    def _update(self, change: Change, journal: Journal) -> None:
        """Change level, password and activity, in this order: nobody is let in with more than is
        asked, or by a password that is to go.

        Only the look before it tells of somebody else's change: the API knows no versions.
        """
        name, after = change.key.path[-1], _written(change)
        user = self._engine.look(name)
        if user is None:
            raise WriteError(self._target, f'there is no user "{name}" any more; plan again')
        is_so = user.has(after)
        if is_so and not asked_password(change):
            return
        before = {key: value for key, value in (change.before or {}).items() if key in after}
        if not is_so and any(user.fields.get(key) != value for key, value in before.items()):
            text = f'"{name}" was changed meanwhile by somebody else: {_shown(user)}; plan again'
            raise WriteError(self._target, text)
        self._guards.check(self._engine, user, change)
        parts = () if is_so else tuple(_parts(user, after))
        for part in (each for each in parts if "level" in each):
            self._settle(name, partial(self._write_part, user, part), part)
        if asked_password(change):
            self._set_password(user, self._passwords.chosen(change, journal))
        for part in (each for each in parts if "active" in each):
            self._settle(name, partial(self._write_part, user, part), part)

    def _write_part(self, user: User, part: Fields) -> None:
        if "level" in part:
            self._engine.set_level(user, str(part["level"]))
        else:
            self._engine.set_active(user, is_active=part["active"] is True)

    def _set_password(self, user: User, password: Secret) -> None:
        """Set a password, and log in with it: nothing else tells whether it is there.

        Who is inactive cannot log in, so there the answer has to do. In v1 such users can: they
        have only lost their switches.
        """
        what = f'the password of "{user.name}"'
        write = partial(self._engine.set_password, user, password)
        if user.active is not False or user.switches:
            is_done = partial(self._engine.lets_in, user.name, password)
            settle(self._target, what, write, is_done)
            return
        try:
            write()
        except AmbiguousError as error:
            why = "nobody can see whether it is set while the user is inactive"
            raise UnknownResultError(self._target, f"{error.message}; {why}") from error

    def _delete(self, change: Change) -> None:
        """Delete a user, who may be gone already."""
        name = change.key.path[-1]
        user = self._engine.look(name)
        if user is None:
            return
        self._guards.check(self._engine, user, change)
        settle(
            self._target,
            f'user "{name}"',
            lambda: self._engine.delete(user),
            lambda: self._engine.user(name) is None,
        )

    def _settle(self, name: str, write: Callable[[], None], wanted: Fields) -> None:
        def is_done() -> bool:
            user = self._engine.user(name)
            return user is not None and user.has(wanted)

        settle(self._target, f'user "{name}"', write, is_done)


def _written(change: Change) -> Fields:
    """What a change writes that can be read back: all but a password."""
    return {name: value for name, value in (change.after or {}).items() if name != PASSWORD}


def _parts(user: User, after: Fields) -> Iterator[Fields]:
    """One part for each request. The level goes first: nobody is let in with more than is asked.

    Where having no rights stands for being inactive, giving the level is all that it takes.
    """
    is_level = "level" in after and user.level != after["level"]
    if is_level:
        yield {"level": after["level"]}
    lets_in = is_level and user.level is None
    if "active" in after and user.active != after["active"] and not (lets_in and after["active"]):
        yield {"active": after["active"]}


def _shown(user: User) -> str:
    return ", ".join(f"{name} is {value}" for name, value in sorted(user.fields.items()))
