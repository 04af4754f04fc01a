"""The other files of an imported manifest: those that are to be used together with it.

Here belongs what they have that the new file must not have again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from reconciler.importing.yaml_text import flow
from reconciler.manifest.load import parse_manifest
from reconciler.manifest.models import User
from reconciler.scope import Capabilities

Texts = Mapping[str, str | bytes]

NEW: Final = "~new manifest (see --name)"
"""The name of the new file, which comes after those of others: what is twice is so in this one."""


@dataclass(frozen=True, slots=True)
class Beside:
    """The other files, by name, with the capabilities of their providers by name.

    `users` has by the name of their account on the new target those whom the files declare, each
    with key and entry; `folded` has the keys by keys and accounts in small letters; `roles` are the
    names of their roles.
    """

    texts: Texts = field(default_factory=dict)
    capabilities: Mapping[str, Capabilities] = field(default_factory=dict)
    users: Mapping[str, tuple[str, User]] = field(default_factory=dict)
    folded: Mapping[str, str] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()

    def rival(self, account: str) -> str:
        """The user of the files whom a user of this name would be taken for; empty for none."""
        return "" if account in self.users else self.folded.get(account.casefold(), "")

    def user_key(self, account: str) -> str:
        """The key of the user whose account this is."""
        return self.users[account][0] if account in self.users else account


ALONE = Beside()
"""There are no other files."""


def beside(
    texts: Texts, target: str, provider: str, capabilities: Mapping[str, Capabilities]
) -> Beside:
    """These files as a new target of this name and kind meets them: they may name it already.

    Raises ManifestError with every fault of them.
    """
    stub = f"version: 1\ntargets: {flow({target: {'provider': provider}})}\n"
    manifest = parse_manifest({**texts, NEW: stub}).manifest
    users = {entry.account_name(key, target): (key, entry) for key, entry in manifest.users.items()}
    return Beside(
        texts=texts,
        capabilities=capabilities,
        users=users,
        folded={each.casefold(): key for name, (key, _) in users.items() for each in (name, key)},
        roles=frozenset(manifest.roles),
    )
