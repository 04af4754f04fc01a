"""`reconciler offboard`: everything of one user is taken at once, target by target, and nothing
gives it back by accident.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import Result

from reconciler.ledger import open_ledger
from reconciler.sandbox.flowauth import FlowAuthSimulator
from tests.cli.conftest import EMPTY_STATE, Project, record
from tests.fix_postgres import PostgresServer
from tests.flowauth.lab import Lab
from tests.flowauth.simulated import BOOTSTRAP, OWN, OWN_PASSWORD

MANIFEST = """\
version: 1
targets:
  db: {provider: memory, options: {state: state.json}}
  dw: {provider: memory, options: {state: dw.json}}
servers:
  main: {target: db}
  wh: {target: dw}
users:
  amina: {name: Amina Diallo}
  kofi:
    name: Kofi Mensah
    email: kofi@example.org
    accounts: {dw: kofi_m}
  dashboards: {kind: service, owner: kofi}
groups:
  analysts: {members: [amina, kofi]}
roles:
  reader: {server: main}
  loader: {server: wh}
grants:
  - {group: analysts, role: reader}
  - {user: kofi, role: reader}
  - {user: kofi, role: loader}
  - {user: dashboards, role: loader}
"""
NAME = "    name: Kofi Mensah\n"
DEPARTED = f"{NAME}    state: departed\n"
ACTIVE = {"enabled": True, "level": "user"}


@pytest.fixture
def two(project: Project) -> Project:
    """Two memory targets after an apply; kofi holds something on both, under two names."""
    project.write_manifest(MANIFEST)
    (project.folder / "dw.json").write_text(json.dumps(EMPTY_STATE), encoding="utf-8")
    project.run_well("apply", "--yes")
    return project


def edit(project: Project, before: str, after: str) -> None:
    path = project.folder / "access.yaml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def held(project: Project, account: str, file: str = "state.json") -> list[str]:
    """What an account is in on a target, and whether it may sign in."""
    rows = json.loads((project.folder / file).read_text(encoding="utf-8"))["records"]
    found = ["/".join(e["path"][:-1]) for e in rows if e["kind"] == "membership"]
    found = [name for name, row in zip(found, _of_kind(rows), strict=True) if row[-1] == account]
    enabled = [e for e in rows if (e["kind"], e["path"]) == ("account", [account])]
    return sorted(found) + ["signs in" for e in enabled if e["fields"].get("enabled", True)]


def _of_kind(rows: list[dict[str, Any]]) -> list[list[str]]:
    return [row["path"] for row in rows if row["kind"] == "membership"]


def blocked_rules(result: Result) -> set[str]:
    plan = json.loads(result.stdout)
    return {each["rule"] for each in plan["findings"] if each["blocking"] and not each["accepted"]}


# What is taken


def test_everything_of_one_user_is_taken_on_every_target_and_nothing_of_others(
    two: Project,
) -> None:
    before = held(two, "amina")

    result = two.run_well("offboard", "kofi", "--yes")

    assert held(two, "kofi") == []
    assert held(two, "kofi_m", "dw.json") == []
    assert held(two, "amina") == before == ["analysts", "signs in"]
    assert "dw, as kofi_m: taken" in result.stdout
    assert "Took 5 things from Kofi Mensah (kofi), which is all." in result.stdout


def test_pending_changes_of_the_manifest_are_not_applied(two: Project) -> None:
    edit(two, "- {user: kofi, role: reader}", "- {user: amina, role: reader}")

    two.run_well("offboard", "kofi", "--yes")

    assert held(two, "amina") == ["analysts", "signs in"]
    plan = json.loads(two.run("plan", "--format", "json").stdout)
    paths = [each["path"] for target in plan["targets"] for each in target["changes"]]
    assert ["reader", "amina"] in paths


def test_a_second_run_finds_nothing_left(two: Project) -> None:
    two.run_well("offboard", "kofi", "--yes")
    state = two.state()

    result = two.run_well("offboard", "kofi", "--yes")

    assert "Nothing is left to take from Kofi Mensah (kofi)." in result.stdout
    assert two.state() == state


def test_a_dry_run_writes_nothing_at_all(two: Project) -> None:
    before = two.state()
    log = two.run_well("log", "--journal").stdout

    result = two.run_well("offboard", "kofi", "--dry-run")

    assert "Would take 5 things from Kofi Mensah (kofi), which is all." in result.stdout
    assert (two.state(), two.run_well("log", "--journal").stdout) == (before, log)


def test_without_a_terminal_somebody_has_to_say_yes(two: Project) -> None:
    result = two.run("offboard", "kofi")

    assert result.exit_code == 64
    assert "signs in" in held(two, "kofi")


def test_without_a_ledger_places_are_taken_and_no_account_is_deleted(two: Project) -> None:
    edit(two, "{state: state.json}}", "{state: state.json}, policy: {leavers: delete}}")

    result = two.run_well("offboard", "kofi", "--yes", "--ledger", "other.sqlite3")

    assert held(two, "kofi") == []
    assert ["kofi"] in [each["path"] for each in json.loads(two.state())["records"]]
    assert "nothing is known of an earlier apply" in result.stdout


def test_without_a_ledger_an_account_that_cannot_be_disabled_stays_and_is_named(
    house: Project, lab: Lab
) -> None:
    result = house.run(
        "offboard", "kofi", "--yes", "--target", "flowauth", "--ledger", "other.sqlite3"
    )

    assert result.exit_code == 8
    assert "flowauth: account: nothing is known of an earlier apply; take it" in result.stdout
    assert {"amina", "kofi"} == _runners(lab.simulator)
    assert "member of runner on api" in result.stdout


def test_an_offboarding_is_no_first_apply(two: Project) -> None:
    two.run_well("offboard", "kofi", "--yes", "--ledger", "other.sqlite3")

    plan = json.loads(two.run("plan", "--format", "json", "--ledger", "other.sqlite3").stdout)

    assert [each["applied"] for each in plan["targets"]] == ["", ""]


# Whom


@pytest.mark.parametrize(
    "word, hint",
    [
        ("kofy", 'did you mean "kofi"?'),
        ("kofi@example.org", "it belongs to kofi"),
        ("kofi_m", "it belongs to kofi"),
        ("KOFI", 'did you mean "kofi"?'),
    ],
)
def test_only_the_exact_name_in_the_manifest_will_do(two: Project, word: str, hint: str) -> None:
    before = two.state()

    result = two.run("offboard", word, "--yes")

    assert result.exit_code == 64
    assert hint in result.stderr
    assert two.state() == before


# What cannot be done


def test_a_target_that_is_down_stops_no_other_and_is_named(two: Project) -> None:
    (two.folder / "dw.json").rename(two.folder / "away.json")

    result = two.run("offboard", "kofi", "--yes")

    assert result.exit_code == 8
    assert held(two, "kofi") == []
    assert "!   dw: not read: there is no file dw.json" in result.stdout
    assert "NOT DONE: dw." in result.stdout


def test_when_the_target_is_back_a_second_run_takes_the_rest(two: Project) -> None:
    (two.folder / "dw.json").rename(two.folder / "away.json")
    two.run("offboard", "kofi", "--yes")
    (two.folder / "away.json").rename(two.folder / "dw.json")

    two.run_well("offboard", "kofi", "--yes")

    assert held(two, "kofi_m", "dw.json") == []


def test_where_nothing_can_be_read_the_exit_code_is_9(two: Project) -> None:
    for name in ("state.json", "dw.json"):
        (two.folder / name).unlink()

    result = two.run("offboard", "kofi", "--yes")

    assert result.exit_code == 9
    assert "NOT DONE: db, dw." in result.stdout


def test_options_that_are_missing_for_one_target_stop_no_other(two: Project) -> None:
    edit(two, "{state: dw.json}", "{state: {env: NOT_SET_HERE}}")

    result = two.run("offboard", "kofi", "--yes")

    assert result.exit_code == 8
    assert held(two, "kofi") == []
    assert "NOT_SET_HERE" in result.stdout


def test_a_target_that_somebody_else_applies_to_is_named(two: Project) -> None:
    place = str(two.folder / ".reconciler" / "ledger.sqlite3")
    with (
        open_ledger(place, clock=lambda: datetime.now(UTC)) as ledger,
        ledger.lock("db", "esi@laptop"),
    ):
        result = two.run("offboard", "kofi", "--yes")

    assert result.exit_code == 8
    assert "esi@laptop" in result.stdout
    assert "signs in" in held(two, "kofi")
    assert held(two, "kofi_m", "dw.json") == []


def test_service_accounts_that_the_user_answers_for_go_on_and_are_named(two: Project) -> None:
    result = two.run_well("offboard", "kofi", "--yes")

    assert "dashboards: a service account that kofi answers for on dw" in result.stdout
    assert held(two, "dashboards", "dw.json") == ["loader", "signs in"]


def test_the_last_administrator_stays_until_somebody_accepts_it(two: Project) -> None:
    edit(
        two,
        "  reader: {server: main}",
        "  reader: {server: main}\n  boss: {server: main, level: admin}",
    )
    edit(two, "grants:\n", "grants:\n  - {user: kofi, role: boss}\n")
    two.run_well("apply", "--yes")

    result = two.run("offboard", "kofi", "--yes", "--target", "db", "--format", "json")
    kept = json.loads(result.stdout)["targets"][0]["not_taken"]

    assert result.exit_code == 8
    assert "administrator" in kept[0]["reason"]
    finding = kept[0]["reason"].rpartition("--accept ")[2].rstrip(")")
    two.run_well("offboard", "kofi", "--yes", "--target", "db", "--accept", finding)
    assert held(two, "kofi") == []


def test_an_unknown_finding_is_refused_before_anything_is_taken(two: Project) -> None:
    result = two.run("offboard", "kofi", "--yes", "--accept", "S-00000000")

    assert result.exit_code == 64
    assert "signs in" in held(two, "kofi")


def test_a_protected_name_is_not_touched_and_named(two: Project) -> None:
    edit(two, "{state: dw.json}}", "{state: dw.json}, policy: {protect: [kofi_m]}}")

    result = two.run("offboard", "kofi", "--yes")

    assert result.exit_code == 8
    assert '"kofi_m" is protected by policy.protect' in result.stdout
    assert held(two, "kofi_m", "dw.json") == ["loader", "signs in"]


def test_what_a_policy_keeps_is_named_and_no_success(two: Project) -> None:
    edit(two, "{state: dw.json}}", "{state: dw.json}, policy: {prune: never}}")

    result = two.run("offboard", "kofi", "--yes", "--target", "dw")

    assert result.exit_code == 5
    assert "!   dw: member of loader: no line gave it, or policy.prune leaves it" in result.stdout
    assert held(two, "kofi_m", "dw.json") == ["loader", "signs in"]


def test_what_no_line_gave_stays_and_is_of_no_use_to_an_account_that_is_shut_out(
    two: Project,
) -> None:
    state = json.loads(two.state())
    by_hand = [record("role", "stray"), record("membership", "stray", "kofi")]
    two.write_state({**state, "records": [*state["records"], *by_hand]})

    result = two.run_well("offboard", "kofi", "--yes")

    assert "    db: member of stray: of no use now, the account is shut out; " in result.stdout
    assert held(two, "kofi") == ["stray"]


def test_a_break_glass_account_stays_until_somebody_accepts_it(two: Project) -> None:
    edit(two, "grants:\n", "policies: {break_glass: [kofi]}\ngrants:\n")

    result = two.run("offboard", "kofi", "--yes")

    assert result.exit_code == 5
    assert held(two, "kofi") == ["analysts", "reader", "signs in"]


def test_limits_of_removal_are_not_for_one_person_whom_somebody_named(two: Project) -> None:
    limits = "policy: {removals: {percent: 1, at_most: 1, floor: 0}}"
    edit(two, "{state: dw.json}}", f"{{state: dw.json}}, {limits}}}")

    two.run_well("offboard", "kofi", "--yes")

    assert held(two, "kofi_m", "dw.json") == []


def test_min_holders_is_kept_until_somebody_accepts_it(two: Project) -> None:
    edit(two, "{members: [amina, kofi]}", "{members: [amina, kofi], min_members: 2}")
    two.run_well("apply", "--yes")

    result = two.run("offboard", "kofi", "--yes", "--target", "db")

    assert result.exit_code == 8
    assert "--accept S-" in result.stdout
    assert "analysts" in held(two, "kofi")


# What comes after


def test_the_line_that_the_manifest_needs_is_the_last_thing_said(two: Project) -> None:
    result = two.run_well("offboard", "kofi", "--yes")

    assert "THE MANIFEST STILL GIVES IT ALL BACK to Kofi Mensah (kofi)" in result.stdout
    assert "\naccess.yaml:10: kofi: state: departed\n" in result.stdout


def test_drift_is_quiet_afterwards(two: Project) -> None:
    two.run_well("offboard", "kofi", "--yes")

    assert "No drift" in two.run_well("drift").stdout


def test_a_plan_of_the_unchanged_manifest_is_blocked_and_an_apply_gives_nothing_back(
    two: Project,
) -> None:
    two.run_well("offboard", "kofi", "--yes", "--reason", "HR-12")

    plan = two.run("plan", "--format", "json")
    apply = two.run("apply", "--yes")

    assert (plan.exit_code, blocked_rules(plan)) == (5, {"offboarded"})
    assert "(HR-12)" in plan.stdout
    assert apply.exit_code == 5
    assert held(two, "kofi") == held(two, "kofi_m", "dw.json") == []


def test_work_for_others_goes_on_while_the_user_is_blocked(two: Project) -> None:
    two.run_well("offboard", "kofi", "--yes")
    edit(two, "grants:\n", "grants:\n  - {user: amina, role: reader}\n")

    assert two.run("apply", "--yes").exit_code == 5
    assert held(two, "amina") == ["analysts", "reader", "signs in"]


def test_an_unread_target_gives_nothing_back_either(two: Project) -> None:
    edit(two, "  - {user: kofi, role: loader}\n", "")
    two.run_well("apply", "--yes")
    (two.folder / "dw.json").rename(two.folder / "away.json")
    two.run("offboard", "kofi", "--yes")
    (two.folder / "away.json").rename(two.folder / "dw.json")
    edit(two, "grants:\n", "grants:\n  - {user: kofi, role: loader}\n")

    assert two.run("apply", "--yes", "--target", "dw").exit_code == 5
    assert held(two, "kofi_m", "dw.json") == []


def test_once_the_manifest_says_departed_nothing_is_left_to_do(two: Project) -> None:
    two.run_well("offboard", "kofi", "--yes")
    edit(two, NAME, DEPARTED)

    assert "Nothing to do" in two.run_well("plan").stdout
    again = two.run_well("offboard", "kofi", "--yes").stdout
    assert "Nothing is left to take" in again
    assert "THE MANIFEST" not in again


def test_after_an_apply_of_that_somebody_may_come_back(two: Project) -> None:
    two.run_well("offboard", "kofi", "--yes")
    edit(two, NAME, DEPARTED)
    two.run_well("apply", "--yes")
    edit(two, DEPARTED, NAME)

    two.run_well("apply", "--yes")

    assert held(two, "kofi") == ["analysts", "reader", "signs in"]


def test_what_was_accepted_is_given_back_and_no_longer_asked_about(two: Project) -> None:
    two.run_well("offboard", "kofi", "--yes", "--target", "db")
    plan = json.loads(two.run("plan", "--format", "json").stdout)
    (finding,) = [each["id"] for each in plan["findings"] if each["rule"] == "offboarded"]

    two.run_well("apply", "--yes", "--accept", finding)

    assert held(two, "kofi") == ["analysts", "reader", "signs in"]
    assert "is over: it was accepted" in two.run_well("log", "--journal").stdout


def test_a_plan_that_was_saved_before_gives_nothing_to_somebody_who_was_offboarded_since(
    two: Project,
) -> None:
    edit(two, "{server: wh}", "{server: wh}\n  writer: {server: wh}")
    edit(two, "grants:\n", "grants:\n  - {user: kofi, role: writer}\n")
    two.run_well("plan", "-o", "plan.json")
    (two.folder / "dw.json").rename(two.folder / "away.json")
    two.run("offboard", "kofi", "--yes", "--target", "dw")
    (two.folder / "away.json").rename(two.folder / "dw.json")

    result = two.run("apply", "plan.json")

    assert result.exit_code == 6
    assert "kofi_m was offboarded" in result.stderr
    assert "writer" not in held(two, "kofi_m", "dw.json")


def test_who_when_and_why_are_in_the_ledger_whose_chain_is_whole(two: Project) -> None:
    two.run_well("offboard", "kofi", "--yes", "--reason", "HR-12")

    journal = two.run_well("log", "--journal").stdout
    runs = json.loads(two.run_well("log", "--format", "json").stdout)["runs"]

    assert "kofi offboarded on db by " in journal
    assert ": HR-12" in journal
    assert [each["kind"] for each in runs] == ["offboard", "offboard", "apply"]
    assert runs[0]["command"] == "offboard kofi: HR-12"
    assert "The record is whole" in two.run_well("log", "--verify").stdout


def test_the_document_has_what_was_taken_and_what_was_not(two: Project) -> None:
    (two.folder / "dw.json").unlink()

    result = two.run("offboard", "kofi", "--yes", "--format", "json")
    document = json.loads(result.stdout)

    assert (document["format"], document["exit_code"]) == ("reconciler.offboard/v1", 8)
    assert document["manifest"] == {"departed": False, "line": "access.yaml:10"}
    db, dw = document["targets"]
    assert [each["path"] for each in db["taken"]] == [
        ["analysts", "kofi"],
        ["reader", "kofi"],
        ["kofi"],
    ]
    assert (db["complete"], dw["complete"]) == (True, False)
    assert dw["failure"].startswith("not read: ")


# Real systems

HOUSE = """\
version: 1
targets:
  flowauth:
    provider: flowauth
    options:
      url: {env: FLOWAUTH_URL}
      username: reconciler
      password: {env: FLOWAUTH_PASSWORD}
      bootstrap_admin: bootstrap
  flowdb: {provider: postgres, options: {dsn: {env: FLOWDB_DSN}}}
servers:
  api: {target: flowauth, token_expires: 2030-01-01T00:00:00Z, token_life: 2d, scopes: [run]}
  store: {target: flowdb, database: postgres}
users:
  amina: {}
  kofi: {name: Kofi Mensah, accounts: {flowdb: kofi_m}}
  postgres: {}
groups:
  analysts: {members: [amina, kofi]}
roles:
  runner: {server: api, scopes: [run]}
  reader: {server: store}
grants:
  - {group: analysts, role: runner}
  - {group: analysts, role: reader}
"""


@pytest.fixture
def house(
    project: Project,
    lab: Lab,
    postgres_cluster: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Project:
    """A FlowAuth simulator and a PostgreSQL server after an apply."""
    simulator = lab.start()
    monkeypatch.setenv("FLOWAUTH_URL", simulator.url)
    monkeypatch.setenv("FLOWAUTH_PASSWORD", OWN_PASSWORD)
    monkeypatch.setenv("FLOWDB_DSN", postgres_cluster.dsn())
    project.write_manifest(HOUSE)
    project.run_well("apply", "--yes", "--credentials-out", "new.txt")
    return project


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Where FlowAuth simulators are started."""
    with closing(Lab(tmp_path)) as lab:
        yield lab


def _runners(simulator: FlowAuthSimulator) -> set[str]:
    return {*simulator.store.snapshot().users} - {OWN, BOOTSTRAP}


def test_one_person_leaves_postgres_and_flowauth_and_open_sessions_end(
    house: Project, lab: Lab, postgres_cluster: PostgresServer
) -> None:
    with psycopg.connect(postgres_cluster.dsn(), autocommit=True) as root:
        root.execute("ALTER ROLE kofi_m PASSWORD 'pass-of-kofi' VALID UNTIL 'infinity'")
        root.execute("CREATE TABLE notes (line text); ALTER TABLE notes OWNER TO kofi_m")
        login = psycopg.conninfo.make_conninfo(
            postgres_cluster.dsn(), user="kofi_m", password="pass-of-kofi"
        )
        with closing(psycopg.connect(login, autocommit=True)) as session:
            result = house.run_well("offboard", "kofi", "--yes")

            with pytest.raises(psycopg.OperationalError):
                session.execute("SELECT 1")
        row = root.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'kofi_m'").fetchone()
    assert row == (False,)
    assert _runners(lab.simulator) == {"amina"}
    assert 'FlowAuth revokes no tokens: those that "kofi" made are good until' in result.stdout
    assert "kofi_m owns 1 object" in result.stdout
    assert house.run("plan", "--format", "json").exit_code == 5


def test_where_leavers_are_deleted_the_account_and_its_sessions_are_gone(
    house: Project, postgres_cluster: PostgresServer
) -> None:
    edit(house, "{env: FLOWDB_DSN}}}", "{env: FLOWDB_DSN}}, policy: {leavers: delete}}")
    with psycopg.connect(postgres_cluster.dsn(), autocommit=True) as root:
        root.execute("ALTER ROLE kofi_m PASSWORD 'pass-of-kofi' VALID UNTIL 'infinity'")
        login = psycopg.conninfo.make_conninfo(
            postgres_cluster.dsn(), user="kofi_m", password="pass-of-kofi"
        )
        with closing(psycopg.connect(login, autocommit=True)) as session:
            house.run_well("offboard", "kofi", "--yes", "--target", "flowdb")

            with pytest.raises(psycopg.OperationalError):
                session.execute("SELECT 1")
        row = root.execute("SELECT 1 FROM pg_roles WHERE rolname = 'kofi_m'").fetchone()
    assert row is None
    assert house.run("apply", "--yes", "--target", "flowdb").exit_code == 5


def test_a_flowauth_that_is_down_leaves_postgres_to_be_done(
    house: Project, monkeypatch: pytest.MonkeyPatch, postgres_cluster: PostgresServer
) -> None:
    monkeypatch.setenv("FLOWAUTH_URL", "http://127.0.0.1:9")

    result = house.run("offboard", "kofi", "--yes")

    assert result.exit_code == 8
    assert "!   flowauth: not read: " in result.stdout
    with psycopg.connect(postgres_cluster.dsn()) as root:
        row = root.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'kofi_m'").fetchone()
    assert row == (False,)


def test_our_own_account_is_never_taken_away(house: Project) -> None:
    edit(house, "grants:\n", "grants:\n  - {user: postgres, role: reader}\n")

    result = house.run("offboard", "postgres", "--yes", "--target", "flowdb")

    assert result.exit_code == 5
    assert '"postgres" is the account reconciler uses' in result.stdout
    assert house.run("drift", "--target", "flowdb").exit_code == 0
