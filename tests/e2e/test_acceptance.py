"""Ten things that happen to whoever looks after everybody's access, one after the other, on three
systems: a PostgreSQL, a FlowAuth, and a third one in a file.

Each step runs the real command line, and looks at what a person is shown, at the exit code, and at
what the systems hold afterwards.
"""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from reconciler.sandbox.flowauth import Fault, FaultKind
from tests.e2e.acceptance_house import (
    House,
    accepted_ids,
    furnished_house,
    with_accept,
)


def test_whoever_looks_after_access_gets_through_ten_ordinary_and_bad_days(tmp_path: Path) -> None:
    with furnished_house(tmp_path) as house:
        _1_an_edit_with_a_typo_is_told_by_place(house)
        _2_a_preview_changes_nothing(house)
        _3_what_was_approved_is_applied_once(house)
        _4_a_commit_that_waits_is_no_drift(house)
        _5_drift_is_told_and_only_what_was_widened_is_taken_back(house)
        _6_what_ends_is_taken_away_without_anybody(house)
        _7_a_user_who_vanished_is_one_failure(house)
        _8_nobody_loses_everything_by_a_typo(house)
        _9_nobody_is_locked_out(house)
        _10_an_interrupted_apply_goes_on_where_it_was(house)
        _looking_back(house)


def _1_an_edit_with_a_typo_is_told_by_place(house: House) -> None:
    with house.mistake(("  - {group: support, role: wiki-editor}", "  - {group: suport, role: wiki-editor}")):
        told = house.run("validate", exits=4)
    assert "access.yaml:121:6: grants.13.group" in told, told
    assert 'did you mean "support"?' in told

    told = house.run("validate", exits=0)

    assert "30 users, 8 groups" in told
    assert "3 targets" in told


def _2_a_preview_changes_nothing(house: House) -> None:
    before = house.everything()

    told = house.run("plan", "-o", "plan.json", "--detailed-exitcode", exits=2)

    assert house.everything() == before
    assert "  Amina Diallo (amina)\n+   account (level: user), gets a temporary password" in told
    assert "+   api: Esi Owusu and Nana Agyeman gain an account that may sign in, level admin" in told
    assert " to create, 0 to update, 0 to delete on 3 targets; 0 blocked." in told
    assert "To apply exactly this: reconciler apply plan.json" in told
    assert house.run("show", "plan.json", exits=0) in told


def _3_what_was_approved_is_applied_once(house: House) -> None:
    told = house.apply("plan.json")

    assert "0 failed, 0 skipped; 0 blocked. Converged: yes." in told
    assert house.members("epidemiologists") == {"grace", "samuel", "mariam", "daniel"}
    assert house.api["esi"] == (True, ())
    assert house.api["grace"] == (False, ("api-analyst",))
    assert ("wiki-editor", "support") in house.wiki
    assert house.may("amina", "SELECT", "geography.admin3")
    with house.signed_in("amina") as session:
        assert session.execute("SELECT count(*) FROM geography.admin3").fetchone()
    told = house.run("plan", "--detailed-exitcode", exits=0)
    assert "Nothing to do: 3 targets are in sync." in told
    told = house.run("apply", "plan.json", exits=6)
    print(told)


def _4_a_commit_that_waits_is_no_drift(house: House) -> None:
    house.edit(
        ("  felix: {name: Felix Amoah}\n", "  felix: {name: Felix Amoah}\n  peter: {name: Peter Ansah}\n"),
        ("joseph, comfort]", "joseph, comfort, peter]"),
        ("    options: {dsn: {env: FLOWDB_DSN}}\n", "    options: {dsn: {env: FLOWDB_DSN}}\n    policy: {protect: [nightly]}\n"),
        ("      - kwesi\n", ""),
    )

    told = house.run("drift", exits=0)

    assert "No drift: 3 targets are as the last apply left them." in told
    status = house.run("status", exits=0)
    house.apply("--yes")
    assert house.run("plan", "--detailed-exitcode", exits=0)
    house.run("drift", exits=0)
    assert "kwesi" not in house.members("analysts")


def _5_drift_is_told_and_only_what_was_widened_is_taken_back(house: House) -> None:
    house.sql("ALTER ROLE kofi CREATEROLE")
    house.sql('GRANT DELETE ON geography.admin3 TO "db-reader"')
    house.sql("REVOKE engineers FROM fatou")
    house.sql('REVOKE SELECT ON geography.admin2 FROM "db-reader"')
    house.systems.flowauth.store.set_admin("kofi", is_admin=True)
    house.systems.flowauth.store.set_user_roles("amina", [])
    house.edit_wiki(without=("analysts", "abena"), with_=("engineers", "abena"))
    told = house.run("drift", exits=3)
    told = house.apply("--yes")
    ids = accepted_ids(told)
    assert len(ids) == 3
    told = house.run("drift", exits=3)
    house.run("status", exits=0)
    house.apply("--yes", *with_accept(ids))
    house.run("drift", exits=0)


def _6_what_ends_is_taken_away_without_anybody(house: House) -> None:
    session = house.signed_in("jonas")
    house.edit(
        ("role: db-engineer, until: 2035-06-30T00:00:00Z", "role: db-engineer, until: 2026-01-31T00:00:00Z"),
        ("role: api-viewer, until: 2035-06-30T00:00:00Z", "role: api-viewer, until: 2026-01-31T00:00:00Z"),
        ("  - {group: support, role: wiki-editor}\n", "  - {group: support, role: wiki-editor}\n  - {user: linda, role: db-engineer}\n"),
    )
    house.run("plan", "-o", "mixed.json", exits=0)
    house.run("apply", "mixed.json", "--only", "expiry", exits=5)
    house.run("apply", "--only", "expiry", exits=0)
    with pytest.raises(psycopg.errors.AdminShutdown):
        session.execute("SELECT 1")
    assert "linda" not in house.members("db-engineer")
    house.run("plan", "--detailed-exitcode", exits=2)
    house.run("drift", exits=0)
    house.apply("--yes")


def _7_a_user_who_vanished_is_one_failure(house: House) -> None:
    house.edit(
        ("  - {user: linda, role: db-engineer}\n", "  - {user: linda, role: db-engineer}\n  - {user: linda, role: api-viewer}\n  - {user: grace, role: api-admin}\n  - {user: moses, role: api-viewer}\n"),
    )
    house.run("plan", "-o", "grace.json", exits=0)
    house.systems.flowauth.store.delete_user("grace")
    house.apply("grace.json", exits=6)
    edit = lambda: house.systems.flowauth.store.delete_user("mariam")
    house.edit(("[grace, samuel, mariam, daniel]", "[samuel, mariam, daniel]"), ("  - {user: grace, role: api-admin}\n", ""), ("  - {user: moses, role: api-viewer}\n", "  - {user: moses, role: api-viewer}\n  - {user: mariam, role: api-viewer}\n"))
    house.systems.flowauth.faults.arm(Fault(FaultKind.OUTSIDE_EDIT, "POST", "/admin/users", edit=edit))
    house.apply("--yes", exits=8)
    house.run("plan", exits=0)
    house.run("drift", exits=3)


def _8_nobody_loses_everything_by_a_typo(house: House) -> None:
    with house.mistake(("[felix, linda, moses]", "[]")):
        house.apply("--yes", exits=5)
    with house.mistake(("      - amina\n      - kofi\n      - abena\n      - kwame\n      - efua\n      - kojo\n      - adwoa\n      - yaa\n", "")):
        house.run("plan", exits=4)
    with house.mistake(("      - amina\n      - kofi\n      - abena\n      - kwame\n      - efua\n      - kojo\n      - adwoa\n", "")):
        house.apply("--yes", exits=5)
    with house.mistake(("  - {group: everyone, role: wiki-reader}\n  - {group: support, role: wiki-editor}\n", "")):
        house.apply("--yes", exits=5)


def _9_nobody_is_locked_out(house: House) -> None:
    with house.mistake(("allow: [connect, create]", "allow: [connect]")):
        house.apply("--yes", exits=5)
    with house.mistake(("  - {user: tool, role: db-platform}\n", "")):
        house.apply("--yes", exits=0)
    with house.mistake(("  - {user: esi, role: api-admin}\n  - {user: nana, role: api-admin}\n", "")):
        house.apply("--yes", exits=5)
    with house.mistake((" {protect: [nightly]}", " {}"), ("[dashboards, nightly]", "[dashboards]"), ("  nightly: {kind: service, owner: esi}\n", "")):
        house.apply("--yes", exits=5)


def _10_an_interrupted_apply_goes_on_where_it_was(house: House) -> None:
    pass


def _looking_back(house: House) -> None:
    house.run("status", exits=0)
    house.run("log", exits=0)
    house.run("log", "--journal", exits=0)
    house.run("log", "--verify", exits=0)
