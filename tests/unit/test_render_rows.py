"""The words for row-level security: what a plan does to it, and what a target did."""

from __future__ import annotations

import pytest

from reconciler.changes import Change
from reconciler.classify import Difference
from reconciler.render.drift_phrases import deviation, wish
from reconciler.render.phrases import Phrase, phrase
from reconciler.state import Fields, Key

SWITCH = Key("row_security", ("flowdb", "analytics", "cells"))
POLICY = Key("policy", ("flowdb", "analytics", "cells", "own"))
WHOLE: Fields = {
    "command": "select",
    "permissive": True,
    "roles": ("reader",),
    "using": "(EXISTS ( SELECT 1\n   FROM a.b))",
    "check": "",
}


def test_a_new_policy_is_one_sentence_in_one_line() -> None:
    told = phrase(Change("create", POLICY, None, WHOLE))

    sentence = "for select to reader using (EXISTS ( SELECT 1 FROM a.b))"
    assert told == Phrase(f"policy own on analytics.cells: {sentence}")


def test_a_restrictive_policy_for_everybody_says_both() -> None:
    fields = {**WHOLE, "permissive": False, "roles": ("",), "using": "", "check": "id > 0"}

    told = phrase(Change("create", POLICY, None, fields))

    sentence = "restrictive, for select to everybody (PUBLIC) with check (id > 0)"
    assert told.text == f"policy own on analytics.cells: {sentence}"


def test_what_changes_of_a_policy_is_told_part_by_part() -> None:
    before = {"roles": ("reader",), "check": "", "permissive": True}
    after = {"roles": ("",), "check": "(a)", "permissive": False}

    told = phrase(Change("update", POLICY, before, after))

    assert told == Phrase(
        "policy own on analytics.cells",
        (
            ("delete", "permissive"),
            ("create", "restrictive"),
            ("delete", "to reader"),
            ("create", "to everybody (PUBLIC)"),
            ("create", "with check (a)"),
        ),
    )


@pytest.mark.parametrize(
    "after, said",
    [
        ({"enabled": True}, "enabled"),
        ({"enabled": False}, "disabled"),
        ({"enabled": True, "forced": True}, "enabled, forced: it holds for the owner too"),
        ({"forced": False}, "not forced: it does not hold for the owner"),
    ],
)
def test_the_switches_are_words(after: Fields, said: str) -> None:
    before = {name: not value for name, value in after.items()}

    told = phrase(Change("update", SWITCH, before, after))

    assert told == Phrase(f"row security on analytics.cells: {said}")


def test_a_policy_that_goes_is_named() -> None:
    told = phrase(Change("delete", POLICY, WHOLE, None))

    assert told == Phrase("policy own on analytics.cells")


def _difference(key: Key, *sides: Fields | None) -> Difference:
    desired, applied, observed = sides
    return Difference("D-1", key, "conflict", "mixed", "drift", desired, applied, observed)


@pytest.mark.parametrize(
    "key, sides, said, wanted",
    [
        (
            SWITCH,
            ({"enabled": True}, {"enabled": True}, {"enabled": False}),
            "row security on analytics.cells: disabled, was enabled",
            "row security on analytics.cells enabled",
        ),
        (
            POLICY,
            ({"check": "(b)"}, {"check": ""}, {"check": "(a)"}),
            "policy own on analytics.cells: with check (a), was no with check",
            "policy own on analytics.cells: with check (b)",
        ),
        (POLICY, (None, {}, None), "policy own on analytics.cells is gone", "nothing"),
        (POLICY, ({}, None, {}), "policy own on analytics.cells is there", POLICY.path[3]),
    ],
)
def test_what_a_target_did_is_told_against_what_was_applied(
    key: Key, sides: tuple[Fields | None, ...], said: str, wanted: str
) -> None:
    difference = _difference(key, *sides)

    assert deviation(difference) == said
    assert wanted in wish(difference)
