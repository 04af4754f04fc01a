"""Changes as the requests that will be sent, for a reviewer, with names where they have ids."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from reconciler.changes import Change
from reconciler.providers.scim.resources import user_operations


def preview(changes: Sequence[Change]) -> tuple[str, ...]:
    """At least one line for each change, in order."""
    return tuple(line for change in changes for line in _lines(change))


def _lines(change: Change) -> Iterator[str]:
    path, fields = change.key.path, change.after or {}
    match change.key.kind, change.action:
        case "membership", action:
            sign = "add" if action == "create" else "remove"
            yield f"PATCH /Groups/<{path[0]}> {sign} member <{path[1]}>"
        case "role", "create":
            yield f"POST /Groups {_text({'displayName': path[0]})}"
        case "role", _:
            yield f"DELETE /Groups/<{path[0]}>"
        case _, "create":
            yield f"POST /Users {_text({'userName': path[0], **fields})}"
        case _, "update":
            yield f"PATCH /Users/<{path[0]}> {_text(dict(user_operations({}, fields)))}"
        case _:
            yield f"DELETE /Users/<{path[0]}>"


def _text(body: object) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True)
