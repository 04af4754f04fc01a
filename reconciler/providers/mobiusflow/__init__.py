"""MobiusFlow, an engine for building data: its users, by both generations of its Engine API.

The provider's parts: `options`, `routes` and `check` (no I/O), `levels` (which rights are which
level), `sessions` and `client` (signing in, answers told apart), `rows` (users as they are read),
`dialects` with `v1` and `v3` (requests), `normalize`, `limits` (what a plan is told), and to apply:
`apply` and `guards`.
Sources: the vendor's API description "MobiusFlow API" 1.2.3 (v1), its request collection for the
Engine API v3, and the manual of Toolbox 3, "User Management".
"""

from __future__ import annotations

from typing import Final

from reconciler.provider import Options, Provider, ProviderType
from reconciler.providers.mobiusflow.check import check
from reconciler.providers.mobiusflow.levels import LEVELS, TOP
from reconciler.providers.mobiusflow.options import MobiusFlowOptions
from reconciler.scope import Capabilities


def _open(target: str, options: Options) -> Provider:
    from reconciler.providers.mobiusflow.provider import open_mobiusflow  # httpx is slow to import

    assert isinstance(options, MobiusFlowOptions)
    return open_mobiusflow(target, options)


def _password_fault(value: str) -> tuple[str, str] | None:
    from reconciler.providers.passwords import text_fault  # only some manifests

    return text_fault(value)


PROVIDER: Final = ProviderType(
    name="mobiusflow",
    capabilities=Capabilities(
        roles=False,
        levels=LEVELS,
        administrator={"level": TOP},
        disabled={"active": False},
        passwords="always",
        given_passwords=True,
    ),
    options=MobiusFlowOptions,
    check=check,
    password_fault=_password_fault,
    open=_open,
    words={
        "target": "a MobiusFlow engine",
        "server": "nothing: its roles name the target",
        "user": "a user; the level is the role that MobiusFlow shows",
        "group": "nothing of its own: its members have the level",
        "role": "a level: viewer, editor or administrator",
        "grant": "having at least this level",
    },
)
