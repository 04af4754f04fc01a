"""What our role may not do and a plan asks: the rights, and the statements that would give them.

Here belongs knowing which right a change needs, by version of the server. Reading what we have is
`footing`. Sources: PostgreSQL docs, "CREATE ROLE", "ALTER ROLE", "GRANT", "REVOKE", "ALTER
DEFAULT PRIVILEGES", "DROP OWNED", each for versions 14 to 18.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final, LiteralString

from reconciler.changes import Change
from reconciler.provider import Lack, Rights
from reconciler.providers.postgres.edges import EDGE_OPTIONS_VERSION
from reconciler.providers.postgres.footing import OBJECT_KINDS, Footing, Grantable
from reconciler.providers.postgres.printable_sql import printable_sql
from reconciler.providers.postgres.remedies import (
    each_once,
    membership_text,
    statement_text,
    text_of,
)
from reconciler.providers.postgres.statements import Rendering, render
from reconciler.providers.postgres.statements.edges import EdgePlan
from reconciler.state import PRINCIPAL_KINDS, Key
from reconciler.wording import listed

_SWITCHES: Final[Mapping[str, LiteralString]] = {
    "createdb": "ALTER ROLE {} CREATEDB",
    "replication": "ALTER ROLE {} REPLICATION",
    "bypassrls": "ALTER ROLE {} BYPASSRLS",
}
_SUPERUSERS_ONCE: Final = frozenset({"superuser", "replication", "bypassrls"})
"""What only a superuser gave before PostgreSQL 16."""
_SHOWN: Final = 5
_CHECKED: Final = (
    *(*PRINCIPAL_KINDS, "membership", "privilege", "default_privilege", "setting"),
    *("row_security", "policy", "schema", "ownership"),
)


def lacking(changes: Sequence[Change], footing: Footing, rendering: Rendering) -> Rights:
    """What is lacking for these changes, each statement once, in the order to run them.

    A superuser lacks nothing.
    """
    if footing.me.superuser:
        return Rights()
    work = _Work(changes, footing, rendering)
    return Rights(each_once(work.lacks()), tuple(_unchecked(changes)))


def lacking_to_connect(me: str, databases: Iterable[str]) -> Rights:
    """What is lacking where we may not connect to these databases."""
    return Rights(
        tuple(
            Lack(
                f"database {name}: it is read in a connection of its own, which needs CONNECT",
                statement_text("GRANT CONNECT ON DATABASE {} TO {}", name, me),
            )
            for name in databases
        )
    )


def md5_remark(names: Sequence[str]) -> tuple[str, ...]:
    """Says who has a password that is stored as MD5; nothing where nobody has."""
    if not names:
        return ()
    text = "stored as MD5, which later versions refuse: let them set it again, with SCRAM-SHA-256"
    return (f"the passwords of {listed(names, _SHOWN)} are {text}",)


def _unchecked(changes: Sequence[Change]) -> Iterator[str]:
    """Of which changes nobody knows here what they need."""
    counts: defaultdict[str, int] = defaultdict(int)
    for change in changes:
        is_on_object = change.key.kind in ("privilege", "public_privilege")
        if change.key.kind not in _CHECKED:
            counts[f"changes of the kind {change.key.kind}"] += 1
        elif is_on_object and change.key.path[-2] not in OBJECT_KINDS:
            counts[f"privileges on the kind {change.key.path[-2]}"] += 1
    yield from (f"{what} ({number})" for what, number in sorted(counts.items()))


class _Work:
    """The changes of one plan, and what our role has."""

    def __init__(self, changes: Sequence[Change], footing: Footing, rendering: Rendering) -> None:
        self._changes = changes
        self._footing = footing
        self._rendering = rendering
        self._has_edge_options = rendering.version >= EDGE_OPTIONS_VERSION
        self._created = {
            each.key.path[-1]: each
            for each in changes
            if each.key.kind in PRINCIPAL_KINDS and each.action == "create"
        }

    def lacks(self) -> Iterator[Lack]:
        """All that is lacking, what has to come first in front; some of it more than once."""
        for change in self._changes:
            match change.key.kind, change.action:
                case (("account" | "group" | "role"), "create"):
                    yield from self._creating(change)
                case (("account" | "group" | "role"), "update"):
                    yield from self._altering(change)
                case (("account" | "group" | "role"), "delete"):
                    yield from self._dropping(change)
                case "membership", _:
                    yield from self._membership(change)
                case (("default_privilege" | "public_default"), _):
                    yield from self._default(change)
                case "setting", _:
                    yield from self._setting(change)
        yield from self._objects()
        yield from self._sessions()

    # Roles

    def _creating(self, change: Change) -> Iterator[Lack]:
        name, given = change.key.path[-1], change.after or {}
        yield from self._create_role(f"{name} is created")
        if any(given.get(each) for each in self._superusers):
            what = f"{name} is created with attributes that only a superuser gives"
            yield Lack(what, statement_text("ALTER ROLE {} SUPERUSER", self._me))
            return
        yield from self._own_switches(name, [each for each in _SWITCHES if given.get(each)])

    @property
    def _superusers(self) -> frozenset[str]:
        """The attributes that only superusers change, on this server."""
        return frozenset({"superuser"}) if self._has_edge_options else _SUPERUSERS_ONCE

    def _create_role(self, why: str) -> Iterator[Lack]:
        if not self._footing.me.createrole:
            yield Lack(
                f"{why}: that needs CREATEROLE",
                statement_text("ALTER ROLE {} CREATEROLE", self._me),
            )

    def _own_switches(self, name: str, switches: Iterable[str]) -> Iterator[Lack]:
        """From PostgreSQL 16 a role gives only what it has."""
        if not self._has_edge_options:
            return
        for switch in switches:
            if not getattr(self._footing.me, switch):
                what = f"{name}: {switch.upper()} is changed only by who has it"
                yield Lack(what, statement_text(_SWITCHES[switch], self._me))

    def _altering(self, change: Change) -> Iterator[Lack]:
        name, after = change.key.path[-1], change.after or {}
        role = self._footing.role(name)
        is_powerful = role.superuser or (role.replication and not self._has_edge_options)
        if is_powerful or self._superusers & after.keys():
            what = f"{name} is changed as only a superuser can: let one do it"
            yield self._by_administrator(change, what)
            return
        yield from self._administering(name, "is changed")
        yield from self._own_switches(name, [each for each in _SWITCHES if each in after])

    def _dropping(self, change: Change) -> Iterator[Lack]:
        name = change.key.path[-1]
        role = self._footing.role(name)
        if role.superuser:
            what = f"{name} is dropped, and is a superuser: only superusers drop those"
            yield Lack(what, statement_text("ALTER ROLE {} NOSUPERUSER", name))
        yield from self._administering(name, "is dropped")
        left = self._footing.holdings.get(name, frozenset()) - self._emptied(name)
        if left and change.heir and not self._footing.role(change.heir).has_all:
            what = f"{change.heir} is given what {name} owns: that needs membership in it"
            yield Lack(what, self._member_of(change.heir))
        if left and not role.usage:
            where = ", ".join(sorted(left))
            what = f"{name} is dropped, and holds more in {where}: taking it needs its own rights"
            yield Lack(what, self._member_of(name))

    def _setting(self, change: Change) -> Iterator[Lack]:
        """A setting of a role; whether the parameter is a superuser's alone is not looked at."""
        name = change.key.path[0]
        if name in self._created:
            return
        if self._footing.role(name).superuser:
            what = f"{name} is a superuser, whose settings only superusers change: let one do it"
            yield self._by_administrator(change, what)
            return
        yield from self._administering(name, "gets a setting")

    def _emptied(self, name: str) -> frozenset[str]:
        """The databases in which this plan itself takes what a role holds."""
        kinds = ("privilege", "default_privilege")
        return frozenset(
            each.key.path[1]
            for each in self._changes
            if each.key.kind in kinds and each.key.path[0] == name and each.action == "delete"
        )

    def _administering(self, name: str, verb: str) -> Iterator[Lack]:
        """What changing a role that is there needs: from PostgreSQL 16 ADMIN OPTION on it too."""
        yield from self._create_role(f"{name} {verb}")
        if self._has_edge_options and not self._footing.role(name).admin:
            yield Lack(f"{name} {verb}: that needs ADMIN OPTION on it", self._admin_on(name))

    # Memberships

    def _membership(self, change: Change) -> Iterator[Lack]:
        container, member = change.key.path
        if container in self._created:
            return
        role = self._footing.role(container)
        if role.superuser and member in self._created:
            what = f"{container} is a superuser, whom only superusers give to {member}"
            yield Lack(what, statement_text("ALTER ROLE {} SUPERUSER", self._me))
        elif role.superuser:
            what = f"{container} is a superuser, whom only superusers give and take: let one do it"
            yield self._by_administrator(change, what)
        elif change.action != "create" and self._others(container, member):
            what = (
                f"{member} was given {container} by {', '.join(self._others(container, member))}, "
                "in whose name we may not act: let a superuser do it"
            )
            yield self._by_administrator(change, what)
        elif (container, member) in self._acting and not self._footing.role(member).usage:
            what = (
                f"{member} loses ADMIN on {container}, and gave it to others: that is taken in its "
                "name, in which we may not act; let a superuser do it"
            )
            yield self._by_administrator(change, what)
        elif not role.admin:
            yield from self._giving(container)

    @cached_property
    def _acting(self) -> frozenset[tuple[str, str]]:
        """The memberships by which somebody granted what this plan has to take in their name."""
        if not self._has_edge_options:
            return frozenset()
        edges = [c for c in self._changes if c.key.kind == "membership" and c.action != "create"]
        steps = EdgePlan(edges, self._rendering.grantors or {}).steps
        return frozenset(pair for pairs in steps.caused_by.values() for pair in pairs)

    def _giving(self, container: str) -> Iterator[Lack]:
        if self._has_edge_options:
            what = f"{container} is given or taken: that needs ADMIN OPTION on it"
            yield Lack(what, self._admin_on(container))
        else:
            yield from self._create_role(f"{container} is given or taken")

    def _others(self, container: str, member: str) -> list[str]:
        """Who granted an edge, and is neither we nor a role whose rights we have."""
        if not self._has_edge_options:
            return []
        grantors = (self._rendering.grantors or {}).get((container, member), ())
        return [each for each in grantors if not self._footing.role(each).usage]

    # Privileges

    def _default(self, change: Change) -> Iterator[Lack]:
        creator = change.key.path[-3]
        role = self._footing.role(creator)
        if creator in self._created:
            yield from self._created_creator(creator)
        elif role.superuser and change.key.path[0] not in self._created:
            what = f"what {creator} creates, a superuser, is a superuser's to decide: let one do it"
            yield self._by_administrator(change, what)
        elif not role.has_all:
            what = f"the defaults of what {creator} creates change: that needs membership in it"
            yield Lack(what, self._member_of(creator))

    def _created_creator(self, creator: str) -> Iterator[Lack]:
        """A role that this plan itself creates: we are to be its member from the beginning."""
        if self._has_edge_options:
            return  # the session makes itself a member of what it creates
        what = f"the defaults of what {creator} creates change: that needs membership in it"
        created = self._by_administrator(self._created[creator], what)
        yield replace(created, statement=f"{created.statement}; {self._member_of(creator)}")

    @cached_property
    def _handed_over(self) -> frozenset[tuple[str, ...]]:
        """The objects that this plan gives to other owners."""
        owners = [change for change in self._changes if change.key.kind == "ownership"]
        return frozenset((*c.key.path, name) for c in owners for name in c.after or {})

    def _objects(self) -> Iterator[Lack]:
        schemas: dict[tuple[str, str], str] = {}
        short: defaultdict[Key, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        owned: list[Lack] = []
        for change, found in self._footing.objects(self._changes):
            database, kind, schema = change.key.path[-3:]
            if not found.may_look:
                schemas[database, schema] = f"{kind} {found.name}"
            if (database, kind, schema, found.name) in self._handed_over:
                continue  # whoever gives it away may act for whoever gets it
            if change.action != "delete" and found.may_grant is False:
                key = Key("privilege", (self._me, database, kind, schema))
                short[key][found.name].add(found.privilege)
            elif found.may_grant is None:
                owned += self._taking(change, found)
        covered = {
            (key.path[1], name)
            for key, names in short.items()
            for name, words in names.items()
            if key.path[2] == "schema" and "USAGE" in words
        }
        yield from self._lookups({at: each for at, each in schemas.items() if at not in covered})
        for key, names in sorted(short.items()):
            yield from self._grant_options(key, names)
        yield from owned

    def _lookups(self, schemas: dict[tuple[str, str], str]) -> Iterator[Lack]:
        for (database, schema), example in sorted(schemas.items()):
            what = f"{example} is in schema {schema}, into which we may not look: that needs USAGE"
            statement = statement_text("GRANT USAGE ON SCHEMA {} TO {}", schema, self._me)
            yield Lack(what, statement, database)

    def _grant_options(self, key: Key, names: dict[str, set[str]]) -> Iterator[Lack]:
        """Privileges that we cannot pass on, as grants to us that can be."""
        after = {name: tuple(sorted(words)) for name, words in sorted(names.items())}
        grant = Change("create", key, None, after)
        _, database, kind, schema = key.path
        where = f" in {schema}" if schema else ""
        example = listed(sorted(names), 1)
        what = (
            f"{kind} {example}{where}: to pass on privileges needs ownership or their grant option"
        )
        for statement in render([grant], self._rendering).statements:
            text = printable_sql(statement.query.as_string(None))
            yield Lack(what, f"{text} WITH GRANT OPTION", database)

    def _taking(self, change: Change, found: Grantable) -> Iterator[Lack]:
        """What was granted is taken back in the name of who granted it."""
        owner = self._footing.role(found.owner)
        for grantor in sorted(found.grantors):
            role = self._footing.role(grantor)
            if (grantor == found.owner and role.usage) or (
                grantor != found.owner and role.settable
            ):
                continue
            what = f"what {grantor} granted on {found.name} is taken back only in its name"
            if role.superuser:
                yield self._by_administrator(change, f"{what}: let a superuser do it")
                return
            yield Lack(what, self._member_of(grantor))
        if not found.grantors <= {found.owner} and not owner.usage:
            what = f"what was granted on {found.name} is taken back: that needs its owner's rights"
            if owner.superuser:
                yield self._by_administrator(change, f"{what}: let a superuser do it")
            else:
                yield Lack(what, self._member_of(found.owner))

    # Sessions

    def _sessions(self) -> Iterator[Lack]:
        accounts = sorted({name for change in self._changes for name in change.end_sessions})
        for name in accounts:
            role = self._footing.role(name)
            if role.superuser:
                yield Lack(f"sessions of {name}, a superuser, can only be ended by a superuser")
            elif not (role.usage or self._footing.me.signals):
                what = f"sessions of {name} are ended: that needs pg_signal_backend"
                yield Lack(what, statement_text("GRANT pg_signal_backend TO {}", self._me))

    # Statements

    @property
    def _me(self) -> str:
        return self._footing.me.name

    def _admin_on(self, role: str) -> str:
        return statement_text(
            "GRANT {} TO {} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE", role, self._me
        )

    def _member_of(self, role: str) -> str:
        return membership_text(role, self._me, self._rendering.version)

    def _by_administrator(self, change: Change, what: str) -> Lack:
        """The change itself, for somebody who may do it."""
        statements = render([change], self._rendering).statements
        database = next((each.database for each in statements if each.database), "")
        return Lack(what, text_of(statements), database)
