"""PATCH /roles/ID in two steps, as SQLAlchemy does it: plan from what was read, commit later.

Between the steps other writers may commit. What they added is then kept or removed by accident,
and a link that vanished makes the commit fail: this is how role.users loses updates.
"""

from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.sandbox.flowauth.columns import integer_value, looked_up_id, parse_date, text_value
from reconciler.sandbox.flowauth.responses import crashed, refused
from reconciler.sandbox.flowauth.settings import FlowAuthSettings
from reconciler.sandbox.flowauth.table import DatabaseRefusedError, UniqueViolationError
from reconciler.sandbox.flowauth.tables import RoleRow, ServerRow, Tables

_KEYS = ("id", "name", "users", "scopes", "latest_token_expiry", "longest_token_life_minutes")


@dataclass(frozen=True, slots=True)
class LinkEdit:
    """Ids to link with a role, and ids to unlink from it."""

    added: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleEdit:
    """A change of a role, worked out from one view of the state."""

    before: RoleRow
    after: RoleRow
    users: LinkEdit
    scopes: LinkEdit


def plan_role_edit(
    view: Tables, role: RoleRow, body: dict[str, object], settings: FlowAuthSettings
) -> RoleEdit:
    """What the body asks for; raises RefusedError or DatabaseRefusedError for what cannot be."""
    for key in body:
        if key not in _KEYS:
            raise refused(f"Invalid key {key} in PATCH request.")
    after = _with_columns(role, body, settings)
    users, scopes = LinkEdit(), LinkEdit()
    if "users" in body:
        ids = _strict_ids(body["users"], view.users, settings)
        users = _link_edit(view.users_of_role(role.id), ids)
    if "scopes" in body:
        ids = _strict_ids(body["scopes"], view.scopes, settings)
        check_scopes(view, role.server_id, ids)
        scopes = _link_edit(view.scopes_of_role(role.id), ids)
    server = view.servers.get(role.server_id)
    if server is not None:
        check_limits(
            server,
            after.latest_token_expiry if "latest_token_expiry" in body else None,
            after.longest_token_life_minutes if "longest_token_life_minutes" in body else None,
        )
    return RoleEdit(role, after, users, scopes)


def commit_role_edit(tables: Tables, edit: RoleEdit) -> None:
    """Apply an edit to the state as it is by now.

    Raises DatabaseRefusedError when something to change has vanished and UniqueViolationError
    when a link to add is there already.
    """
    row = tables.roles.get(edit.before.id)
    if row is None:
        raise DatabaseRefusedError("the role vanished before the commit")
    if any(user_id not in tables.users for user_id in edit.users.added):
        raise DatabaseRefusedError("a user vanished before the commit")
    if any(scope_id not in tables.scopes for scope_id in edit.scopes.added):
        raise DatabaseRefusedError("a scope vanished before the commit")
    tables.roles.update(_with_changed_columns(row, edit))
    added = [(user_id, row.id) for user_id in edit.users.added]
    removed = [(user_id, row.id) for user_id in edit.users.removed]
    _relink(tables.members, added, removed)
    added = [(row.id, scope_id) for scope_id in edit.scopes.added]
    removed = [(row.id, scope_id) for scope_id in edit.scopes.removed]
    _relink(tables.role_scopes, added, removed)


def role_expiry(value: object, settings: FlowAuthSettings) -> datetime | None:
    """A role's expiry: era D stores null for a missing, null or empty one, era C crashes."""
    if settings.era == "D" and (value is None or value == ""):
        return None
    return parse_date(value)


def check_scopes(tables: Tables, server_id: int, scope_ids: tuple[int, ...]) -> None:
    """Refuse scopes of another server."""
    own = {scope.id for scope in tables.scopes_of_server(server_id)}
    if not own.issuperset(scope_ids):
        raise refused("Scope server must match role server")


def check_limits(server: ServerRow, expiry: datetime | None, life: int | str | None) -> None:
    """Refuse limits greater than the server's; equal ones and None pass."""
    latest = server.latest_token_expiry
    if expiry is not None and latest is not None and expiry > latest:
        raise refused("Role cannot exist past latest token in server")
    if life is None:
        return
    longest = server.longest_token_life_minutes
    if isinstance(life, str) or isinstance(longest, str):
        raise crashed()
    if life > longest:
        raise refused("Role cannot have a maximum lifetime greater than server")


def _with_columns(role: RoleRow, body: dict[str, object], settings: FlowAuthSettings) -> RoleRow:
    if "name" in body:
        role = replace(role, name=text_value(body["name"]))
    if "latest_token_expiry" in body:
        expiry = role_expiry(body["latest_token_expiry"], settings)
        role = replace(role, latest_token_expiry=expiry)
    if "longest_token_life_minutes" in body:
        life = integer_value(body["longest_token_life_minutes"], settings.backend)
        role = replace(role, longest_token_life_minutes=life)
    return role


def _with_changed_columns(row: RoleRow, edit: RoleEdit) -> RoleRow:
    """The row with those columns that the edit changes; the others stay as others left them."""
    before, after = edit.before, edit.after
    if after.name != before.name:
        row = replace(row, name=after.name)
    if after.latest_token_expiry != before.latest_token_expiry:
        row = replace(row, latest_token_expiry=after.latest_token_expiry)
    if after.longest_token_life_minutes != before.longest_token_life_minutes:
        row = replace(row, longest_token_life_minutes=after.longest_token_life_minutes)
    return row


def _strict_ids(
    values: object, known: Container[int], settings: FlowAuthSettings
) -> tuple[int, ...]:
    if not isinstance(values, list):
        raise crashed()
    ids = tuple(looked_up_id(value, settings.backend) for value in values)
    if any(row_id not in known for row_id in ids):
        raise DatabaseRefusedError("an unknown id")
    return ids


def _link_edit(linked: list[int], wanted: tuple[int, ...]) -> LinkEdit:
    if len(set(wanted)) != len(wanted):
        raise UniqueViolationError("an id is listed twice")
    added = tuple(row_id for row_id in wanted if row_id not in linked)
    return LinkEdit(added, tuple(row_id for row_id in linked if row_id not in wanted))


def _relink(
    links: set[tuple[int, int]], added: list[tuple[int, int]], removed: list[tuple[int, int]]
) -> None:
    if not links.issuperset(removed):
        raise DatabaseRefusedError("a link to remove has vanished")
    if not links.isdisjoint(added):
        raise UniqueViolationError("a link to add is there already")
    links.difference_update(removed)
    links.update(added)
