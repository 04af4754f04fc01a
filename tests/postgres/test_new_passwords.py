"""New temporary passwords on request, and the end that one of them leaves behind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli import cli
from reconciler.engine import Choice
from reconciler.errors import StaleError, UsageError
from reconciler.plan import Plan
from reconciler.plan_file import from_text, to_text
from reconciler.render.text import plan_text
from reconciler.report import Report
from tests.canary import folder_texts, leaks
from tests.postgres.desk import Access, Desk, on_tables, one_role
from tests.postgres.vault import AMINA, signs_in

ACCESS = replace(one_role(on_tables("select")), options={})
KEPT = "SELECT rolpassword, rolvaliduntil FROM pg_authid WHERE rolname = 'amina'"

ENDS = "SELECT rolvaliduntil < 'infinity' FROM pg_roles WHERE rolname = 'amina'"


def choice(*rotate: str) -> Choice:
    return Choice(rotate=frozenset(rotate))


def handed_over(file: Path) -> dict[str, str]:
    (line,) = file.read_text(encoding="utf-8").splitlines()
    entry: dict[str, str] = json.loads(line)
    return entry


def rotate(desk: Desk, access: Access, file: Path, *specs: str) -> Report:
    with desk.run(access) as run:
        return run.apply(run.plan(choice(*specs)), credentials_out=str(file))


def end_changes(plan: Plan) -> Sequence[object]:
    return [(each.after or {}).get("valid_until") for each in plan.changes if each.key == AMINA]


def test_a_new_password_on_request_replaces_the_old_one_and_ends_like_a_first_one(
    geography: Desk, tmp_path: Path
) -> None:
    geography.apply(ACCESS, out=str(tmp_path / "first.jsonl"))
    file = tmp_path / "second.jsonl"

    report = rotate(geography, ACCESS, file, "amina")

    entry = handed_over(file)
    first = handed_over(tmp_path / "first.jsonl")
    assert report.exit_code == 0
    assert signs_in(geography, entry["password"])
    assert not signs_in(geography, first["password"])
    assert geography.sql(KEPT)[0][1] == datetime.fromisoformat(entry["expires"])
    assert geography.changes(ACCESS) == ()


def test_the_plan_says_who_gets_one_and_a_saved_one_carries_it(
    geography: Desk, tmp_path: Path
) -> None:
    geography.apply(ACCESS)
    file = tmp_path / "second.jsonl"
    with geography.run(ACCESS) as run:
        plan = run.plan(choice("amina@db"))
    text = to_text(plan)

    with geography.run(ACCESS) as run:
        report = run.apply(from_text(text), credentials_out=str(file), is_saved=True)

    assert plan.targets[0].new_passwords == ("amina",)
    assert "account: password: changed, gets a temporary password" in plan_text(plan)
    assert report.exit_code == 0
    assert signs_in(geography, handed_over(file)["password"])


def test_a_new_password_needs_a_file_like_a_first_one(geography: Desk) -> None:
    geography.apply(ACCESS)
    before = geography.sql(KEPT)

    with geography.run(ACCESS) as run:
        plan = run.plan(choice("amina"))
        with pytest.raises(UsageError, match="--credentials-out"):
            run.apply(plan)

    assert geography.sql(KEPT) == before


def test_a_new_password_does_not_outlive_what_the_manifest_says(
    geography: Desk, tmp_path: Path
) -> None:
    ends = replace(
        ACCESS, accounts={"amina": {"attributes": {"valid_until": "2031-01-01T00:00:00Z"}}}
    )
    geography.apply(ends)
    file = tmp_path / "second.jsonl"

    rotate(geography, ends, file, "amina")

    assert handed_over(file)["expires"] == "2031-01-01T00:00:00Z"
    assert geography.sql(KEPT)[0][1] == datetime(2031, 1, 1, tzinfo=UTC)
    assert signs_in(geography, handed_over(file)["password"])


@pytest.mark.parametrize(
    "access, spec, why",
    [
        (ACCESS, "aminata", "no user"),
        (ACCESS, "amina@dbx", "no target"),
        (replace(ACCESS, users=["amina", "kofi"]), "kofi", "no account on db"),
        (replace(ACCESS, departed=["amina"]), "amina", "is departed"),
        (replace(ACCESS, policy={"protect": ["ami*"]}), "amina", "protected"),
        (replace(ACCESS, options={"passwords": "none"}), "amina", "get no passwords"),
        (
            replace(ACCESS, accounts={"amina": {"password": {"env": "AMINA_PASSWORD"}}}),
            "amina",
            "comes from {env: AMINA_PASSWORD}",
        ),
    ],
)
def test_what_cannot_get_a_new_password_is_refused_by_name(
    geography: Desk, access: Access, spec: str, why: str
) -> None:
    geography.environment["AMINA_PASSWORD"] = "from outside"
    geography.apply(ACCESS)
    before = geography.sql(KEPT)

    with geography.run(access) as run, pytest.raises(UsageError) as caught:
        run.plan(choice(spec))

    assert why in str(caught.value)
    assert f"--rotate-password {spec}" in str(caught.value)
    assert geography.sql(KEPT) == before


def test_an_account_that_is_not_there_yet_is_refused(geography: Desk) -> None:
    with geography.run(ACCESS) as run, pytest.raises(UsageError, match="not there yet"):
        run.plan(choice("amina"))


def test_the_account_that_we_use_is_refused(geography: Desk) -> None:
    own = replace(ACCESS, accounts={"amina": {"name": "postgres"}})

    with geography.run(own) as run, pytest.raises(UsageError, match="the account that we use"):
        run.plan(choice("amina"))


def test_neither_new_password_nor_verifier_is_kept_or_shown(
    geography: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    geography.apply(ACCESS, out=str(tmp_path / "first.jsonl"))
    file = tmp_path / "second.jsonl"
    with geography.run(ACCESS) as run:
        plan = run.plan(choice("amina"))
        preview, scripts = run.preview(plan), run.scripts(plan)
        report = run.apply(plan, credentials_out=str(file))
        shown = repr([plan, to_text(plan), preview, scripts, report, vars(run.providers["db"])])

    secrets = {
        "the password": handed_over(file)["password"],
        "the verifier": str(geography.sql(KEPT)[0][0]).rpartition("$")[2],
    }
    kept = folder_texts(tmp_path, without=("first.jsonl", "second.jsonl"))
    assert leaks({**kept, "shown": shown.encode(), "log": caplog.text.encode()}, secrets) == []
    assert "PASSWORD '***' VALID UNTIL" in "".join(preview["db"])
    assert "made by apply" in "".join(scripts["db"])


# The end of a temporary password


def test_once_a_person_has_a_password_of_their_own_its_end_is_lifted(geography: Desk) -> None:
    geography.converge(ACCESS)
    geography.sql("ALTER ROLE amina PASSWORD 'one of her own'")

    plan = geography.plan(ACCESS)
    geography.converge(ACCESS)

    assert end_changes(plan) == ["infinity"]
    assert plan.targets[0].drift == ()
    assert plan.blocking == ()
    assert not geography.value(ENDS)
    assert signs_in(geography, "one of her own")


def test_the_end_of_a_password_that_nobody_has_replaced_stays(geography: Desk) -> None:
    geography.converge(ACCESS)
    before = geography.sql(KEPT)

    geography.converge(ACCESS)

    assert geography.sql(KEPT) == before
    assert before[0][1] is not None


@pytest.mark.parametrize(
    "by_hand",
    ["ALTER ROLE amina PASSWORD NULL", "ALTER ROLE amina PASSWORD 'x' VALID UNTIL '2031-01-01'"],
)
def test_an_end_is_not_lifted_for_an_account_that_was_shut_or_has_another_end(
    geography: Desk, by_hand: str
) -> None:
    geography.converge(ACCESS)
    geography.sql(by_hand)

    plan = geography.plan(ACCESS)

    assert plan.changes == ()
    assert plan.findings == ()


def test_an_end_that_the_manifest_names_stays(geography: Desk) -> None:
    geography.converge(ACCESS)
    until = geography.sql(KEPT)[0][1]
    assert isinstance(until, datetime)
    text = until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    geography.sql("ALTER ROLE amina PASSWORD 'one of her own'")

    ends = replace(ACCESS, accounts={"amina": {"attributes": {"valid_until": text}}})

    assert geography.changes(ends) == ()


def test_lifting_many_ends_takes_nothing_away(geography: Desk) -> None:
    names = [f"user{number}" for number in range(6)]
    many = replace(ACCESS, users=names, grants=[(name, "reader") for name in names])
    geography.converge(many)
    for name in names:
        geography.sql(f"ALTER ROLE {name} PASSWORD 'one of their own'")

    plan = geography.plan(many)

    assert len(plan.changes) == len(names)
    assert plan.findings == ()


def test_a_given_password_ends_with_no_temporary_one_before_it(geography: Desk) -> None:
    geography.environment["AMINA_PASSWORD"] = "from outside"
    geography.converge(ACCESS)

    geography.converge(replace(ACCESS, accounts={"amina": {"password": {"env": "AMINA_PASSWORD"}}}))

    assert signs_in(geography, "from outside")
    assert not geography.value(ENDS)


# Without the right to read what is kept


@pytest.fixture
def manager(geography: Desk) -> str:
    """The dsn of a role that may create roles and read no passwords."""
    geography.sql("CREATE ROLE manager LOGIN CREATEROLE PASSWORD 'manager'")
    geography.sql("GRANT ALL ON SCHEMA geography TO manager WITH GRANT OPTION")
    geography.sql("GRANT ALL ON ALL TABLES IN SCHEMA geography TO manager WITH GRANT OPTION")
    return geography.login("manager", "manager")


def test_where_nothing_can_be_read_a_note_says_when_the_password_ends(
    geography: Desk, manager: str
) -> None:
    geography.converge(ACCESS, manager)
    until = geography.sql(KEPT)[0][1]
    assert isinstance(until, datetime)

    plan = geography.plan(ACCESS, manager)

    (finding,) = plan.findings
    assert finding.rule == "password-ends"
    assert until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") in finding.message
    assert plan.changes == ()


def test_a_given_password_that_nobody_can_compare_is_sent_when_somebody_asks(
    geography: Desk, manager: str
) -> None:
    geography.environment["AMINA_PASSWORD"] = "from outside"
    given = replace(ACCESS, accounts={"amina": {"password": {"env": "AMINA_PASSWORD"}}})
    geography.converge(replace(ACCESS, options={"passwords": "none"}), manager)
    before = geography.sql(KEPT)
    with geography.run(given, manager) as run:
        plan = run.plan()
        run.apply(plan)
    untouched = geography.sql(KEPT)

    with geography.run(given, manager) as run:
        run.apply(run.plan(choice("amina")))

    assert [each.rule for each in plan.findings] == ["password-unknown"]
    assert untouched == before
    assert signs_in(geography, "from outside")
    assert geography.plan(given, manager).findings == ()


def test_the_commands_take_users_by_name(geography: Desk, tmp_path: Path) -> None:
    geography.apply(ACCESS)
    file = tmp_path / "second.jsonl"
    common = ["-f", str(geography.manifest_path), "--ledger", str(tmp_path / "ledger.sqlite3")]
    words = ["--rotate-password", "amina@db"]

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, [*arguments, *common], env={"DSN": geography.dsn})

    planned = run("plan", *words, "--detailed-exitcode")
    refused = run("apply", "--yes", *words)
    applied = run("apply", "--yes", *words, "--credentials-out", str(file))
    after = run("plan", "--detailed-exitcode")

    codes = [each.exit_code for each in (planned, refused, applied, after)]
    assert codes == [2, 64, 0, 0], [each.output for each in (planned, refused, applied, after)]
    assert "gets a temporary password" in planned.stdout
    assert "--credentials-out FILE" in refused.stderr
    assert signs_in(geography, handed_over(file)["password"])


def test_a_plan_with_a_new_password_is_applied_once(geography: Desk, tmp_path: Path) -> None:
    geography.apply(ACCESS)
    with geography.run(ACCESS) as run:
        plan = run.plan(choice("amina"))
    with geography.run(ACCESS) as run:
        run.apply(plan, credentials_out=str(tmp_path / "second.jsonl"), is_saved=True)

    with geography.run(ACCESS) as run, pytest.raises(StaleError):
        run.apply(plan, credentials_out=str(tmp_path / "third.jsonl"), is_saved=True)
