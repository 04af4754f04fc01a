"""Writes roles: their scopes and the limits of their tokens. Who holds them is `users`."""

from __future__ import annotations

from reconciler.changes import Change
from reconciler.errors import WriteError
from reconciler.providers.flowauth import api
from reconciler.providers.flowauth.directory import Directory
from reconciler.providers.flowauth.times import to_flowauth
from reconciler.providers.http_connection import AmbiguousError
from reconciler.providers.settling import settle
from reconciler.state import Fields, Key

_UNDELETABLE = (
    "if this comes again: releases after 1.34 on PostgreSQL can never delete a role that made a "
    "token, so leave it there without users"
)


def create(ids: Directory, change: Change) -> None:
    """Create a role without users on a server that is there."""
    key = change.key
    if ids.role(key.path) is not None:
        raise WriteError(ids.target, f"there is a {key} already; plan again")
    server = ids.need_server(key.path[0])
    body = {"scopes": [], **_body(ids, server.id, key, change.after or {})}
    settle(
        ids.target,
        str(key),
        lambda: api.create_role(ids.client, key.path[1], server.id, body),
        lambda: _is(ids.role(key.path), body),
    )


def update(ids: Directory, change: Change) -> None:
    """Change a role's scopes or limits."""
    key = change.key
    row = ids.need_role(key.path)
    body = _body(ids, row.server, key, change.after or {})
    settle(
        ids.target,
        str(key),
        lambda: api.update_role(ids.client, row.id, body),
        lambda: _is(ids.role(key.path), body),
    )


def delete(ids: Directory, change: Change) -> None:
    """Delete a role, which may be gone already."""
    key = change.key
    row = ids.role(key.path)
    if row is None:
        return

    def write() -> None:
        try:
            api.delete_role(ids.client, row.id)
        except AmbiguousError as error:
            raise AmbiguousError(ids.target, f"{error.message}; {_UNDELETABLE}") from None

    settle(ids.target, str(key), write, lambda: ids.role(key.path) is None)


def _body(ids: Directory, server_id: int, key: Key, fields: Fields) -> dict[str, object]:
    """The fields as FlowAuth writes them: scopes by id, which are resolved now."""
    body: dict[str, object] = {}
    scopes = fields.get("scopes")
    if isinstance(scopes, tuple):
        body["scopes"] = _scope_ids(ids, server_id, key, scopes)
    if "token_expires" in fields:
        expires = fields["token_expires"]  # None where the role takes it from an endless server
        body["latest_token_expiry"] = None if expires is None else to_flowauth(str(expires))
    if "token_life_minutes" in fields:
        body["longest_token_life_minutes"] = fields["token_life_minutes"]
    return body


def _scope_ids(ids: Directory, server_id: int, key: Key, names: tuple[str, ...]) -> list[int]:
    """The ids of these scopes. FlowAuth would drop those it does not know without a word."""
    there = {row.name: row.id for row in api.list_scopes(ids.client, server_id)}
    if missing := sorted(set(names) - there.keys()):
        text = f'the server "{key.path[0]}" does not have the scopes {", ".join(missing)}'
        raise WriteError(ids.target, f"{text} any more; plan again")
    return sorted(there[name] for name in names)


def _is(row: api.RoleRow | None, body: dict[str, object]) -> bool:
    if row is None:
        return False
    held: dict[str, object] = {
        "scopes": sorted(row.scopes),
        "latest_token_expiry": row.latest_token_expiry,
        "longest_token_life_minutes": row.longest_token_life_minutes,
    }
    return all(held[name] == value for name, value in body.items())
