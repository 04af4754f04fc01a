"""What KohakuRiver cannot hold, or takes without a word, found before anything is read.

The host takes names of any characters, NUL and line ends too, so what is sensible is decided here.
Source: KohakuRiver, POST /auth/register.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reconciler.providers.kohakuriver.words import API_TOKEN, ASSIGNEE
from reconciler.scope import Desired
from reconciler.source import Problem

_NAME: Final = (3, 50)
_LONGEST_DISPLAY_NAME: Final = 100


def check(desired: Desired) -> tuple[Problem, ...]:
    """Every name, attribute and role that cannot be held, with its line."""
    found = [*_names(desired), *_fields(desired), *_roles(desired)]
    return tuple(sorted(found, key=str))


def _names(desired: Desired) -> Iterator[Problem]:
    shortest, longest = _NAME
    for key, _ in desired.state.of_kind("account"):
        name = key.path[0]
        what = f'the account name "{name[:longest]}"'
        if not shortest <= len(name) <= longest:
            message = (
                f"{what} has {len(name)} characters; KohakuRiver wants {shortest} to {longest}"
            )
            hint = f"write accounts: {{{desired.target}: NAME}} for the user"
            yield desired.problem(key, message, hint)
        if name != name.strip() or not name.isprintable():
            message = f"{what} has a blank at an end, or characters that cannot be seen"
            yield desired.problem(key, message, "KohakuRiver would keep it as it is: correct it")


def _fields(desired: Desired) -> Iterator[Problem]:
    for key, fields in desired.state.of_kind("account"):
        shown = fields.get("name")
        if isinstance(shown, str) and len(shown) > _LONGEST_DISPLAY_NAME:
            message = f"the name to show has {len(shown)} characters"
            hint = f"KohakuRiver takes {_LONGEST_DISPLAY_NAME}: shorten it"
            yield desired.problem(key, message, hint)
        if not isinstance(fields.get(API_TOKEN, False), bool):
            yield desired.problem(key, f"{API_TOKEN} is true or false", f"write {API_TOKEN}: true")


def _roles(desired: Desired) -> Iterator[Problem]:
    """On a VPS there is one thing to be: assigned."""
    for key, fields in desired.state.of_kind("role"):
        if key.path[-1] != ASSIGNEE:
            message = f'on a VPS nobody can be "{key.path[-1]}", only assigned to it'
            yield desired.problem(key, message, f"write name: {ASSIGNEE}, in one role for each VPS")
        for name in sorted(fields):
            yield desired.problem(key, f"being assigned to a VPS has no {name}", "leave it out")
