"""What PostgreSQL cannot hold, found in the manifest before anything is read.

Here belong rules about names and attributes that hold for every server. What depends on a server is
found by `normalize`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from reconciler.providers.postgres import parameters
from reconciler.scope import Desired
from reconciler.source import Problem
from reconciler.state import PRINCIPAL_KINDS, Key, Value

MAX_NAME_BYTES: Final = 63
"""NAMEDATALEN - 1; a longer name is cut with no more than a NOTICE (PostgreSQL docs, "Lexical
Structure")."""

_OWNER: Final = "pg_database_owner"
_RESERVED: Final = frozenset({"public", "none"})
_SWITCHES: Final = ("bypassrls", "createdb", "createrole", "replication", "superuser")

ATTRIBUTES: Final[Mapping[str, str]] = {
    **dict.fromkeys(_SWITCHES, "true or false"),
    "connection_limit": "a whole number from -1 (no limit)",
    "comment": "a text",
    "valid_until": 'an RFC 3339 time with a zone, or "infinity"',
}


def check(desired: Desired) -> tuple[Problem, ...]:
    """Every name, attribute and setting that no PostgreSQL server accepts, with its line."""
    faults = (_names, _collisions, _owners, _attributes, _settings, _heir, _schemas, _policies)
    return tuple(sorted((problem for each in faults for problem in each(desired)), key=str))


def _names(desired: Desired) -> Iterator[Problem]:
    for key in desired.state.records:
        if key.kind in PRINCIPAL_KINDS and (fault := role_name_fault(key.path[-1])):
            yield desired.problem(key, *fault)
    for name in desired.scope.servers:
        if fault := name_fault(name):
            text = f"database {fault[0]}"
            keys = (key for key in desired.state.records if _is_in_database(key))
            used = min((key for key in keys if key.path[1] == name), default=None)
            if used is not None:
                yield desired.problem(used, text, fault[1])
            else:
                yield Problem(None, f"{text} (target {desired.target})", fault[1])


def _heir(desired: Desired) -> Iterator[Problem]:
    heir = desired.policy.heir
    if heir and (fault := role_name_fault(heir)):
        place = desired.provenance.locate(("targets", desired.target, "policy", "heir"))
        yield Problem(place, f"{fault[0]} (target {desired.target})", fault[1])


def _schemas(desired: Desired) -> Iterator[Problem]:
    """PostgreSQL docs, CREATE SCHEMA: the name cannot begin with `pg_`."""
    for key, fields in desired.state.records.items():
        if key.kind != "schema":
            continue
        name = key.path[1]
        if fault := name_fault(name):
            yield desired.problem(key, f"schema {fault[0]}", fault[1])
        elif name.startswith("pg_") or name == "information_schema":
            text = f'"{name}" is a schema of PostgreSQL itself'
            yield desired.problem(key, text, "choose another name")
        if "\0" in str(fields.get("comment", "")):
            yield desired.problem(key, "comment needs a text without NUL")


def _is_in_database(key: Key) -> bool:
    return key.kind in ("privilege", "default_privilege")


def role_name_fault(name: str) -> tuple[str, str] | None:
    """What is wrong with the name of a role and what to do, or None."""
    if name in _RESERVED or name.startswith("pg_"):
        return f'"{name}" is reserved by PostgreSQL', "choose another name"
    return name_fault(name)


def name_fault(name: str) -> tuple[str, str] | None:
    """What is wrong with the name of anything and what to do, or None."""
    size = len(name.encode())
    if size > MAX_NAME_BYTES:
        message = f'"{name}" has {size} bytes; PostgreSQL cuts names at {MAX_NAME_BYTES}'
        return message, "choose a shorter name"
    if "\0" in name or not name:
        return f"{name!r} is not a name", "a name is not empty and holds no NUL"
    return None


def _collisions(desired: Desired) -> Iterator[Problem]:
    """Accounts, groups and roles share one space of names in a cluster."""
    by_name: defaultdict[str, list[Key]] = defaultdict(list)
    for key in desired.state.records:
        if key.kind in PRINCIPAL_KINDS:
            by_name[key.path[-1]].append(key)
    for name, keys in sorted(each for each in by_name.items() if len(each[1]) > 1):
        kinds = " and ".join(sorted(key.kind for key in keys))
        hint = "PostgreSQL has one name for all of them; rename one, or set name: on the role"
        yield desired.problem(max(keys), f'"{name}" would be {kinds}', hint)


def _policies(desired: Desired) -> Iterator[Problem]:
    for key in desired.state.records:
        if key.kind == "policy" and (fault := name_fault(key.path[-1])):
            yield desired.problem(key, f"policy {fault[0]}", fault[1])


def _owners(desired: Desired) -> Iterator[Problem]:
    """PostgreSQL docs, "Predefined Roles": its one member is the owner of the database."""
    for key in desired.state.records:
        if key.kind == "membership" and key.path[0] == _OWNER:
            hint = "give the privileges themselves, or make the role the owner of the database"
            yield desired.problem(key, f"{_OWNER} takes no members", hint)


def _attributes(desired: Desired) -> Iterator[Problem]:
    for key, fields in desired.state.records.items():
        if key.kind in PRINCIPAL_KINDS:
            for name, value in fields.items():
                if name in ATTRIBUTES and not _is_valid(name, value):
                    yield desired.problem(key, f"{name} needs {ATTRIBUTES[name]}")


def _settings(desired: Desired) -> Iterator[Problem]:
    for key, fields in desired.state.records.items():
        if key.kind == "setting" and (wrong := parameters.fault(key.path[2], fields["value"])):
            yield desired.problem(key, *wrong)


def _is_valid(name: str, value: Value) -> bool:
    if name in _SWITCHES:
        return isinstance(value, bool)
    if name == "connection_limit":
        return isinstance(value, int) and not isinstance(value, bool) and -1 <= value < 2**31
    if name == "comment":
        return isinstance(value, str) and "\0" not in value
    return value == "infinity" or (isinstance(value, str) and valid_until(value) is not None)


def valid_until(text: str) -> datetime | None:
    """The instant of an RFC 3339 time with a zone, or None for any other text."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo is not None and "T" in text else None
