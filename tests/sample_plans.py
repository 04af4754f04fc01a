"""Plans and reports to render and to save: every kind of record, and hostile names everywhere."""

from __future__ import annotations

from dataclasses import replace

from reconciler.changes import Action, Change, Outcome
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
    return Change("create", key, None, after, sources=sources)


def update(key: Key, before: Fields, after: Fields, *sources: Source) -> Change:
    return Change("update", key, before, after, sources=sources)


def delete(key: Key, before: Fields) -> Change:
    return Change("delete", key, before, None)


def flowdb() -> TargetPlan:
    """A PostgreSQL target with accounts, groups, roles, memberships and privileges."""
    reader = ("ghana-reader", "flowdb")
    tables = Key("privilege", (*reader, "table", "geography"))
    changes = (
        create(Key("role", ("ghana-reader",)), {"inherit": True, "login": False}, *line(20)),
        create(Key("group", ("analysts",)), {}, *line(15)),
        create(Key("account", ("amina",)), {"login": True, "createdb": False}, *line(10)),
        update(Key("account", ("kofi",)), {"login": False}, {"login": True}, *line(11)),
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
        delete(Key("membership", ("ghana-reader", "mallory")), {"admin": False}),
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
        create(Key("membership", ("ghana-api", "reader", "dashboards")), {}, *line(41, "grants.2")),
        update(Key("account", ("kofi",)), {"enabled": True}, {"enabled": False}),
        delete(Key("membership", ("ghana-api", "old", "kofi")), {}),
        delete(Key("membership", ("ghana-api", "old", "amina")), {}),
    )
    access = (
        AccessChange("amina", "Amina Diallo", "loses", ("scope run on ghana-api",), ("old",)),
        AccessChange("kofi", "Kofi Mensah", "loses", ("scope run on ghana-api",), ("old",)),
    )
    return TargetPlan(
        "flowauth", "flowauth", "FlowAuth 1.34", "reconciler", changes, (), access, (), _PEOPLE
    )


def findings() -> tuple[Finding, ...]:
    """A blocking one, an accepted one and a note."""
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
        Finding("S-22222222", "protected", "flowdb", '"postgres" is protected: 1 left alone'),
    )


def sample_plan() -> Plan:
    """Two targets with changes, one without, and findings."""
    idle = TargetPlan("archive", "memory", "memory 1", "reconciler", people={})
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
    return plan_of(
        *(replace(each, changes=(), access=(), unmanaged=()) for each in sample_plan().targets[:2])
    )


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
    )
    found = Finding(name, name, name, name, keys, blocking=True)
    return Plan(name, name, (name,), name, (target,), (found,))


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
