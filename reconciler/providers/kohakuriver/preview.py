"""Changes as the requests that will be sent, for a reviewer.

They have names where the request has ids, and no password or token.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from reconciler.changes import Change
from reconciler.providers.kohakuriver.directory import Directory
from reconciler.providers.kohakuriver.invitations import lost_with
from reconciler.providers.kohakuriver.standing import left_behind
from reconciler.providers.kohakuriver.strangers import open_of_strangers
from reconciler.providers.kohakuriver.words import API_TOKEN
from reconciler.state import INVITED

_NAMES = {"active": "is_active", "level": "role", "name": "display_name"}


def preview(directory: Directory, changes: Sequence[Change]) -> tuple[str, ...]:
    """At least one line for each change, in order; with the invitations that were read last."""
    return tuple(line for change in changes for line in _lines(directory, change))


def _lines(directory: Directory, change: Change) -> Iterator[str]:
    path, fields = change.key.path, change.after or {}
    for row in lost_with(directory, change):
        text = f"role {row.role}, made by <{path[0]}>"
        yield f"DELETE /api/auth/invitations/{row.id} ({text})"
    if INVITED in {**(change.before or {}), **fields}:
        yield from _invitation(directory, change)
        return
    match change.key.kind, change.action:
        case "membership", "create":
            yield f"POST /api/vps/<{path[0]}>/assign [<{path[2]}>]"
        case "membership", _:
            yield f"DELETE /api/vps/<{path[0]}>/assign/<{path[2]}>"
        case "server", _:
            rows = open_of_strangers(directory)
            for title in sorted(rows.keys() & fields.keys()):
                yield f"DELETE /api/auth/invitations/{rows[title].id} ({title})"
        case _, "create":
            yield from _registration(change)
        case _, "update":
            body = {_NAMES[field]: value for field, value in fields.items()}
            yield f"PATCH /api/auth/users/<{path[0]}> {_text(body)}"
        case _:
            yield f"DELETE /api/vps/*/assign/<{path[0]}> (every VPS that is assigned)"
            yield f"DELETE /api/auth/users/<{path[0]}>"


def _invitation(directory: Directory, change: Change) -> Iterator[str]:
    name, level = change.key.path[0], (change.after or {}).get(INVITED)
    old = directory.invited.matched(directory.invitations).get(name)
    if isinstance(level, str):
        old = old if change.before else left_behind(directory, name, level)
    if old is not None:
        yield f"DELETE /api/auth/invitations/{old.id} (role {old.role}, made for <{name}>)"
    if level is not None:
        hours = directory.client.options.invitation_hours
        body = {"expires_hours": hours, "max_usage": 1, "role": level}
        yield f"POST /api/auth/invitations {_text(body)} (for <{name}>)"


def _registration(change: Change) -> Iterator[str]:
    name, fields = change.key.path[0], change.after or {}
    invitation = {"expires_hours": 1, "max_usage": 1, "role": fields["level"]}
    yield f"POST /api/auth/invitations {_text(invitation)}"
    body: dict[str, object] = {"username": name, "password": "***"}
    if fields.get("name"):
        body["display_name"] = fields["name"]
    yield f"POST /api/auth/register?token=*** {_text(body)}"
    if fields.get(API_TOKEN):
        yield f"POST /api/auth/tokens/create (as <{name}>)"
    yield f"POST /api/auth/logout (as <{name}>)"


def _text(body: object) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True)
