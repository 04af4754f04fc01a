"""What is asked of one target: which state, within which scope, under which policy, and written
where.

Here belong the values that travel from the manifest to the providers and the plan. Making them from
a manifest is `reconciler.desired`.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from reconciler.source import Problem, Source
from reconciler.state import PRINCIPAL_KINDS, SERVER_KINDS, Fields, Key, State

Prune = Literal["never", "owned", "all"]
Leavers = Literal["disable", "delete"]
Narrowed = Literal["hold", "repair"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a kind of target can hold. Declared by its provider; read by engine, docs and
    conformance suite.

    `groups`: it has groups of its own; else they are flattened to their members. `inheritance`: a
    role can hold roles; else the scopes of inherited roles are joined. `foreign_roles`: `inherits`
    may name a role that exists on the target and not in the manifest. `privileges`, `scopes`,
    `levels`: what a role can give: privileges on objects, scopes, account levels.
    `roles`: it has roles of its own; else a role of the manifest can only be one of the `levels`,
    or, with `standing_roles`, one of those that every server has: there is nothing to create then.
    `managed_servers`: servers are created and changed; else they must exist. `roles_in_servers`: a
    role belongs to one server and is named within it. `disabled`: the fields of an account that may
    no longer sign in, or None where accounts cannot be disabled. `passwords`: when a new account is
    given a temporary password. `transactions`: a changeset is applied whole or not at all.
    `attributes`: the account attributes that a manifest may set. `profile`: what the manifest says
    of a user that accounts have too, of `name` and `email`. `settings`: accounts and roles
    have settings of their own, for all servers or for one. `administrator`: the fields of an
    account that may do everything there, or None where there is no such account. `sessions`: open
    sessions of an account can be ended; `sessions_end`: they end by themselves when it is disabled
    or deleted. `heirs`: what an account or role owns can be given to
    another before it is deleted. `row_security`: tables of its
    servers have row-level security. `objects`: servers have schemas and objects that are owned.
    `edge_options`: the options that a membership has. `given_passwords`: an account's password can
    come from outside, and be made anew on request. `tokens`: it hands out tokens that stay valid
    when the account is gone.
    """

    roles: bool = True
    standing_roles: bool = False
    groups: bool = False
    inheritance: bool = False
    foreign_roles: bool = False
    privileges: bool = False
    scopes: bool = False
    levels: tuple[str, ...] = ()
    managed_servers: bool = False
    roles_in_servers: bool = False
    disabled: Fields | None = None
    passwords: Literal["always", "by_option", "never"] = "never"
    transactions: bool = False
    attributes: tuple[str, ...] = ()
    profile: tuple[str, ...] = ()
    administrator: Fields | None = None
    sessions: bool = False
    sessions_end: bool = False
    settings: bool = False
    heirs: bool = False
    row_security: bool = False
    edge_options: tuple[str, ...] = ()
    objects: bool = False
    given_passwords: bool = False
    tokens: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """The names on a target that the manifest declares, and those nobody may touch.

    `users` are the names that all users of the manifest have there, or would have. `roles` holds
    paths, as in the keys of role records. `leavers` are accounts of users whose state
    takes everything away. `open_members` and `open_groups` are groups whose list of members, or of
    inner groups, is left out and so not managed. `emptied` are paths of roles and groups that an
    empty list leaves without anybody. `foreign` are roles that the manifest names and does
    not declare: inherited ones, creators, owners, the heir; `inherited` those of them that declared
    ones inherit. `protected` holds shell patterns. `servers` are names on the target
    (databases, FlowAPI servers). `object_kinds` are the kinds of object on which somebody is given
    something, `attributes` the names of all attributes that somebody is given, and `settings` says
    whether anybody has settings: a provider need not read any others. `public` are the keys of all
    records of what everybody may do: no others are observed. `ownerships` and `schemas`
    are the paths of the records of these kinds that the manifest asks for: no others are observed.
    `schema_comments` says whether a schema is given a comment. `places` are the schemas that the
    manifest says anything of, each with its server: whoever holds something there is of interest.
    `row_security` are the tables whose row-level security is managed, `policy_tables` those of them
    whose policies are: of no other table either is observed.
    `at_least` are roles that may hold more privileges than the manifest gives them. `services` are
    the accounts of users that are no persons.
    """

    accounts: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    leavers: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    open_members: frozenset[str] = frozenset()
    open_groups: frozenset[str] = frozenset()
    roles: frozenset[tuple[str, ...]] = frozenset()
    emptied: frozenset[tuple[str, ...]] = frozenset()
    foreign: frozenset[str] = frozenset()
    servers: frozenset[str] = frozenset()
    protected: tuple[str, ...] = ()
    object_kinds: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    settings: bool = False
    row_security: frozenset[tuple[str, ...]] = frozenset()
    policy_tables: frozenset[tuple[str, ...]] = frozenset()
    public: frozenset[Key] = frozenset()
    ownerships: frozenset[tuple[str, ...]] = frozenset()
    schemas: frozenset[tuple[str, ...]] = frozenset()
    schema_comments: bool = False
    places: frozenset[tuple[str, str]] = frozenset()
    at_least: frozenset[str] = frozenset()
    inherited: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()

    def widened(self, state: State, protected: Iterable[str]) -> Scope:
        """This scope with the names of a state too: what was declared once and may have to go."""
        servers = {key.path[0] for key in state.records if key.kind == "server"}
        in_servers = ("privilege", "default_privilege")
        servers |= {key.path[1] for key in state.records if key.kind in in_servers} - {""}
        servers |= {key.path[0] for key in state.records if key.kind in SERVER_KINDS} - {""}
        servers |= {k.path[0] for k in state.records if k.kind == "membership" and len(k.path) == 3}
        return replace(
            self,
            accounts=self.accounts | state.names("account"),
            groups=self.groups | state.names("group"),
            roles=self.roles | {key.path for key in state.records if key.kind == "role"},
            servers=self.servers | servers,
            protected=tuple(sorted({*self.protected, *protected})),
            object_kinds=self.object_kinds | object_kinds(state.records),
            settings=self.settings or has_settings(state.records),
            places=self.places | places(state.records),
        )

    def is_protected(self, name: str) -> bool:
        """Whether a protect pattern of the policy matches this name."""
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.protected)


def has_settings(keys: Iterable[Key]) -> bool:
    """Whether a setting is among these records."""
    return any(key[0] == "setting" for key in keys)


def object_kinds(keys: Iterable[Key]) -> frozenset[str]:
    """The kinds of object that the privileges and owners among these records are about."""
    at = {"privilege": 2, "ownership": 1, "public_privilege": 1}
    return frozenset(key[1][at[key[0]]] for key in keys if key[0] in at)


_NOWHERE: Final = PRINCIPAL_KINDS | {"membership", "setting", "server"}
"""The kinds of record that are about no schema."""


def places(records: Mapping[Key, Fields]) -> frozenset[tuple[str, str]]:
    """The schemas that these records are about, each with its server."""
    found: set[tuple[str, str]] = set()
    for key, fields in records.items():
        if key[0] in _NOWHERE:  # nearly all of them: not to be matched with every case
            continue
        match key:
            case ("privilege", (_, server, "schema", _)):
                found.update((server, name) for name in fields)
            case ("ownership" | "public_privilege", (server, "schema", _)):
                found.update((server, name) for name in fields)
            case ("privilege", (_, server, _, schema)):
                found.add((server, schema))
            case ("default_privilege", (_, server, _, _, schema)):
                found.add((server, schema))
            case ("ownership" | "public_privilege", (server, _, schema)):
                found.add((server, schema))
            case ("public_default", (server, _, _, schema)):
                found.add((server, schema))
            case ("schema" | "row_security" | "policy", (server, schema, *_)):
                found.add((server, schema))
    return frozenset(each for each in found if each[1])


@dataclass(frozen=True, slots=True)
class Removals:
    """How much of a set one plan may take away: more than `percent` or `at_most` is blocked.

    A set may always lose `floor` of its members, unless it had more and would lose them all.
    """

    percent: int = 50
    at_most: int = 50
    floor: int = 2


@dataclass(frozen=True, slots=True)
class Policy:
    """How a target is treated: what may be removed, and what becomes of accounts that leave.

    `narrowed` says whether an account or membership that somebody cut by hand is given back
    (`repair`) or shown until somebody says so (`hold`). `heir` is the role on the target that gets
    what a deleted account or role owns; empty where the manifest names none.
    """

    prune: Prune = "owned"
    leavers: Leavers = "disable"
    narrowed: Narrowed = "hold"
    removals: Removals = Removals()
    heir: str = ""


RolePath = tuple[str, ...]
"""The path of a role or group, as in the key of its record."""


@dataclass(frozen=True, slots=True)
class Apart:
    """Roles of one target that nobody may hold together, but for the accounts in `exempt`."""

    roles: frozenset[RolePath]
    exempt: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Separation:
    """A person to whom the manifest gives roles that nobody may hold together.

    `person` is the name to show, `roles` are names of the manifest, maybe of several targets;
    `keys` are the memberships on this target that bring it about.
    """

    person: str
    roles: tuple[str, ...]
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Permanent:
    """A grant of a risky role that never ends; `keys` are its memberships on this target."""

    holder: str
    role: str
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the manifest demands of who holds what on a target, beyond the records.

    `min_holders`: by role or group, the fewest accounts that must hold it in effect. `break_glass`:
    accounts for emergencies, which stay as they are, and must exist where they hold something.
    """

    min_holders: Mapping[RolePath, int] = field(default_factory=dict)
    break_glass: frozenset[str] = frozenset()
    apart: tuple[Apart, ...] = ()
    separations: tuple[Separation, ...] = ()
    permanent: tuple[Permanent, ...] = ()


Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Which places of the manifest gave each record. Places are found only when somebody asks.

    `paths` holds paths of the manifest such as `("grants", 3)`; `locate` turns one into a Source.
    """

    paths: Mapping[Key, tuple[Path, ...]]
    locate: Callable[[Path], Source] = field(repr=False)

    def of(self, key: Key) -> tuple[Source, ...]:
        """The places that gave this record, in order; empty for a record no line asks for."""
        paths = self.paths.get(key, ())
        if len(paths) == 1:  # by far the most: thousands of records with one line each
            return (self.locate(paths[0]),)
        return tuple(sorted({self.locate(path) for path in paths}))


@dataclass(frozen=True, slots=True)
class Desired:
    """All that the manifest asks of one target.

    `people` gives the name to show for an account. `state` is in manifest spelling until the
    provider has normalised it. `ends_sessions` are the memberships whose end also ends the open
    sessions of those who held them. `passwords` are the accounts whose password comes from outside,
    each with the place of the reference to it.
    """

    target: str
    provider: str
    state: State
    scope: Scope
    policy: Policy
    provenance: Provenance
    people: Mapping[str, str]
    rules: Rules = field(default_factory=Rules)
    ends_sessions: frozenset[Key] = frozenset()
    passwords: Mapping[str, Path] = field(default_factory=dict)

    def problem(self, key: Key, message: str, hint: str = "") -> Problem:
        """What is wrong with a record, at the first line that asks for it."""
        places = self.provenance.of(key)
        return Problem(places[0] if places else None, f"{message} (target {self.target})", hint)
