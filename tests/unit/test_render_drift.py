"""The text of drift: what the targets did, in people's terms, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.classify import Class, Difference, Direction
from reconciler.plan import Finding, Plan
from reconciler.render.drift_phrases import deviation, told, wish
from reconciler.render.drift_text import drift_summary, drift_text
from reconciler.source import Source
from reconciler.state import Fields, Key, Kind
from tests.sample_plans import (
    HOSTILE,
    conflict,
    flowdb,
    forgotten_plan,
    hostile_plan,
    in_sync_plan,
    narrowed,
    plan_of,
    rogue,
    seen,
    seen_plan,
)

Golden = Callable[[str, str], None]

SILENCED = {"D-2a1b2c3d": "until 2027-02-01T00:00:00Z, by esi: migration"}
NEWS = {"D-0a1b2c3d": "worse", "D-1a1b2c3d": "new", "D-3a1b2c3d": "still"}
HINTS = {"D-1a1b2c3d": "add: grants: - {user: mallory, role: ghana-reader}"}


def test_the_text_of_drift_out_01(golden: Golden) -> None:
    golden("drift.txt", drift_text(seen_plan(), silenced=SILENCED, news=NEWS, hints=HINTS))


def test_the_coloured_text_of_drift_adds_nothing_but_colour() -> None:
    coloured = drift_text(seen_plan(), silenced=SILENCED, colour=True)

    plain = drift_text(seen_plan(), silenced=SILENCED)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert coloured != plain


def test_the_text_of_drift_where_nothing_is_remembered(golden: Golden) -> None:
    golden("drift-forgotten.txt", drift_text(forgotten_plan(), list_unmanaged=True))


def test_hostile_names_are_harmless_in_drift_out_03() -> None:
    notes = {HOSTILE: HOSTILE}
    hostile = seen(hostile_plan(), HOSTILE)

    texts = [
        drift_text(hostile, news=notes, hints=notes, list_unmanaged=True),
        drift_text(hostile, silenced=notes),
    ]

    assert all(line.isprintable() for text in texts for line in text.split("\n"))
    assert all("Drift" in text for text in texts)


def test_without_drift_the_text_proves_what_was_read_drf_08() -> None:
    lines = drift_text(in_sync_plan()).splitlines()

    assert lines[1:3] == [
        "archive (memory): read whole, memory 1, as reconciler",
        "flowauth (flowauth): read whole, FlowAuth 1.34, as reconciler",
    ]
    assert lines[-1] == "No drift: 2 targets are as the last apply left them."


def test_what_the_manifest_names_and_is_not_there_is_told_beside_drift() -> None:
    gone = Finding(
        "S-1", "missing-object", "flowdb", "a.yaml:3: there is no table x", blocking=True
    )
    other = Finding("S-2", "min-holders", "flowdb", "another rule", blocking=True)

    text = drift_text(replace(in_sync_plan(), findings=(gone, other)))

    assert "\nNot there, flowdb: a.yaml:3: there is no table x\n" in text
    assert "another rule" not in text


def test_one_target_is_in_the_singular() -> None:
    plan = plan_of(replace(flowdb(), changes=(), drift=()))

    assert drift_summary(plan) == "No drift: 1 target is as the last apply left it."


def test_work_that_is_not_applied_yet_is_one_line_and_no_drift_drf_02() -> None:
    pending = replace(flowdb(), drift=(), drift_access=())

    text = drift_text(plan_of(pending))

    assert text.endswith("No drift: 1 target is as the last apply left it.\n")
    assert "12 changes of the manifest are not applied yet: reconciler plan\n" in text
    assert "analysts" not in text


def test_repairs_are_not_counted_as_work_of_the_manifest() -> None:
    target = flowdb()
    repairs = tuple(each for each in target.changes if each.cause == "drift")

    text = drift_text(plan_of(replace(target, changes=repairs)))

    assert "not applied yet" not in text


def test_the_summary_counts_directions_and_what_is_held_or_silenced() -> None:
    assert drift_summary(seen_plan(), SILENCED) == (
        "Drift: 1 widened, 1 narrowed, 1 mixed on 2 targets; 1 held, 1 silenced."
    )


def test_a_silenced_difference_is_told_in_one_line_and_not_counted_drf_03() -> None:
    all_of_it = dict.fromkeys(
        ("D-0a1b2c3d", "D-1a1b2c3d", "D-2a1b2c3d", "D-3a1b2c3d"), "until then, by esi: known"
    )

    text = drift_text(seen_plan(), silenced=all_of_it)

    assert drift_summary(seen_plan(), all_of_it).startswith("No drift: ")
    assert text.count("until then, by esi: known") == 4
    assert "On flowdb" not in text
    assert "Who has more or less" not in text


def test_what_is_new_or_worse_says_so_drf_05() -> None:
    text = drift_text(seen_plan(), news=NEWS)

    assert "      new: widened, no line asks for it" in text
    assert "      worse: narrowed, since " in text


def test_what_is_held_names_how_it_is_given_back() -> None:
    text = drift_text(seen_plan())

    assert "      held: apply leaves it so; apply --accept D-0a1b2c3d undoes it\n" in text


def test_a_repair_that_is_blocked_names_the_finding() -> None:
    plan = seen_plan()
    block = replace(plan.findings[3], id="S-9", blocking=True)

    text = drift_text(replace(plan, findings=(*plan.findings, block)))

    assert "      its repair is blocked by S-9: reconciler plan says why\n" in text
    assert "held: " not in text


def test_a_target_without_memory_gets_no_verdict() -> None:
    text = drift_text(forgotten_plan())

    assert (
        "No verdict for flowdb: nothing is known of an earlier apply; 13 differences: reconciler"
    ) in text
    assert text.endswith("No verdict: nothing is known of an earlier apply.\n")
    assert "mallory" not in text


def test_one_target_without_memory_does_not_hide_drift_of_another() -> None:
    plan = replace(
        seen_plan(), targets=(seen_plan().target("flowauth"), forgotten_plan().targets[0])
    )

    text = drift_text(plan)

    assert "No verdict for flowdb" in text
    assert text.endswith("Drift: 0 widened, 0 narrowed, 1 mixed on 1 target.\n")


def test_a_target_without_memory_where_nothing_differs_says_that() -> None:
    plan = plan_of(replace(forgotten_plan().targets[0], changes=(), drift=()))

    assert "nothing is known of an earlier apply; nothing differs\n" in drift_text(plan)


def test_unmanaged_and_rogue_are_told_apart_drf_06() -> None:
    text = drift_text(seen_plan(), list_unmanaged=True)

    rogues, unmanaged = text.split("Left alone: ")
    assert rogues.count("no line asks for it") == 2
    assert "flowdb: account old\n" in unmanaged
    assert "account old" not in rogues


def test_a_rogue_member_stands_under_the_persons_name_not_under_the_roles_line() -> None:
    plan: Plan = plan_of(replace(flowdb(), changes=(), drift=(rogue(),)))

    assert "\n  mallory\n    is a member of ghana-reader\n" in drift_text(plan)


# Phrases


def _difference(
    kind: Kind,
    *path: str,
    applied: Fields | None,
    observed: Fields | None,
    desired: Fields | None = None,
) -> Difference:
    return Difference("D-1", Key(kind, path), "drift", "mixed", "drift", desired, applied, observed)


_TABLES = ("reader", "flowdb", "table", "geography")


@pytest.mark.parametrize(
    "difference, text",
    [
        (_difference("membership", "r", "x", applied=None, observed={}), "is a member of r"),
        (
            _difference("membership", "s", "r", "x", applied={}, observed=None),
            "is no longer a member of r on s",
        ),
        (
            _difference("membership", "r", "x", applied={"admin": False}, observed={"admin": True}),
            "member of r: admin is yes, was no",
        ),
        (_difference("account", "x", applied={}, observed=None), "has no account any more"),
        (_difference("account", "x", applied=None, observed={}), "has an account"),
        (
            _difference(
                "setting", "x", "", "work_mem", applied={"value": "1MB"}, observed={"value": "2MB"}
            ),
            "setting work_mem: value is 2MB, was 1MB",
        ),
        (
            _difference("setting", "x", "db", "work_mem", applied={}, observed=None),
            "setting work_mem in db is gone",
        ),
        (_difference("role", "x", applied={}, observed=None), "is gone"),
        (_difference("group", "x", applied=None, observed={}), "is there"),
        (
            _difference(
                "account", "x", applied={"level": "viewer"}, observed={"level": "admin", "n": 3}
            ),
            "level is admin, was viewer; n is 3, was none",
        ),
        (
            _difference(
                "role", "s", "x", applied={"scopes": ("a", "b")}, observed={"scopes": ("b", "c")}
            ),
            "has scopes c; lacks scopes a",
        ),
        (
            _difference("role", "s", "x", applied={"scopes": ("a",)}, observed={}),
            "lacks scopes a",
        ),
        (
            _difference(
                "privilege",
                *_TABLES,
                applied={"a": ("SELECT",)},
                observed={"a": ("INSERT",), "b": ("INSERT",)},
            ),
            "has insert on 2 tables of geography in flowdb: a, b; "
            "lacks select on table geography.a in flowdb",
        ),
        (
            _difference("privilege", *_TABLES, applied={"a": ("SELECT",)}, observed=None),
            "lacks select on table geography.a in flowdb",
        ),
        (
            _difference(
                "default_privilege",
                "reader",
                "flowdb",
                "maker",
                "table",
                "",
                applied=None,
                observed={"privileges": ("SELECT",)},
            ),
            "has select on future tables in flowdb made by maker",
        ),
    ],
)
def test_what_the_target_has_against_what_was_applied(difference: Difference, text: str) -> None:
    assert deviation(difference) == text


@pytest.mark.parametrize(
    "class_, direction, desired, text",
    [
        ("drift", "widened", {}, "widened, since T, a.yaml:3 says otherwise"),
        ("rogue", "widened", None, "widened, no line asks for it, since T, see a.yaml:3"),
        ("rogue", "widened", {}, "widened, no line asks for it, since T, see a.yaml:3"),
        ("conflict", "mixed", {}, "mixed, both changed, since T, a.yaml:3 says otherwise"),
        ("conflict", "narrowed", None, "narrowed, both changed, since T, see a.yaml:3"),
        (
            "orphan",
            "widened",
            None,
            "widened, ours by its mark, and no line asks for it, since T, see a.yaml:3",
        ),
    ],
)
def test_whose_doing_it_is_since_when_and_which_line_says_otherwise_drf_04(
    class_: Class, direction: Direction, desired: Fields | None, text: str
) -> None:
    difference = replace(
        narrowed(),
        class_=class_,
        direction=direction,
        desired=desired,
        sources=(Source("a.yaml", 3, 1),),
        first_seen="T",
    )

    assert told(difference) == text


def test_what_nobody_noted_and_no_line_mentions_is_left_out() -> None:
    assert told(replace(narrowed(), sources=())) == "narrowed"


@pytest.mark.parametrize(
    "kind, path, desired, text",
    [
        ("server", ("s",), {"life": 120, "scopes": ("a",)}, "life: 120; scopes: a"),
        ("account", ("x",), None, "nothing"),
        ("account", ("x",), {}, "has an account"),
        ("membership", ("r", "x"), {}, "is a member of r"),
        ("privilege", _TABLES, {"a": ("SELECT",)}, "select on table geography.a in flowdb"),
        ("privilege", _TABLES, {}, "nothing"),
    ],
)
def test_a_conflict_tells_what_the_manifest_says_by_now(
    kind: Kind, path: tuple[str, ...], desired: Fields | None, text: str
) -> None:
    assert wish(replace(conflict(), key=Key(kind, path), desired=desired)) == text


def test_only_a_conflict_needs_a_third_side() -> None:
    assert wish(narrowed()) == ""
