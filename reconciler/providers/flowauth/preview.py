"""Changes as the requests that will be sent, for a reviewer.

They have names where the request has ids, and no password.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from reconciler.changes import Change
from reconciler.providers.flowauth.times import to_flowauth
from reconciler.state import Fields

_ROUTES = {"server": "/admin/servers", "role": "/roles", "account": "/admin/users"}


def preview(changes: Sequence[Change]) -> tuple[str, ...]:
    """At least one line for each change, in order."""
    return tuple(line for change in changes for line in _lines(change))


def _lines(change: Change) -> Iterator[str]:
    path, fields = change.key.path, change.after or {}
    match change.key.kind, change.action:
        case "membership", action:
            sign = "+" if action == "create" else "-"
            yield f'PATCH /admin/users/<{path[2]}> roles: {sign}"{path[1]}" of server "{path[0]}"'
        case kind, "delete":
            yield f"DELETE {_ROUTES[kind]}/<{path[-1]}>"
        case "server", _:
            yield from _server_lines(change)
        case "role", "create":
            body = {"name": path[1], "server_id": f"<{path[0]}>", **_body(fields)}
            yield _line("POST /roles/", body)
        case "role", _:
            yield _line(f"PATCH /roles/<{path[1]}>", _body(fields))
        case "account", "create":
            named = {"username": path[0], "password": "***"}
            yield _line("POST /admin/users", {**_body(fields), **named})
        case "account", _:
            yield _line(f"PATCH /admin/users/<{path[0]}>", _body(fields))


def _server_lines(change: Change) -> Iterator[str]:
    name, body = change.key.path[0], _body(change.after or {})
    scopes = body.pop("scopes", None)
    if change.action == "create":
        yield _line("POST /admin/servers", {"name": name, **body})
    elif body:
        yield _line(f"PATCH /admin/servers/<{name}>", {"name": name, **body})
    if scopes is not None:
        yield _line(f"POST /admin/servers/<{name}>/scopes", {"scopes": scopes})


def _body(fields: Fields) -> dict[str, object]:
    body: dict[str, object] = {}
    for name, value in fields.items():
        match name:
            case "token_expires":
                body["latest_token_expiry"] = None if value is None else to_flowauth(str(value))
            case "token_life_minutes":
                body["longest_token_life_minutes"] = value
            case "level":
                body["is_admin"] = value == "admin"
            case "password":
                body["password"] = "***"
            case _:
                body[name] = value
    return body


def _line(request: str, body: Mapping[str, object]) -> str:
    return f"{request} {json.dumps(body, ensure_ascii=False, sort_keys=True)}"
