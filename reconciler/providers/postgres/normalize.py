"""Gives desired records the spelling in which `observe` will read them back.

Here belong defaults, wildcards and what a server's version means for words. No I/O: what is there
comes in as the observed State with its inventory.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import Final

from reconciler.errors import CannotHoldError
from reconciler.providers.postgres.check import valid_until
from reconciler.providers.postgres.observe import (
    EDGE_OPTIONS_VERSION,
    PARAMETERS_VERSION,
    PREDEFINED,
)
from reconciler.providers.postgres.parameters import SETTABLE, is_known, spelled
from reconciler.providers.postgres.privileges import MAINTAIN_VERSION, spelled_out
from reconciler.providers.postgres.role_details import PARAMETERS
from reconciler.source import suggest
from reconciler.state import PRINCIPAL_KINDS, Fields, Key, State, Value
from reconciler.times import time_text

_ORDINARY: Fields = {
    "inherit": True,
    "superuser": False,
    "createdb": False,
    "createrole": False,
    "replication": False,
    "bypassrls": False,
}
_IN_SCHEMAS: Final = frozenset({"table", "view", "sequence", "function", "type", "column"})
_CUSTOM_PARAMETER: Final = re.compile(r"[a-z_][a-z0-9_$]*(?:\.[a-z_][a-z0-9_$]*)+")
"""A parameter that an extension may bring later (PostgreSQL docs, "Customized Options")."""


def normalize(target: str, desired: State, observed: State, version: int) -> State:
    """Desired as the catalog of a server of this version (such as 170004) will have it.

    `"*"` becomes the objects that are there, less those the holder owns; nothing, where there are
    none. Raises CannotHoldError with every name that does not exist and every word this server does
    not know.
    """
    work = _Normalization(desired, observed, version)
    records = dict(work.records())
    if work.faults:
        raise CannotHoldError(target, sorted(work.faults))
    return State(records)


class _Normalization:
    """One desired State on its way: memory for shared mappings, and the faults."""

    def __init__(self, desired: State, observed: State, version: int) -> None:
        self.desired = desired
        self.observed = observed
        self.version = version
        self.faults: list[tuple[Key, str]] = []
        self._shared: dict[tuple[object, ...], Fields] = {}

    @cached_property
    def declared(self) -> frozenset[str]:
        """The names of all roles the manifest declares, of whatever kind."""
        return self.desired.names(*PRINCIPAL_KINDS)

    @cached_property
    def existing(self) -> frozenset[str]:
        """The names of all roles that are there."""
        return self.observed.names(*PRINCIPAL_KINDS).union(self.observed.get(PREDEFINED) or ())

    def records(self) -> Iterator[tuple[Key, Fields]]:
        """The records in catalog spelling; a privilege on nothing is no record."""
        for key, fields in self.desired.records.items():
            match key.kind:
                case "account" | "group" | "role":
                    yield key, self.principal(key, fields)
                case "membership":
                    yield key, self.membership(key)
                case "privilege":
                    if privileges := self.privilege(key, fields):
                        yield key, privileges
                case "default_privilege":
                    if key.path[0] != key.path[2]:  # a creator holds everything on what it creates
                        yield key, self.default_privilege(key, fields)
                case "setting":
                    yield key, self.setting(key, fields)
                case _:
                    yield key, fields

    def principal(self, key: Key, fields: Fields) -> Fields:
        """The attributes: those that give power are off unless the manifest says otherwise."""
        login = key.kind == "account"
        present = self.observed.get(key)
        if not login and present is not None and present.get("login"):
            name = key.path[-1]
            self._fault(
                key,
                f'"{name}" can sign in there, so it is not ours to manage as a {key.kind}; '
                f"to give what it gives, write inherits: [{name}]",
            )
        if not fields:
            return self._share(("principal", login), {"login": login, **_ORDINARY})
        own = dict(fields)
        if isinstance(own.get("valid_until"), str):
            own["valid_until"] = _utc(str(own["valid_until"]))
        return {"login": login, **_ORDINARY, **own}

    def membership(self, key: Key) -> Fields:
        """The options of the edge: inherited, without admin."""
        container = key.path[0]
        if container not in self.declared and container not in self.existing:
            self._fault(key, f'there is no role "{container}"', suggest(container, self.existing))
        if self.version >= EDGE_OPTIONS_VERSION:
            return self._share(("edge",), {"admin": False, "inherit": True, "set": True})
        return self._share(("edge",), {"admin": False})

    def setting(self, key: Key, fields: Fields) -> Fields:
        """The value, in the one spelling of all that mean the same."""
        _, database, parameter = key.path
        if database:
            self._is_there(key, database, "database", "")
        known = self.observed.get(PARAMETERS) or {}
        context, _, type_ = str(known.get(parameter, "user ")).partition(" ")
        if known and not is_known(parameter, known):
            self._fault(key, f'there is no parameter "{parameter}"', suggest(parameter, known))
        elif context not in SETTABLE:
            text = f'"{parameter}" is set for the whole server, not for a role'
            self._fault(key, text)
        return {"value": spelled(parameter, fields["value"], type_)}

    def privilege(self, key: Key, fields: Fields) -> Fields:
        """The privileges by object that is there."""
        grantee, database, kind, schema = key.path
        if not self._is_there(key, database, kind, schema):
            return {}
        owners = self.observed.get(_inventory(database, kind, schema)) or {}
        words = tuple(sorted(fields.items()))
        owner = grantee in owners.values() and grantee
        shared = ("privilege", database, kind, schema, words, owner)
        known = self._shared.get(shared)
        if known is not None:
            return known
        result: dict[str, Value] = {}
        for name, allow in sorted(fields.items()):
            assert isinstance(allow, tuple)
            spelled = self._spelled(key, kind, allow)
            for each in self._objects(key, name, owners):
                before = result.get(each)
                joined = (*before, *spelled) if isinstance(before, tuple) else spelled
                result[each] = tuple(sorted(set(joined)))
        own = {name: spelled for name, spelled in result.items() if owners.get(name) != grantee}
        return self._share(shared, own)

    def _is_there(self, key: Key, database: str, kind: str, schema: str) -> bool:
        if not database:
            return self._is_known_kind(key, kind)
        if self.observed.get(_inventory(database, "database", "")) is None:
            databases = {each.path[0] for each in self.observed.records if each.kind == "object"}
            known = databases - {""}  # the predefined roles are in no database
            self._fault(key, f'there is no database "{database}"', suggest(database, known))
            return False
        schemas = self.observed.get(_inventory(database, "schema", "")) or {}
        if kind in _IN_SCHEMAS and schema not in schemas:
            text = f'there is no schema "{schema}" in database "{database}"'
            self._fault(key, text, suggest(schema, schemas))
            return False
        return True

    def _objects(self, key: Key, name: str, owners: Fields) -> Collection[str]:
        """The objects a name of the manifest stands for; none, with a fault, if none is there."""
        _, database, kind, schema = key.path
        if name == "*" and kind in _IN_SCHEMAS:
            return owners
        if kind == "parameter":
            return self._parameter(key, name, owners)
        if name in owners:
            return (name,)
        if kind == "function" and (found := _overloads(name, owners)):
            if len(found) == 1:
                return found
            text = f'"{name}" is the name of {len(found)} functions in {schema}'
            self._fault(key, text, f"name one: {', '.join(found)}")
            return ()
        where = f"{database}.{schema}" if schema else database or "the cluster"
        noun = f"trusted {kind}" if kind == "language" else kind
        self._fault(key, f'there is no {noun} "{name}" in {where}', suggest(name, owners))
        return ()

    def _is_known_kind(self, key: Key, kind: str) -> bool:
        """Whether this server has privileges on this kind of object of the cluster."""
        if kind != "parameter" or self.version >= PARAMETERS_VERSION:
            return True
        have = self.version // 10000
        self._fault(key, f"parameters have privileges from PostgreSQL 15; this server has {have}")
        return False

    def _parameter(self, key: Key, name: str, owners: Fields) -> Collection[str]:
        """The name in small letters, as PostgreSQL keeps it: case means nothing in it.

        Where we are not shown all parameters, the inventory has the name `*` too.
        """
        small = "".join(each.lower() if each.isascii() else each for each in name)
        if small in owners or "*" in owners or _CUSTOM_PARAMETER.fullmatch(small):
            return (small,)
        self._fault(key, f'there is no parameter "{name}"', suggest(small, owners))
        return ()

    def default_privilege(self, key: Key, fields: Fields) -> Fields:
        """The privileges that new objects of a creator come with."""
        _, database, creator, kind, schema = key.path
        if creator not in self.existing and creator not in self.declared:
            text = f'there is no role "{creator}" whose new objects could carry privileges'
            self._fault(key, text, suggest(creator, self.existing))
        self._is_there(key, database, kind, schema)
        allow = fields["privileges"]
        assert isinstance(allow, tuple)
        return {"privileges": self._spelled(key, kind, allow)}

    def _spelled(self, key: Key, kind: str, allow: tuple[str, ...]) -> tuple[str, ...]:
        if "MAINTAIN" in allow and self.version < MAINTAIN_VERSION:
            text = f"MAINTAIN is there from PostgreSQL 17; this server has {self.version // 10000}"
            self._fault(key, text)
        return spelled_out(kind, allow, self.version)

    def _share(self, memory: tuple[object, ...], fields: Fields) -> Fields:
        return self._shared.setdefault(memory, fields)

    def _fault(self, key: Key, message: str, hint: str = "") -> None:
        fault = (key, f"{message}; {hint}" if hint else message)
        if fault not in self.faults:
            self.faults.append(fault)


def _inventory(database: str, kind: str, schema: str) -> Key:
    return Key("object", (database, kind, schema))


def _overloads(name: str, owners: Mapping[str, object]) -> tuple[str, ...]:
    """The signatures that a function's bare name, or a signature spaced otherwise, stands for."""
    if "(" not in name:
        return tuple(sorted(each for each in owners if each.rpartition("(")[0] == name))
    folded = "".join(name.split())
    return tuple(sorted(each for each in owners if "".join(each.split()) == folded))


def _utc(text: str) -> str:
    if text == "infinity":
        return text
    time = valid_until(text)
    assert time is not None  # refused by `check`
    return time_text(time)
