"""Passwords from outside: sent as verifiers, once, known again, left alone where none is given."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli import cli
from reconciler.errors import ManifestError, StaleError
from reconciler.plan import Plan
from reconciler.plan_file import to_text
from reconciler.providers.postgres.provider import PostgresProvider
from reconciler.providers.postgres.verifiers import make_verifier
from reconciler.render.text import plan_text
from tests.canary import folder_texts, leaks, new_canary
from tests.conformance.bench import Notes
from tests.postgres.desk import Desk
from tests.postgres.vault import GIVEN, KEPT, SECRET, password_changes, signs_in


def rules(plan: Plan) -> list[str]:
    return [each.rule for each in plan.findings]


def test_a_new_account_gets_the_given_password_without_a_file_or_an_end(office: Desk) -> None:
    with office.run(GIVEN) as run:
        plan = run.plan()
        report = run.apply(plan)

    assert report.exit_code == 0
    assert "account (password: set)" in plan_text(plan)
    assert signs_in(office, SECRET)
    assert not signs_in(office, SECRET + "x")
    until = office.value("SELECT rolvaliduntil FROM pg_roles WHERE rolname = 'amina'")
    assert until is None


def test_an_unchanged_password_is_never_sent_again(office: Desk) -> None:
    office.converge(GIVEN)
    before = office.sql(KEPT)

    for _ in range(2):
        office.converge(GIVEN)
    office.converge(replace(GIVEN, policy={"protect": ["nobody*"]}))

    assert office.sql(KEPT) == before


def test_another_value_of_the_reference_is_a_change_and_no_drift(office: Desk) -> None:
    office.converge(GIVEN)
    office.environment["AMINA_PASSWORD"] = "another one entirely"

    plan = office.plan(GIVEN)
    office.converge(GIVEN)

    assert password_changes(plan) == [("another", "as given")]
    assert "account: password: changed" in plan_text(plan)
    assert plan.targets[0].drift == ()
    assert signs_in(office, "another one entirely")


def test_a_password_that_somebody_sets_by_hand_is_held_drift(office: Desk) -> None:
    office.converge(GIVEN)
    office.sql("ALTER ROLE amina PASSWORD 'leaked, so changed in the night'")

    plan = office.plan(GIVEN)

    (drift,) = plan.targets[0].drift
    assert (drift.class_, drift.direction) == ("drift", "mixed")
    assert [each.is_holding for each in plan.findings] == [True]


def test_a_password_that_somebody_takes_away_is_narrowed_drift(office: Desk) -> None:
    office.converge(GIVEN)
    office.sql("ALTER ROLE amina PASSWORD NULL")

    plan = office.plan(GIVEN)

    (drift,) = plan.targets[0].drift
    assert drift.direction == "narrowed"
    assert password_changes(plan) == [("none", "as given")]
    assert "account: password: set" in plan_text(plan)


def test_an_account_that_is_there_with_another_password_gets_the_given_one(office: Desk) -> None:
    office.sql("CREATE ROLE amina LOGIN PASSWORD 'from before'")

    office.converge(GIVEN)

    assert signs_in(office, SECRET)


def test_an_account_that_is_there_with_that_password_is_left_alone(office: Desk) -> None:
    office.sql(f"CREATE ROLE amina LOGIN PASSWORD '{SECRET}'")
    before = office.sql(KEPT)

    office.converge(GIVEN)

    assert office.sql(KEPT) == before


def test_an_md5_hash_is_replaced_even_of_the_same_password(office: Desk) -> None:
    digest = hashlib.md5((SECRET + "amina").encode()).hexdigest()
    office.sql(f"SET password_encryption = md5; CREATE ROLE amina LOGIN PASSWORD 'md5{digest}'")

    plan = office.plan(GIVEN)
    office.converge(GIVEN)

    assert password_changes(plan) == [("md5", "as given")]
    assert str(office.sql(KEPT)[0][0]).startswith("SCRAM-SHA-256$")


def test_a_ready_verifier_is_stored_as_it_is_and_compared_as_text(office: Desk) -> None:
    verifier = make_verifier(SECRET, 4096).text()
    office.environment["AMINA_PASSWORD"] = verifier

    office.converge(GIVEN)

    assert office.sql(KEPT)[0][0] == verifier
    assert signs_in(office, SECRET)


def test_a_password_from_a_file_may_end_in_a_newline(office: Desk, tmp_path: Path) -> None:
    file = tmp_path / "amina.password"
    file.write_text(SECRET + "\n", encoding="utf-8")
    by_file = replace(GIVEN, accounts={"amina": {"password": {"file": str(file)}}})

    office.converge(by_file)

    assert signs_in(office, SECRET)


@pytest.mark.parametrize("value", [None, ""])
def test_without_a_value_the_password_is_left_alone_and_a_note_says_so(
    office: Desk, value: str | None
) -> None:
    office.converge(GIVEN)
    before = office.sql(KEPT)
    del office.environment["AMINA_PASSWORD"]
    if value is not None:
        office.environment["AMINA_PASSWORD"] = value

    plan = office.plan(GIVEN)
    office.converge(GIVEN)

    assert plan.changes == ()
    assert rules(plan) == ["password-missing"]
    assert "AMINA_PASSWORD" in plan.findings[0].message
    assert office.sql(KEPT) == before


def test_a_new_account_whose_reference_leads_nowhere_has_no_password_yet(office: Desk) -> None:
    del office.environment["AMINA_PASSWORD"]
    with office.run(GIVEN) as run:
        plan = run.plan()
        run.apply(plan)

    assert plan.targets[0].new_passwords == ()
    assert rules(plan) == ["password-missing"]
    assert office.sql(KEPT)[0][0] is None
    office.environment["AMINA_PASSWORD"] = SECRET
    office.converge(GIVEN)
    assert signs_in(office, SECRET)


@pytest.mark.parametrize(
    "value",
    [
        "SCRAM-SHA-256$4096:c2FsdA==$short:keys",
        make_verifier("a", 4096).text()[:-3],
        make_verifier("a", 4096).text().lower(),
        "md5" + "0123456789abcdef" * 2,
        "md5" + "0123456789abcdef" + "0",
        "two\nlines",
    ],
)
def test_what_looks_like_a_hash_and_is_none_is_refused_by_its_reference(
    office: Desk, value: str
) -> None:
    office.environment["AMINA_PASSWORD"] = value

    with office.run(GIVEN) as run, pytest.raises(ManifestError) as caught:
        run.plan()

    assert "{env: AMINA_PASSWORD}" in str(caught.value)
    assert value not in str(caught.value)
    assert office.sql("SELECT 1 FROM pg_roles WHERE rolname = 'amina'") == []


def test_a_password_written_into_the_manifest_is_refused(office: Desk) -> None:
    written = replace(GIVEN, accounts={"amina": {"password": SECRET}})

    with pytest.raises(ManifestError, match="never the secret itself") as caught:
        office.run(written)

    assert SECRET not in str(caught.value)


def test_a_saved_plan_sets_what_the_reference_leads_to_when_it_is_applied(office: Desk) -> None:
    plan = office.plan(GIVEN)
    office.environment["AMINA_PASSWORD"] = "a newer one"

    with office.run(GIVEN) as run:
        run.apply(plan, is_saved=True)

    assert signs_in(office, "a newer one")


def test_a_saved_plan_is_stale_when_its_reference_leads_nowhere_any_more(office: Desk) -> None:
    plan = office.plan(GIVEN)
    del office.environment["AMINA_PASSWORD"]

    with office.run(GIVEN) as run, pytest.raises(StaleError, match="not there now"):
        run.apply(plan, is_saved=True)

    assert office.sql("SELECT 1 FROM pg_roles WHERE rolname = 'amina'") == []


@pytest.fixture
def manager(office: Desk) -> str:
    """The dsn of a role that may create roles and read no passwords."""
    office.sql("CREATE ROLE manager LOGIN CREATEROLE PASSWORD 'manager'")
    office.sql("GRANT ALL ON SCHEMA geography TO manager WITH GRANT OPTION")
    office.sql("GRANT ALL ON ALL TABLES IN SCHEMA geography TO manager WITH GRANT OPTION")
    return office.login("manager", "manager")


def test_where_nothing_can_be_read_an_unchanged_password_is_not_sent_again(
    office: Desk, manager: str
) -> None:
    office.converge(GIVEN, manager)
    before = office.sql(KEPT)

    office.converge(GIVEN, manager)

    assert office.sql(KEPT) == before
    assert signs_in(office, SECRET)


def test_where_nothing_can_be_read_another_value_is_still_a_change(
    office: Desk, manager: str
) -> None:
    office.converge(GIVEN, manager)
    office.environment["AMINA_PASSWORD"] = "another one entirely"

    office.converge(GIVEN, manager)

    assert signs_in(office, "another one entirely")


def test_no_secret_is_in_anything_that_is_shown_or_kept(
    office: Desk, manager: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    canaries = {"first": new_canary("first"), "second": new_canary("second")}
    shown: dict[str, bytes] = {}
    for dsn in (manager, office.dsn):
        for name, value in canaries.items():
            office.environment["AMINA_PASSWORD"] = value
            with office.run(GIVEN, dsn) as run:
                plan = run.plan()
                preview, scripts = run.preview(plan), run.scripts(plan)
                report = run.apply(plan)
                parts = [plan, to_text(plan), plan_text(plan), preview, scripts, report]
                parts += [run.readings, run.providers["db"], vars(run.providers["db"]), vars(run)]
                shown[f"{name} {dsn[:9]}"] = repr(parts).encode()
            assert report.exit_code == 0
            stored = office.sql(KEPT)[0][0]
            canaries_now = {**canaries, f"the verifier of {name}": str(stored).rpartition("$")[2]}
            texts = {**shown, **folder_texts(tmp_path), "log": caplog.text.encode()}
            assert leaks(texts, canaries_now) == []
    assert signs_in(office, canaries["second"])


def test_a_failure_while_a_given_password_is_sent_does_not_show_it(office: Desk) -> None:
    canary = new_canary("given")
    office.environment["AMINA_PASSWORD"] = canary
    with office.run(GIVEN) as run:
        plan = run.plan()
        office.sql("CREATE ROLE amina")

        told = list(run.providers["db"].apply(plan.changes, Notes()))

    assert {each.status for each in told} == {"failed", "skipped"}
    assert leaks({"outcomes": repr(told).encode()}, {"the password": canary}) == []
    assert "SCRAM" not in repr(told)


def test_a_manifest_without_passwords_reads_none(
    office: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = replace(GIVEN, accounts={}, options={"passwords": "none"})
    office.converge(access)
    asked: list[object] = []
    monkeypatch.setattr(PostgresProvider, "compare_passwords", lambda *each: asked.append(each))

    office.plan(access)

    assert asked == []


def test_doctor_tells_of_passwords_that_are_not_there_or_that_anybody_can_read(
    office: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "kofi.password"
    file.write_text(SECRET, encoding="utf-8")
    file.chmod(0o644)
    office.manifest_path.write_text(
        replace(
            GIVEN,
            users=["amina", "kofi"],
            grants=[("amina", "reader"), ("kofi", "reader")],
            accounts={**GIVEN.accounts, "kofi": {"password": {"file": str(file)}}},
        ).manifest(),
        encoding="utf-8",
    )

    words = ["doctor", "-f", str(office.manifest_path)]
    result = CliRunner().invoke(cli, words, env={"DSN": office.dsn})

    assert "the password of amina is left as it is: the environment variable" in result.stdout
    assert "the file with the password of kofi can be read by everybody" in result.stdout
    assert SECRET not in result.output


def test_reading_passwords_can_be_granted_by_column(office: Desk, manager: str) -> None:
    office.sql("GRANT SELECT (rolname, rolpassword) ON pg_authid TO manager")
    office.converge(GIVEN, manager)
    office.sql("ALTER ROLE amina PASSWORD NULL")

    plan = office.plan(GIVEN, manager)

    assert password_changes(plan) == [("none", "as given")]


def test_no_function_of_somebody_else_is_called_while_passwords_are_read(office: Desk) -> None:
    office.apply(replace(GIVEN, accounts={}))
    office.sql("CREATE SCHEMA evil")
    office.sql(
        "CREATE FUNCTION evil.split_part(text, text, int) RETURNS text LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'called'; END $$"
    )
    office.sql("ALTER ROLE postgres SET search_path = evil, pg_catalog")

    assert office.changes(replace(GIVEN, accounts={})) == ()
