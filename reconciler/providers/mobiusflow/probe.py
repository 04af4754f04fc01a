"""Looks where an engine of generation 3 has its list of users. Only reads: a write is never tried.

What it finds is told with the text for the option `routes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from reconciler.errors import TargetError
from reconciler.providers.mobiusflow.rows import User
from reconciler.providers.mobiusflow.v3 import V3Engine
from reconciler.wording import counted

_CANDIDATES: Final = ("user", "users")
_SETTINGS: Final = "/admin/settings"


@dataclass(frozen=True, slots=True)
class Probed:
    """What a candidate gave: the users of its list, or why there are none."""

    request: str
    text: str
    users: tuple[User, ...] | None = None
    why: str = ""


def probe(engine: V3Engine) -> tuple[Probed, ...]:
    """The configured list, and the others where it may be."""
    own = engine.table["list"]
    paths = [own.path, *(path for path in _CANDIDATES if path != own.path)]
    return tuple(_probe(engine, path) for path in paths)


def _probe(engine: V3Engine, path: str) -> Probed:
    route = replace(engine.table["list"], path=path, is_verified=True)
    try:
        users = tuple(engine.users_at(route))
    except TargetError as error:
        return Probed(str(route), route.text, None, error.message)
    return Probed(str(route), route.text, users)


def absent_list(engine: V3Engine) -> str:
    """What to say where the configured list cannot be read; empty where it can."""
    own, *others = probe(engine)
    if own.users is not None:
        return ""
    found = [each for each in others if each.users is not None]
    text = f"the list of users is not at {own.request}: {own.why}"
    if not found:
        tried = " and ".join(each.request for each in others)
        return f"{text}. Nor is it at {tried}: write where it is into the option routes"
    return f'{text}. There is one at {found[0].request}: write routes: ["{found[0].text}"]'


def remarks(engine: V3Engine) -> Iterator[str]:
    """What the list looks like, and which rows nobody has verified."""
    for each in probe(engine):
        if each.users is not None:
            verified = engine.table["list"].is_verified and each.text == engine.table["list"].text
            hint = "" if verified else f'; if that is right, write routes: ["{each.text}"]'
            yield f"{each.request} lists {_described(each.users)}{hint}"
    table = engine.table
    assumed = [str(row) for verb, row in sorted(table.items()) if not row.is_verified]
    if assumed:
        yield f"not published, and not verified by anybody: {', '.join(assumed)}"
    yield from _settings(engine)


def _described(users: tuple[User, ...]) -> str:
    levels = sorted({str(user.level) for user in users})
    inactive = sum(user.active is False for user in users)
    told = all(user.active is not None for user in users)
    state = f"{inactive} of them inactive" if told else "not all told to be active or not"
    return f"{counted(len(users), 'user')} ({', '.join(levels)}; {state})"


def _settings(engine: V3Engine) -> Iterator[str]:
    """The version, where the settings are as in v1."""
    try:
        answer = engine.client.read(_SETTINGS)
    except TargetError:
        return
    found: object = answer
    for name in ("data", "mobiusFlow", "version"):
        found = found.get(name) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        yield f"GET {_SETTINGS} says that this is version {found}"
