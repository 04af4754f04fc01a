"""Changes as the requests that will be sent, for a reviewer: names for ids, and no password."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from reconciler.changes import Change
from reconciler.passwords import asked_password
from reconciler.providers.mobiusflow.levels import KNOWN, switches_of_level
from reconciler.providers.mobiusflow.limits import verbs_of
from reconciler.providers.mobiusflow.options import MobiusFlowOptions

_HIDDEN = "***"


def preview(options: MobiusFlowOptions, changes: Sequence[Change]) -> tuple[str, ...]:
    """At least one line for each change, in order."""
    lines = _lines_v1 if options.dialect == "v1" else _lines_v3
    return tuple(line for change in changes for line in lines(options, change))


def _lines_v1(options: MobiusFlowOptions, change: Change) -> Iterator[str]:
    del options
    name, after = change.key.path[-1], change.after or {}
    if change.action == "delete":
        yield f"DELETE /auth/user/<{name}>"
        return
    nothing = dict.fromkeys(sorted(KNOWN), False)
    is_shut_out = after.get("active") is False or "level" not in after
    roles = nothing if is_shut_out else switches_of_level(str(after["level"]), KNOWN)
    if change.action == "create":
        body = {"username": name, "password": _HIDDEN, "roles": roles}
        yield f"POST /auth/user {_text(body)}"
        return
    if {"active", "level"} & after.keys():
        yield f"PATCH /auth/user/roles/<{name}> {_text({'roles': roles})}"
    if asked_password(change):
        yield f"PATCH /auth/user/password/<{name}> {_text({'password': _HIDDEN})}"


def _lines_v3(options: MobiusFlowOptions, change: Change) -> Iterator[str]:
    name, after = change.key.path[-1], change.after or {}
    level = options.level_names().get(str(after.get("level")), "")
    values: Mapping[str, object] = {
        "id": f"<{name}>",
        "username": name,
        "password": _HIDDEN,
        "role": level,
        "active": after.get("active"),
    }
    table = options.table()
    for verb in verbs_of(change):
        route = table[verb]
        path = route.path.replace("{id}", f"<{name}>").replace("{username}", f"<{name}>")
        body = route.body_for(values)
        mark = "" if route.is_verified else "  (unverified)"
        yield f"{route.method} /{path}{'' if body is None else ' ' + _text(body)}{mark}"


def _text(body: object) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True)
