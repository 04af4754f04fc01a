"""The same input gives the same bytes, whatever the order in which Python hashes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_SCRIPT = """
import sys
from datetime import UTC, datetime
from reconciler.engine import Inputs, Run
from reconciler.plan_file import to_text

inputs = Inputs((sys.argv[1],), (), {}, datetime(2027, 1, 15, tzinfo=UTC))
with Run(inputs) as run:
    plan = run.plan()
    print(to_text(plan))
    print("\\n".join(run.preview(plan)["store"]))
    report = run.apply(plan)
    print([(str(each.change.key), each.status) for each in report.outcomes])
print(open(sys.argv[2]).read())
"""


def test_plan_preview_outcomes_and_state_are_the_same_under_any_hash_seed_pln_01(
    tmp_path: Path,
) -> None:
    results = {seed: _run(tmp_path, seed) for seed in ("0", "1", "random")}

    assert results["0"].count("user-") > 100
    assert results["1"] == results["0"]
    assert results["random"] == results["0"]


def _run(folder: Path, seed: str) -> str:
    manifest, state = folder / "access.yaml", folder / "state.json"
    manifest.write_text(json.dumps(_manifest(state)))
    state.write_text(json.dumps(_document()))
    command = [sys.executable, "-c", _SCRIPT, str(manifest), str(state)]
    result = subprocess.run(
        command,
        cwd=_ROOT,
        env={"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stderr == ""
    assert result.returncode == 0
    return result.stdout


def _manifest(state: Path) -> dict[str, object]:
    users = [f"user-{number}" for number in range(12)]
    rules = [
        {"schema": "geo", "tables": "*", "allow": ["select", "update", "insert"]},
        {"schema": "geo", "allow": ["usage", "create"]},
    ]
    return {
        "version": 1,
        "targets": {"store": {"provider": "memory", "options": {"state": str(state)}}},
        "servers": {"db": {"target": "store"}},
        "users": {name: {"name": name.title()} for name in users},
        "groups": {"half": {"members": users[:6]}, "all": {"groups": ["half"], "members": users}},
        "roles": {
            "reader": {"server": "db", "privileges": rules},
            "writer": {"server": "db", "inherits": ["reader", "outside"], "privileges": rules[:1]},
        },
        "grants": [
            {"group": "all", "role": "reader"},
            *({"user": name, "role": "writer"} for name in users),
        ],
    }


def _document() -> dict[str, object]:
    tables = {f"table-{number}": "owner" for number in range(7)}
    rows: list[tuple[str, list[str], dict[str, object]]] = [
        ("object", ["db", "table", "geo"], {**tables}),
        ("object", ["db", "schema", ""], {"geo": "owner"}),
        ("role", ["outside"], {}),
        ("group", ["all"], {}),
        ("account", ["stranger"], {"enabled": True, "level": "admin"}),
        ("account", ["other"], {"enabled": True, "level": "admin"}),
        ("membership", ["all", "stranger"], {}),
        ("membership", ["all", "other"], {}),
    ]
    records = [{"kind": kind, "path": path, "fields": fields} for kind, path, fields in rows]
    return {"format": "reconciler.memory/v1", "records": records}
