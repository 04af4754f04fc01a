"""Effective access: what each account may do, over every way it holds it, and how a plan changes
that.

Here belongs the walk from an account through groups and roles to rights. Wording for a terminal
belongs to `reconciler.render`; the phrases for rights are made here because people and machines
read the same ones. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from reconciler.changes import Change
from reconciler.holding import HalfEdges, applied_fields, carries, is_disabled
from reconciler.plan import AccessChange
from reconciler.privilege_words import in_words
from reconciler.scope import Capabilities, Desired
from reconciler.state import INVITED, Fields, Key, Node, State, touched

Place = tuple[str, ...]
Rights = Mapping[Place, frozenset[tuple[str, str]]]
"""By place (server, kind of object, schema): pairs of object and privilege."""

_NOTHING: Rights = {}
_GIVEN: Place = ("", "admin", "")
"""Where the roles stand that may be given to others (PostgreSQL's ADMIN OPTION)."""

_INVITATION: Place = ("", "invitation", "")
"""Where it stands what whoever was invited will be able to do."""

_SHOWN_OBJECTS = 3


def access_changes(
    desired: Desired, observed: State, changes: Sequence[Change], capabilities: Capabilities
) -> tuple[AccessChange, ...]:
    """Who gains and who loses what in effect when the changes are made, in order of person.

    A right that an account keeps by another way is neither gained nor lost. An account that may not
    sign in has no rights. Rights that a role of which only the name is known gives appear as that
    role.
    """
    if not changes:
        return ()
    before = _Access(observed, desired, capabilities)
    after = _Access(applied_to(observed, changes), desired, capabilities)
    accounts = before.accounts_behind(changes) | after.accounts_behind(changes)
    result: list[AccessChange] = []
    for account in sorted(accounts):
        result += _of_account(account, before, after, desired.people.get(account, account))
    return tuple(sorted(result, key=lambda each: (each.person, each.account, each.verb)))


def effective_rights(
    desired: Desired, state: State, capabilities: Capabilities, accounts: Iterable[str]
) -> Mapping[str, Rights]:
    """All that each of these accounts may do in effect in a state that was read for `desired`.

    What everybody may do, what owners may and what power over the whole target gives is not in it.
    """
    access = _Access(state, desired, capabilities)
    return {account: access.rights_of(account) for account in accounts}


def applied_to(observed: State, changes: Iterable[Change]) -> State:
    """The state that the changes would leave: what a target that does as it is told reads back."""
    records = dict(observed.records)
    for change in changes:
        fields = applied_fields(records.get(change.key), change)
        if fields is None:
            records.pop(change.key, None)
        else:
            records[change.key] = fields
    return State(records)


def _of_account(
    account: str, before: _Access, after: _Access, person: str
) -> Iterator[AccessChange]:
    then, now = before.rights_of(account), after.rights_of(account)
    gained, lost = _less(now, then), _less(then, now)
    if gained:
        yield AccessChange(
            account, person, "gains", phrases(gained), after.through(account, gained)
        )
    if lost:
        yield AccessChange(account, person, "loses", phrases(lost), before.through(account, lost))


def _less(rights: Rights, others: Rights) -> Rights:
    if rights is others:
        return _NOTHING
    if not others:
        return {place: pairs for place, pairs in rights.items() if pairs}
    result = {}
    for place, pairs in rights.items():
        other = others.get(place, frozenset())
        if pairs is not other and (left := pairs - other):
            result[place] = left
    return result


@dataclass(slots=True)
class _Access:
    """The graph of one state: who is in what, and what each role holds."""

    state: State
    desired: Desired
    capabilities: Capabilities
    containers: dict[Node, list[Node]] = field(init=False)
    members: dict[Node, list[Node]] = field(init=False)
    held: dict[str, dict[Place, frozenset[tuple[str, str]]]] = field(init=False)
    given: dict[Node, Rights] = field(init=False)
    _half: HalfEdges = field(init=False, default_factory=HalfEdges)
    _reached: dict[Node, tuple[Node, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        containers, members, given = defaultdict(list), defaultdict(list), defaultdict(set)
        for key, fields in self.state.records.items():
            if key[0] == "membership":
                member, container = key[1][-1:], key[1][:-1]
                if fields.get("admin") is True:
                    given[member].add(("", "/".join(container)))
                if carries(fields):
                    containers[member].append(container)
                    members[container].append(member)
                    self._half.note(member, container, fields)
        self.containers, self.members = dict(containers), dict(members)
        self.given = {node: {_GIVEN: frozenset(pairs)} for node, pairs in given.items()}
        self.held = self._held()

    def _held(self) -> dict[str, dict[Place, frozenset[tuple[str, str]]]]:
        held: defaultdict[str, dict[Place, frozenset[tuple[str, str]]]] = defaultdict(dict)
        interned: dict[int, frozenset[tuple[str, str]]] = {}
        for key, fields in self.state.records.items():
            if key[0] == "privilege":
                pairs = interned.get(id(fields))
                if pairs is None:
                    pairs = interned[id(fields)] = frozenset(_pairs(fields))
                held[key[1][0]][key[1][1:]] = pairs
        return dict(held)

    def accounts_behind(self, changes: Iterable[Change]) -> set[str]:
        """The accounts of this state from which something that the changes alter can be reached."""
        start = (touched(change.key) for change in changes)
        seen = self._half.below(start, self.members)
        return {node[0] for node in seen if len(node) == 1 and Key("account", node) in self.state}

    def reached(self, node: Node) -> tuple[Node, ...]:
        """The node itself and every group and role it is in, directly or not, sorted."""
        known = self._reached.get(node)
        if known is None:
            known = self._reached[node] = tuple(sorted(self._half.above([node], self.containers)))
        return known

    def rights_of(self, account: str) -> Rights:
        """All that the account may do in effect; nothing where it does not exist or may not sign
        in.
        """
        fields = self.state.get(Key("account", (account,)))
        if fields is not None and INVITED in fields:
            return {_INVITATION: frozenset({("", str(fields[INVITED]))})}
        if fields is None or is_disabled(fields, self.capabilities):
            return _NOTHING
        result = dict(self._own_rights(fields))
        for node in self.reached((account,)):
            for place, pairs in self.rights_at(node).items():
                known = result.get(place)
                result[place] = pairs if known is None or known is pairs else known | pairs
        return result

    def _own_rights(self, fields: Fields) -> Iterator[tuple[Place, frozenset[tuple[str, str]]]]:
        """What an account's own fields give: signing in, a level above the lowest, switches such as
        createrole.
        """
        yield ("", "account", ""), frozenset({("", "sign in")})
        level = fields.get("level")
        if isinstance(level, str) and level not in self.capabilities.levels[:1]:
            yield ("", "level", ""), frozenset({("", level)})
        ordinary = {"inherit", *(self.capabilities.disabled or ())}
        switches = {name for name, value in fields.items() if value is True} - ordinary
        if switches:
            yield ("", "attribute", ""), frozenset(("", name) for name in switches)

    def rights_at(self, node: Node) -> Rights:
        """The rights that one role, group or account holds by itself."""
        rights, given = self._held_at(node), self.given.get(node)
        return rights if given is None else {**rights, **given}

    def _held_at(self, node: Node) -> Rights:
        if len(node) == 1 and node[0] in self.held:
            return self.held[node[0]]
        fields = self.state.get(Key("role", node))
        scopes = (fields or {}).get("scopes")
        if isinstance(scopes, tuple):
            return {(*node[:-1], "scope", ""): frozenset(("", scope) for scope in scopes)}
        if node not in self.members or self._is_declared(node):
            return _NOTHING
        return {("", "role", ""): frozenset({("", "/".join(node))})}

    def _is_declared(self, node: Node) -> bool:
        """Whether the manifest declares it, so that all it holds was read."""
        scope = self.desired.scope
        return node in scope.roles or node[-1] in scope.groups

    def through(self, account: str, rights: Rights) -> tuple[str, ...]:
        """The names of the roles by which the account holds any of these rights."""
        return tuple(
            "/".join(node)
            for node in self.reached((account,))
            if node != (account,)
            and any(
                pairs is rights[place] or pairs & rights[place]
                for place, pairs in self.rights_at(node).items()
                if place in rights
            )
        )


def _pairs(fields: Fields) -> Iterator[tuple[str, str]]:
    for name, privileges in fields.items():
        if isinstance(privileges, tuple):
            for privilege in privileges:
                yield name, privilege


def phrases(rights: Rights) -> tuple[str, ...]:
    """Short phrases for rights, such as `select on 20 tables of flowdb.geography`, in order of
    place.
    """
    return tuple(
        phrase for place in sorted(rights) for phrase in _place_phrases(place, rights[place])
    )


_WITHOUT_OBJECTS: Final = frozenset(
    {"account", "invitation", "level", "attribute", "role", "admin", "scope"}
)
"""The kinds of place whose rights are about no objects."""


@lru_cache(maxsize=4096)
def _place_phrases(place: Place, pairs: frozenset[tuple[str, str]]) -> tuple[str, ...]:
    if place[1] not in _WITHOUT_OBJECTS:  # nearly all; hundreds of thousands of pairs
        return tuple(_object_phrases(place, pairs))
    words = sorted(privilege for _, privilege in pairs)
    match place:
        case (_, "account", _):
            return ("an account that may sign in",)
        case (_, "invitation", _):
            return tuple(f"an invitation to make an account ({word})" for word in words)
        case (_, "level", _):
            return tuple(f"level {word}" for word in words)
        case (_, "attribute", _):
            return tuple(f"the attribute {word}" for word in words)
        case (_, "role", _):
            return tuple(f"all that role {word} gives" for word in words)
        case (_, "admin", _):
            return tuple(f"role {word} to give to others" for word in words)
    noun = "scope" if len(words) == 1 else "scopes"
    return (f"{noun} {', '.join(words)} on {place[0]}",)


def _object_phrases(place: Place, pairs: frozenset[tuple[str, str]]) -> Iterator[str]:
    server, kind, schema = place
    by_object: defaultdict[str, list[str]] = defaultdict(list)
    for name, privilege in pairs:
        by_object[name].append(privilege)
    by_privileges: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, privileges in by_object.items():
        privileges.sort()
        by_privileges[_worded(tuple(privileges))].append(name)
    for together in sorted(by_privileges):
        objects = _objects(server, kind, schema, by_privileges[together])
        yield f"{', '.join(together)} on {objects}"


@lru_cache(maxsize=4096)
def _worded(privileges: tuple[str, ...]) -> tuple[str, ...]:
    """These privileges in words; hundreds of thousands of objects have few sets of them."""
    return tuple(in_words(privileges))


def _objects(server: str, kind: str, schema: str, names: Sequence[str]) -> str:
    if kind == "database":
        return f"database {min(names)}"
    where = f"{server}.{schema}" if schema else server
    if len(names) > _SHOWN_OBJECTS:
        return f"{len(names)} {kind}s of {where or 'the cluster'}"
    noun = kind if len(names) == 1 else f"{kind}s"
    shown = [f"{where}.{name}" if where else name for name in sorted(names)]
    return f"{noun} {', '.join(shown)}"
