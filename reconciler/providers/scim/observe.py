"""Turns users and groups as they were read into a State.

Here belongs making records; nothing is compared or decided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from reconciler.errors import UnexpectedResponseError
from reconciler.providers.scim.client import Row
from reconciler.providers.scim.directory import Directory
from reconciler.providers.scim.resources import account_fields, text_of
from reconciler.scope import Scope
from reconciler.state import Fields, Key, State


def observe(directory: Directory, scope: Scope) -> State:
    """All users, groups and memberships.

    Raises UnexpectedResponseError where two groups have a name that the manifest declares, since
    none of them could be told from the other.
    """
    users, groups = directory.read()
    _refuse_twins(directory.target, users.values())
    names = _group_names(directory.target, groups, {path[-1] for path in scope.roles})
    records: dict[Key, Fields] = {}
    for row in users.values():
        records[Key("account", (_name(directory.target, row, "userName"),))] = account_fields(row)
    for key, row in groups.items():
        records[Key("role", (names[key],))] = {}
        for member in _members(directory.members(row), users, names):
            records[Key("membership", (names[key], member))] = {}
    return State(records)


def _name(target: str, row: Row, attribute: str) -> str:
    name = text_of(row, attribute)
    if not name:
        text = f"the resource {text_of(row, 'id')} has no {attribute}"
        raise UnexpectedResponseError(target, text)
    return name


def _refuse_twins(target: str, users: Iterable[Row]) -> None:
    """Raise UnexpectedResponseError for two users of one name, which no SCIM service should have:
    it is unique (RFC 7643, section 4.1.1).
    """
    several = Counter(text_of(row, "userName") for row in users)
    for name, number in sorted(several.items()):
        if number > 1:
            text = f'{number} users have the userName "{name}": delete all but one there'
            raise UnexpectedResponseError(target, text)


def _group_names(target: str, groups: Mapping[str, Row], declared: set[str]) -> Mapping[str, str]:
    """A name for each group by id: displayName, with the id where it is not the only one."""
    names = {key: _name(target, row, "displayName") for key, row in groups.items()}
    several = {name for name, number in Counter(names.values()).items() if number > 1}
    for name in sorted(several & declared):
        text = f'{Counter(names.values())[name]} groups have the displayName "{name}"'
        raise UnexpectedResponseError(target, f"{text}: rename or delete all but one there")
    return {key: f"{name} ({key})" if name in several else name for key, name in names.items()}


def _members(
    keys: Iterable[str], users: Mapping[str, Row], groups: Mapping[str, str]
) -> Iterator[str]:
    """Names of members. One with an id that nobody has gives nobody anything: it is left out."""
    for key in keys:
        if key in users:
            yield text_of(users[key], "userName")
        elif key in groups:
            yield groups[key]
