"""The manifest as it would be if one of its users had left. Pure.

Here belong finding the user whom somebody names, and the line that says it. What follows from it on
a target is `reconciler.leaving`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reconciler.errors import UsageError
from reconciler.manifest.load import LoadedManifest
from reconciler.manifest.models import Manifest
from reconciler.source import Source, suggest

DEPARTED: Final = "departed"


def check_user(manifest: Manifest, name: str) -> None:
    """Raises UsageError where no user of the manifest has exactly this name.

    An address or the name of an account is not enough: it is a hint at whom may be meant, for the
    access of a wrong person is quickly gone.
    """
    if name in manifest.users:
        return
    also = sorted(_also_called(manifest, name))
    if also:
        hint = f"it belongs to {' and '.join(also)}: say the name in the manifest."
    else:
        hint = suggest(name, manifest.users) or "the name is that of `users` in the manifest."
    raise UsageError(
        f'the manifest has no user "{name}"; {hint} Nothing was read and nothing was written.'
    )


def _also_called(manifest: Manifest, word: str) -> Iterator[str]:
    """The users whose address or whose account on some target this is."""
    for key, user in manifest.users.items():
        accounts = {user.account_name(key, target) for target in user.accounts}
        if word.casefold() == (user.email or "").casefold() or word in accounts:
            yield key


def departed(loaded: LoadedManifest, name: str) -> LoadedManifest:
    """The manifest in which this user has left. Its digest is that of the manifest with that line;
    the places are those of the manifest as it is.
    """
    manifest = loaded.manifest
    gone = manifest.users[name].model_copy(update={"state": DEPARTED})
    users = {**manifest.users, name: gone}
    return loaded.with_user(manifest.model_copy(update={"users": users}), name, "state", DEPARTED)


def line_to_change(loaded: LoadedManifest, name: str) -> Source:
    """Where the manifest says the state of this user, or should."""
    return loaded.source("users", name, "state")


def answered_for(manifest: Manifest, name: str) -> tuple[str, ...]:
    """The active users for whom this one answers, sorted: mostly service accounts."""
    return tuple(
        sorted(
            key
            for key, user in manifest.users.items()
            if user.owner == name and user.state == "active"
        )
    )
