"""Changes as the requests that a reviewer reads."""

from __future__ import annotations

from reconciler.changes import Change
from reconciler.providers.flowauth.preview import preview
from reconciler.state import Key

LIMITS = {"token_expires": "2030-01-01T00:00:00Z", "token_life_minutes": 60}
MEMBERSHIP = Key("membership", ("store", "reader", "amina"))


def test_every_kind_of_change_reads_as_its_request_with_names_and_without_passwords() -> None:
    server, role = Key("server", ("store",)), Key("role", ("store", "reader"))
    account = Key("account", ("amina",))
    changes = [
        Change("create", server, None, {**LIMITS, "scopes": ("run",)}),
        Change("update", server, {"scopes": ()}, {"scopes": ("a", "b")}),
        Change("update", server, {"token_life_minutes": 1}, {"token_life_minutes": 2}),
        Change("create", role, None, {**LIMITS, "scopes": ("run",)}),
        Change("create", account, None, {"level": "admin"}),
        Change("update", role, {"scopes": ()}, {"scopes": ("run",)}),
        Change("update", account, {"level": "admin"}, {"level": "user"}),
        Change("create", MEMBERSHIP, None, {}),
        Change("delete", MEMBERSHIP, {}, None),
        Change("delete", account, {}, None),
        Change("delete", role, {}, None),
        Change("delete", server, {}, None),
    ]

    assert preview(changes) == (
        'POST /admin/servers {"latest_token_expiry": "2030-01-01T00:00:00.000000Z", '
        '"longest_token_life_minutes": 60, "name": "store"}',
        'POST /admin/servers/<store>/scopes {"scopes": ["run"]}',
        'POST /admin/servers/<store>/scopes {"scopes": ["a", "b"]}',
        'PATCH /admin/servers/<store> {"longest_token_life_minutes": 2, "name": "store"}',
        'POST /roles/ {"latest_token_expiry": "2030-01-01T00:00:00.000000Z", '
        '"longest_token_life_minutes": 60, "name": "reader", "scopes": ["run"], '
        '"server_id": "<store>"}',
        'POST /admin/users {"is_admin": true, "password": "***", "username": "amina"}',
        'PATCH /roles/<reader> {"scopes": ["run"]}',
        'PATCH /admin/users/<amina> {"is_admin": false}',
        'PATCH /admin/users/<amina> roles: +"reader" of server "store"',
        'PATCH /admin/users/<amina> roles: -"reader" of server "store"',
        "DELETE /admin/users/<amina>",
        "DELETE /roles/<reader>",
        "DELETE /admin/servers/<store>",
    )
