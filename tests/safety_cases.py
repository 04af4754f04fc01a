"""Small targets to judge: a few people, what they are in, and changes of that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reconciler.changes import Change
from reconciler.diff import in_apply_order
from reconciler.safety import Situation
from reconciler.scope import Capabilities, Desired, Policy, Provenance, Removals, Rules, Scope
from reconciler.source import Source
from reconciler.state import EMPTY, Fields, Key, State

CAPABILITIES = Capabilities(
    groups=True,
    inheritance=True,
    privileges=True,
    disabled={"login": False},
    administrator={"superuser": True},
)
USER: Fields = {"login": True, "superuser": False}
ADMINISTRATOR: Fields = {"login": True, "superuser": True}
SERVICE = "reconciler"
PEOPLE = {
    "kofi": "Kofi Mensah",
    "amina": "Amina Diallo",
    "esi": "Esi Owusu",
    **{f"p{number}": f"Person {number}" for number in range(1, 201)},
}


def account(name: str) -> Key:
    return Key("account", (name,))


def group(name: str) -> Key:
    return Key("group", (name,))


def role(name: str) -> Key:
    return Key("role", (name,))


def inside(container: str, member: str) -> Key:
    """The membership of a member in a group or role."""
    return Key("membership", (container, member))


def tables(holder: str) -> Key:
    return Key("privilege", (holder, "flowdb", "table", "public"))


def create(key: Key, after: Fields | None = None) -> Change:
    return Change("create", key, None, after or {})


def delete(key: Key, before: Fields | None = None) -> Change:
    return Change("delete", key, before or {}, None)


def update(key: Key, before: Fields, after: Fields) -> Change:
    return Change("update", key, before, after)


def disable(name: str) -> Change:
    return update(account(name), {"login": True}, {"login": False})


def demote(name: str) -> Change:
    return update(account(name), {"superuser": True}, {"superuser": False})


def state(
    *keys: Key, accounts: Iterable[str] = (), fields: Mapping[Key, Fields] | None = None
) -> State:
    """These records, ordinary accounts of these names, and records with fields."""
    records: dict[Key, Fields] = {account(name): USER for name in accounts}
    return State({**records, **{key: {} for key in keys}, **(fields or {})})


def team(size: int, container: Key | None = None) -> State:
    """A group, or another container, with so many members: p1, p2, ..."""
    where = container or group("analysts")
    names = [f"p{number}" for number in range(1, size + 1)]
    return state(where, *(inside(where.path[-1], name) for name in names), accounts=names)


def leaving(number: int, container: str = "analysts") -> tuple[Change, ...]:
    """The first so many of a team are removed from it."""
    return tuple(delete(inside(container, f"p{each}")) for each in range(1, number + 1))


def situation(
    observed: State = EMPTY,
    changes: Sequence[Change] = (),
    *,
    rules: Rules | None = None,
    policy: Policy | None = None,
    scope: Scope | None = None,
) -> Situation:
    """What is judged: flowdb, the account `reconciler`, and the changes in order of apply."""
    desired = Desired(
        target="flowdb",
        provider="postgres",
        state=EMPTY,
        scope=scope or Scope(),
        policy=policy or Policy(),
        provenance=Provenance({}, lambda _path: Source("access.yaml", 1, 1)),
        people=PEOPLE,
        rules=rules or Rules(),
    )
    return Situation(
        desired,
        observed,
        in_apply_order(changes, CAPABILITIES),
        CAPABILITIES,
        account=SERVICE,
        untouchable=frozenset({SERVICE}),
    )


def at_ease(observed: State, changes: Sequence[Change], rules: Rules | None = None) -> Situation:
    """What is judged where nothing is blocked for being too much."""
    policy = Policy(removals=Removals(percent=100, at_most=1000, floor=1000))
    return situation(observed, changes, rules=rules, policy=policy)
