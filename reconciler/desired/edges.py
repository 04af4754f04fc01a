"""Options of memberships, as several lines ask for them, and where a target has none.

Here belongs what options mean together. Which memberships there are is `holders` and `roles`.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.desired.records import Records
from reconciler.desired.view import TargetView
from reconciler.manifest.edges import edge_options
from reconciler.scope import Path
from reconciler.state import USUAL_EDGE, Fields, Key


def add_edge(records: Records, key: Key, options: Fields, *paths: Path) -> None:
    """Add a membership. Where several lines ask for it, it has each option that one of them gives.

    Only options that are not as usual are said.
    """
    present = records.fields.get(key)
    if present is None:
        records.fields[key] = dict(options)
        records.paths[key] = paths
        return
    if not present and not options:
        records.add(key, options, *paths)
        return
    records.add(key, {}, *paths)
    records.fields[key] = dict(_joined(present, options))


def _joined(one: Fields, other: Fields) -> Iterator[tuple[str, bool]]:
    for name, usual in USUAL_EDGE.items():
        value = bool(one.get(name, usual) or other.get(name, usual))
        if value != usual:
            yield name, value


def refuse_options(view: TargetView, records: Records) -> None:
    """Refuse options where the target's memberships have none, in grants of whatever time."""
    if view.capabilities.edge_options:
        return
    for path, options in _said(view):
        for name in options:
            text = f"a membership has no option {name}"
            records.refuse((*path, name), text, "leave it out")


def _said(view: TargetView) -> Iterator[tuple[Path, Fields]]:
    for index, grant in enumerate(view.manifest.grants):
        if grant.role in view.roles:
            yield ("grants", index), edge_options(grant)
    for name, role in view.roles.items():
        for index, entry in enumerate(role.inherits):
            yield ("roles", name, "inherits", index), edge_options(entry)
