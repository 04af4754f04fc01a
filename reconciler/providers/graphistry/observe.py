"""Reads users, organisations and switches into a State, in as few calls as the answers allow.

Here belongs making records; nothing is compared or decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.errors import UnexpectedResponseError
from reconciler.providers.graphistry.accounts import COLUMNS, Columns, fields_of
from reconciler.providers.graphistry.envelope import Operation
from reconciler.providers.graphistry.normalize import SITE
from reconciler.providers.graphistry.shell import Shell, operation, rows_in
from reconciler.scope import Scope
from reconciler.state import Fields, Key, State


@dataclass(frozen=True, slots=True)
class Sight:
    """What was read: the state, and what no record says.

    `unmanageable` says of servers of the manifest why they cannot be managed. `switches` are all
    that the options name: true, false, or a text that says why there is no such switch.
    """

    state: State
    unmanageable: Mapping[str, str] = field(default_factory=dict)
    switches: Mapping[str, bool | str] = field(default_factory=dict)


def observe(shell: Shell, scope: Scope) -> Sight:
    """All users, the members of the manifest's organisations, and the switches."""
    options = shell.options
    more = [operation("settings", names=sorted(options.switches))]
    slugs = sorted(scope.servers - {SITE.path[0]})
    if options.has_organisations and slugs:
        more.append(operation("organisations", models=options.models, slugs=slugs))
    users, values = _read(shell, more)
    switches = _switches(shell.target, values[0])
    records = {Key("account", (str(row["username"]),)): fields_of(row) for row in users}
    if len(records) != len(users):
        text = "two users have one name: users were changed while they were read; run again"
        raise UnexpectedResponseError(shell.target, text)
    unmanageable: dict[str, str] = {}
    if len(values) > 1:
        members, unmanageable = _organisations(shell.target, values[1])
        records |= members
    written = options.written_switches
    if written:
        records[SITE] = {k: v for k, v in switches.items() if k in written and v in (True, False)}
    return Sight(State(records), unmanageable, switches)


def _read(shell: Shell, more: list[Operation]) -> tuple[list[Columns], list[object]]:
    """Every user, and the values of the other operations, which go with the first call."""
    users: list[Columns] = []
    values: list[object] = []
    after: object = None
    while True:
        asked = [_users_after(shell, after), *(more if not values else [])]
        first, *rest = (shell.value_of(each) for each in shell.ask(asked))
        values = values or rest
        if not isinstance(first, dict) or "next" not in first:
            raise UnexpectedResponseError(shell.target, "the users that were read are no list")
        page = rows_in(shell.target, first.get("rows"), COLUMNS)
        users += page
        if first["next"] is None:
            return users, values
        if not page or first["next"] == after:
            raise UnexpectedResponseError(shell.target, "the same users came again and again")
        after = first["next"]


def _users_after(shell: Shell, after: object) -> Operation:
    """As many users as one answer takes: half of it, so that the page that goes over fits too."""
    limit = shell.options.max_reply_bytes // 2
    return operation("users", after=after, page_size=shell.options.page_size, limit=limit)


def _switches(target: str, value: object) -> Mapping[str, bool | str]:
    if isinstance(value, dict) and all(isinstance(each, bool | str) for each in value.values()):
        return value
    raise UnexpectedResponseError(target, "the settings that were read have another form")


def _organisations(target: str, value: object) -> tuple[dict[Key, Fields], dict[str, str]]:
    """The memberships, and of the other organisations why they cannot be managed."""
    if not isinstance(value, dict):
        raise UnexpectedResponseError(target, "the organisations that were read are no mapping")
    records: dict[Key, Fields] = {}
    for slug, members in value.items():
        if not isinstance(members, str):
            records |= {key: {} for key in _members(target, slug, members)}
    return records, {slug: why for slug, why in value.items() if isinstance(why, str)}


def _members(target: str, slug: str, members: object) -> Iterator[Key]:
    for each in members if isinstance(members, list) else [None]:
        if not isinstance(each, list) or len(each) != 2:
            text = f"the members of {slug} that were read are no list of pairs"
            raise UnexpectedResponseError(target, text)
        yield Key("membership", (slug, str(each[1]), str(each[0])))
