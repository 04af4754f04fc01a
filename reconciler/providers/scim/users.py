"""Writes users and groups, all but who is in which group: that is `members`.

Source: RFC 7644, sections 3.3, 3.5 and 3.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from reconciler.changes import Change
from reconciler.errors import WriteError
from reconciler.providers.scim.client import InvalidError, NotSupportedError, Row, path_of
from reconciler.providers.scim.directory import Directory
from reconciler.providers.scim.marks import mark_for
from reconciler.providers.scim.resources import (
    GROUP,
    PATCH,
    USER,
    account_fields,
    is_same,
    merged,
    new_group,
    new_user,
    plainer,
    text_of,
    user_operations,
    value_of,
)
from reconciler.providers.settling import NotThereError, settle
from reconciler.state import Fields


def create_user(directory: Directory, change: Change) -> None:
    """Create a user who may sign in."""
    name, fields = change.key.path[-1], change.after or {}
    if directory.user(name) is not None:
        raise WriteError(directory.target, f'there is a user "{name}" already; plan again')
    try:
        settle(
            directory.target,
            f'user "{name}"',
            lambda: _post_user(directory, name, fields),
            lambda: _has(directory.user(name), fields),
        )
    except WriteError as error:
        other = directory.spelling(name)
        if not other:
            raise
        hint = f'write accounts: {{{directory.target}: "{other}"}} for the user'
        text = f'{error.message}; the service has "{name}" as "{other}": {hint}'
        raise WriteError(directory.target, text) from error


def _post_user(directory: Directory, name: str, fields: Fields) -> None:
    """Send a new user; where the service does not say what a User has, also in fewer words."""
    shape = directory.features.shape(USER)
    mark = mark_for(directory.client.options.external_id_prefix, name)
    body = new_user(name, fields, mark, shape)
    try:
        _post(directory, body, is_user=True)
    except InvalidError:
        fewer = plainer(body)
        if shape.is_told or fewer == body:
            raise
        _post(directory, fewer, is_user=True)


def update_user(directory: Directory, change: Change) -> None:
    """Change attributes of a user, among them whether he or she may sign in."""
    name, fields = change.key.path[-1], change.after or {}
    row = directory.need_user(name)
    operations = list(user_operations(row, fields, directory.features.shape(USER)))
    settle(
        directory.target,
        f'user "{name}"',
        lambda: rewrite(directory, path_of("/Users", text_of(row, "id")), row, operations),
        lambda: _has(directory.user(name), fields),
    )


def delete_user(directory: Directory, change: Change) -> None:
    """Delete a user, who may be gone already."""
    name = change.key.path[-1]
    row = directory.user(name)
    if row is not None:
        _delete(directory, "/Users", row)


def create_group(directory: Directory, change: Change) -> None:
    """Create a group without members."""
    name = change.key.path[-1]
    if directory.group(name) is not None:
        raise WriteError(directory.target, f'there is a group "{name}" already; plan again')
    mark = mark_for(directory.client.options.external_id_prefix, name)
    body = new_group(name, mark, directory.features.shape(GROUP))
    settle(
        directory.target,
        f'group "{name}"',
        lambda: _post(directory, body, is_user=False),
        lambda: directory.group(name) is not None,
    )


def delete_group(directory: Directory, change: Change) -> None:
    """Delete a group, which may be gone already."""
    row = directory.group(change.key.path[-1])
    if row is not None:
        _delete(directory, "/Groups", row)


def rewrite(
    directory: Directory, path: str, row: Row, operations: Sequence[tuple[str, object]]
) -> None:
    """Replace attributes: with PATCH where the service takes it, else with PUT of the whole."""
    version = version_of(directory, row)
    if directory.features.patch:
        listed = [{"op": "replace", "path": at, "value": value} for at, value in operations]
        body: Row = {"schemas": [PATCH], "Operations": listed}
        with suppress(NotSupportedError):  # it says that it takes PATCH, and does not
            directory.client.write("PATCH", path, body, version)
            return
    directory.client.write("PUT", path, merged(row, operations), version)


def version_of(directory: Directory, row: Row) -> str:
    """What If-Match is to say; empty where the service keeps no versions."""
    meta = value_of(row, "meta")
    is_kept = directory.features.etag and isinstance(meta, dict)
    return text_of(meta, "version") if is_kept and isinstance(meta, dict) else ""


def _post(directory: Directory, body: Row, *, is_user: bool) -> None:
    row = None
    try:
        row = directory.client.write("POST", "/Users" if is_user else "/Groups", body)
    finally:
        directory.note(row, is_user=is_user)


def _has(row: Row | None, fields: Fields) -> bool:
    there = None if row is None else account_fields(row)
    return there is not None and all(
        is_same(name, value, there.get(name)) for name, value in fields.items()
    )


def _delete(directory: Directory, path: str, row: Row) -> None:
    directory.refuse_foreign(row)
    key = text_of(row, "id")
    place = path_of(path, key)

    def write() -> None:
        with suppress(NotThereError):
            directory.client.write("DELETE", place, None, version_of(directory, row))

    def is_gone() -> bool:
        return directory.client.find(place) is None

    settle(directory.target, place, write, is_gone)
    directory.forget(key)
