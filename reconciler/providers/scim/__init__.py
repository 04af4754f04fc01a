"""SCIM 2.0: users and groups of any service that speaks it, such as Keycloak or Databricks.

The provider's parts: `options` and `check` (no I/O), `client` (answers told apart), `features`
(what the service says it can do) with `shapes` (what its resources may have), `resources` (users
and groups as they are sent), `marks` (whose they are), `listing` (reading all of a kind),
`observe`, `normalize` and `examine`, and to apply: `apply` (the order), `users` and `members`, with
`directory` (names to ids) on its `shelf`s.
Sources: RFC 7643 (schemas), RFC 7644 (protocol).
"""

from __future__ import annotations

from typing import Final

from reconciler.provider import Options, Provider, ProviderType
from reconciler.providers.scim.check import check
from reconciler.providers.scim.options import ScimOptions
from reconciler.providers.scim.resources import ATTRIBUTES
from reconciler.scope import Capabilities


def _open(target: str, options: Options) -> Provider:
    from reconciler.providers.scim.provider import open_scim  # httpx is slow to import

    assert isinstance(options, ScimOptions)
    return open_scim(target, options)


PROVIDER: Final = ProviderType(
    name="scim",
    capabilities=Capabilities(
        disabled={"active": False},
        attributes=tuple(sorted(ATTRIBUTES)),
        profile=("name", "email"),
    ),
    options=ScimOptions,
    check=check,
    open=_open,
    words={
        "target": "a service, or one tenant of it",
        "server": "nothing: its roles name the target",
        "user": "a User; its userName is the name of the account",
        "group": "nothing of its own: its members hold the role",
        "role": "a Group; its displayName is the name of the role",
        "grant": "being a member of the Group",
    },
)
