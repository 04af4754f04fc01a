"""The benchmark measures what it says, on a real server, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from benchmarks.__main__ import main
from benchmarks.limits import WrongCatalogError, check_catalog, coalesced_statements, write_s
from benchmarks.manifests import DATABASE
from benchmarks.process import FailedProgramError, Programs
from benchmarks.rounds import prepare
from benchmarks.workload import draw
from reconciler.sandbox.postgres.template import ClusterTemplate

ROOT = Path(__file__).parents[2]


def test_a_run_measures_product_and_limits_of_every_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "result.json"

    code = main(["--sizes", "100", "--people", "200", "--repeat", "1", "--json", str(file)])

    printed = capsys.readouterr()
    assert code == 0, printed.err
    rows = {row["measure"]: row for row in json.loads(file.read_text(encoding="utf-8"))["rows"]}
    runs = ("first apply", "plan, no-op", "plan, 1 % changed", "apply, 1 % changed")
    assert {name for name, row in rows.items() if row["ratio"] is not None} == {
        *runs,
        *(f"{name}, random rights" for name in runs),
        "reconciler --help",
        "validate",
    }
    assert all(row["median_s"] > 0 for row in rows.values())
    assert all(f"| {name} " in printed.out for name in rows)


def test_a_catalog_that_lacks_one_edge_or_one_privilege_is_refused(
    cluster_template: ClusterTemplate,
) -> None:
    workload = draw(100)
    group, user = workload.edges[0]
    with cluster_template.cluster() as cluster:
        prepare(cluster)
        dsn = cluster.dsn(database=DATABASE)
        write_s(dsn, coalesced_statements(workload))
        check_catalog(dsn, workload, "writing")

        with psycopg.connect(dsn) as connection:
            connection.execute(f"REVOKE {group} FROM {user}".encode())
            connection.execute(f"REVOKE SELECT ON s00.t00 FROM {group}".encode())

        lost = r"after a loss .* 192 edges.*; 1259 privileges"
        with pytest.raises(WrongCatalogError, match=lost):
            check_catalog(dsn, workload, "a loss")


def test_a_program_that_fails_ends_the_benchmark_with_its_output(tmp_path: Path) -> None:
    programs = Programs(tmp_path)

    with pytest.raises(FailedProgramError, match=r"ended with 4, not 0:\n.*there is no such file"):
        programs.reconciler("validate", "-f", "missing.yaml")


def test_an_interrupted_run_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--sizes", "100"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        children = _children(process.pid)

        process.send_signal(signal.SIGINT)

        rest = process.stderr.read()
        assert process.wait() == 130, rest
    assert first == "warming up\n"
    assert rest == "interrupted; nothing is left behind\n"
    assert children, "the template's watcher was to be running"
    assert [pid for pid in children if _is_running(pid)] == []
    assert list(tmp_path.iterdir()) == []


def _children(parent: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    pairs = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    return [pid for pid, its_parent in pairs if its_parent == parent]


def _is_running(pid: int) -> bool:
    """Whether it is there and alive: what ended, and init has not looked after yet, is not."""
    command = ["ps", "-o", "stat=", "-p", str(pid)]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return bool(found) and not found.startswith("Z")
