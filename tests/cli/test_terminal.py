"""What happens on a terminal: the question, colour, progress, Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from reconciler.cli.interrupts import Interrupts
from reconciler.cli.progress import Progress
from tests.cli.conftest import Project

_TIMEOUT_S = 60


def _spawn(project: Project, *arguments: str, **environment: str) -> pexpect.spawn:
    return pexpect.spawn(
        sys.executable,
        ["-m", "reconciler", *arguments],
        cwd=str(project.folder),
        env={
            **{name: v for name, v in os.environ.items() if name not in ("NO_COLOR", "TERM")},
            "TERM": "xterm",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            **environment,
        },
        encoding="utf-8",
        timeout=_TIMEOUT_S,
        dimensions=(50, 200),
    )


def _rest(child: pexpect.spawn) -> tuple[str, int | None]:
    child.expect(pexpect.EOF)
    child.close()
    return child.before, child.exitstatus


_QUESTION = r"Apply these 9 changes to db\? \[y/N\] "


@pytest.mark.parametrize("answer", ["y", "yes", "YES"])
def test_yes_applies(project: Project, answer: str) -> None:
    child = _spawn(project, "apply")
    child.expect(_QUESTION)
    child.sendline(answer)

    text, code = _rest(child)

    assert code == 0
    assert "Converged: yes." in text
    assert project.run("drift").exit_code == 0


@pytest.mark.parametrize("answer", ["", "n", "no", "ye", "sure"])
def test_everything_else_applies_nothing(project: Project, answer: str) -> None:
    before = project.state()
    child = _spawn(project, "apply")
    child.expect(_QUESTION)
    child.sendline(answer)

    text, code = _rest(child)

    assert code == 1
    assert "the answer was not yes; nothing was applied" in text
    assert project.state() == before


@pytest.mark.parametrize("answer, code", [("yes", 0), ("no", 1)])
def test_an_offboarding_shows_what_it_would_take_and_asks(
    applied: Project, answer: str, code: int
) -> None:
    child = _spawn(applied, "offboard", "kofi")
    child.expect(r"Would take 3 things from Kofi Mensah \(kofi\), which is all\.")
    child.expect(r"Take all this from Kofi Mensah \(kofi\) on db, now\? \[y/N\] ")
    child.sendline(answer)

    _, ended = _rest(child)

    assert ended == code
    assert applied.run("plan").exit_code == (5 if answer == "yes" else 0)


def test_the_end_of_input_is_not_yes(project: Project) -> None:
    before = project.state()
    child = _spawn(project, "apply")
    child.expect(_QUESTION)
    child.sendeof()

    _, code = _rest(child)

    assert code == 1
    assert project.state() == before


def test_ctrl_c_at_the_question_is_130_and_applies_nothing(project: Project) -> None:
    before = project.state()
    child = _spawn(project, "apply")
    child.expect(_QUESTION)
    child.sendintr()

    text, code = _rest(child)

    assert code == 130
    assert "interrupted" in text
    assert "Traceback" not in text
    assert project.state() == before


def test_nothing_to_do_asks_nothing(applied: Project) -> None:
    text, code = _rest(_spawn(applied, "apply"))

    assert code == 0
    assert "Nothing to do" in text
    assert "[y/N]" not in text


def test_a_terminal_gets_colour(project: Project) -> None:
    text, _ = _rest(_spawn(project, "plan"))

    assert "\x1b[32m+ " in text


@pytest.mark.parametrize(
    "arguments, environment",
    [(["--no-color"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"})],
    ids=["--no-color", "NO_COLOR", "dumb terminal"],
)
def test_colour_can_be_declined_out_05(
    project: Project, arguments: list[str], environment: dict[str, str]
) -> None:
    text, _ = _rest(_spawn(project, "plan", *arguments, **environment))

    assert "\x1b" not in text
    assert "+   account" in text


# Ctrl-C while applying


@pytest.fixture
def stderr(capfd: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """The test's own signal handlers, put back whatever happens."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    yield capfd
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_the_first_ctrl_c_asks_to_stop_and_the_second_interrupts_apl_02(
    stderr: pytest.CaptureFixture[str],
) -> None:
    with Interrupts() as interrupts:
        assert not interrupts.is_asked()
        signal.raise_signal(signal.SIGINT)
        assert interrupts.is_asked()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    assert "Stopping after the call in flight" in stderr.readouterr().err


def test_sigterm_asks_to_stop_however_often_it_comes(stderr: pytest.CaptureFixture[str]) -> None:
    with Interrupts() as interrupts:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)

        assert interrupts.is_asked()


# Progress


def _terminal() -> tuple[int, int]:
    controller, terminal = os.openpty()
    return controller, terminal


def _progress_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, patience_s: float, is_seen: threading.Event
) -> str:
    """What a terminal gets of a progress of two texts; `is_seen` is waited for after the first."""
    controller, terminal = _terminal()
    got: list[bytes] = []

    def watch() -> None:
        while chunk := _read(controller):
            got.append(chunk)
            is_seen.set()

    reader = threading.Thread(target=watch)
    reader.start()
    with open(terminal, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with Progress(patience_s) as progress:
            progress.tell("reading \x1b[31mdb")
            is_seen.wait(_TIMEOUT_S)
            progress.tell("applying")
    reader.join(_TIMEOUT_S)
    os.close(controller)
    return b"".join(got).decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1024)
    except OSError:  # Linux: the other end of the terminal was closed
        return b""


def test_long_work_shows_one_line_and_erases_it(monkeypatch: pytest.MonkeyPatch) -> None:
    text = _progress_on_a_terminal(monkeypatch, 0.0, threading.Event())

    first = "reading \\x1b[31mdb"
    assert text == f"\r{first}\r{'applying'.ljust(len(first))}\r{' ' * len(first)}\r"


def test_short_work_shows_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()
    is_over.set()

    assert _progress_on_a_terminal(monkeypatch, 3600.0, is_over) == ""


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(0.0) as progress:
        progress.tell("reading db")

    assert capsys.readouterr().err == ""
