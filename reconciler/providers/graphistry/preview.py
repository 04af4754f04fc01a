"""Changes as the operations that will be sent, for a reviewer; without passwords."""

from __future__ import annotations

import json
from collections.abc import Sequence

from reconciler.changes import Change
from reconciler.providers.graphistry.accounts import columns_of, is_shut_out, loses
from reconciler.providers.graphistry.options import GraphistryOptions
from reconciler.wording import listed


def preview(options: GraphistryOptions, changes: Sequence[Change]) -> tuple[str, ...]:
    """A line for each change, in order."""
    return tuple(_line(change) + _beside(options, change) for change in changes)


def _beside(options: GraphistryOptions, change: Change) -> str:
    """What else is done with a change; of a deletion, before it."""
    parts = ["log them out"] if options.url and (loses(change) or change.end_sessions) else []
    if options.keys_command and is_shut_out(change):
        parts.append("revoke their personal keys")
    if change.heir and options.transfer_command:
        parts.append(f'give what is theirs to "{change.heir}"')
    return f"; with it {listed(parts)}" if parts else ""


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
            return f'delete user "{path[0]}" with all that is still theirs'
        case _, action:
            return f'{action} user "{path[0]}" {_text(columns_of(fields))}'


def _text(values: object) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True)
