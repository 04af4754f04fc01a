"""What is refused at the moment of a write, whatever was planned or accepted.

MobiusFlow has no way back where its last administrator is gone.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.changes import Change
from reconciler.errors import WriteError
from reconciler.providers.mobiusflow.levels import TOP
from reconciler.providers.mobiusflow.rows import Engine, User


class Guards:
    """The guards of one target, where we are logged in as `own`."""

    def __init__(self, target: str, own: str) -> None:
        self._target = target
        self._own = own

    def check(self, engine: Engine, user: User, change: Change) -> None:
        """Raises WriteError where the change would take our account, or the last administrator.

        Another administrator is read again before one goes.
        """
        if user.name == self._own:
            text = f'"{user.name}" is whom reconciler logs in as: have somebody else do that'
            raise WriteError(self._target, text)
        is_administrator = user.may_administer and user.active is not False
        if not is_administrator or not _weakens(change):
            return
        for name in self._others(engine, user.name):
            other = engine.user(name)
            if other is not None and other.level == TOP and other.active is not False:
                return
        text = f'"{user.name}" is the last administrator, and nobody could ever make another'
        raise WriteError(self._target, f"{text}; name another first")

    def _others(self, engine: Engine, name: str) -> Iterator[str]:
        """Who may be an administrator: ourselves most probably, so the list is seldom read."""
        yield self._own
        for other, user in sorted(engine.users().items()):
            if other not in (name, self._own) and user.level == TOP:
                yield other


def _weakens(change: Change) -> bool:
    after = change.after or {}
    is_lowered = "level" in after and after["level"] != TOP
    return change.action == "delete" or is_lowered or after.get("active") is False
