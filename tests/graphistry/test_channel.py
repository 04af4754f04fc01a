"""What can come between the provider and Django's shell: none of it passes for an answer."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.errors import UnreachableError
from reconciler.providers.graphistry.envelope import UnframedError, answer_in, one_line
from reconciler.providers.graphistry.options import GraphistryOptions
from reconciler.providers.graphistry.provider import open_graphistry
from reconciler.providers.graphistry.shell import LostAnswerError
from reconciler.scope import Scope
from reconciler.secret import Secret
from reconciler.state import Key
from tests.graphistry.installation import new_installation
from tests.graphistry.lab import TARGET, Lab, new, statuses


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A stand-in that starts as the product does, each time."""
    with new_installation(starts_django=True) as installation:
        yield Lab(installation, tmp_path)


def test_a_greeting_noise_and_warnings_around_the_answer_do_no_harm(lab: Lab) -> None:
    lab.installation.add_user("amina")

    with lab.installation.trouble("noise"):
        state = lab.read()

    assert state.names("account") == {"amina"}


def test_a_shell_that_gave_up_waiting_and_prompts_for_lines_is_read_and_written(lab: Lab) -> None:
    with lab.installation.trouble("late"):
        outcomes = lab.make(new("amina", name='Ami"na\nDiallo 🜁'))
        state = lab.read()

    assert statuses(outcomes) == ["done"]
    assert (state.get(Key("account", ("amina",))) or {})["name"] == 'Ami"na\nDiallo 🜁'


@pytest.mark.parametrize(
    "trouble", ["exit 1", "traceback", "fail 3", "lose", "cut 40", "cut 0", "twice", "foreign"]
)
def test_whatever_is_no_whole_answer_is_an_error_and_never_a_shorter_state(
    lab: Lab, trouble: str
) -> None:
    lab.installation.add_user("amina")

    with lab.installation.trouble(trouble), pytest.raises(UnreachableError):
        lab.read()


def test_the_error_says_what_the_command_said_and_its_code(lab: Lab) -> None:
    with lab.installation.trouble("exit 1"), pytest.raises(LostAnswerError) as caught:
        lab.read()

    assert "code 1" in caught.value.message
    assert "No such container: nexus" in caught.value.message


def test_a_command_that_is_not_there_is_told_by_its_name() -> None:
    options = GraphistryOptions(command=("/nowhere/graphistry", "exec"))

    with pytest.raises(UnreachableError, match=r"/nowhere/graphistry.*option command"):
        open_graphistry(TARGET, options).observe(Scope())


def test_a_command_that_hangs_is_killed_with_all_that_it_started(lab: Lab, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    started = f'cat >/dev/null; sleep 3600 & echo $$ $! > "{pids}"; wait'
    options = GraphistryOptions(command=("sh", "-c", started), timeout_s=1)

    with pytest.raises(LostAnswerError, match="within 1 s and was killed") as caught:
        open_graphistry(TARGET, options).observe(Scope())

    assert caught.value.may_go_on
    for pid in map(int, pids.read_text().split()):
        assert _has_ended(pid)


def _has_ended(pid: int) -> bool:
    """Whether a process is gone, or a zombie that nobody has asked about yet."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    return stat.is_file() and stat.read_text().rpartition(")")[2].split()[0] == "Z"


def test_an_endless_answer_is_cut_off_by_us() -> None:
    options = GraphistryOptions(command=("sh", "-c", "cat >/dev/null; yes"), max_reply_bytes=10_000)

    with pytest.raises(UnreachableError, match="max_reply_bytes, 10000"):
        open_graphistry(TARGET, options).observe(Scope())


def test_an_input_larger_than_any_pipe_and_a_chatty_child_do_not_wait_for_each_other() -> None:
    command = ("sh", "-c", "head -c 1000000 /dev/zero >&2; cat >/dev/null; exit 4")

    with pytest.raises(UnreachableError, match="code 4"):
        open_graphistry(TARGET, GraphistryOptions(command=command)).observe(Scope())


def test_names_of_every_kind_pass_where_the_locale_is_c(lab: Lab) -> None:
    command = ["env", "LC_ALL=C", "LANG=C", *lab.installation.command]

    outcomes = lab.make(new("zoë", name="名前 🜁 \"'\n"), command=command)

    assert statuses(outcomes) == ["done"]
    assert lab.account("zoë", command=command)["name"] == "名前 🜁 \"'\n"


def test_what_is_sent_is_one_line_of_ascii_that_shows_nothing() -> None:
    line = one_line({"nonce": "n", "ops": [{"op": "x", "args": {"password": Secret("canary")}}]})

    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert line.isascii()
    assert b"canary" not in line


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"<<<reconciler:ab:begin>>>\n{}\n",
        b"<<<reconciler:ab:end>>>\n{}\n<<<reconciler:ab:begin>>>",
        b"<<<reconciler:ab:begin>>>\nnonsense\n<<<reconciler:ab:end>>>",
        b'<<<reconciler:ab:begin>>>\n{"proto": 1, "nonce": "ab"}\n<<<reconciler:ab:end>>>',
        b'<<<reconciler:ab:begin>>>{"proto":2,"nonce":"ab","results":[]}<<<reconciler:ab:end>>>',
        b'<<<reconciler:ab:begin>>>{"proto":1,"nonce":"cd","results":[]}<<<reconciler:ab:end>>>',
        b'<<<reconciler:cd:begin>>>{"proto":1,"nonce":"cd","results":[]}<<<reconciler:cd:end>>>',
    ],
)
def test_only_one_whole_answer_to_this_question_is_an_answer(output: bytes) -> None:
    with pytest.raises(UnframedError):
        answer_in(output, "ab")


def test_a_password_is_in_no_argument_environment_log_error_or_outcome(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = []

    for number, trouble in enumerate(["", "refuse 1", "die 1", "lose", "cut 20", "fail 1"]):
        with lab.installation.trouble(trouble):
            said.append(f"{lab.make(new(f'user{number}', name='N', email=f'{number}@e.org'))!r}")
        (password,) = (each.reveal() for each in lab.notes.passwords.values())
        shown = f"{said}{lab.installation.calls()}{caplog.text}"
        assert password not in shown
        assert "canary-hash" not in shown
    assert len(lab.installation.calls()) >= 6
