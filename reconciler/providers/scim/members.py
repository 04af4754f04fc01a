"""Writes who is in a group: many in one request, and never the whole list.

Source: RFC 7644, section 3.5.2: a member that is there already is not added again; one is removed
by a path that names it. Replacing the list would take out whom somebody else put in meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from reconciler.changes import Change
from reconciler.errors import WriteError
from reconciler.providers.scim.client import NotSupportedError, Row
from reconciler.providers.scim.directory import Directory
from reconciler.providers.scim.resources import PATCH, READ_ONLY, member_ids, text_of, value_of
from reconciler.providers.scim.users import version_of
from reconciler.providers.settling import settle


def add(directory: Directory, changes: Sequence[Change]) -> None:
    """Put all these members into their one group."""
    group = changes[0].key.path[0]
    row = directory.need_group(group)
    there = set(member_ids(row) or ())
    ids = [_needed(directory, change) for change in changes]
    missing = [each for each in ids if each not in there]
    for part in _parts(directory, missing):
        settle(
            directory.target,
            f'members of "{group}"',
            lambda part=part: _add(directory, group, part),  # type: ignore[misc]  # bound now
            lambda part=part: set(part) <= _members(directory, group),  # type: ignore[misc]  # bound now
        )


def remove(directory: Directory, changes: Sequence[Change]) -> None:
    """Take all these members out of their one group; both may be gone already."""
    group = changes[0].key.path[0]
    row = directory.group(group)
    if row is None:
        return
    there = set(member_ids(row) or ())
    ids = (directory.member_id(change.key.path[1]) for change in changes)
    present = [each for each in ids if each is not None and each in there]
    for part in _parts(directory, present):
        settle(
            directory.target,
            f'members of "{group}"',
            lambda part=part: _remove(directory, group, part),  # type: ignore[misc]  # bound now
            lambda part=part: not set(part) & _members(directory, group),  # type: ignore[misc]  # bound now
        )


def _needed(directory: Directory, change: Change) -> str:
    name = change.key.path[1]
    found = directory.member_id(name)
    if found is None:
        raise WriteError(directory.target, f'there is no user "{name}" any more; plan again')
    return found


def _parts(directory: Directory, ids: Sequence[str]) -> Iterator[Sequence[str]]:
    size = directory.client.options.members_per_request
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _members(directory: Directory, group: str) -> set[str]:
    row = directory.group(group)
    return set() if row is None else set(member_ids(row) or ())


def _add(directory: Directory, group: str, ids: Sequence[str]) -> None:
    listed = [{"value": each} for each in ids]
    operations = [{"op": "add", "path": "members", "value": listed}]
    row = directory.need_group(group)
    if not _patched(directory, row, operations):
        _put(directory, row, [*_raw_members(row), *listed])


def _remove(directory: Directory, group: str, ids: Sequence[str]) -> None:
    row = directory.need_group(group)
    if directory.client.options.member_remove_style == "value":
        listed = [{"value": each} for each in ids]
        operations: list[Row] = [{"op": "remove", "path": "members", "value": listed}]
    else:
        operations = [{"op": "remove", "path": f'members[value eq "{each}"]'} for each in ids]
    if not _patched(directory, row, operations):
        kept = [each for each in _raw_members(row) if text_of(each, "value") not in ids]
        _put(directory, row, kept)


def _patched(directory: Directory, row: Row, operations: Sequence[Row]) -> bool:
    """Whether the service took it as a PATCH; False where it takes none."""
    if not directory.features.patch:
        return False
    body: Row = {"schemas": [PATCH], "Operations": list(operations)}
    path = f"/Groups/{text_of(row, 'id')}"
    with suppress(NotSupportedError):
        directory.client.write("PATCH", path, body, version_of(directory, row))
        return True
    return False


def _put(directory: Directory, row: Row, members: Sequence[Row]) -> None:
    body = {key: value for key, value in row.items() if key not in READ_ONLY}
    path = f"/Groups/{text_of(row, 'id')}"
    whole = {**body, "members": list(members)}
    directory.client.write("PUT", path, whole, version_of(directory, row))


def _raw_members(row: Row) -> list[Row]:
    found = value_of(row, "members")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
