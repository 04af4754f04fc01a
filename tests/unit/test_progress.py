"""The line on a terminal that says what is being done: never beside anything else."""

from __future__ import annotations

import io
import sys
from threading import Event

import pytest

from reconciler.cli.progress import Progress


class Terminal(io.StringIO):
    """Stands for stderr on a terminal; says when something was written."""

    def __init__(self) -> None:
        super().__init__()
        self.was_written = Event()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.was_written.set()
        return super().write(text)


def watched(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal that is stderr from now on; not a fixture, since pytest puts its own back."""
    result = Terminal()
    monkeypatch.setattr(sys, "stderr", result)
    return result


def test_what_takes_long_is_shown_until_something_else_is_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = watched(monkeypatch)

    with Progress(patience_s=0) as progress:
        progress.tell("reading db")
        assert terminal.was_written.wait(10)
        progress.erase()
        progress.tell("reading flowauth")

    assert terminal.getvalue().split("\r") == [
        "",
        "reading db",
        "          ",
        "",
        "reading flowauth",
        "                ",
        "",
    ]


def test_what_was_told_before_a_question_is_not_written_over_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The patience runs out while somebody thinks about the answer."""
    terminal = watched(monkeypatch)

    with Progress() as progress:
        progress.tell("reading db")
        progress.erase()
        progress._become_due()  # what its timer calls

    assert terminal.getvalue() == ""
