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
from reconciler.providers.postgres.came_with import with_what_came
from reconciler.providers.postgres.check import valid_until
from reconciler.providers.postgres.edges import EDGE_OPTIONS_VERSION
from reconciler.providers.postgres.inventory import IN_SCHEMAS, Inventory
from reconciler.providers.postgres.observe import (
    PARAMETERS_VERSION,
    PREDEFINED,
)
from reconciler.providers.postgres.parameters import SETTABLE, is_known, spelled
from reconciler.providers.postgres.privileges import (
    LARGE_OBJECT_DEFAULTS_VERSION,
    MAINTAIN_VERSION,
    spelled_out,
)
from reconciler.providers.postgres.role_details import PARAMETERS
from reconciler.providers.postgres.row_security import misfits
from reconciler.source import suggest
from reconciler.state import (
    PRINCIPAL_KINDS,
    USUAL_ATTRIBUTES,
    USUAL_EDGE,
    Fields,
    Key,
    State,
    Value,
)
from reconciler.times import time_text

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
        raise CannotHoldError(target, sorted(work.faults), sorted(work.absent))
    return State(with_what_came(records, observed))


class _Normalization:
    """One desired State on its way: memory for shared mappings, and the faults."""

    def __init__(self, desired: State, observed: State, version: int) -> None:
        self.desired = desired
        self.observed = observed
        self.version = version
        self.faults: list[tuple[Key, str]] = []
        self.absent: list[tuple[Key, str]] = []
        self.inventory = Inventory(desired, observed, self._fault, self._objects)
        self._shared: dict[tuple[object, ...], Fields] = {}
        self._usual: dict[str, Fields] = {}

    @cached_property
    def declared(self) -> frozenset[str]:
        """The names of all roles the manifest declares, of whatever kind."""
        return self.desired.names(*PRINCIPAL_KINDS)

    @cached_property
    def existing(self) -> frozenset[str]:
        """The names of all roles that are there."""
        return self.observed.names(*PRINCIPAL_KINDS).union(self.observed.get(PREDEFINED) or ())

    @cached_property
    def roles(self) -> frozenset[str]:
        """The names of all roles that are there or declared."""
        return self.declared | self.existing

    def records(self) -> Iterator[tuple[Key, Fields]]:
        """The records in catalog spelling; a privilege on nothing is no record."""
        for key, fields in self.desired.records.items():
            match key.kind:
                case "account" | "group" | "role":
                    yield key, self.principal(key, fields)
                case "membership":
                    yield key, self.membership(key, fields)
                case "privilege":
                    if privileges := self.privilege(key, fields):
                        yield key, privileges
                case "default_privilege":
                    if key.path[0] != key.path[2]:  # a creator holds everything on what it creates
                        yield key, self.default_privilege(key, fields)
                case "setting":
                    yield key, self.setting(key, fields)
                case "ownership":
                    yield key, self.ownership(key)
                case "schema":
                    if self._is_there(key, key.path[0], "schema", ""):
                        yield key, fields
                case "public_privilege":
                    if named := self.public_privilege(key, fields):
                        yield key, named
                case "public_default":
                    yield key, self.default_privilege(key, fields)
                case "row_security" | "policy":
                    self.faults += misfits(key, fields, self.observed, self.roles)
                    yield key, fields
                case _:
                    yield key, fields
        yield from self._merged_elsewhere()

    def principal(self, key: Key, fields: Fields) -> Fields:
        """The attributes: those that give power are off unless the manifest says otherwise."""
        login = key.kind == "account"
        if service := (self.observed.get(PREDEFINED) or {}).get(key.path[-1]):
            text = f'"{key.path[-1]}" is a role of {service} there, and not ours to manage'
            self._fault(key, text, f"to give what it gives, write inherits: [{key.path[-1]}]")
        present = self.observed.get(key)
        if not login and present is not None and present.get("login"):
            name = key.path[-1]
            self._fault(
                key,
                f'"{name}" can sign in there, so it is not ours to manage as a {key.kind}; '
                f"to give what it gives, write inherits: [{name}]",
            )
        if not fields:
            return self._share(("principal", login), {"login": login, **USUAL_ATTRIBUTES})
        own = dict(fields)
        if isinstance(own.get("valid_until"), str):
            own["valid_until"] = _utc(str(own["valid_until"]))
        return {"login": login, **USUAL_ATTRIBUTES, **own}

    def membership(self, key: Key, said: Fields) -> Fields:
        """The options of the edge; before PostgreSQL 16, where there is no other, of ADMIN."""
        container = key.path[0]
        if not said and container in self._usual:
            return self._usual[container]
        if container not in self.declared and container not in self.existing:
            self._fault(key, f'there is no role "{container}"', suggest(container, self.existing))
        options = {**USUAL_EDGE, **said} if said else USUAL_EDGE
        if self.version >= EDGE_OPTIONS_VERSION:
            edge = self._share(("edge", *options.values()), options)
            if not said:
                self._usual[container] = edge  # of thousands of members, most ask for nothing else
            return edge
        for name in ("inherit", "set"):
            if not options[name]:
                have = self.version // 10000
                self._fault(key, f"{name}: false needs PostgreSQL 16; this server has {have}")
        return self._share(("edge", options["admin"]), {"admin": options["admin"]})

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
        owners = self.inventory.owners(database, kind, schema)
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
        return self._share(shared, {**own, **self.merged(key)} if owner else own)

    def merged(self, key: Key) -> dict[str, Value]:
        """What its grantee was granted on things that it is to own: it stays as it is.

        It becomes the owner's own right with the change; to revoke it would take that away.
        """
        grantee, database, kind, schema = key.path
        now = self.inventory.now(database, kind, schema)
        owners = self.inventory.owners(database, kind, schema)
        held = (self.observed.get(key) or {}).items()
        return {n: words for n, words in held if owners.get(n) == grantee != now.get(n)}

    def _merged_elsewhere(self) -> Iterator[tuple[Key, Fields]]:
        """The same for records of which the manifest says nothing."""
        if self.inventory.new_owners:
            for key, _ in self.observed.of_kind("privilege"):
                is_concerned = key.path[0] in self.inventory.new_owners
                if is_concerned and key not in self.desired and (kept := self.merged(key)):
                    yield key, kept

    def ownership(self, key: Key) -> Fields:
        """The owners by object that is or will be there."""
        database, kind, schema = key.path
        if not self._is_there(key, database, kind, schema):
            return {}
        for owner in sorted({str(each) for each in (self.desired.get(key) or {}).values()}):
            if owner not in self.existing and owner not in self.declared:
                text = f'there is no role "{owner}" that could own anything'
                self._fault(key, text, suggest(owner, self.existing))
        return self.inventory.named(database, kind, schema)

    def public_privilege(self, key: Key, fields: Fields) -> Fields:
        """What everybody may do, by object that is there; also nothing at all.

        What a rule says of an object by name is added to what another says of all.
        """
        database, kind, schema = key.path
        if not self._is_there(key, database, kind, schema):
            return {}
        owners = self.inventory.owners(database, kind, schema)
        result: dict[str, tuple[str, ...]] = {}
        named: dict[str, tuple[str, ...]] = {}
        for name, allow in sorted(fields.items()):
            assert isinstance(allow, tuple)
            spelled = self._spelled(key, kind, allow)
            for each in self._objects(key, name, owners):
                if name != "*" and bool(named.setdefault(each, spelled)) != bool(spelled):
                    text = f'one rule allows everybody nothing with "{each}", and another something'
                    self._fault(key, text, "write one rule about it")
                if spelled or each in owners:  # nobody has anything on a parameter that is not kept
                    result[each] = tuple(sorted({*result.get(each, ()), *spelled}))
        return dict(result)

    def _is_there(self, key: Key, database: str, kind: str, schema: str) -> bool:
        if not database:
            return self._is_known_kind(key, kind)
        return self.inventory.is_there(key, database, kind, schema)

    def _objects(self, key: Key, name: str, owners: Fields) -> Collection[str]:
        """The objects a name of the manifest stands for; none, with a fault, if none is there."""
        database, kind, schema = key.path[-3:]
        if name == "*" and (kind in IN_SCHEMAS or kind == "large object"):
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
        if kind != "schema":  # without its schema nothing of a rule can be done
            self.absent.append((key, name))
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
        """The privileges that new objects of a creator come with, a role's or everybody's."""
        database, creator, kind, schema = key.path[-4:]
        if creator not in self.existing and creator not in self.declared:
            text = f'there is no role "{creator}" whose new objects could carry privileges'
            self._fault(key, text, suggest(creator, self.existing))
        self._is_there(key, database, kind if schema else "", schema)
        if kind == "large object" and self.version < LARGE_OBJECT_DEFAULTS_VERSION:
            text = "large objects have default privileges from PostgreSQL 18; this server has"
            self._fault(key, f"{text} {self.version // 10000}")
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
