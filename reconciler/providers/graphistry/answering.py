"""Asks the means beside Django's shell: which personal keys leavers have, and what answers at all.

Here belong reading calls for plans and doctor, put into words. Nothing here ends anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from reconciler.changes import Change
from reconciler.errors import TargetError
from reconciler.provider import ENDS, Warned
from reconciler.providers.graphistry.accounts import is_shut_out
from reconciler.providers.graphistry.keys import described, listed_keys
from reconciler.providers.graphistry.observe import Sight
from reconciler.providers.graphistry.options import GraphistryOptions
from reconciler.providers.graphistry.rest import Rest
from reconciler.providers.graphistry.scripts import ScriptError
from reconciler.state import Key

_AT_ONCE: Final = 4
"""Scripts side by side: each may start Django anew."""


def keys_of_leavers(
    options: GraphistryOptions, changes: Sequence[Change]
) -> Mapping[str, Warned | None]:
    """By user who is shut out what is to be said of their personal keys; None where they have none.

    Empty without a script.
    """
    names = sorted({each.key.path[0] for each in changes if is_shut_out(each)})
    if not (options.keys_command and names):
        return {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        said = pool.map(partial(_keys_of, options), names)
        return dict(zip(names, said, strict=True))


def _keys_of(options: GraphistryOptions, name: str) -> Warned | None:
    keys = (Key("account", (name,)),)
    try:
        found = listed_keys(options, name)
    except ScriptError as error:
        text = f'the personal keys of "{name}" cannot be listed, and may stay: {error}'
        return Warned("personal-keys", text, keys)
    text = f'"{name}" has {described(found)}, which apply revokes'
    return Warned(ENDS, text, keys) if found else None


def answers(options: GraphistryOptions, rest: Rest | None, sight: Sight) -> Iterator[str]:
    """Whether the REST API lets us in, and whether the script of personal keys answers."""
    if rest is not None:
        try:
            rest.sign_in()
            yield f"{options.url} lets {options.service_account} in, to log others out"
        except TargetError as error:
            yield f"nobody can be logged out: {error.message}"
    names = sorted(sight.state.names("account"))
    asked = options.service_account or next(iter(names), "")
    if options.keys_command and asked:
        try:
            found = listed_keys(options, asked)
            yield f'keys_command answers: "{asked}" has {described(found) if found else "no keys"}'
        except ScriptError as error:
            yield f"personal keys cannot be listed: {error}"
