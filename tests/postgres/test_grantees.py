"""Long ACLs are told of before PostgreSQL refuses them (54000, `row is too big`)."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.plan import Finding
from tests.postgres.desk import Access, Desk, on_tables, one_role

LIMITS = ("grantees-full", "grantees-many", "grantees-people")


def crowd(desk: Desk, number: int, words: str = "") -> None:
    """So many roles that hold something on geography.cells directly."""
    desk.sql(f"""
        DO $$ BEGIN
            FOR i IN 1..{number} LOOP EXECUTE format('CREATE ROLE %I {words}', 'crowd-' || i);
            END LOOP;
            EXECUTE (SELECT 'GRANT SELECT ON geography.cells TO '
                         || string_agg(quote_ident(rolname), ',')
                       FROM pg_roles WHERE rolname LIKE 'crowd-%');
        END $$
    """)


def limits(desk: Desk, access: Access) -> Sequence[Finding]:
    return [each for each in desk.plan(access).findings if each.rule in LIMITS]


def test_a_list_of_usual_length_is_not_told_of(geography: Desk) -> None:
    crowd(geography, 40, "LOGIN")

    assert limits(geography, one_role(on_tables("select"))) == []


def test_a_long_list_is_a_note(geography: Desk) -> None:
    crowd(geography, 300)

    (found,) = limits(geography, one_role(on_tables("select")))

    assert (found.rule, found.blocking, found.keys) == ("grantees-many", False, ())
    assert found.message.startswith("301 roles hold something on geography.cells in postgres. ")


def test_direct_grants_to_many_accounts_are_a_note(geography: Desk) -> None:
    crowd(geography, 51, "LOGIN")

    (found,) = limits(geography, one_role(on_tables("select")))

    assert (found.rule, found.blocking) == ("grantees-people", False)
    assert found.message.startswith("51 accounts hold something on geography.cells in postgres. ")


def test_nothing_is_added_to_a_list_that_is_nearly_full(geography: Desk) -> None:
    crowd(geography, 1000)
    asked = one_role(on_tables("select", tables=["cells"]), on_tables("select", tables=["sites"]))

    (found,) = limits(geography, asked)
    report = geography.apply(asked)

    assert (found.rule, found.blocking) == ("grantees-full", True)
    assert {key.kind for key in found.keys} == {"privilege"}
    assert report.exit_code == 5
    assert geography.can("reader", "SELECT", "geography.cells") is False


def test_a_full_list_to_which_nothing_is_added_blocks_nothing(geography: Desk) -> None:
    crowd(geography, 1001)

    (found,) = limits(geography, one_role(on_tables("select", tables=["sites"])))

    assert (found.rule, found.blocking) == ("grantees-many", False)


def test_the_wall_is_not_before_the_limit(geography: Desk) -> None:
    crowd(geography, 1500)

    geography.sql("CREATE ROLE one_more; GRANT SELECT ON geography.cells TO one_more")

    assert geography.can("one_more", "SELECT", "geography.cells") is True
