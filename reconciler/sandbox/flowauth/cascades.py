"""What FlowAuth removes and relinks together with a row."""

from collections.abc import Iterable
from dataclasses import replace

from reconciler.sandbox.flowauth.settings import Backend
from reconciler.sandbox.flowauth.table import DatabaseRefusedError
from reconciler.sandbox.flowauth.tables import ServerRow, Tables


def delete_user(tables: Tables, user_id: int) -> None:
    """Remove a user with its role links, tokens and second factor."""
    for token in tables.tokens.listed():
        if token.user_id == user_id:
            _delete_token(tables, token.id)
    tables.members = {link for link in tables.members if link[0] != user_id}
    tables.grouped.forget_user(user_id)
    tables.users.delete(user_id)


def delete_scope(tables: Tables, scope_id: int) -> None:
    """Remove a scope, silently also from every role that holds it."""
    tables.role_scopes = {link for link in tables.role_scopes if link[1] != scope_id}
    tables.scopes.delete(scope_id)


def delete_role(tables: Tables, role_id: int, backend: Backend) -> None:
    """Remove a role; its users lose it.

    PostgreSQL refuses when a token was minted with the role (the link table of era D has no
    cascade); sqlite checks no foreign keys, and the link row stays behind as an orphan.
    """
    if backend == "postgres" and any(role == role_id for _, role in tables.token_roles):
        raise DatabaseRefusedError("tokens_with_roles still refers to the role")
    tables.members = {link for link in tables.members if link[1] != role_id}
    tables.role_scopes = {link for link in tables.role_scopes if link[0] != role_id}
    tables.roles.delete(role_id)


def delete_server(tables: Tables, server_id: int, backend: Backend) -> None:
    """Remove a server with its tokens, roles and scopes; users stay."""
    for token in tables.tokens.listed():
        if token.server_id == server_id:
            _delete_token(tables, token.id)
    for role in tables.roles_of_server(server_id):
        delete_role(tables, role.id, backend)
    for scope in tables.scopes_of_server(server_id):
        delete_scope(tables, scope.id)
    tables.grouped.forget_server(server_id)
    tables.servers.delete(server_id)


def renumber_server(tables: Tables, server: ServerRow, old_id: int) -> None:
    """Store a server under another id; its scopes, roles and tokens follow."""
    tables.servers.update(server, old_id)
    if server.id == old_id:
        return
    for scope in tables.scopes_of_server(old_id):
        tables.scopes.update(replace(scope, server_id=server.id))
    for role in tables.roles_of_server(old_id):
        tables.roles.update(replace(role, server_id=server.id))
    for token in tables.tokens.listed():
        if token.server_id == old_id:
            tables.tokens.update(replace(token, server_id=server.id))


def set_user_roles(tables: Tables, user_id: int, role_ids: Iterable[int]) -> None:
    """Make these the complete roles of a user; raises DatabaseRefusedError for a vanished role."""
    wanted = set(role_ids)
    if any(role_id not in tables.roles for role_id in wanted):
        raise DatabaseRefusedError("a role vanished before the commit")
    kept = {link for link in tables.members if link[0] != user_id}
    tables.members = kept | {(user_id, role_id) for role_id in wanted}


def _delete_token(tables: Tables, token_id: int) -> None:
    tables.token_roles = {link for link in tables.token_roles if link[0] != token_id}
    tables.tokens.delete(token_id)
