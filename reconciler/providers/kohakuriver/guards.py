"""What must not be done to an account, whatever was planned: it is judged again before each write.

Source: KohakuRiver, SQLite without foreign keys: the rowid of a deleted account is given again
where it was the highest, and with it tokens, sessions, assignments and invitations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.changes import Change
from reconciler.errors import WriteError
from reconciler.provider import Warned
from reconciler.providers.kohakuriver import api
from reconciler.providers.kohakuriver.words import ADMIN
from reconciler.state import INVITED

_ADVICE = (
    "create one more account first and keep it, disabled and with the level anony, or leave this "
    "one disabled"
)


def refuse_last_admin(target: str, rows: Sequence[api.UserRow], row: api.UserRow) -> None:
    """Raises WriteError where nobody but this account is an active administrator."""
    admins = {each.id for each in rows if each.role == ADMIN and each.is_active}
    if admins == {row.id}:
        text = f'"{row.username}" is the last active administrator of the host'
        raise WriteError(target, f"{text}: make somebody else one first")


def refuse_highest_id(target: str, rows: Sequence[api.UserRow], row: api.UserRow) -> None:
    """Raises WriteError where the next account would get the id of this one, and what it had."""
    if row.id == max(each.id for each in rows):
        raise WriteError(target, _highest(row.username))


def undeletable(rows: Sequence[api.UserRow], changes: Iterable[Change]) -> tuple[Warned, ...]:
    """The accounts that these changes would delete and must not, as was read last.

    An account that the same plan makes has a higher id than all that are there; one that somebody
    is invited to make has none yet.
    """
    accounts = [each for each in changes if each.key.kind == "account"]
    made = [each for each in accounts if each.action == "create"]
    if any(INVITED not in (each.after or {}) for each in made) or not rows:
        return ()
    highest = max(rows, key=lambda row: row.id).username
    return tuple(
        Warned("highest-id", _highest(highest), (each.key,), blocking=True)
        for each in accounts
        if each.action == "delete" and each.key.path[0] == highest
    )


def _highest(name: str) -> str:
    text = f'"{name}" has the highest id of the host, which the next account would get, and with it'
    return f"{text} the tokens and sessions that stay when an account is deleted: {_ADVICE}"
