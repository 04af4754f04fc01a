"""Changes as operations of the program that runs there, and finding out what became of them.

Here belong what is sent for a change, and how one that was never answered is settled. The order of
changes is `apply`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from reconciler.changes import Action, Change
from reconciler.errors import TargetError, UnexpectedResponseError, WriteError
from reconciler.providers.graphistry.accounts import (
    COLUMNS,
    columns_of,
    expected_of,
    is_as,
)
from reconciler.providers.graphistry.envelope import Operation
from reconciler.providers.graphistry.normalize import SITE
from reconciler.providers.graphistry.shell import (
    LostAnswerError,
    Shell,
    operation,
    rows_in,
    said_of,
)
from reconciler.providers.settling import UnknownResultError
from reconciler.secret import Secret
from reconciler.state import Key, Kind

Written = Mapping[Key, TargetError | None]
"""By the key of each change why it was not made; None where it was."""

_NEW: Final = {"email": "", "name": "", "staff": False, "superuser": False}


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes that go in one call. `replaced` are the roles that members lose in the same plan, by
    organisation and member; `passwords` those of new users.
    """

    changes: Sequence[Change]
    replaced: Mapping[tuple[str, str], Sequence[str]]
    passwords: Mapping[str, Secret] = field(default_factory=dict)


def write(shell: Shell, batch: Batch) -> Written:
    """Carry the changes out, each by itself. What was not answered is read back.

    It takes one call, and another one for those that the time of a call did not suffice to begin.
    """
    found: dict[Key, TargetError | None] = {}
    while batch.changes:
        operations = [_operation(shell, change, batch) for change in batch.changes]
        try:
            results = shell.ask(operations)
        except LostAnswerError as error:
            return {**found, **_settled(shell, batch, error)}
        told = [*zip(batch.changes, results, strict=True)]
        found |= {change.key: said_of(shell.target, result) for change, result in told}
        late = [change for change, result in told if result.kind == "late"]
        if len(late) == len(told):
            break
        batch = replace(batch, changes=late)
    return found


def is_writable(kind: Kind, action: Action) -> bool:
    """Whether there is a way to do this at all."""
    return (kind, action) in _OPERATIONS


_OPERATIONS: Final[Mapping[tuple[Kind, Action], str]] = {
    ("account", "create"): "create_user",
    ("account", "update"): "update_user",
    ("account", "delete"): "delete_user",
    ("membership", "create"): "add_member",
    ("membership", "delete"): "remove_member",
    ("server", "update"): "set_switches",
}


def _operation(shell: Shell, change: Change, batch: Batch) -> Operation:
    key = change.key
    name, own = _OPERATIONS[key.kind, change.action], shell.options.service_account
    fields, before = change.after or {}, change.before or {}
    match key.kind, change.action:
        case "membership", _:
            slug, role, member = key.path
            args = {"models": shell.options.models, "slug": slug, "role": role, "own": own}
            replaces = sorted(batch.replaced.get((slug, member), ()))
            return operation(name, **args, username=member, replaces=replaces)
        case "server", _:
            return operation(name, switches=dict(fields), expect=_known(before))
        case _, "create":
            columns = {**_NEW, **columns_of(fields), "active": True}
            password = batch.passwords.get(key.path[0])
            return operation(name, username=key.path[0], columns=columns, password=password)
    expect = expected_of(before)
    args = {"username": key.path[0], "columns": columns_of(fields), "expect": expect}
    return operation(name, **args, own=own)


def _known(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


# What was never answered


def _settled(shell: Shell, batch: Batch, lost: LostAnswerError) -> Written:
    """Read back what the changes were about: what is there was made, and all else was not.

    What may be at work there even now is unknown, and so is all that cannot be read.
    """
    try:
        made = _made(shell, batch)
    except TargetError as error:
        text = f"{lost.message}; it could not be read back: {error.message}"
        return {change.key: _unknown(shell.target, text, error) for change in batch.changes}
    return {
        change.key: None if is_made else _not_made(shell.target, lost)
        for change, is_made in zip(batch.changes, made, strict=True)
    }


def _not_made(target: str, lost: LostAnswerError) -> TargetError:
    text = f"{lost.message}; when read back it was not made"
    if lost.may_go_on:
        return _unknown(target, f"{text} yet", lost)
    return WriteError(target, text)


def _unknown(target: str, text: str, cause: TargetError) -> UnknownResultError:
    """An error whose cause stops the rest only where nothing can be read any more."""
    error = UnknownResultError(target, text)
    error.__cause__ = cause
    return error


def _made(shell: Shell, batch: Batch) -> list[bool]:
    """Of each change whether Graphistry is as it wants it."""
    users = {each.key.path[-1]: None for each in batch.changes if each.key.kind != "server"}
    secrets: dict[str, Secret | None] = {**users, **batch.passwords}
    slugs = sorted({each.key.path[0] for each in batch.changes if each.key.kind == "membership"})
    asked = [operation("look", users=secrets)]
    asked.append(operation("settings", names=sorted(shell.options.written_switches)))
    if slugs:
        asked.append(operation("organisations", models=shell.options.models, slugs=slugs))
    values = [shell.value_of(result) for result in shell.ask(asked)]
    if not all(isinstance(value, dict) for value in values):
        raise UnexpectedResponseError(shell.target, "what was read back has another form")
    return [_is_made(shell, change, batch, values) for change in batch.changes]


def _is_made(shell: Shell, change: Change, batch: Batch, values: Sequence[object]) -> bool:
    key, fields = change.key, change.after
    rows, switches, *members = (value for value in values if isinstance(value, dict))
    if key == SITE:
        return all(switches.get(name) == value for name, value in (fields or {}).items())
    if key.kind == "membership":
        slug, role, member = key.path
        held = members[0].get(slug)
        is_held = isinstance(held, list) and [member, role] in held
        return is_held == (change.action == "create")
    row = rows.get(key.path[0])
    if row is not None:
        rows_in(shell.target, [row], COLUMNS)
    if change.action == "delete":
        return row is None
    is_ours = key.path[0] not in batch.passwords or (row or {}).get("has_password") is True
    return is_ours and is_as(row, fields or {})
