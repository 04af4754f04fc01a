"""The text of plans, drift and reports: what a reviewer reads before saying yes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.changes import Change
from reconciler.plan import AccessChange, Plan, TargetPlan
from reconciler.render.access import MOST_LINES
from reconciler.render.page import Line, page, printable
from reconciler.render.phrases import listed, origin, phrase
from reconciler.render.report_text import report_summary, report_text
from reconciler.render.text import (
    drift_summary,
    drift_text,
    plan_summary,
    plan_text,
    question,
    statements_text,
)
from reconciler.report import Report, TargetReport
from reconciler.source import Source
from reconciler.state import Key
from tests.sample_plans import (
    HOSTILE,
    create,
    delete,
    flowdb,
    hostile_plan,
    in_sync_plan,
    plan_of,
    sample_plan,
    sample_report,
    update,
)

Golden = Callable[[str, str], None]


def test_the_text_of_a_plan(golden: Golden) -> None:
    golden("plan.txt", plan_text(sample_plan()))


def test_the_text_of_a_plan_that_lists_what_is_left_alone(golden: Golden) -> None:
    golden("plan-unmanaged.txt", plan_text(sample_plan(), list_unmanaged=True))


def test_the_coloured_text_of_a_plan(golden: Golden) -> None:
    golden("plan-colour.txt", plan_text(sample_plan(), colour=True))


def test_the_text_of_drift(golden: Golden) -> None:
    golden("drift.txt", drift_text(sample_plan()))


def test_the_text_of_a_report(golden: Golden) -> None:
    golden("report.txt", report_text(sample_report()))


def test_the_text_of_a_plan_with_hostile_names(golden: Golden) -> None:
    golden("plan-hostile.txt", plan_text(hostile_plan(), list_unmanaged=True))


def test_colour_adds_nothing_but_colour() -> None:
    coloured = plan_text(sample_plan(), colour=True)

    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plan_text(sample_plan())
    assert coloured != plan_text(sample_plan())


def _hostile_report() -> Report:
    plan = hostile_plan()
    report = sample_report()
    outcomes = tuple(
        replace(report.outcomes[0], change=change, status="failed", message=HOSTILE)
        for change in plan.changes
    )
    target = TargetReport(plan.targets[0].target, outcomes, plan.changes[:1], HOSTILE)
    return Report(plan, (target,), credentials=HOSTILE)


@pytest.mark.parametrize(
    "text",
    [
        plan_text(hostile_plan(), list_unmanaged=True),
        drift_text(hostile_plan(), list_unmanaged=True),
        report_text(_hostile_report()),
        statements_text({HOSTILE: (HOSTILE,)}),
        question({HOSTILE: hostile_plan().changes}),
    ],
    ids=["plan", "drift", "report", "statements", "question"],
)
def test_hostile_names_are_harmless(text: str) -> None:
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
    assert drift_summary(plan) == "No difference: 1 target is in sync."


def test_held_back_changes_are_marked_and_counted() -> None:
    text = plan_text(sample_plan())

    assert text.count("BLOCKED") == 3
    assert text.endswith("4 to delete on 2 targets; 3 blocked.\n")


def test_an_accepted_finding_marks_nothing() -> None:
    plan = sample_plan()
    accepted = replace(plan, findings=tuple(replace(f, accepted=True) for f in plan.findings))

    text = plan_text(accepted)

    assert "BLOCKED" not in text
    assert "S-0a1b2c3d accepted" in text
    assert "lift it" not in text


def test_drift_says_nothing_of_passwords_and_blocks_of_its_changes() -> None:
    text = drift_text(sample_plan())

    assert "temporary password" not in text
    assert "BLOCKED" not in text


def test_unmanaged_records_are_counted_in_the_singular_and_plural() -> None:
    assert "Left alone: 2 accounts, 1 membership that no line asks for (--" in plan_text(
        sample_plan()
    )


def test_a_new_password_is_announced_with_its_account() -> None:
    assert "+   account, gets a temporary password  access.yaml:10" in plan_text(sample_plan())


# Phrases


def _privileges(kind: str, schema: str = "geography") -> Key:
    return Key("privilege", ("reader", "flowdb", kind, schema))


@pytest.mark.parametrize(
    "change, text, parts",
    [
        (
            create(_privileges("table"), {"a": ("SELECT",)}),
            "select on table geography.a in flowdb",
            (),
        ),
        (
            create(_privileges("table"), {"b": ("SELECT",), "a": ("SELECT",)}),
            "select on 2 tables of geography in flowdb: a, b",
            (),
        ),
        (
            create(_privileges("table"), {"*": ("SELECT",)}),
            "select on all tables of geography in flowdb",
            (),
        ),
        (
            create(_privileges("schema", ""), {"geography": ("USAGE",)}),
            "usage on schema geography in flowdb",
            (),
        ),
        (
            delete(_privileges("database", ""), {"flowdb": ("CONNECT", "CREATE")}),
            "connect, create on database flowdb",
            (),
        ),
        (
            create(_privileges("table"), {"a": ("SELECT",), "b": ("INSERT",)}),
            "tables of geography in flowdb",
            (("create", "insert on b"), ("create", "select on a")),
        ),
        (
            update(
                _privileges("table"),
                {"a": ("SELECT",), "b": ("SELECT",)},
                {"a": ("INSERT", "SELECT")},
            ),
            "tables of geography in flowdb",
            (("create", "insert on a"), ("delete", "select on b")),
        ),
        (
            update(
                Key("default_privilege", ("reader", "flowdb", "maker", "table", "")),
                {"privileges": ("SELECT",)},
                {"privileges": ("INSERT",)},
            ),
            "future tables in flowdb made by maker",
            (("create", "insert"), ("delete", "select")),
        ),
        (
            update(Key("account", ("x",)), {"login": False}, {"login": True}),
            "account: login: no -> yes",
            (),
        ),
        (
            update(Key("role", ("s", "x")), {"scopes": ("a", "b")}, {"scopes": ("b", "c")}),
            "role",
            (("create", "scopes: c"), ("delete", "scopes: a")),
        ),
        (
            create(
                Key("account", ("x",)),
                {"login": True, "inherit": True, "super": False, "createdb": True, "note": None},
            ),
            "account (createdb: yes)",
            (),
        ),
        (create(Key("membership", ("r", "x")), {"inherit": True}), "member of r", ()),
        (create(Key("membership", ("s", "r", "x")), {}), "member of r on s", ()),
        (
            update(Key("membership", ("r", "x")), {"admin": True}, {"admin": False}),
            "member of r: admin: yes -> no",
            (),
        ),
    ],
)
def test_a_change_in_words(change: Change, text: str, parts: tuple[tuple[str, str], ...]) -> None:
    assert phrase(change) == (text, parts)


def test_privileges_that_are_added_and_taken_on_many_objects_are_counted() -> None:
    before = {f"t{number}": ("SELECT",) for number in range(9)}
    after = dict.fromkeys(before, ("INSERT",))

    parts = phrase(update(_privileges("table"), before, after)).parts

    assert parts == (
        ("create", "insert on 9 tables: t0, t1, t2, t3 and 5 more"),
        ("delete", "select on 9 tables: t0, t1, t2, t3 and 5 more"),
    )


def test_drift_tells_what_is_and_what_should_be() -> None:
    change = update(Key("account", ("x",)), {"login": False}, {"login": True})

    assert phrase(change, is_drift=True).text == "account: login: is no, should be yes"


def test_names_are_listed_up_to_a_number() -> None:
    assert listed(["a", "b", "c", "d"]) == "a, b, c, d"
    assert listed(["a", "b", "c", "d", "e"]) == "a, b, c, d and 1 more"


def test_a_line_that_asks_twice_is_named_once() -> None:
    twice = (Source("access.yaml", 4, 1), Source("access.yaml", 4, 9))

    assert origin(create(Key("account", ("x",)), {}, *twice)) == "access.yaml:4"


def test_a_cause_that_says_more_stands_behind_the_line() -> None:
    change = replace(delete(Key("membership", ("r", "x")), {}), cause="expiry")

    assert origin(change) == "no line asks for it (its time has ended)"


def test_a_leaver_is_told_that_no_grant_asks_for_the_account() -> None:
    change = update(Key("account", ("x",)), {"enabled": True}, {"enabled": False})

    assert origin(change) == "no grant asks for it"


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


# Reports


def test_a_report_of_nothing_says_that_nothing_was_changed() -> None:
    report = Report(in_sync_plan(), ())

    assert report_text(report) == "Nothing to do: nothing was changed.\n"


def test_an_interrupted_report_is_never_converged() -> None:
    report = Report(sample_plan(), (), interrupted=True)

    assert report_summary(report).startswith("Interrupted: ")
    assert report_summary(report).endswith("Converged: no.")


def test_a_report_names_the_file_of_passwords() -> None:
    assert "are in passwords.jsonl" in report_text(sample_report())


def test_the_question_names_the_targets_and_counts_the_changes() -> None:
    plan = sample_plan()
    work = {target.target: target.changes for target in plan.targets}

    assert question(work) == "Apply these 20 changes to flowauth, flowdb? [y/N] "


def test_statements_are_shown_by_target_line_by_line() -> None:
    text = statements_text({"b": ("x\ny",), "a": ("z",), "c": ()})

    assert text == "\nWhat a would be sent\n    z\n\nWhat b would be sent\n    x\n    y\n"
