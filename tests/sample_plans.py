"""Plans and reports to render and to save: every kind of record, and hostile names everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from reconciler.changes import Action, Cause, Change, Outcome
from reconciler.classify import Class, Difference
from reconciler.plan import AccessChange, Finding, Plan, TargetPlan
from reconciler.report import Report, TargetReport
from reconciler.source import Source
from reconciler.state import Fields, Key

HOSTILE = "ev\x1b[31mil\n- account\u202egpj\x00\x9b1m"
"""Colours, a line that looks like a change, text turned around, NUL, and an 8-bit escape."""

_TABLES = [f"admin{number}" for number in range(20)]
_PEOPLE = {"amina": "Amina Diallo", "kofi": "Kofi Mensah", "dashboards": "dashboards"}


def line(number: int, path: str = "", file: str = "access.yaml") -> tuple[Source, ...]:
    """One place in a manifest."""
    return (Source(file, number, 5, path),)


def create(key: Key, after: Fields, *sources: Source) -> Change:
    return Change("create", key, None, after, "config", sources)


def update(key: Key, before: Fields, after: Fields, *sources: Source) -> Change:
    return Change("update", key, before, after, "config", sources)


def delete(key: Key, before: Fields) -> Change:
    return Change("delete", key, before, None, "config")


def caused(cause: Cause, change: Change) -> Change:
    """The change with another cause than the manifest."""
    return replace(change, cause=cause)


def narrowed() -> Difference:
    """Somebody switched off the login of kofi on flowdb."""
    return Difference(
        id="D-0a1b2c3d",
        key=Key("account", ("kofi",)),
        class_="drift",
        direction="narrowed",
        cause="drift",
        desired={"login": True},
        applied={"login": True},
        observed={"login": False},
        sources=line(11),
    )


def rogue() -> Difference:
    """Somebody gave mallory a role on flowdb."""
    return Difference(
        id="D-1a1b2c3d",
        key=Key("membership", ("ghana-reader", "mallory")),
        class_="rogue",
        direction="widened",
        cause="drift",
        desired=None,
        applied=None,
        observed={},
        sources=line(20, "roles.ghana-reader"),
    )


def rogue_right() -> Difference:
    """Somebody gave a role a right on one more view of flowdb."""
    return Difference(
        id="D-2a1b2c3d",
        key=Key("privilege", ("ghana-reader", "flowdb", "view", "geography")),
        class_="rogue",
        direction="widened",
        cause="drift",
        desired={},
        applied={},
        observed={"admin2": ("SELECT",)},
        sources=line(28),
    )


def conflict() -> Difference:
    """A server of flowauth changed there and in the manifest, each in another way."""
    return Difference(
        id="D-3a1b2c3d",
        key=Key("server", ("ghana-api",)),
        class_="conflict",
        direction="mixed",
        cause="drift",
        desired={"token_life_minutes": 120},
        applied={"token_life_minutes": 30},
        observed={"token_life_minutes": 60},
        sources=line(5),
    )


def flowdb() -> TargetPlan:
    """A PostgreSQL target with accounts, groups, roles, memberships and privileges."""
    reader = ("ghana-reader", "flowdb")
    tables = Key("privilege", (*reader, "table", "geography"))
    changes = (
        create(Key("role", ("ghana-reader",)), {"inherit": True, "login": False}, *line(20)),
        create(Key("group", ("analysts",)), {}, *line(15)),
        create(Key("account", ("amina",)), {"login": True, "createdb": False}, *line(10)),
        caused(
            "drift",
            update(Key("account", ("kofi",)), {"login": False}, {"login": True}, *line(11)),
        ),
        create(
            Key("membership", ("analysts", "amina")), {}, *line(16, "groups.analysts.members.0")
        ),
        create(Key("membership", ("ghana-reader", "analysts")), {}, *line(30, "grants.0")),
        create(Key("membership", ("flowapi", "ghana-reader")), {}, *line(21, "roles.x.inherits.0")),
        create(
            Key("privilege", (*reader, "database", "")),
            {"flowdb": ("CONNECT",)},
            *line(22),
            *line(23),
        ),
        create(tables, dict.fromkeys(_TABLES, ("SELECT",)), *line(24), *line(25), *line(26)),
        create(
            Key("privilege", (*reader, "schema", "")),
            {"geography": ("USAGE",), "events": ("CREATE", "USAGE")},
            *line(27),
        ),
        update(
            Key("privilege", (*reader, "view", "geography")),
            {"admin2": ("SELECT",), "admin3": ("SELECT",), "same": ("SELECT",)},
            {"admin3": ("INSERT", "SELECT"), "same": ("SELECT",)},
            *line(28),
        ),
        create(
            Key(
                "default_privilege", ("ghana-reader", "flowdb", "flowmachine", "table", "geography")
            ),
            {"privileges": ("SELECT",)},
            *line(24),
        ),
        delete(Key("privilege", (*reader, "sequence", "geography")), {"ids": ("UPDATE", "USAGE")}),
        caused("drift", delete(Key("membership", ("ghana-reader", "mallory")), {"admin": False})),
    )
    access = (
        AccessChange(
            "amina",
            "Amina Diallo",
            "gains",
            ("an account that may sign in", "select on 20 tables of flowdb.geography"),
            ("analysts", "ghana-reader"),
        ),
        AccessChange("kofi", "Kofi Mensah", "gains", ("an account that may sign in",)),
        AccessChange("mallory", "mallory", "loses", ("usage on sequence ids",), ("ghana-reader",)),
    )
    unmanaged = (
        Key("account", ("old",)),
        Key("account", ("older",)),
        Key("membership", ("legacy", "old")),
    )
    return TargetPlan(
        target="flowdb",
        provider="postgres",
        system="PostgreSQL 17.4",
        account="reconciler",
        changes=changes,
        unmanaged=unmanaged,
        access=access,
        new_passwords=("amina",),
        people={**_PEOPLE, "nobody": "Not Touched"},
        drift=(narrowed(), rogue(), rogue_right()),
        drift_access=access[1:],
        applied="ef" * 32,
    )


def flowauth() -> TargetPlan:
    """A target whose roles live in servers, with scopes and levels."""
    changes = (
        update(
            Key("server", ("ghana-api",)),
            {"token_life_minutes": 60, "scopes": ("run",)},
            {"token_life_minutes": 120, "scopes": ("get_result", "run")},
            *line(5),
        ),
        create(Key("role", ("ghana-api", "reader")), {"scopes": ("run",)}, *line(33)),
        caused(
            "start",
            create(
                Key("membership", ("ghana-api", "reader", "dashboards")), {}, *line(41, "grants.2")
            ),
        ),
        caused("expiry", update(Key("account", ("kofi",)), {"enabled": True}, {"enabled": False})),
        caused("expiry", delete(Key("membership", ("ghana-api", "old", "kofi")), {})),
        delete(Key("membership", ("ghana-api", "old", "amina")), {}),
    )
    access = (
        AccessChange("amina", "Amina Diallo", "loses", ("scope run on ghana-api",), ("old",)),
        AccessChange("kofi", "Kofi Mensah", "loses", ("scope run on ghana-api",), ("old",)),
    )
    return TargetPlan(
        target="flowauth",
        provider="flowauth",
        system="FlowAuth 1.34",
        account="reconciler",
        changes=changes,
        access=access,
        people=_PEOPLE,
        drift=(conflict(),),
        applied="ee" * 32,
    )


def findings() -> tuple[Finding, ...]:
    """A blocking one, one that holds, accepted ones and a note."""
    removed = (
        Key("membership", ("ghana-api", "old", "amina")),
        Key("membership", ("ghana-api", "old", "kofi")),
    )
    message = (
        '"ghana-api/old" would be left without anybody; it would lose Amina Diallo, Kofi Mensah'
    )
    sequence = Key("privilege", ("ghana-reader", "flowdb", "sequence", "geography"))
    return (
        Finding("S-0a1b2c3d", "emptied", "flowauth", message, removed, blocking=True),
        Finding(
            "S-11111111",
            "shrinks",
            "flowdb",
            "a role loses a right",
            (sequence,),
            True,
            accepted=True,
        ),
        Finding(
            "S-33333333",
            "removals",
            "flowdb",
            "a role loses many holders",
            (sequence,),
            blocking=True,
            accepted=True,
            accepted_by="esi",
        ),
        Finding(
            "D-0a1b2c3d",
            "held",
            "flowdb",
            "Kofi Mensah (kofi) was cut on the target: login is no, was yes",
            (Key("account", ("kofi",)),),
            holds=True,
        ),
        Finding("S-22222222", "protected", "flowdb", '"postgres" is protected: 1 left alone'),
    )


def sample_plan() -> Plan:
    """Two targets with changes, one without, and findings."""
    idle = TargetPlan("archive", "memory", "memory 1", "reconciler", people={}, applied="ed" * 32)
    return Plan(
        at="2027-01-02T03:04:05Z",
        valid_until="2027-06-30T00:00:00Z",
        manifest=("access.yaml",),
        manifest_digest="ab" * 32,
        targets=(idle, flowauth(), flowdb()),
        findings=findings(),
    )


def plan_of(*targets: TargetPlan, findings: tuple[Finding, ...] = ()) -> Plan:
    """A plan of these targets."""
    return Plan("2027-01-02T03:04:05Z", "", ("access.yaml",), "cd" * 32, targets, findings)


def in_sync_plan() -> Plan:
    """Two targets and nothing to do."""
    return plan_of(*(_in_sync(each) for each in sample_plan().targets[:2]))


def _in_sync(target: TargetPlan) -> TargetPlan:
    return replace(target, changes=(), access=(), unmanaged=(), drift=(), drift_access=())


def seen_plan() -> Plan:
    """The same as `sample_plan`, with the times at which the drift was first seen."""
    return seen(sample_plan(), "2027-01-01T05:00:00.000Z")


def seen(plan: Plan, time: str) -> Plan:
    """The plan with this time at which its drift was first seen. A plan file does not keep it."""
    targets = [
        replace(each, drift=tuple(replace(one, first_seen=time) for one in each.drift))
        for each in plan.targets
    ]
    return replace(plan, targets=tuple(targets))


def forgotten_plan() -> Plan:
    """A target of which no earlier apply is known, with differences that have no cause."""
    target = flowdb()
    changes = tuple(caused("unknown", each) for each in target.changes if each.action != "delete")
    forgotten = replace(target, changes=changes, drift=(rogue(),), drift_access=(), applied="")
    return plan_of(forgotten)


def hostile_plan() -> Plan:
    """Hostile text in every place where a plan has text that somebody else chose."""
    name = HOSTILE
    source = Source(name, 3, 1, name)
    actions: tuple[Action, ...] = ("create", "update", "delete")
    changes: list[Change] = []
    for action in actions:
        before = None if action == "create" else {name: ("old", name)}
        after = None if action == "delete" else {name: (name,)}
        sources = () if action == "delete" else (source,)
        for key in _hostile_keys(name + action):
            changes.append(Change(action, key, before, after, sources=sources))
    access = (AccessChange(name, name, "gains", (name,), (name,)),)
    keys = (Key("account", (name,)),)
    target = TargetPlan(
        target=name,
        provider=name,
        system=name,
        account=name,
        changes=tuple(changes),
        unmanaged=keys,
        access=access,
        new_passwords=(name,),
        people={name: name},
        drift=tuple(_hostile_drift(name)),
        drift_access=access,
        applied=name,
    )
    found = Finding(name, name, name, name, keys, blocking=True)
    return Plan(name, name, (name,), name, (target,), (found,))


def _hostile_drift(name: str) -> Iterator[Difference]:
    """Differences of every class, with every side that they can have."""
    source = Source(name, 3, 1, name)
    there: Fields = {name: (name,), "plain": name}
    classes: tuple[Class, ...] = ("drift", "rogue", "conflict", "orphan")
    for class_ in classes:
        for desired, applied, observed in ((there, there, None), (None, None, there), (*_SIDES,)):
            for key in _hostile_keys(name + class_):
                yield Difference(
                    id=name,
                    key=key,
                    class_=class_,
                    direction="mixed",
                    cause="drift",
                    desired=desired,
                    applied=applied,
                    observed=observed,
                    sources=(source,),
                )


_SIDES: Final = ({HOSTILE: ("d",)}, {HOSTILE: ("a",), "x": HOSTILE}, {HOSTILE: ("o",), "x": None})


def _hostile_keys(name: str) -> tuple[Key, ...]:
    return (
        Key("account", (name,)),
        Key("group", (name,)),
        Key("role", (name, name)),
        Key("server", (name,)),
        Key("membership", (name, name)),
        Key("privilege", (name, name, name, name)),
        Key("default_privilege", (name, name, name, name, name)),
    )


def sample_report() -> Report:
    """Some done, one failed, one skipped, one unknown, one without effect; two stay blocked."""
    plan = sample_plan()
    auth, database = plan.target("flowauth"), plan.target("flowdb")
    statuses = ["done"] * (len(database.changes) - 3)
    outcomes = [
        Outcome(change, "done") for change, _ in zip(database.changes, statuses, strict=False)
    ]
    left = database.changes[len(outcomes) :]
    outcomes += [
        Outcome(left[0], "failed", "permission denied for schema geography\nDETAIL: not the owner"),
        Outcome(left[1], "skipped", "not tried"),
        Outcome(left[2], "unknown", "the connection was cut"),
    ]
    return Report(
        plan,
        (
            TargetReport("archive"),
            TargetReport("flowauth", tuple(Outcome(each, "done") for each in auth.changes[:3])),
            TargetReport(
                "flowdb",
                tuple(outcomes),
                remaining=(database.changes[3],),
                failure="the transaction of flowdb was rolled back",
            ),
        ),
        credentials="passwords.jsonl",
    )
