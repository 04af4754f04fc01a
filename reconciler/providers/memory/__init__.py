"""Memory: a target that lives in one JSON file, for trying the program out and for its tests.

It is a whole provider: it refuses what does not fit, writes change by change and takes a lock.
Nothing but this program uses its file. The parts: `options`, `check` (no I/O), `document` (file to
State and back), `store` (the file itself), `normalize`, and `provider`.
"""

from __future__ import annotations

from typing import Final

from reconciler.provider import Options, Provider, ProviderType
from reconciler.providers.memory.check import ATTRIBUTES, check
from reconciler.providers.memory.options import MemoryOptions
from reconciler.providers.memory.provider import MemoryProvider
from reconciler.providers.memory.store import FileStore
from reconciler.scope import Capabilities


def _open(target: str, options: Options) -> Provider:
    assert isinstance(options, MemoryOptions)
    return MemoryProvider(target, FileStore(target, options.state))


PROVIDER: Final = ProviderType(
    name="memory",
    capabilities=Capabilities(
        groups=True,
        inheritance=True,
        foreign_roles=True,
        privileges=True,
        levels=("user", "admin"),
        disabled={"enabled": False},
        attributes=tuple(sorted(ATTRIBUTES)),
        administrator={"level": "admin"},
    ),
    options=MemoryOptions,
    check=check,
    open=_open,
    words={
        "target": "a JSON file",
        "server": "a database in the file's inventory of objects",
        "user": "an account",
        "group": "a group that holds accounts and groups",
        "role": "a role that holds privileges and may be in other roles",
        "grant": "membership of an account or a group in the role",
    },
)
