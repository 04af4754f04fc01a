"""The tree of errors: each has its exit code, its data, and a text for a person."""

from __future__ import annotations

import inspect

import pytest

from reconciler import errors
from reconciler.errors import (
    BlockedError,
    CannotHoldError,
    IncompleteReadError,
    InputError,
    InterruptError,
    LockHeldError,
    ManifestError,
    PlanFileError,
    ReconcilerError,
    RefusedError,
    StaleError,
    TargetError,
    UnreachableError,
    UsageError,
)
from reconciler.source import Problem, Source
from reconciler.state import Key

CODES = {
    ReconcilerError: 1,
    InputError: 4,
    ManifestError: 4,
    PlanFileError: 4,
    UsageError: 64,
    TargetError: 1,
    IncompleteReadError: 9,
    BlockedError: 5,
    StaleError: 6,
    LockHeldError: 7,
    InterruptError: 130,
}


@pytest.mark.parametrize("kind, code", CODES.items())
def test_each_error_has_the_exit_code_of_its_meaning(
    kind: type[ReconcilerError], code: int
) -> None:
    assert kind.exit_code == code


def test_every_error_of_the_module_is_in_the_tree_of_its_docstring() -> None:
    classes = [
        each
        for _, each in inspect.getmembers(errors, inspect.isclass)
        if each.__module__ == errors.__name__
    ]

    assert all(issubclass(each, ReconcilerError) for each in classes)
    assert all(each.__name__ in (errors.__doc__ or "") for each in classes)


def test_an_input_error_shows_all_its_problems() -> None:
    problems = [Problem(Source("a.yaml", 1, 1), "one"), Problem(Source("a.yaml", 2, 1), "two")]

    error = ManifestError(problems)

    assert error.problems == tuple(problems)
    assert str(error) == "a.yaml:1:1: one\na.yaml:2:1: two"


def test_problems_are_in_the_order_of_the_file_and_each_is_said_once() -> None:
    first, second = Problem(Source("a.yaml", 9, 1), "x"), Problem(Source("a.yaml", 10, 1), "w")

    error = ManifestError([second, Problem(None, "z"), first, second])

    assert [str(each) for each in error.problems] == ["z", "a.yaml:9:1: x", "a.yaml:10:1: w"]


def test_a_target_error_names_its_target() -> None:
    error = UnreachableError("flowdb", "the connection ended")

    assert (error.target, error.message) == ("flowdb", "the connection ended")
    assert str(error) == "flowdb: the connection ended"


def test_what_cannot_be_held_lists_every_record() -> None:
    key = Key("account", ("amina",))

    error = CannotHoldError("flowdb", [(key, "one"), (key, "two")])

    assert error.faults == ((key, "one"), (key, "two"))
    assert str(error) == "flowdb: one; two"


def test_an_incomplete_read_names_all_targets_and_says_that_nothing_was_written() -> None:
    failures = [UnreachableError("flowdb", "no answer"), RefusedError("flowauth", "no right")]

    error = IncompleteReadError(failures)

    assert error.failures == tuple(failures)
    assert "flowdb: no answer\nflowauth: no right\n" in str(error)
    assert "nothing was written" in str(error)
