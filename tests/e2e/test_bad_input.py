"""Rubbish in, one clear paragraph out: the right exit code, nothing written, and no traceback."""

from __future__ import annotations

import json
from collections.abc import Callable

import psycopg
import pytest

from reconciler.sandbox.systems import SandboxSystems
from tests.e2e.conftest import Program

MiB = 1024 * 1024


def _unset(name: str) -> Callable[[Program], dict[str, str]]:
    return lambda _program: {name: ""}


def _other(name: str, before: str, after: str) -> Callable[[Program], dict[str, str]]:
    return lambda program: {name: program.environment[name].replace(before, after)}


def _manifest(content: bytes) -> Callable[[Program], dict[str, str]]:
    def write(program: Program) -> dict[str, str]:
        (program.folder / "access.yaml").write_bytes(content)
        return {}

    return write


def _folder_for_a_manifest(program: Program) -> dict[str, str]:
    (program.folder / "access.yaml").unlink()
    (program.folder / "access.yaml").mkdir()
    return {}


def _no_manifest(program: Program) -> dict[str, str]:
    (program.folder / "access.yaml").unlink()
    return {}


def _flowauth_is_postgres(program: Program) -> dict[str, str]:
    port = program.environment["FLOWDB_DSN"].rpartition(":")[2].partition("/")[0]
    return {"FLOWAUTH_URL": f"http://127.0.0.1:{port}"}


def _database_is_flowauth(program: Program) -> dict[str, str]:
    port = program.environment["FLOWAUTH_URL"].rpartition(":")[2]
    return {"FLOWDB_DSN": f"postgresql://flowdb:x@127.0.0.1:{port}/flowdb"}


@pytest.mark.parametrize(
    "arrange, code, text",
    [
        pytest.param(_no_manifest, 4, "access.yaml", id="missing-file"),
        pytest.param(_folder_for_a_manifest, 4, "access.yaml", id="folder"),
        pytest.param(_manifest(b""), 4, "access.yaml", id="empty-file"),
        pytest.param(_manifest(bytes(range(256)) * 64), 4, "access.yaml", id="binary"),
        pytest.param(
            _manifest(b"rubbish " * (100 * MiB // 8)), 4, "64 MiB", id="100-MB-of-rubbish"
        ),
        pytest.param(_unset("FLOWDB_DSN"), 4, "FLOWDB_DSN is empty", id="unset-variable"),
        pytest.param(
            _other("FLOWAUTH_PASSWORD", "", "x"), 9, "user name or password", id="wrong-password"
        ),
        pytest.param(
            _other("FLOWDB_DSN", "flowdb:", "flowdb:x"), 9, "password", id="wrong-dsn-password"
        ),
        pytest.param(
            _other("FLOWAUTH_URL", "http://127.0.0.1", "http://nowhere.invalid"),
            9,
            "flowauth",
            id="wrong-url",
        ),
        pytest.param(_flowauth_is_postgres, 9, "flowauth", id="not-flowauth"),
        pytest.param(_database_is_flowauth, 9, "flowdb", id="not-postgres"),
        pytest.param(
            lambda program: {"FLOWDB_DSN": program.environment["FLOWDB_DSN"] + "x"},
            9,
            '"flowdbx" does not exist',
            id="no-database",
        ),
    ],
)
def test_bad_input_is_one_clear_paragraph_and_nothing_is_written(
    systems: SandboxSystems,
    program: Program,
    arrange: Callable[[Program], dict[str, str]],
    code: int,
    text: str,
) -> None:
    variables = arrange(program)
    before = systems.flowauth.store.snapshot()

    done = program("apply", "--yes", "--credentials-out", "passwords.jsonl", **variables)

    assert done.returncode == code, done.stderr
    assert text in done.stderr
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert len(done.stderr) < 1500
    assert done.stdout == ""
    assert systems.flowauth.store.snapshot() == before
    assert not (program.folder / "passwords.jsonl").exists()
    with psycopg.connect(systems.environment["FLOWDB_DSN"]) as connection:
        assert connection.execute("SELECT FROM pg_roles WHERE rolname = 'amina'").fetchall() == []


@pytest.mark.parametrize(
    "edit, text",
    [
        (lambda plan: plan.update(format="reconciler.plan/v2"), "newer reconciler"),
        (lambda plan: plan["targets"][0]["changes"].pop(), "edited"),
    ],
    ids=["another-version", "edited-by-hand"],
)
def test_a_plan_file_that_was_not_made_by_this_program_is_refused(
    systems: SandboxSystems,
    program: Program,
    edit: Callable[[dict[str, object]], None],
    text: str,
) -> None:
    assert program("plan", "-o", "plan.json").returncode == 0
    file = program.folder / "plan.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    edit(document)
    file.write_text(json.dumps(document), encoding="utf-8")
    before = systems.flowauth.store.snapshot()

    done = program("apply", "plan.json", "--credentials-out", "passwords.jsonl")

    assert done.returncode == 4
    assert text in done.stderr
    assert systems.flowauth.store.snapshot() == before


def test_two_applies_at_once_end_with_one_at_work_and_the_other_saying_who_it_is(
    systems: SandboxSystems, program: Program
) -> None:
    with psycopg.connect(systems.environment["FLOWDB_DSN"]) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [0x7265_636F_6E63_696C])

        done = program(
            "apply", "--yes", "--target", "flowdb", "--credentials-out", "passwords.jsonl"
        )

    assert done.returncode == 7, done.stderr
    assert "flowdb" in done.stdout
    assert "since" in done.stdout
