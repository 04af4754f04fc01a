"""The text of plans: what a reviewer reads before saying yes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.plan import AccessChange, Plan, TargetPlan, Unasked
from reconciler.render.access import MOST_LINES
from reconciler.render.page import Line, page, printable
from reconciler.render.text import plan_summary, plan_text, question, statements_text
from reconciler.state import Key
from tests.sample_plans import (
    HOSTILE,
    create,
    delete,
    flowdb,
    forgotten_plan,
    hostile_plan,
    in_sync_plan,
    narrowed,
    plan_of,
    sample_plan,
    seen_plan,
)

Golden = Callable[[str, str], None]


def test_the_text_of_a_plan_out_01(golden: Golden) -> None:
    golden("plan.txt", plan_text(sample_plan()))


def test_the_text_of_a_plan_that_lists_what_is_left_alone(golden: Golden) -> None:
    golden("plan-unmanaged.txt", plan_text(sample_plan(), list_unmanaged=True))


def test_the_coloured_text_of_a_plan(golden: Golden) -> None:
    golden("plan-colour.txt", plan_text(sample_plan(), colour=True))


def test_the_text_of_a_plan_with_hostile_names_out_03(golden: Golden) -> None:
    golden("plan-hostile.txt", plan_text(hostile_plan(), list_unmanaged=True))


def test_colour_adds_nothing_but_colour() -> None:
    coloured = plan_text(sample_plan(), colour=True)

    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plan_text(sample_plan())
    assert coloured != plan_text(sample_plan())


@pytest.mark.parametrize(
    "text",
    [
        plan_text(hostile_plan(), list_unmanaged=True),
        statements_text({HOSTILE: (HOSTILE,)}),
        question({HOSTILE: hostile_plan().changes}),
    ],
    ids=["plan", "statements", "question"],
)
def test_hostile_names_are_harmless_out_03(text: str) -> None:
    assert all(line.isprintable() for line in text.split("\n"))


def test_a_name_with_a_newline_cannot_look_like_a_change() -> None:
    lines = plan_text(hostile_plan(), list_unmanaged=True).splitlines()

    assert any("\\x0a- account" in line for line in lines)
    assert not [line for line in lines if line.startswith("- account")]


def test_a_change_of_a_name_with_newlines_stands_on_one_line() -> None:
    target = TargetPlan("t", "p", "s", "a", (create(Key("account", ("a\nb\r\nc",)), {}),))

    text = plan_text(plan_of(target))

    assert "  a\\x0ab\\x0d\\x0ac\n" in text


@pytest.mark.parametrize(
    "text, shown",
    [
        ("\x1b[1m", "\\x1b[1m"),
        ("a\u202eb", "a\\u202eb"),
        ("a\U000e0001b", "a\\U000e0001b"),
        ("a\xa0b", "a\\xa0b"),
        ("\udc80", "\\udc80"),
        ("Zoë 日本 😀", "Zoë 日本 😀"),
    ],
)
def test_what_cannot_be_seen_is_shown_by_its_number(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_plain_line_gets_no_colour() -> None:
    assert page([Line("plain"), Line("")], colour=True) == "plain\n\n"


def test_a_plan_with_nothing_to_do_says_so_and_names_no_target() -> None:
    text = plan_text(in_sync_plan())

    assert text.endswith("\nNothing to do: 2 targets are in sync.\n")
    assert "flowauth" not in text


def test_one_target_is_in_the_singular() -> None:
    plan = plan_of(TargetPlan("t", "p", "s", "a"))

    assert plan_summary(plan) == "Nothing to do: 1 target is in sync."


def test_changes_that_are_kept_back_are_marked_and_counted() -> None:
    text = plan_text(sample_plan())

    assert text.count("BLOCKED") == 3
    assert "~   account: login: no -> yes, HELD  access.yaml:11" in text
    assert text.endswith("delete on 2 targets (4 repair drift); 3 blocked, 1 held.\n")


def test_what_is_held_is_given_back_by_its_id() -> None:
    lines = plan_text(sample_plan()).splitlines()

    at = next(n for n, line in enumerate(lines) if line.startswith("=   D-0a1b2c3d holds, flowdb"))
    assert lines[at + 1].startswith("      give it back with --accept D-0a1b2c3d, or say")


def test_a_change_that_is_held_and_blocked_is_blocked() -> None:
    plan = sample_plan()
    block = replace(plan.findings[3], id="S-9", blocking=True)

    text = plan_text(replace(plan, findings=(*plan.findings, block)))

    assert "login: no -> yes, BLOCKED" in text
    assert "HELD" not in text
    assert text.endswith("; 4 blocked.\n")


def test_what_the_manifest_asks_stands_apart_from_repairs() -> None:
    lines = plan_text(replace(sample_plan(), targets=(flowdb(),))).splitlines()

    asked, repairs = (
        lines.index("What the manifest asks"),
        lines.index("Repairs of what changed on the target"),
    )
    end = lines.index("Drift: what is there against what was applied")
    assert asked < lines.index("+   group  access.yaml:15") < repairs
    assert [line for line in lines[repairs:end] if line[:1] in ("+", "~", "-")] == [
        "~   account: login: no -> yes, HELD  access.yaml:11",
        "-   member of ghana-reader  no line asks for it",
    ]


def test_one_block_alone_has_a_title_only_when_it_repairs() -> None:
    key = Key("account", ("x",))
    asked = TargetPlan("t", "p", "s", "a", (create(key, {}),), applied="known")
    repaired = replace(asked, changes=(replace(asked.changes[0], cause="drift"),))

    texts = [plan_text(plan_of(asked)), plan_text(plan_of(repaired))]

    assert ["What the manifest asks" in text for text in texts] == [False, False]
    assert ["Repairs of what changed" in text for text in texts] == [False, True]


def strangers(number: int) -> Plan:
    names = [f"stranger{each:02}" for each in range(number)]
    keys = tuple(Key("privilege", (name, "db", "table", "s")) for name in names)
    rights = tuple(f"select on table s.t{each} in db" for each in range(7))
    unasked = tuple(Unasked(name, rights) for name in names)
    return plan_of(TargetPlan("t", "p", "s", "a", unmanaged=keys, unasked=unasked))


def test_who_holds_what_no_line_asks_for_is_named_without_being_asked() -> None:
    lines = plan_text(strangers(12)).splitlines()

    shown = [line for line in lines if " holds " in line]
    assert len(shown) == 10
    assert shown[0].startswith("    t: stranger00 holds select on table s.t0 in db; ")
    assert shown[0].endswith("; and 2 more")
    assert "    and 2 more hold something" in lines


def test_on_request_all_of_them_are_named_with_all_that_they_hold() -> None:
    lines = plan_text(strangers(12), list_unmanaged=True).splitlines()

    shown = [line for line in lines if " holds " in line]
    assert len(shown) == 12
    assert all(line.endswith("select on table s.t6 in db") for line in shown)


def test_a_change_of_the_manifest_that_repairs_drift_as_well_says_so() -> None:
    text = plan_text(sample_plan())

    assert "~   server: token_life_minutes: 60 -> 120, also repairs drift  access.yaml:5" in text


def test_a_change_that_ends_open_sessions_says_so_tim_06() -> None:
    change = replace(delete(Key("membership", ("r", "x")), {}), end_sessions=("x",))

    text = plan_text(plan_of(TargetPlan("t", "p", "s", "a", (change,), applied="known")))

    assert "-   member of r, ends open sessions  no line asks for it" in text


def test_a_target_of_which_nothing_is_known_says_what_that_means() -> None:
    text = plan_text(forgotten_plan())

    assert text.count("Nothing is known of an earlier apply on flowdb, so nothing is") == 1
    assert "repair" not in text
    assert "Nothing is known" not in plan_text(sample_plan())


def test_a_plan_without_changes_does_not_call_drift_in_sync() -> None:
    target = replace(flowdb(), changes=(), access=())

    assert plan_summary(plan_of(target)) == (
        "Nothing to do: 3 differences on the targets stay as they are."
    )


def test_drift_in_a_plan_is_one_line_each_with_line_and_id() -> None:
    text = plan_text(seen_plan())

    assert (
        "    flowdb: mallory: is a member of ghana-reader  widened, no line asks for it, "
        "since 2027-01-01T05:00:00Z, see access.yaml:20  D-1a1b2c3d\n"
    ) in text


def test_much_drift_in_a_plan_is_cut_and_counted() -> None:
    drift = tuple(
        replace(narrowed(), id=f"D-{n}", key=Key("account", (f"u{n:02}",))) for n in range(50)
    )

    text = plan_text(plan_of(replace(flowdb(), drift=drift)))

    assert "    and 10 more; reconciler drift has all\n" in text
    assert text.count("login is no, was yes  narrowed") == MOST_LINES


def test_an_accepted_finding_marks_nothing() -> None:
    plan = sample_plan()
    accepted = replace(plan, findings=tuple(replace(f, accepted=True) for f in plan.findings))

    text = plan_text(accepted)

    assert "BLOCKED" not in text
    assert "HELD" not in text
    assert "S-0a1b2c3d accepted, " in text
    assert "lift it" not in text


def test_who_accepted_a_finding_stands_with_it() -> None:
    assert "    S-33333333 accepted by esi, flowdb: " in plan_text(sample_plan())


def test_unmanaged_records_are_counted_in_the_singular_and_plural() -> None:
    assert "Left alone: 2 accounts, 1 membership that no line asks for (--" in plan_text(
        sample_plan()
    )


def test_a_new_password_is_announced_with_its_account() -> None:
    assert "+   account, gets a temporary password  access.yaml:10" in plan_text(sample_plan())


# Who gains and who loses


def _with_access(*access: AccessChange) -> Plan:
    return plan_of(replace(flowdb(), access=access))


def _access_section(plan: Plan) -> list[str]:
    lines = plan_text(plan).splitlines()
    start = lines.index("Who gains and who loses")
    return lines[start + 1 : lines.index("", start)]


def test_people_with_the_same_rights_stand_on_one_line() -> None:
    access = [
        AccessChange(f"p{number:02}", f"Person {number:02}", "gains", ("select on a",), ("reader",))
        for number in range(15)
    ]

    section = _access_section(_with_access(*access))

    assert section == [
        "+   Person 00, Person 01, Person 02 and 12 more gain select on a (through reader)"
    ]


def test_people_of_one_name_are_told_apart_by_their_accounts() -> None:
    access = [AccessChange(account, "Amina Diallo", "loses", ("x",)) for account in ("a1", "a2")]

    assert _access_section(_with_access(*access)) == [
        "-   Amina Diallo (a1) and Amina Diallo (a2) lose x"
    ]


def test_ways_that_differ_between_people_are_left_out() -> None:
    access = [AccessChange(name, name, "gains", ("x",), (f"by-{name}",)) for name in ("a", "b")]

    assert _access_section(_with_access(*access)) == ["+   a and b gain x"]


def test_many_different_lines_are_cut_and_counted() -> None:
    access = [AccessChange(f"p{n:02}", f"p{n:02}", "gains", (f"right {n}",)) for n in range(50)]

    section = _access_section(_with_access(*access))

    assert len(section) == MOST_LINES + 1
    assert section[-1] == "    and 10 more lines; --format json has all"


def test_the_question_names_the_targets_and_counts_the_changes() -> None:
    plan = sample_plan()
    work = {target.target: target.changes for target in plan.targets}

    assert question(work) == "Apply these 20 changes to flowauth, flowdb? [y/N] "


def test_statements_are_shown_by_target_line_by_line() -> None:
    text = statements_text({"b": ("x\ny",), "a": ("z",), "c": ()})

    assert text == "\nWhat a would be sent\n    z\n\nWhat b would be sent\n    x\n    y\n"
