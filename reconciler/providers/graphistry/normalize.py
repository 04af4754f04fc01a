"""Gives desired records the spelling in which Graphistry will read them back. No I/O."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from reconciler.errors import CannotHoldError
from reconciler.providers.graphistry.options import GraphistryOptions
from reconciler.state import Fields, Key, State

SITE: Final = Key("server", ("site settings",))
"""The record of the site's switches; no organisation has an ID with a blank."""

_NAME: Final = re.compile(r"[\w.@+-]+")
"""What Django takes as a user name in its forms (UnicodeUsernameValidator)."""

Fault = tuple[Key, str]


def normalize(target: str, options: GraphistryOptions, desired: State, observed: State) -> State:
    """Desired with accounts that may sign in, the highest role of each member, and the switches.

    Raises CannotHoldError for all that does not fit.
    """
    twins = {key.path[-1].casefold(): key.path[-1] for key, _ in observed.of_kind("account")}
    faults: list[Fault] = []
    records: dict[Key, Fields] = {}
    for key, fields in desired.records.items():
        records[key] = fields
        if key.kind == "account":
            faults += _name_faults(target, key, observed, twins)
            records[key] = {"active": True, **_spelled(fields)}
        elif key.kind == "membership" and options.has_organisations:
            faults += _role_faults(key, options)
    if faults:
        raise CannotHoldError(target, sorted(set(faults)))
    for key in _outranked(records, options):
        del records[key]
    if options.written_switches:
        records[SITE] = dict(options.written_switches)
    return State(records)


def _spelled(fields: Fields) -> Fields:
    """With the address as Django stores it: the part behind the @ in small letters."""
    email = fields.get("email")
    if not isinstance(email, str) or "@" not in email:
        return fields
    local, _, domain = email.rpartition("@")
    return {**fields, "email": f"{local}@{domain.lower()}"}


def _name_faults(target: str, key: Key, observed: State, twins: dict[str, str]) -> Iterator[Fault]:
    if key in observed:
        return
    name = key.path[-1]
    other = twins.get(name.casefold(), name)
    if other != name:
        hint = f'write accounts: {{{target}: "{other}"}} for the user'
        yield key, f'Graphistry has "{name}" as "{other}": {hint}'
    elif not _NAME.fullmatch(name) or unicodedata.normalize("NFKC", name) != name:
        text = f'"{name}" is not a user name: letters, digits and @ . + - _ are'
        yield key, f"{text}; give the account another name with accounts:"


def _role_faults(key: Key, options: GraphistryOptions) -> Iterator[Fault]:
    if key.path[1] not in options.role_names:
        names = ", ".join(options.role_names)
        text = f'"{key.path[1]}" is not a role of organisations; they are {names}'
        yield key, f"{text}: give the role one of these as its name:"


def _outranked(records: dict[Key, Fields], options: GraphistryOptions) -> list[Key]:
    """Memberships of somebody who has a higher role in the same organisation."""
    rank = {name: index for index, name in enumerate(options.role_names)}
    highest: dict[tuple[str, str], int] = {}
    held = [key for key in records if key.kind == "membership" and key.path[1] in rank]
    for key in held:
        place = (key.path[0], key.path[-1])
        highest[place] = max(highest.get(place, -1), rank[key.path[1]])
    return [key for key in held if rank[key.path[1]] < highest[key.path[0], key.path[-1]]]
