"""Attributes of roles: each is written, read back and compared, and what nobody names is left."""

from __future__ import annotations

import pytest

from reconciler.errors import ManifestError
from reconciler.scope import Scope
from reconciler.state import Key
from tests.postgres.desk import Access, Desk, Entry
from tests.postgres.proxy import Call, Proxy

COMMENT = "SELECT shobj_description('{}'::regrole, 'pg_authid')"
ATTRIBUTES = """
    SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolconnlimit,
           rolvaliduntil::text
      FROM pg_roles WHERE rolname = '{}'
"""


def _with(attributes: Entry, *, role: Entry | None = None) -> Access:
    """Amina with these attributes, who holds a role with these."""
    return Access(
        users=["amina"],
        roles={"reader": {"attributes": role} if role else {}},
        grants=[("amina", "reader")],
        accounts={"amina": {"attributes": attributes}} if attributes else {},
    )


EVERY = [
    ({"superuser": True}, "superuser", "NOSUPERUSER"),
    ({"createdb": True}, "createdb", "NOCREATEDB"),
    ({"createrole": True}, "createrole", "NOCREATEROLE"),
    ({"replication": True}, "replication", "NOREPLICATION"),
    ({"bypassrls": True}, "bypassrls", "NOBYPASSRLS"),
    ({"connection_limit": 3}, "connection_limit", "CONNECTION LIMIT 4"),
    ({"connection_limit": 0}, "connection_limit", "CONNECTION LIMIT -1"),
    ({"valid_until": "2030-01-01T02:00:00+02:00"}, "valid_until", "VALID UNTIL 'infinity'"),
    ({"valid_until": "infinity"}, "valid_until", "VALID UNTIL '2030-01-01'"),
]


@pytest.mark.parametrize("attributes, name, by_hand", EVERY)
def test_each_attribute_of_an_account_and_of_a_role_is_applied_and_put_back(
    desk: Desk, attributes: Entry, name: str, by_hand: str
) -> None:
    access = _with(attributes, role=attributes)
    desk.converge(access)
    before = [desk.sql(ATTRIBUTES.format(each)) for each in ("amina", "reader")]
    desk.sql(f"ALTER ROLE reader {by_hand}")

    (change,) = desk.changes(access)
    desk.converge(access)

    assert change.key == Key("role", ("reader",))
    assert change.cause == "drift"
    assert list(change.after or {}) == [name]
    assert [desk.sql(ATTRIBUTES.format(each)) for each in ("amina", "reader")] == before


def test_infinity_and_no_expiry_at_all_are_the_same_trap_16(desk: Desk) -> None:
    """There is no word for no expiry: compared as they are, each apply would write it again."""
    desk.sql("CREATE ROLE amina LOGIN")

    desk.converge(_with({"valid_until": "infinity"}))
    report = desk.converge(_with({"valid_until": "infinity"}))

    assert report.outcomes == ()


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/St_Johns"])
def test_an_expiry_is_one_instant_whatever_zone_the_server_is_in_trap_16(
    desk: Desk, zone: str
) -> None:
    """Compared as text, a server in another zone than ours would differ for ever."""
    desk.sql(f"ALTER ROLE postgres SET timezone = '{zone}'")
    assert desk.value("SHOW timezone") == zone

    desk.converge(_with({"valid_until": "2030-01-01T02:00:00+02:00"}))

    moment = "SELECT rolvaliduntil = '2030-01-01T00:00:00Z' FROM pg_roles WHERE rolname = 'amina'"
    assert desk.value(moment) is True


@pytest.mark.parametrize(
    "by_hand", ["CONNECTION LIMIT 7", "VALID UNTIL '2030-01-01'", "PASSWORD 'of-their-own'"]
)
def test_an_attribute_that_nobody_names_is_not_managed(desk: Desk, by_hand: str) -> None:
    desk.converge(_with({}))
    desk.sql(f"ALTER ROLE amina {by_hand}")

    assert desk.changes(_with({})) == ()


def test_power_that_nobody_names_is_taken_back(desk: Desk) -> None:
    desk.converge(_with({}))
    desk.sql("ALTER ROLE amina BYPASSRLS")

    (change,) = desk.changes(_with({}))

    assert change.after == {"bypassrls": False}


# Comments

TEXTS = ["Asked for in INC-7.", 'o\'brien said \\ "so"', "two\nlines", "%s {}", "Zoë 🦒"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_comment_is_kept_as_it_is_written(desk: Desk, text: str) -> None:
    desk.converge(_with({"comment": text}, role={"comment": text}))

    assert desk.value(COMMENT.format("amina")) == text
    assert desk.value(COMMENT.format("reader")) == text


def test_an_empty_comment_is_none(desk: Desk) -> None:
    desk.converge(_with({"comment": "first"}))

    desk.converge(_with({"comment": ""}))

    assert desk.sql("SELECT * FROM pg_shdescription JOIN pg_roles ON objoid = pg_roles.oid") == []


def test_a_comment_that_nobody_names_is_not_managed(desk: Desk) -> None:
    desk.converge(_with({"comment": "first"}))
    desk.sql("COMMENT ON ROLE reader IS 'by hand'")

    assert desk.changes(_with({"comment": "first"})) == ()
    assert desk.changes(_with({})) == ()


@pytest.mark.parametrize("text", ["'by hand'", "NULL"])
def test_a_comment_changed_by_hand_is_drift_and_put_back_and_never_held(
    desk: Desk, text: str
) -> None:
    """Somebody who only tells something has cut nobody's access."""
    access = _with({"comment": "first"})
    desk.converge(access)
    desk.sql(f"COMMENT ON ROLE amina IS {text}")

    plan = desk.plan(access)
    desk.converge(access)

    assert [each.class_ for each in plan.targets[0].drift] == ["drift"]
    assert [each.rule for each in plan.findings] == []
    assert plan.targets[0].access == ()
    assert desk.value(COMMENT.format("amina")) == "first"


def test_a_comment_and_an_attribute_change_together(desk: Desk) -> None:
    desk.converge(_with({"comment": "first", "createdb": True}))

    desk.converge(_with({"comment": "second", "createdb": False}))

    assert desk.value(COMMENT.format("amina")) == "second"
    assert desk.value("SELECT rolcreatedb FROM pg_roles WHERE rolname = 'amina'") is False


def test_a_comment_that_is_no_text_is_refused_by_its_line(desk: Desk) -> None:
    with pytest.raises(ManifestError, match="comment needs a text") as caught:
        desk.plan(_with({"comment": 5}))

    assert caught.value.problems[0].source


@pytest.mark.parametrize("named", [False, True])
def test_comments_are_read_only_where_somebody_has_one(desk: Desk, named: bool) -> None:
    desk.sql("CREATE ROLE amina LOGIN")
    scope = Scope(accounts=frozenset({"amina"}), attributes=frozenset({"comment"} if named else ()))
    read: list[bool] = []

    with Proxy(desk.dsn) as proxy, desk.provider(proxy.dsn) as provider:
        provider.identify()
        proxy.messages.clear()
        proxy.rule = Call(b"pg_shdescription", lambda: read.append(True))
        state = provider.observe(scope)

    assert bool(read) == named
    assert ("comment" in (state.get(Key("account", ("amina",))) or {})) == named
    assert proxy.round_trips == 1
