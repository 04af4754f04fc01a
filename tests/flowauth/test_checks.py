"""What FlowAuth cannot hold is found with its line, before anything is asked or written.

Faults of the manifest alone are found without FlowAuth; what does not fit what is there, at plan.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.changes import Change
from reconciler.engine import Inputs, Run
from reconciler.errors import ManifestError
from reconciler.source import Problem
from tests.conformance.bench import NOW
from tests.flowauth.lab import Lab
from tests.flowauth.simulated import OWN, OWN_PASSWORD

HEAD = """\
version: 1
targets:
  flowauth:
    provider: flowauth
    options: {url: {env: URL}, username: {env: USERNAME}, password: {env: PASSWORD}}
"""
BODY = """\
servers:
  store: {target: flowauth, token_expires: 2030-01-01T00:00:00Z, token_life: 2d, scopes: [run, a]}
  other: {target: flowauth, token_expires: 2030-01-01T00:00:00Z, token_life: 2d, scopes: [run]}
users:
  amina: {name: Amina}
roles:
  reader: {server: store, scopes: [run]}
grants:
  - {user: amina, role: reader}
"""


def run_of(folder: Path, body: str, url: str = "http://127.0.0.1:1") -> Run:
    path = folder / "access.yaml"
    path.write_text(HEAD + body, encoding="utf-8")
    environment = {"URL": url, "USERNAME": OWN, "PASSWORD": OWN_PASSWORD}
    return Run(Inputs((str(path),), (), environment, NOW))


def problems(folder: Path, old: str, new: str) -> list[Problem]:
    """The problems of the manifest in which this text is replaced."""
    assert old in BODY
    with pytest.raises(ManifestError) as caught:
        run_of(folder, BODY.replace(old, new))
    return list(caught.value.problems)


def test_the_manifest_that_the_cases_change_is_right(tmp_path: Path) -> None:
    with run_of(tmp_path, BODY) as run:
        assert list(run.desired) == ["flowauth"]


LONG = "x" * 76


@pytest.mark.parametrize(
    "old, new, line, text",
    [
        ("  amina: {", f"  amina: {{accounts: {{flowauth: {LONG}}}, ", 10, "has 76 characters"),
        ("  reader: {", f"  reader: {{name: {LONG}, ", 12, "has 76 characters"),
        ("  other: {", f"  {LONG}: {{", 8, "has 76 characters"),
        ("  other: {", "  Store: {", None, "differ only in case"),
        ("roles:\n", "roles:\n  Reader: {server: store}\n", None, "differ only in case"),
        ("roles:\n", "roles:\n  again: {server: other, name: reader}\n", None, "is on the servers"),
        ("scopes: [run, a]", 'scopes: [run, " a"]', 7, '" a" is not a scope'),
        ("scopes: [run, a]", f"scopes: [run, {'y' * 513}]", 7, "is not a scope"),
        ("scopes: [run]}\ngrants", "scopes: [run, nope]}\ngrants", 12, "not have the scopes nope"),
        ("{server: store, ", "{server: store, token_life: 3d, ", 12, "would live 4320 minutes"),
        (
            "{server: store, ",
            "{server: store, token_expires: 2030-01-01T00:00:01Z, ",
            12,
            "would expire at 2030-01-01T00:00:01Z, later than",
        ),
        ("{server: store, ", "{server: store, token_expires: 2030-01-01, ", 12, "a date alone"),
        ("{server: store, ", "{server: store, token_life: 60, ", 12, "duration with its unit"),
        ("roles:\n", "roles:\n  boss: {target: flowauth, level: amdin}\n", 12, '"amdin" is not'),
        ("{server: store, ", "{server: store, level: root, ", 12, '"root" is not a level'),
        ("{server: store, ", "{target: flowauth, ", 12, "needs a server"),
        ("scopes: [run]}\ngrants", "scopes: [run, run]}\ngrants", 12, "stands twice"),
    ],
)
def test_each_fault_is_found_with_its_line_without_asking_flowauth(
    tmp_path: Path, old: str, new: str, line: int | None, text: str
) -> None:
    found = problems(tmp_path, old, new)

    assert any(text in each.message for each in found), [each.message for each in found]
    assert all(each.source is not None for each in found)
    if line is not None:
        assert line in [each.source.line for each in found if each.source]


def test_all_faults_are_told_together(tmp_path: Path) -> None:
    found = problems(
        tmp_path, "{server: store, ", f"{{server: store, name: {LONG}, token_life: 9d, "
    )

    assert len(found) == 2


def test_names_of_75_characters_and_scopes_of_512_are_held(tmp_path: Path, lab: Lab) -> None:
    lab.start(backend="postgres")
    body = BODY.replace("[run, a]", f"[run, {'y' * 512}]").replace("reader", "r" * 75)

    with run_of(tmp_path, body, lab.simulator.url) as run:
        report = run.apply(run.plan(), credentials_out=str(tmp_path / "passwords"))

    assert report.exit_code == 0


def planned(lab: Lab, body: str) -> tuple[Change, ...]:
    with run_of(lab.folder, body, lab.simulator.url) as run:
        return run.plan().changes


@pytest.mark.parametrize(
    "old, new, line, text",
    [
        (", scopes: [run, a]", "", 12, 'the server "store" does not have the scopes run'),
        ("token_life: 2d, scopes: [run, a]", "scopes: [run, a]", 7, "without token_life"),
        (
            "token_expires: 2030-01-01T00:00:00Z, token_life: 2d, scopes: [run, a]",
            "scopes: [run, a]",
            7,
            "without token_expires",
        ),
    ],
)
def test_what_a_new_server_lacks_is_told_at_plan(
    lab: Lab, old: str, new: str, line: int, text: str
) -> None:
    lab.start()

    with pytest.raises(ManifestError) as caught:
        planned(lab, BODY.replace(old, new, 1))

    found = [each for each in caught.value.problems if text in each.message]
    assert [each.source.line for each in found if each.source] == [line]
    assert lab.writes == []


SERVER_AS_IT_IS = BODY.replace(
    "token_expires: 2030-01-01T00:00:00Z, token_life: 2d, scopes: [run, a]}", "description: mine}"
)


def test_a_server_that_is_there_needs_nothing_and_gives_new_roles_its_limits(lab: Lab) -> None:
    lab.start().store.add_server("store", scopes=("run", "a"))

    changes = planned(lab, SERVER_AS_IT_IS)

    (role,) = (each.after for each in changes if each.key.kind == "role")
    assert role == {
        "scopes": ("run",),
        "token_expires": "2035-01-01T00:00:00Z",
        "token_life_minutes": 2880,
    }


@pytest.mark.parametrize(
    "asked, text",
    [
        ("scopes: [gone]", 'the server "store" does not have the scopes gone'),
        ("token_life: 3d", "its token_life of 4320 minutes is longer than its server's, 2880"),
        ("token_expires: 2036-01-01T00:00:00Z", "is later than its server's, 2035-01-01T00:00:00Z"),
    ],
)
def test_what_a_role_asks_beyond_the_server_there_is_told_at_plan(
    lab: Lab, asked: str, text: str
) -> None:
    lab.start().store.add_server("store", scopes=("run", "a"))

    with pytest.raises(ManifestError) as caught:
        planned(lab, SERVER_AS_IT_IS.replace("scopes: [run]}\ngrants", f"{asked}}}\ngrants"))

    (problem,) = caught.value.problems
    assert text in problem.message
    assert problem.source is not None
    assert problem.source.line == 12


def test_a_role_without_scopes_of_its_own_does_not_lose_them_with_its_server(lab: Lab) -> None:
    store = lab.start().store
    store.add_server("store", scopes=("run", "a", "b"))
    store.add_role("store", "reader", scopes=("run", "b"))

    with pytest.raises(ManifestError, match='it has the scopes b, which the server "store"'):
        planned(lab, BODY.replace("{server: store, scopes: [run]}", "{server: store}"))


def test_a_new_role_may_not_have_the_name_of_a_role_on_a_server_nobody_named(lab: Lab) -> None:
    store = lab.start().store
    store.add_server("theirs")
    store.add_role("theirs", "reader")

    with pytest.raises(ManifestError, match='the server "theirs" has a role "reader" already'):
        planned(lab, BODY)
