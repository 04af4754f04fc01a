"""Finds the provider of a name; the one list of all providers.

Here belongs one line for each kind of target. Importing this module imports no provider: each is
imported when its name is asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Final

from reconciler.provider import ProviderType

_MODULES: Final[Mapping[str, str]] = {
    "flowauth": "reconciler.providers.flowauth",
    "graphistry": "reconciler.providers.graphistry",
    "kohakuriver": "reconciler.providers.kohakuriver",
    "memory": "reconciler.providers.memory",
    "mobiusflow": "reconciler.providers.mobiusflow",
    "postgres": "reconciler.providers.postgres",
    "scim": "reconciler.providers.scim",
}

NAMES: Final = tuple(sorted(_MODULES))


def provider_type(name: str) -> ProviderType:
    """What is known of this kind of provider. KeyError for a name that is not in `NAMES`."""
    module = importlib.import_module(_MODULES[name])
    found: ProviderType = module.PROVIDER
    return found
