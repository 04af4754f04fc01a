"""PostgreSQL: roles of a cluster, their memberships, privileges and default privileges.

The provider's parts: `options` and `check` (no I/O), `observe` (catalog to State), `normalize`
(manifest spelling to catalog spelling), `statements` (changes to SQL), `apply` (the order of steps)
and `transactions` (running SQL). Importing this package does not import psycopg: `open` does.
"""

from __future__ import annotations

from typing import Final

from reconciler.provider import Options, Provider, ProviderType
from reconciler.providers.postgres.check import ATTRIBUTES, check
from reconciler.providers.postgres.options import PostgresOptions
from reconciler.scope import Capabilities
from reconciler.state import USUAL_EDGE


def _open(target: str, options: Options) -> Provider:
    from reconciler.providers.postgres.provider import open_postgres  # psycopg is slow to import

    assert isinstance(options, PostgresOptions)
    return open_postgres(target, options)


def _password_fault(value: str) -> tuple[str, str] | None:
    from reconciler.providers.postgres.verifiers import password_fault  # only some manifests

    return password_fault(value)


PROVIDER: Final = ProviderType(
    name="postgres",
    capabilities=Capabilities(
        groups=True,
        inheritance=True,
        foreign_roles=True,
        privileges=True,
        disabled={"login": False},
        passwords="by_option",
        transactions=True,
        attributes=tuple(sorted(ATTRIBUTES)),
        administrator={"superuser": True},
        sessions=True,
        settings=True,
        row_security=True,
        heirs=True,
        given_passwords=True,
        edge_options=tuple(USUAL_EDGE),
        objects=True,
    ),
    options=PostgresOptions,
    check=check,
    open=_open,
    password_fault=_password_fault,
    words={
        "target": "a cluster",
        "server": "a database of the cluster",
        "user": "a role with LOGIN",
        "group": "a role with NOLOGIN whose members are its users and inner groups",
        "role": "a role with NOLOGIN that holds privileges and is a member of what it inherits",
        "grant": "membership of the user's or group's role in the role",
    },
)
