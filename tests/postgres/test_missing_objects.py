"""An object that is gone holds up nothing but what was asked of it, and is never passed over."""

from __future__ import annotations

from reconciler.clock import utc_now
from reconciler.engine.examining import examine
from reconciler.health import Check
from reconciler.plan import Finding
from reconciler.state import Key
from tests.postgres.desk import Access, Desk, on_tables, one_role

BOTH = one_role(on_tables("select", tables=["cells", "sites"]))


def missing(desk: Desk, access: Access = BOTH) -> tuple[Finding, ...]:
    return tuple(each for each in desk.plan(access).findings if each.rule == "missing-object")


def test_a_table_that_was_dropped_blocks_no_revocation(geography: Desk) -> None:
    geography.converge(BOTH)
    geography.sql("DROP TABLE geography.sites; GRANT INSERT ON geography.cells TO reader")

    report = geography.apply(BOTH)

    assert not geography.can("reader", "INSERT", "geography.cells")
    assert geography.can("reader", "SELECT", "geography.cells")
    assert report.exit_code == 5


def test_the_finding_names_the_line_and_what_was_meant(geography: Desk) -> None:
    (found,) = missing(geography, one_role(on_tables("select", tables=["cell"])))

    assert found.blocking
    assert "access.yaml:" in found.message
    assert "roles.reader.privileges.0" in found.message
    assert 'there is no table "cell" in postgres.geography; did you mean "cells"?' in found.message


def test_who_accepts_it_goes_on_without(geography: Desk) -> None:
    access = one_role(on_tables("select", tables=["cells", "later"]))

    with geography.run(access) as run:
        plan = run.plan()
        report = run.apply(plan, accept=frozenset(each.id for each in plan.blocking))

    assert report.exit_code == 0
    assert geography.can("reader", "SELECT", "geography.cells")


def test_a_table_that_comes_back_gets_its_privileges_back(geography: Desk) -> None:
    geography.converge(BOTH)
    geography.sql("DROP TABLE geography.sites")
    geography.apply(BOTH)
    geography.sql("CREATE TABLE geography.sites (id int)")

    geography.converge(BOTH)

    assert missing(geography) == ()
    assert geography.can("reader", "SELECT", "geography.sites")


def test_a_rule_about_nothing_that_is_there_asks_for_nothing(geography: Desk) -> None:
    access = one_role(on_tables("select", tables=["later"]))

    keys = {change.key for change in geography.changes(access)}

    assert keys == {
        Key("account", ("amina",)),
        Key("role", ("reader",)),
        Key("membership", ("reader", "amina")),
    }


def test_doctor_says_that_it_is_not_there(geography: Desk) -> None:
    with geography.run(one_role(on_tables("select", tables=["cell"]))) as run:
        health = examine(run, Check("ledger", "ok", "not looked at here"), utc_now)

    failing = [each.text for each in health.all_checks if each.verdict == "fails"]
    assert len(failing) == 1
    assert 'there is no table "cell" in postgres.geography; did you mean "cells"?' in failing[0]


def test_other_faults_are_errors_that_tell_of_it_too(geography: Desk) -> None:
    rules = (on_tables("select", tables=["later"]), on_tables("select", schema="geograpy"))

    told = geography.faults(one_role(*rules))

    assert 'there is no table "later"' in told
    assert 'there is no schema "geograpy"' in told
    assert "accept" not in told
