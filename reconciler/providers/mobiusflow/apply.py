"""Carries out changes on MobiusFlow, one at a time and in their order; each is read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from reconciler.changes import Change, Journal, Outcome
from reconciler.errors import WriteError
from reconciler.providers.mobiusflow.guards import Guards
from reconciler.providers.mobiusflow.rows import Engine, User
from reconciler.providers.one_by_one import OneByOne
from reconciler.providers.passwords import new_password
from reconciler.providers.settling import settle
from reconciler.state import Fields


class Application:
    """One apply on one engine, where we are logged in as `own`."""

    def __init__(self, target: str, engine: Engine, own: str) -> None:
        self._target = target
        self._engine = engine
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
                self._update(change)
            case "account", "delete":
                self._delete(change)
            case kind, action:
                raise WriteError(self._target, f"MobiusFlow has no way to {action} a {kind}")

    def _create(self, change: Change, journal: Journal) -> None:
        """Create a user after the password was handed over.

        MobiusFlow may answer a second creation of a name with success: it is looked for before,
        and looked for again where it is in doubt.
        """
        name, fields = change.key.path[-1], change.after or {}
        if self._engine.look(name) is not None:
            raise WriteError(self._target, f'there is a user "{name}" already; plan again')
        password = new_password()
        journal.hand_over(name, password, "")
        self._settle(
            name, lambda: self._engine.create(name, password, str(fields["level"])), fields
        )

    def _update(self, change: Change) -> None:
        """Change level and activity.

        Only the look before it tells of somebody else's change: the API knows no versions.
        """
        name, after = change.key.path[-1], change.after or {}
        user = self._engine.look(name)
        if user is None:
            raise WriteError(self._target, f'there is no user "{name}" any more; plan again')
        if user.has(after):
            return
        before = {key: value for key, value in (change.before or {}).items() if key in after}
        if any(user.fields.get(key) != value for key, value in before.items()):
            text = f'"{name}" was changed meanwhile by somebody else: {_shown(user)}; plan again'
            raise WriteError(self._target, text)
        self._guards.check(self._engine, user, change)
        for part in _parts(user, after):
            self._settle(name, partial(self._write_part, user, part), part)

    def _write_part(self, user: User, part: Fields) -> None:
        if "level" in part:
            self._engine.set_level(user, str(part["level"]))
        else:
            self._engine.set_active(user, is_active=part["active"] is True)

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
