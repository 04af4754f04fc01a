"""Changes that one request carries, and what is said of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest

from reconciler.changes import Action, Change
from reconciler.errors import (
    RefusedError,
    TargetError,
    UnexpectedResponseError,
    UnreachableError,
    WriteError,
)
from reconciler.providers.one_by_one import OneByOne
from reconciler.providers.settling import UnknownResultError, following
from reconciler.state import Key
from tests.conformance.bench import Notes

CHANGES = [Change("create", Key("account", (name,)), None, {}) for name in ("amina", "kofi")]
MEMBER = Change("create", Key("membership", ("reader", "kofi")), None, {})


def _needs(change: Change) -> Iterator[tuple[Key, Action]]:
    if change.key.kind == "membership":
        yield Key("account", change.key.path[-1:]), "create"


def _work() -> tuple[OneByOne, Notes]:
    notes = Notes()
    return OneByOne(notes, _needs), notes


def test_each_has_its_own_outcome_and_the_journal_was_told_of_all_before() -> None:
    work, notes = _work()
    told: list[Change] = []

    def write(changes: Sequence[Change]) -> Mapping[Key, TargetError | None]:
        told.extend(notes.intended)
        return {CHANGES[0].key: None, CHANGES[1].key: WriteError("db", "there already")}

    outcomes = list(work.attempt_all(CHANGES, write))
    (later,) = work.attempt_all([MEMBER], write)

    assert [(each.status, each.message) for each in outcomes] == [
        ("done", ""),
        ("failed", "there already"),
    ]
    assert told == CHANGES
    assert later.status == "skipped"
    assert notes.intended == CHANGES


def test_what_ends_the_whole_request_is_the_outcome_of_all_and_stops_the_rest() -> None:
    work, _ = _work()

    def write(changes: Sequence[Change]) -> Mapping[Key, TargetError | None]:
        raise UnreachableError("db", "no answer")

    outcomes = list(work.attempt_all(CHANGES, write))
    (later,) = work.attempt_all([CHANGES[0]], write)

    assert [each.status for each in outcomes] == ["failed", "failed"]
    assert later.message == "not tried: no answer"


def test_an_unknown_one_is_told_as_such_and_stops_the_rest_with_its_cause() -> None:
    work, _ = _work()
    unknown = UnknownResultError("db", "maybe")
    unknown.__cause__ = RefusedError("db", "shut out")

    outcomes = list(work.attempt_all(CHANGES, lambda _: {c.key: unknown for c in CHANGES}))
    (later,) = work.attempt_all([MEMBER], lambda _: {})

    assert [each.status for each in outcomes] == ["unknown", "unknown"]
    assert later.message == "not tried: shut out"


@pytest.mark.parametrize(
    "together, alone, status",
    [
        (UnknownResultError("db", "maybe"), UnexpectedResponseError("db", "half"), "unknown"),
        (UnknownResultError("db", "maybe"), WriteError("db", "refused"), "unknown"),
        (WriteError("db", "one is not there"), UnexpectedResponseError("db", "half"), "unknown"),
        (WriteError("db", "one is not there"), WriteError("db", "not there"), "failed"),
        (UnexpectedResponseError("db", "half"), UnexpectedResponseError("db", "half"), "failed"),
        (RefusedError("db", "shut out"), RefusedError("db", "shut out"), "failed"),
    ],
    ids=["lost", "lost, refused", "in part", "told", "never sent", "never let in"],
)
def test_what_was_sent_with_others_and_cannot_be_read_then_is_not_said_to_have_failed(
    together: TargetError, alone: TargetError, status: str
) -> None:
    work, _ = _work()

    def write(changes: Sequence[Change]) -> None:
        raise together if len(changes) > 1 else alone

    outcomes = list(work.attempt_together(CHANGES, write))

    assert [each.status for each in outcomes] == [status, status]


def test_the_second_of_several_writes_that_cannot_begin_leaves_all_of_them_open() -> None:
    with (
        pytest.raises(UnknownResultError, match="a part of the list is written: shut out"),
        following("db", "the list", is_first=False),
    ):
        raise RefusedError("db", "shut out")


def test_the_first_of_several_writes_that_cannot_begin_is_told_as_what_it_is() -> None:
    with (
        pytest.raises(RefusedError, match="shut out"),
        following("db", "the list", is_first=True),
    ):
        raise RefusedError("db", "shut out")
