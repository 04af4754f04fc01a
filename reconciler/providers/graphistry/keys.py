"""Personal keys: listed and revoked by a script whose answers the options say how to read.

Source: Graphistry's `etc/scripts/manage-pat.sh` takes ACTION, USER and TOKEN_ID. What it prints is
not published.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.providers.graphistry.options import GraphistryOptions
from reconciler.providers.graphistry.scripts import ScriptError, run_script
from reconciler.wording import counted, listed

_SHOWN_OF_ID: Final = 4
_LONGEST_NAME: Final = 40


@dataclass(frozen=True, slots=True)
class PersonalKey:
    """A key of somebody. Shown by its name, or else by how its ID begins: the rest signs in."""

    id: str
    name: str

    def __repr__(self) -> str:
        return f"PersonalKey({str(self)!r})"

    def __str__(self) -> str:
        return self.name[:_LONGEST_NAME] or f"{self.id[:_SHOWN_OF_ID]}..."


def listed_keys(options: GraphistryOptions, user: str) -> tuple[PersonalKey, ...]:
    """The keys that somebody has, in the script's order. Raises ScriptError."""
    return tuple(dict.fromkeys(_keys(options, _run(options, "list", user, ""))))


def revoke_keys(options: GraphistryOptions, user: str) -> tuple[PersonalKey, ...]:
    """Revoke every key of somebody, look again, and give those there were.

    Raises ScriptError where one is left, or nobody knows.
    """
    found = listed_keys(options, user)
    failures: list[str] = []
    for each in found:
        try:
            _run(options, "revoke", user, each.id)
        except ScriptError as error:
            failures.append(str(error))
    left = listed_keys(options, user) if found else ()
    if left:
        why = failures[0] if failures else "keys_command said that it revoked them"
        raise ScriptError(f"{described(left)} left: {why}")
    return found


def described(keys: Sequence[PersonalKey]) -> str:
    """How many keys there are, and which."""
    return f"{counted(len(keys), 'personal key')} ({listed([str(each) for each in keys])})"


def _run(options: GraphistryOptions, action: str, user: str, key: str) -> str:
    values = {"action": action, "user": user, "id": key}
    return run_script(options, "keys_command", options.keys_command, values)


def _keys(options: GraphistryOptions, printed: str) -> Iterator[PersonalKey]:
    """The keys in what was printed. A line that nobody understands may be a key: it is an error,
    which does not repeat it.
    """
    pattern = re.compile(options.keys_line)
    ignored = re.compile(options.keys_ignore) if options.keys_ignore else None
    for number, line in enumerate(printed.splitlines(), start=1):
        text = line.strip()
        match = pattern.fullmatch(text)
        if match and match["id"]:
            name = match["name"] if "name" in pattern.groupindex else ""
            yield PersonalKey(match["id"], name or "")
        elif text and not (ignored and ignored.fullmatch(text)):
            where = f"line {number} of what keys_command printed"
            raise ScriptError(f"{where} is no key by keys_line, and keys_ignore does not match it")
