"""Changes as the requests that FlowAuth up to 1.17 will be sent, for a reviewer.

They have names where the request has ids, and no password. Where a request replaces a whole list,
only what changes in it is shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from reconciler.changes import Change
from reconciler.passwords import asked_password
from reconciler.providers.flowauth.legacy.dialect import Dialect
from reconciler.providers.flowauth.legacy.words import rights_of, with_polls
from reconciler.providers.flowauth.times import to_flowauth
from reconciler.state import Fields


def preview(dialect: Dialect, changes: Sequence[Change]) -> tuple[str, ...]:
    """At least one line for each change, in order."""
    return tuple(line for change in changes for line in _lines(dialect, change))


def _lines(dialect: Dialect, change: Change) -> Iterator[str]:
    path = change.key.path
    match change.key.kind:
        case "membership":
            sign = "+" if change.action == "create" else "-"
            yield f'PATCH /admin/users/<{path[2]}>/groups {sign}"{path[1]}"'
        case "account":
            yield from _account_lines(change)
        case "server":
            yield from _server_lines(dialect, change)
        case "role":
            yield from _role_lines(dialect, change)


def _account_lines(change: Change) -> Iterator[str]:
    name, fields = change.key.path[0], change.after or {}
    is_admin = fields.get("level") == "admin"
    match change.action:
        case "delete":
            yield f"DELETE /admin/users/<{name}>"
        case "create":
            body = {"username": name, "password": "***", "is_admin": is_admin}
            yield _line("POST /admin/users", body)
        case "update":
            flag = {"is_admin": is_admin} if "level" in fields else {}
            password = {"password": "***"} if asked_password(change) else {}
            yield _line(f"PATCH /admin/users/<{name}>", {**flag, **password})


def _server_lines(dialect: Dialect, change: Change) -> Iterator[str]:
    name, fields = change.key.path[0], change.after or {}
    words = {"token_expires": "latest_token_expiry", "token_life_minutes": "longest_token_life"}
    limits = _limits(fields, words)
    if change.action == "delete":
        yield f"DELETE /admin/servers/<{name}>"
    elif change.action == "create":
        yield _line("POST /admin/servers", {"name": name, **limits})
    elif limits:
        yield _line(f"PATCH /admin/servers/<{name}>", {"name": name, **limits})
    scopes = fields.get("scopes")
    if isinstance(scopes, tuple):
        yield from dialect.requests(name, with_polls(rights_of(scopes)))


def _role_lines(dialect: Dialect, change: Change) -> Iterator[str]:
    (server, name), fields = change.key.path, change.after or {}
    if change.action == "delete":
        yield f'DELETE /admin/groups/<{name}>, or only its rights on the server "{server}"'
        return
    if change.action == "create":
        yield _line("POST /admin/groups", {"name": name}) + ", if it is new"
    words = {"token_expires": "latest_expiry", "token_life_minutes": "max_life"}
    entry: dict[str, object] = {"id": f"<{server}>", **_limits(fields, words)}
    scopes = fields.get("scopes")
    if isinstance(scopes, tuple):
        entry["rights"] = dialect.body(with_polls(rights_of(scopes)))
    yield _line(f"PATCH /admin/groups/<{name}>/servers", {"servers": [entry]})


def _limits(fields: Fields, words: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, word in words.items():
        if name in fields:
            value = fields[name]
            found[word] = to_flowauth(value) if isinstance(value, str) else value
    return found


def _line(request: str, body: Mapping[str, object]) -> str:
    return f"{request} {json.dumps(body, ensure_ascii=False, sort_keys=True)}"
