"""Turns users and groups as they were read into a State.

Here belongs making records; nothing is compared or decided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from reconciler.errors import PartlyReadError, UnexpectedResponseError
from reconciler.providers.scim.client import Row
from reconciler.providers.scim.directory import Directory
from reconciler.providers.scim.resources import account_fields, text_of
from reconciler.scope import Scope
from reconciler.state import Fields, Key, State

_OF_GROUPS: Final[frozenset[str]] = frozenset({"role", "membership"})
"""The kinds of record that Groups are read for."""


def observe(directory: Directory, scope: Scope) -> State:
    """All users, groups and memberships.

    Raises UnexpectedResponseError where two groups have a name that the manifest declares, since
    none of them could be told from the other, and PartlyReadError where no Groups can be read.
    """
    users, groups = directory.read()
    _refuse_twins(directory.target, users.values())
    declared = {path[-1] for path in scope.roles}
    directory.recognize(scope.accounts | scope.leavers, declared)
    people = {key: _name(directory, row, "userName") for key, row in users.items()}
    names = _group_names(directory, groups, declared)
    records: dict[Key, Fields] = {}
    for key, row in users.items():
        records[Key("account", (people[key],))] = account_fields(row)
    if directory.refused:
        text = f"{directory.refused}; a service that has no Groups needs the option groups: no"
        raise PartlyReadError(directory.target, text, State(records), _OF_GROUPS)
    for key, row in groups.items():
        records[Key("role", (names[key],))] = {}
        for member in _members(directory.members(row), people, names):
            records[Key("membership", (names[key], member))] = {}
    return State(records)


def _name(directory: Directory, row: Row, attribute: str) -> str:
    if not text_of(row, attribute):
        text = f"the resource {text_of(row, 'id')} has no {attribute}"
        raise UnexpectedResponseError(directory.target, text)
    return directory.known_as(row)


def _refuse_twins(target: str, users: Iterable[Row]) -> None:
    """Raise UnexpectedResponseError for two users of one name, which no SCIM service should have:
    it is unique (RFC 7643, section 4.1.1).
    """
    several = Counter(text_of(row, "userName") for row in users)
    for name, number in sorted(several.items()):
        if number > 1:
            text = f'{number} users have the userName "{name}": delete all but one there'
            raise UnexpectedResponseError(target, text)


def _group_names(
    directory: Directory, groups: Mapping[str, Row], declared: set[str]
) -> Mapping[str, str]:
    """A name for each group by id: displayName, with the id where it is not the only one."""
    names = {key: _name(directory, row, "displayName") for key, row in groups.items()}
    several = {name for name, number in Counter(names.values()).items() if number > 1}
    for name in sorted(several & declared):
        text = f'{Counter(names.values())[name]} groups have the displayName "{name}"'
        raise UnexpectedResponseError(
            directory.target, f"{text}: rename or delete all but one there"
        )
    return {key: f"{name} ({key})" if name in several else name for key, name in names.items()}


def _members(
    keys: Iterable[str], users: Mapping[str, str], groups: Mapping[str, str]
) -> Iterator[str]:
    """Names of members. One with an id that nobody has gives nobody anything: it is left out."""
    for key in keys:
        if key in users:
            yield users[key]
        elif key in groups:
            yield groups[key]
