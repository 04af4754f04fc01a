"""What is remembered after an apply: what is in sync, and of the rest what was known before."""

from __future__ import annotations

from dataclasses import replace

from reconciler.changes import Change
from reconciler.engine.memory import Memory
from reconciler.engine.reading import Reading
from reconciler.engine.recovering import found_results
from reconciler.engine.remembering import Left, applied_after
from reconciler.ledger import AppliedHead
from reconciler.plan import Finding, Plan, TargetPlan
from reconciler.provider import Identity
from reconciler.scope import Capabilities, Desired, Policy, Provenance, Scope
from reconciler.source import Source
from reconciler.state import Fields, Key, State

AMINA, KOFI = Key("account", ("amina",)), Key("account", ("kofi",))
IN_READER = Key("membership", ("reader", "amina"))
RIGHTS = Key("privilege", ("reader", "db", "table", "public"))
CAPABILITIES = Capabilities(disabled={"enabled": False})
TARGET = TargetPlan("db", "memory", "memory 1", "root")
PLAN = Plan("2027-01-15T00:00:00Z", "", ("a.yaml",), "0", (TARGET,))
ON: Fields = {"enabled": True}

Records = dict[Key, Fields]


def _memory(records: Records, protected: tuple[str, ...] = ()) -> Memory:
    head = AppliedHead(
        target="db",
        manifest_digest="0",
        commit="",
        author="",
        at="2027-01-14T00:00:00Z",
        run_id=1,
        protected=protected,
        ends_sessions=frozenset({IN_READER}),
        stands_for="",
        digest="1",
    )
    return Memory(head, State(records))


def _left(
    asked: Records,
    observed: Records,
    before: Records | None = None,
    normalized: Records | None = None,
) -> Left:
    desired = Desired(
        "db",
        "memory",
        State(asked if normalized is None else normalized),
        Scope(),
        Policy(),
        Provenance({}, lambda path: Source("a.yaml", 1, 1, str(path))),
        {},
    )
    reading = Reading(
        identity=Identity("memory", "1", "root"),
        desired=desired,
        observed=State(observed),
        asked=State(asked),
        memory=None if before is None else _memory(before),
    )
    return applied_after(PLAN, TARGET, reading, CAPABILITIES)


def test_what_is_in_sync_is_applied_whoever_did_it() -> None:
    left = _left({AMINA: ON, IN_READER: {}}, {AMINA: ON, IN_READER: {}, KOFI: ON})

    assert dict(left.state.records) == {AMINA: ON, IN_READER: {}}
    assert left.is_whole


def test_work_that_is_not_done_is_not_remembered_as_done() -> None:
    left = _left({AMINA: ON, IN_READER: {}}, {AMINA: ON})

    assert dict(left.state.records) == {AMINA: ON}
    assert not left.is_whole


def test_drift_that_is_held_stays_drift() -> None:
    left = _left({AMINA: ON, IN_READER: {}}, {AMINA: ON}, before={AMINA: ON, IN_READER: {}})

    assert dict(left.state.records) == {AMINA: ON, IN_READER: {}}
    assert left.is_whole


def test_what_was_applied_and_could_not_be_removed_is_still_ours() -> None:
    left = _left({}, {IN_READER: {}}, before={IN_READER: {}, AMINA: ON})

    assert dict(left.state.records) == {IN_READER: {}}


def test_an_account_that_left_is_remembered_as_it_was_left() -> None:
    left = _left({}, {AMINA: {"enabled": False, "level": "user"}}, before={AMINA: ON})

    assert dict(left.state.records) == {AMINA: {"enabled": False}}
    assert left.is_whole
    assert left.besides == left.state


def test_the_spelling_of_the_manifest_is_remembered_not_that_of_the_target() -> None:
    asked: Records = {RIGHTS: {"*": ("ALL",)}}
    there: Records = {RIGHTS: {"cells": ("DELETE", "SELECT")}}

    left = _left(asked, there, normalized=there)

    assert dict(left.state.records) == asked


def test_memberships_whose_end_ends_sessions_are_remembered_while_they_are_there_tim_06() -> None:
    kept = _left({}, {IN_READER: {}}, before={IN_READER: {}})
    gone = _left({}, {}, before={IN_READER: {}})

    assert kept.ends_sessions == {IN_READER}
    assert gone.ends_sessions == frozenset()


def test_a_dropped_protection_stays_in_force_until_somebody_accepts_that_pro_02() -> None:
    desired = Desired(
        "db",
        "memory",
        State({}),
        Scope(),
        Policy(),
        Provenance({}, lambda path: Source("a.yaml", 1, 1, str(path))),
        {},
    )
    reading = Reading(
        Identity("memory", "1", "root"),
        desired,
        State({}),
        State({}),
        ("new*",),
        _memory({}, ("admin*", "new*")),
    )
    finding = Finding(
        "S-1", "protection-dropped", "db", 'policy.protect has no "admin*" now', blocking=True
    )
    accepted = replace(PLAN, findings=(replace(finding, accepted=True),))

    before = applied_after(replace(PLAN, findings=(finding,)), TARGET, reading, CAPABILITIES)
    after = applied_after(accepted, TARGET, reading, CAPABILITIES)

    assert before.protected == ("admin*", "new*")
    assert after.protected == ("new*",)


def test_what_a_dead_run_sent_is_looked_up_and_never_assumed_apl_01() -> None:
    changes = [
        Change("create", AMINA, None, ON),
        Change("create", KOFI, None, ON),
        Change("update", RIGHTS, {"cells": ("SELECT",)}, {"cells": ("INSERT",)}),
        Change("delete", IN_READER, {}, None),
    ]
    observed = State({AMINA: {**ON, "level": "user"}, RIGHTS: {"cells": ("DELETE",)}})

    found = found_results(list(enumerate(changes)), observed)

    assert [(each.index, each.status) for each in found] == [
        (0, "done"),
        (1, "not_done"),
        (2, "changed"),
        (3, "done"),
    ]


def test_what_was_there_before_the_first_apply_and_is_not_changed_yet_is_work_and_no_conflict() -> (
    None
):
    asked: Records = {AMINA: {"level": "admin"}, RIGHTS: {"cells": ("SELECT",)}, KOFI: {}}
    there: Records = {
        AMINA: {"enabled": True, "level": "user"},
        RIGHTS: {"cells": ("INSERT",), "sites": ("SELECT",)},
    }

    first = _left(asked, there)
    later = _left(asked, there, before={})

    assert dict(first.state.records) == {AMINA: {"level": "user"}, RIGHTS: there[RIGHTS]}
    assert dict(later.state.records) == {}
