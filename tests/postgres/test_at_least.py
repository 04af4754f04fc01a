"""`privileges: {mode: at_least}`: what a role lacks is given, what others gave it beside stays."""

from __future__ import annotations

from reconciler.plan import Unasked
from reconciler.state import Key
from tests.postgres.desk import Access, Desk, Entry, on_tables, one_role

CELLS = Key("privilege", ("reader", "postgres", "table", "geography"))


def at_least(*rules: Entry) -> Access:
    """One user, amina, who holds the role reader, which has at least these rules."""
    held = {"mode": "at_least", "rules": list(rules)}
    return Access(
        users=["amina"], roles={"reader": {"privileges": held}}, grants=[("amina", "reader")]
    )


def test_what_others_gave_on_any_object_stays_and_is_shown(geography: Desk) -> None:
    access = at_least(on_tables("select", tables=["cells"]))
    geography.converge(access)
    geography.sql("""
        CREATE SCHEMA other; GRANT USAGE ON SCHEMA other TO reader;
        GRANT INSERT ON geography.cells TO reader; GRANT SELECT ON geography.sites TO reader;
    """)

    plan = geography.plan(access)

    assert (plan.changes, plan.target("db").drift) == ((), ())
    assert plan.target("db").unasked == (
        Unasked(
            "reader",
            (
                "usage on schema other in postgres",
                "insert on table geography.cells in postgres",
                "select on table geography.sites in postgres",
            ),
        ),
    )
    assert CELLS in plan.target("db").unmanaged


def test_what_is_lacking_is_given_and_nothing_taken(geography: Desk) -> None:
    access = at_least(on_tables("select"))
    geography.converge(access)
    geography.sql("""
        GRANT INSERT ON geography.cells TO reader; REVOKE SELECT ON geography.cells FROM reader;
    """)

    (drift,) = geography.plan(access).target("db").drift
    geography.converge(access)

    assert (drift.class_, drift.direction) == ("drift", "narrowed")
    assert geography.can("reader", "SELECT", "geography.cells")
    assert geography.can("reader", "INSERT", "geography.cells")


def test_what_a_line_gave_goes_with_the_line_and_the_rest_stays(geography: Desk) -> None:
    geography.converge(at_least(on_tables("select", "update", tables=["cells"])))
    geography.sql("GRANT INSERT ON geography.cells TO reader")

    geography.converge(at_least(on_tables("select", tables=["cells"])))

    assert not geography.can("reader", "UPDATE", "geography.cells")
    assert geography.can("reader", "SELECT", "geography.cells")
    assert geography.can("reader", "INSERT", "geography.cells")


def test_what_was_there_before_the_first_apply_is_not_taken_later(geography: Desk) -> None:
    geography.sql("CREATE ROLE reader; GRANT DELETE ON geography.cells TO reader")
    access = at_least(on_tables("select", tables=["cells"]))

    geography.converge(access)
    geography.converge(access)

    assert geography.can("reader", "DELETE", "geography.cells")


def test_a_privilege_that_somebody_made_grantable_stays_with_its_option(geography: Desk) -> None:
    geography.converge(at_least(on_tables("select", "insert", tables=["cells"])))
    geography.sql("GRANT INSERT ON geography.cells TO reader WITH GRANT OPTION")

    geography.converge(at_least(on_tables("select", tables=["cells"])))

    assert geography.can("reader", "INSERT WITH GRANT OPTION", "geography.cells")


def test_default_privileges_that_others_gave_stay(geography: Desk) -> None:
    rule = {**on_tables("select"), "views": "*", "created_by": ["ingest"]}
    geography.sql("CREATE ROLE ingest")
    geography.converge(at_least(rule))
    geography.sql("""
        ALTER DEFAULT PRIVILEGES FOR ROLE ingest IN SCHEMA geography
           GRANT INSERT ON TABLES TO reader
    """)

    plan = geography.plan(at_least(rule))

    assert plan.changes == ()
    (unasked,) = plan.target("db").unasked
    assert unasked.rights == ("insert on future tables of geography in postgres made by ingest",)


def test_back_to_exact_everything_more_is_taken(geography: Desk) -> None:
    rule = on_tables("select", tables=["cells"])
    geography.converge(at_least(rule))
    geography.sql("GRANT INSERT ON geography.cells TO reader")
    geography.converge(at_least(rule))

    geography.converge(one_role(rule))

    assert not geography.can("reader", "INSERT", "geography.cells")


def test_a_mapping_without_a_mode_is_exact(geography: Desk) -> None:
    access = Access(roles={"reader": {"privileges": {"rules": [on_tables("select")]}}})
    geography.converge(access)
    geography.sql("GRANT INSERT ON geography.cells TO reader")

    geography.converge(access)

    assert not geography.can("reader", "INSERT", "geography.cells")
