"""What no Graphistry can hold, found in the manifest before anything is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reconciler.scope import Desired
from reconciler.source import Problem
from reconciler.state import Key

MAX_NAME: Final = 150
"""Source: Django, AbstractUser.username; User.email has 254."""

_MAX_EMAIL: Final = 254
_MAX_FULL_NAME: Final = 255


def check(desired: Desired) -> tuple[Problem, ...]:
    """Every name and address that cannot be held, with its line."""
    problems = [*_names(desired), *_addresses(desired)]
    return tuple(sorted(problems, key=str))


def _names(desired: Desired) -> Iterator[Problem]:
    for key, fields in desired.state.of_kind("account"):
        name = key.path[-1]
        if not name or name != name.strip():
            message = f'the name "{name}" is empty or has a blank at an end'
            yield desired.problem(key, message, "nobody could sign in with it: correct it")
        if len(name) > MAX_NAME:
            message = f'the name "{name[:40]}..." has more than {MAX_NAME} characters'
            yield desired.problem(key, message, "choose a shorter one")
        if len(str(fields.get("name") or "")) > _MAX_FULL_NAME:
            message = f"its name has more than {_MAX_FULL_NAME} characters"
            yield desired.problem(key, message, "shorten it")


def _addresses(desired: Desired) -> Iterator[Problem]:
    seen: dict[str, Key] = {}
    for key, fields in sorted(desired.state.of_kind("account")):
        email = str(fields.get("email") or "")
        if not email:
            continue
        if len(email) > _MAX_EMAIL or "@" not in email.strip("@") or email != email.strip():
            yield desired.problem(key, f'"{email[:40]}" is not an e-mail address', "correct it")
        other = seen.setdefault(email.casefold(), key)
        if other is not key:
            text = f'"{other.path[-1]}" has the address {email} too'
            yield desired.problem(key, text, "give one of them another: people sign in with it")
