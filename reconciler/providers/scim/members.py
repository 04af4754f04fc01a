"""Writes who is in a group: many in one request, and never the whole list.

Source: RFC 7644, section 3.5.2: a member that is there already is not added again; one is removed
by a path that names it. Replacing the list would take out whom somebody else put in meanwhile.
Some services keep a member twice that is added twice, so nobody is added who is there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial

from reconciler.changes import Change
from reconciler.errors import TargetError, WriteError
from reconciler.providers.scim.client import (
    BrokenError,
    InvalidError,
    NotSupportedError,
    Row,
    path_of,
)
from reconciler.providers.scim.directory import Directory
from reconciler.providers.scim.resources import GROUP, PATCH, text_of, value_of, writable
from reconciler.providers.scim.users import version_of
from reconciler.providers.settling import UnknownResultError, following, settle


def add(directory: Directory, changes: Sequence[Change]) -> None:
    """Put all these members into their one group."""
    group = changes[0].key.path[0]
    what = f'members of "{group}"'
    there = directory.members(directory.need_group(group))
    wanted = dict(_needed(directory, change) for change in changes)
    missing = [key for key in wanted if key not in there]
    for part in _parts(directory, missing):
        rows = {key: wanted[key] for key in part}
        is_done = partial(_are_in, directory, group, part)
        write = partial(_unless, is_done, partial(_add, directory, group, rows))
        with following(directory.target, what, is_first=part[0] == missing[0]):
            settle(directory.target, what, write, is_done)


def remove(directory: Directory, changes: Sequence[Change]) -> None:
    """Take all these members out of their one group; both may be gone already."""
    group = changes[0].key.path[0]
    what = f'members of "{group}"'
    row = directory.group(group)
    if row is None:
        return
    directory.refuse_foreign(row)
    there = directory.members(row)
    members = (directory.member(change.key.path[1]) for change in changes)
    present = [each[0] for each in members if each is not None and each[0] in there]
    for part in _parts(directory, present):
        is_done = partial(_are_out, directory, group, part)
        write = partial(_unless, is_done, partial(_remove, directory, group, part))
        with following(directory.target, what, is_first=part[0] == present[0]):
            settle(directory.target, what, write, is_done)


def _needed(directory: Directory, change: Change) -> tuple[str, Row]:
    name = change.key.path[1]
    found = directory.member(name)
    if found is None:
        raise WriteError(directory.target, f'there is no user "{name}" any more; plan again')
    return found


def _parts(directory: Directory, ids: Sequence[str]) -> Iterator[Sequence[str]]:
    size = directory.client.options.members_per_request
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _unless(is_done: Callable[[], bool], write: Callable[[], None]) -> None:
    """Send a write; that it is refused means nothing where somebody else has done it meanwhile.

    Services answer 204, 400 or 404 when a member is removed that is not there.
    """
    try:
        write()
    except WriteError:
        if not is_done():
            raise


def _are_in(directory: Directory, group: str, ids: Sequence[str]) -> bool:
    return set(ids) <= _members(directory, group).keys()


def _are_out(directory: Directory, group: str, ids: Sequence[str]) -> bool:
    return not set(ids) & _members(directory, group).keys()


def _members(directory: Directory, group: str) -> Mapping[str, str]:
    row = directory.group(group)
    return {} if row is None else directory.members(row)


def _add(directory: Directory, group: str, wanted: Mapping[str, Row]) -> None:
    row = directory.need_group(group)
    shape = directory.features.shape(GROUP)
    if shape.requires("members.$ref"):
        _append(directory, row, _with_places(directory, wanted))
        return
    try:
        _append(directory, row, [{"value": each} for each in wanted])
    except InvalidError:
        if shape.is_told:
            raise
        _append(directory, row, _with_places(directory, wanted))


def _append(directory: Directory, row: Row, listed: Sequence[Row]) -> None:
    operations = [{"op": "add", "path": "members", "value": listed}]
    if not _patched(directory, row, operations):
        _put(directory, row, [*_raw_members(row), *listed])


def _with_places(directory: Directory, wanted: Mapping[str, Row]) -> list[Row]:
    """Members with their addresses, which some services cannot be without."""
    return [{"value": key, "$ref": _address(directory, row)} for key, row in wanted.items()]


def _address(directory: Directory, row: Row) -> str:
    meta = value_of(row, "meta")
    said = text_of(meta, "location") if isinstance(meta, dict) else ""
    place = path_of("/Users", text_of(row, "id"))
    return said or f"{directory.client.options.url}{place}"


def _remove(directory: Directory, group: str, ids: Sequence[str]) -> None:
    row = directory.need_group(group)
    there = directory.members(row)
    values = [there[each] for each in ids if each in there]
    if directory.client.options.member_remove_style == "value":
        listed = [{"value": each} for each in values]
        operations: list[Row] = [{"op": "remove", "path": "members", "value": listed}]
    else:
        paths = (f"members[value eq {json.dumps(each)}]" for each in values)
        operations = [{"op": "remove", "path": path} for path in paths]
    if values and not _taken(directory, row, operations, values):
        row = directory.need_group(group)
        kept = [each for each in _raw_members(row) if text_of(each, "value") not in values]
        _put(directory, row, kept)


def _taken(
    directory: Directory, row: Row, operations: Sequence[Row], values: Sequence[str]
) -> bool:
    """Whether a PATCH took these members out. False where the service does not do it that way.

    Some say that they take PATCH and do not know a path with a filter (Canaille 0.3 fails on it).
    """
    try:
        return _patched(directory, row, operations)
    except (BrokenError, InvalidError):
        if directory.client.options.use_patch == "yes":
            raise
        again = _read_again(directory, row)
        left = {text_of(each, "value") for each in _raw_members(again)} & set(values)
        if 0 < len(left) < len(set(values)):
            raise  # somebody else took some out meanwhile: each is tried by itself
        return not left


def _read_again(directory: Directory, row: Row) -> Row:
    """The group after a write of which nobody knows whether it was carried out."""
    try:
        return directory.need_group(directory.known_as(row))
    except WriteError:
        raise
    except TargetError as error:
        text = f"{path_of('/Groups', text_of(row, 'id'))} could not be read back: {error.message}"
        raise UnknownResultError(directory.target, text) from error


def _patched(directory: Directory, row: Row, operations: Sequence[Row]) -> bool:
    """Whether the service took it as a PATCH; False where it takes none."""
    if not directory.features.patch:
        return False
    body: Row = {"schemas": [PATCH], "Operations": list(operations)}
    path = path_of("/Groups", text_of(row, "id"))
    with suppress(NotSupportedError):
        directory.client.write("PATCH", path, body, version_of(directory, row))
        return True
    return False


def _put(directory: Directory, row: Row, members: Sequence[Row]) -> None:
    path = path_of("/Groups", text_of(row, "id"))
    whole = {**writable(row), "members": list(members)}
    directory.client.write("PUT", path, whole, version_of(directory, row))


def _raw_members(row: Row) -> list[Row]:
    found = value_of(row, "members")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
