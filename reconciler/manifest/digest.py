"""The digest of what a manifest says, whatever it looks like."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from reconciler.manifest.merge import SECTIONS, VERSION, Merged
from reconciler.manifest.yaml_values import YamlMap, YamlValue


def digest_of(merged: Merged) -> str:
    """SHA-256, in hexadecimal, of what a valid manifest says.

    Format, comments, order of keys and of grants, split into files, and sections without entries
    make no difference. The order of other lists does.
    """
    sections = {name: merged.entries[name] for name in SECTIONS if merged.entries[name]}
    grants = sorted(merged.grants, key=_grant_order)
    content = {"version": VERSION, **sections, "grants": grants}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


_GRANT_KEYS: Final = ("user", "group", "role", "from", "until", "admin", "inherit", "set")
"""Two grants of a valid manifest differ in one of these."""


def _grant_order(grant: YamlValue) -> tuple[str, ...]:
    assert isinstance(grant, YamlMap), "digests are made of valid manifests"
    get = grant.get
    if len(grant) == 2 and (user := get("user")) is not None:  # nearly all: user and role alone
        return str(user), "", str(get("role"))  # sorts as if empty texts followed
    return tuple([str(get(key, "")) for key in _GRANT_KEYS])  # a generator takes half as long again
