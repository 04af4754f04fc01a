"""Graphistry, self-hosted: users with their levels, members of organisations, sign-up switches.

Graphistry documents no API for any of this, and has one way in that its vendor shows: Python that
is piped into `manage.py shell` of its Django project, nexus. The provider's parts: `options` and
`check` (no I/O), `channel` (running the operator's command), `envelope` (what goes in and comes
out), `remote` (what runs there), `shell` (calls and errors), `accounts` (users as they are
sent), `observe` and `normalize`, `remarks` (what plans and doctor say beside), and to apply:
`apply` (the order), `writes` and `parting` (what leavers have beside: `rest` logs them out, `keys`
and `scripts` run the product's scripts, with names put into `argv`; `answering` asks both).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from reconciler.provider import Options, Provider, ProviderType
from reconciler.providers.graphistry.accounts import LEVELS
from reconciler.providers.graphistry.check import check
from reconciler.providers.graphistry.options import GraphistryOptions
from reconciler.scope import Capabilities


def _open(target: str, options: Options) -> Provider:
    from reconciler.providers.graphistry.provider import open_graphistry  # what it needs is slow

    assert isinstance(options, GraphistryOptions)
    return open_graphistry(target, options)


def _able(options: Options) -> Capabilities:
    """Sessions are ended through the REST API alone."""
    assert isinstance(options, GraphistryOptions)
    return PROVIDER.capabilities if options.url else replace(PROVIDER.capabilities, sessions=False)


PROVIDER: Final = ProviderType(
    name="graphistry",
    capabilities=Capabilities(
        roles=False,
        standing_roles=True,
        roles_in_servers=True,
        levels=tuple(LEVELS),
        disabled={"active": False},
        passwords="always",
        administrator={"level": "admin"},
        sessions=True,
        heirs=True,
        tokens=True,
        profile=("name", "email"),
    ),
    options=GraphistryOptions,
    check=check,
    open=_open,
    able=_able,
    words={
        "target": "an installation of Graphistry",
        "server": "an organisation, by its ID; it has to be there",
        "user": "a user; the flags staff and superuser are the levels `staff` and `admin`",
        "group": "nothing of its own: its members hold the role",
        "role": "a level; or, with a server, a role that members of the organisation can have",
        "grant": "the level; or being a member of the organisation in this role",
    },
)
