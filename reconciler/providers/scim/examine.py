"""What would go wrong with a service later: rights that the token lacks, and oddities. Only reads.

Source: RFC 7644, section 3.12: status 403 is about the right to one thing, 401 about the token.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from reconciler.provider import Lack, Rights
from reconciler.providers.scim.client import ForbiddenError, Row
from reconciler.providers.scim.directory import Directory
from reconciler.providers.scim.features import most_results
from reconciler.providers.scim.resources import USER, text_of, value_of
from reconciler.wording import counted

_COLLECTIONS = ("/Users", "/Groups")


def lacking_to_read(directory: Directory) -> Rights:
    """Which of the lists the token may not read."""
    lacking = []
    for path in _COLLECTIONS if directory.client.options.groups == "yes" else _COLLECTIONS[:1]:
        try:
            directory.client.get(f"{path}?startIndex=1&count=1")
        except ForbiddenError as error:
            lacking.append(Lack(error.message))
    return Rights(tuple(lacking))


def lacking(number_of_changes: int) -> Rights:
    """Nothing is known to lack: SCIM has no way to ask what a token may write."""
    if not number_of_changes:
        return Rights()
    return Rights(unchecked=("SCIM does not say whether a token may write",))


def remarks(directory: Directory, users: Mapping[str, Row], groups: Mapping[str, Row]) -> list[str]:
    """What somebody should know of the service, sorted."""
    told = [*_told(directory), *renamings(directory.target, *directory.renamed)]
    return sorted([*told, *_of_users(users), *_of_groups(directory, users, groups)])


def renamings(target: str, users: Mapping[str, str], groups: Mapping[str, str]) -> Iterator[str]:
    """What to do about those that have another name than their mark says, by their own names."""
    for own, name in users.items():
        text = f'the User "{own}" bears the mark of "{name}" and is taken for it: its userName was'
        hint = f'write accounts: {{{target}: "{own}"}} for the user'
        yield f"{text} changed there; {hint}, or change it back"
    for own, name in groups.items():
        text = f'the Group "{own}" bears the mark of "{name}" and is taken for it: its displayName'
        yield f'{text} was changed there; write name: "{own}" for the role, or change it back'


def _told(directory: Directory) -> Iterator[str]:
    features = directory.features
    if not features.config:
        yield "it says nothing of what it can do (/ServiceProviderConfig): PATCH is tried first"
    elif not most_results(features.config):
        yield f"it does not say how much it gives at once: {features.page_size} are asked for"
    if not features.shape(USER).is_told:
        yield "it says nothing of what a User may have (/Schemas): what it refuses shows at apply"
    if features.config and not features.patch:
        yield "it takes no PATCH: a whole User or Group is sent back for each change"


def _of_users(users: Mapping[str, Row]) -> Iterator[str]:
    silent = sum(value_of(row, "active") is None for row in users.values())
    if silent:
        text = f"it does not say of {counted(silent, 'user')} whether they are active"
        yield f"{text}: they cannot be disabled"
    marks = Counter(text_of(row, "externalId") for row in users.values())
    for mark, number in sorted(marks.items()):
        if mark and number > 1:
            yield f'{number} users have the externalId "{mark}": names alone tell them apart'


def _of_groups(
    directory: Directory, users: Mapping[str, Row], groups: Mapping[str, Row]
) -> Iterator[str]:
    names = Counter(text_of(row, "displayName") for row in groups.values())
    for name, number in sorted(names.items()):
        if number > 1:
            yield f'{number} groups have the displayName "{name}": no role may have this name'
    known = users.keys() | groups.keys()
    dangling = sum(key not in known for row in groups.values() for key in directory.members(row))
    if dangling:
        yield f"{counted(dangling, 'membership')} of users who are deleted: left alone"
