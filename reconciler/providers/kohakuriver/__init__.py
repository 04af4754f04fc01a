"""KohakuRiver: accounts of a host with their levels, and who is assigned to which VPS.

The provider's parts: `options` and `check` (no I/O), `client` (whom we speak as, answers told
apart), `api` (routes and their shapes), `directory` (what was read last), `observe`, `normalize`,
`invitations` and `guards` (what stands before a write), `pending` and `standing` (people whom we
invited), `strangers` (open invitations of others), and to apply: `apply` (the order),
`registering`, `tokens` and `inviting` (new accounts), `users`, `assignments`.
Source: KohakuRiver, its host's API as of commit 6506617 (2026-02-10).
Importing this package does not import httpx: `open` does.
"""

from __future__ import annotations

from typing import Final

from reconciler.provider import Options, Provider, ProviderType
from reconciler.providers.kohakuriver.check import check
from reconciler.providers.kohakuriver.options import KohakuRiverOptions
from reconciler.providers.kohakuriver.words import API_TOKEN, LEVELS
from reconciler.scope import Capabilities


def _open(target: str, options: Options) -> Provider:
    from reconciler.providers.kohakuriver.provider import open_kohakuriver  # httpx is slow

    assert isinstance(options, KohakuRiverOptions)
    return open_kohakuriver(target, options)


PROVIDER: Final = ProviderType(
    name="kohakuriver",
    capabilities=Capabilities(
        levels=LEVELS,
        roles_in_servers=True,
        disabled={"active": False},
        passwords="always",
        attributes=(API_TOKEN,),
        profile=("name",),
        administrator={"level": "admin"},
        sessions_end=True,
    ),
    options=KohakuRiverOptions,
    check=check,
    open=_open,
    words={
        "target": "a KohakuRiver host",
        "server": "a VPS that is there, by its name or its task_id",
        "user": "an account",
        "group": "nothing of its own: its members hold the role",
        "role": "a level of the account (anony, viewer, user, operator, admin); on a server, being "
        "assigned to the VPS",
        "grant": "the account's level; on a server, an assignment",
    },
)
