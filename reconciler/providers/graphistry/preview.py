"""Changes as the operations that will be sent, for a reviewer; without passwords."""

from __future__ import annotations

import json
from collections.abc import Sequence

from reconciler.changes import Change
from reconciler.providers.graphistry.accounts import columns_of


def preview(changes: Sequence[Change]) -> tuple[str, ...]:
    """A line for each change, in order."""
    return tuple(_line(change) for change in changes)


def _line(change: Change) -> str:
    path, fields = change.key.path, change.after or {}
    match change.key.kind, change.action:
        case "membership", "create":
            slug, role, member = path
            return f'add "{member}" to {slug} as {role}, without an invitation'
        case "membership", _:
            slug, role, member = path
            return f'remove "{member}" from {slug} as {role}'
        case "server", _:
            return f"set the site's switches {_text(fields)}"
        case _, "delete":
            return f'delete user "{path[0]}" with all that is theirs'
        case _, action:
            return f'{action} user "{path[0]}" {_text(columns_of(fields))}'


def _text(values: object) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True)
