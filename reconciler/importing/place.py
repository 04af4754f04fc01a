"""The target of an imported manifest, as the manifest is to have it. The value alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from reconciler.importing.yaml_text import Data


@dataclass(frozen=True, slots=True)
class Place:
    """The target's name, kind and options; `options` hold references and no secrets.

    `attributes` are those that its provider lets a manifest set.
    """

    target: str
    provider: str
    options: Mapping[str, Data]
    attributes: Collection[str] = ()
