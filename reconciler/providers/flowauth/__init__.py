"""FlowAuth, FlowKit's token authority: servers, roles, users.

The provider's parts: `options` and `check` (no I/O), `client` (session and errors), `api` (routes
and their shapes), `observe` and `normalize`, and to apply: `apply` (the order), `servers`, `roles`,
`users`, with `directory` (names to ids). What it shares with others: `http_connection`, `settling`
(what became of a write) and `one_by_one` (outcomes), beside the folders of the providers.
Importing this package does not import httpx: `open` does.
"""

from __future__ import annotations

from typing import Final

from reconciler.provider import Options, Provider, ProviderType
from reconciler.providers.flowauth.check import check
from reconciler.providers.flowauth.options import FlowAuthOptions
from reconciler.scope import Capabilities


def _open(target: str, options: Options) -> Provider:
    from reconciler.providers.flowauth.provider import open_flowauth  # httpx is slow to import

    assert isinstance(options, FlowAuthOptions)
    return open_flowauth(target, options)


def _password_fault(value: str) -> tuple[str, str] | None:
    from reconciler.providers.flowauth.users import password_fault  # only some manifests

    return password_fault(value)


PROVIDER: Final = ProviderType(
    name="flowauth",
    capabilities=Capabilities(
        scopes=True,
        levels=("user", "admin"),
        managed_servers=True,
        roles_in_servers=True,
        passwords="always",
        given_passwords=True,
        administrator={"level": "admin"},
        tokens=True,
    ),
    options=FlowAuthOptions,
    check=check,
    password_fault=_password_fault,
    open=_open,
    words={
        "target": "a FlowAuth instance",
        "server": "a server with its scopes and the limits of its tokens",
        "user": "a user; the admin flag is the level `admin`",
        "group": "nothing of its own: its members hold the role",
        "role": "a role of one server with its scopes",
        "grant": "the role in the user's list of roles",
    },
)
