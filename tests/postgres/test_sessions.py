"""Ending open sessions: of those who lost a right that says so, after it is gone, and of nobody
else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

import psycopg
import pytest

from reconciler.changes import Change, Outcome
from reconciler.state import Fields, Key
from tests.conformance.bench import Notes
from tests.postgres.desk import PASSWORD, Desk
from tests.postgres.proxy import Call, Cut, Garble, Proxy

EDGE: Fields = {"admin": False, "inherit": True, "set": True}
ROLE: Fields = {"login": False, "inherit": True, "superuser": False}
KOFI = Key("account", ("kofi",))
READER = Key("membership", ("reader", "kofi"))
ENDS = b"pg_terminate_backend"

Session = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def staff(desk: Desk) -> Desk:
    """A server on which kofi and amina hold reader and writer."""
    desk.sql(f"""
        CREATE ROLE reader; CREATE ROLE writer;
        CREATE ROLE kofi LOGIN PASSWORD '{PASSWORD}' IN ROLE reader, writer;
        CREATE ROLE amina LOGIN PASSWORD '{PASSWORD}' IN ROLE reader, writer;
    """)
    return desk


@pytest.fixture
def managed(desk: Desk) -> Desk:
    """The same, made by manager, who may create roles and is no superuser."""
    desk.sql(f"""
        CREATE ROLE manager LOGIN CREATEROLE PASSWORD '{PASSWORD}';
        SET ROLE manager;
        CREATE ROLE reader; CREATE ROLE writer;
        CREATE ROLE kofi LOGIN PASSWORD '{PASSWORD}' IN ROLE reader, writer;
    """)
    return desk


@pytest.fixture
def kofis(request: pytest.FixtureRequest, desk: Desk) -> Iterator[Session]:
    """An open session of kofi."""
    request.getfixturevalue("managed" if "managed" in request.fixturenames else "staff")
    with closing(psycopg.connect(desk.login("kofi"), autocommit=True)) as session:
        yield session


def loses(role: str, account: str = "kofi", *, ends: Sequence[str] | None = None) -> Change:
    """The end of a membership that ends sessions, by default those of the member."""
    key = Key("membership", (role, account))
    return Change(
        "delete", key, EDGE, None, end_sessions=tuple((account,) if ends is None else ends)
    )


def leaves(*ends: str, account: str = "kofi") -> Change:
    return Change(
        "delete", Key("account", (account,)), {**ROLE, "login": True}, None, end_sessions=ends
    )


def apply(desk: Desk, *changes: Change, dsn: str = "") -> dict[Key, Outcome]:
    with desk.provider(dsn) as provider:
        return {each.change.key: each for each in provider.apply(changes, Notes())}


def is_open(session: Session) -> bool:
    """Whether the server still answers this session."""
    try:
        session.execute("SELECT 1")
    except psycopg.errors.AdminShutdown:
        return False
    return True


def pid(session: Session) -> int:
    return session.info.backend_pid


def holds(desk: Desk, role: str) -> bool:
    return bool(desk.value(f"SELECT pg_has_role('kofi', '{role}', 'MEMBER')"))


# Whose, and when


def test_the_sessions_of_whom_the_change_names_end_and_those_of_others_stay_tim_06(
    staff: Desk, kofis: Session
) -> None:
    with (
        closing(psycopg.connect(staff.login("kofi"), autocommit=True)) as second,
        closing(psycopg.connect(staff.login("amina"), autocommit=True)) as aminas,
        closing(psycopg.connect(staff.dsn, autocommit=True)) as ours,
    ):
        told = apply(staff, loses("reader"), loses("reader", "amina", ends=()))

        assert (told[READER].status, told[READER].message) == ("done", "ended 2 sessions of kofi")
        assert [is_open(each) for each in (kofis, second)] == [False, False]
        assert [is_open(each) for each in (aminas, ours)] == [True, True]


def test_a_session_in_another_database_ends_too_tim_06(staff: Desk) -> None:
    staff.create_database("other")

    with closing(
        psycopg.connect(staff.login("kofi", database="other"), autocommit=True)
    ) as session:
        told = apply(staff, loses("reader"))

        assert told[READER].message == "ended 1 session of kofi"
        assert not is_open(session)


def test_the_sessions_of_every_member_of_a_group_that_loses_a_role_end_tim_06(
    staff: Desk, kofis: Session
) -> None:
    staff.sql("CREATE ROLE staff; GRANT reader TO staff; GRANT staff TO kofi, amina")

    told = apply(staff, loses("reader", "staff", ends=("amina", "kofi")))

    (outcome,) = told.values()
    assert (outcome.status, outcome.message) == ("done", "ended 1 session of kofi")
    assert not is_open(kofis)


def test_a_change_that_names_nobody_ends_no_session_tim_06(staff: Desk, kofis: Session) -> None:
    told = apply(staff, loses("reader", ends=()))

    assert (told[READER].status, told[READER].message) == ("done", "")
    assert is_open(kofis)


def test_nobody_who_has_no_session_is_no_failure_tim_06(staff: Desk) -> None:
    told = apply(staff, loses("reader"))

    assert (told[READER].status, told[READER].message) == ("done", "no session of kofi was open")


def test_our_own_sessions_never_end_tim_06(staff: Desk) -> None:
    with closing(psycopg.connect(staff.dsn, autocommit=True)) as ours:
        told = apply(staff, loses("reader", ends=("postgres",)))

        assert told[READER].status == "done"
        assert is_open(ours)


def test_the_right_is_gone_before_the_session_ends_tim_06(staff: Desk, kofis: Session) -> None:
    seen: list[tuple[bool, bool]] = []

    def look() -> None:
        seen.append((holds(staff, "reader"), is_open(kofis)))

    with Proxy(staff.dsn) as proxy, proxy.breaking(Call(ENDS, look)):
        told = apply(staff, loses("reader"), dsn=proxy.dsn)

    assert seen == [(False, True)]
    assert told[READER].message == "ended 1 session of kofi"


def test_a_change_that_is_rolled_back_ends_no_session_tim_06(staff: Desk, kofis: Session) -> None:
    impossible = Change("create", Key("account", ("amina",)), None, {**ROLE, "login": True})

    told = apply(staff, impossible, loses("reader"))

    assert told[READER].status == "skipped"
    assert is_open(kofis)
    assert holds(staff, "reader")


def test_what_was_gone_already_still_ends_sessions_tim_06(staff: Desk, kofis: Session) -> None:
    staff.sql("REVOKE reader FROM kofi")

    told = apply(staff, loses("reader"))

    assert (told[READER].status, told[READER].message) == ("done", "ended 1 session of kofi")
    assert not is_open(kofis)


def test_all_accounts_of_a_transaction_take_one_round_trip_tim_06(staff: Desk) -> None:
    names = [f"u{number}" for number in range(20)]
    waits = {}
    for ends in (False, True):
        for name in names:
            staff.sql(f"DROP ROLE IF EXISTS {name}; CREATE ROLE {name} IN ROLE reader")
        changes = [loses("reader", name, ends=(name,) if ends else ()) for name in names]
        with Proxy(staff.dsn) as proxy:
            apply(staff, *changes, dsn=proxy.dsn)
            waits[ends] = proxy.round_trips

    assert waits[True] == waits[False] + 1


def test_a_name_that_needs_quotes_is_one_name_tim_06(staff: Desk) -> None:
    name = 'o\'brien\\ 100%s "x"'
    staff.sql(
        f"""CREATE ROLE "o'brien\\ 100%s ""x\""" LOGIN PASSWORD '{PASSWORD}' IN ROLE reader"""
    )

    with closing(psycopg.connect(staff.login(name), autocommit=True)) as session:
        (told,) = apply(staff, loses("reader", name)).values()

        assert told.message == f"ended 1 session of {name}"
        assert not is_open(session)


# Those who leave


def test_one_who_is_disabled_is_shut_out_before_the_session_ends_tim_06(
    staff: Desk, kofis: Session
) -> None:
    disabled = Change("update", KOFI, {"login": True}, {"login": False})

    with Proxy(staff.dsn) as proxy:
        told = apply(staff, disabled, loses("reader"), dsn=proxy.dsn)

    assert {each.message for each in told.values()} == {"ended 1 session of kofi"}
    assert not is_open(kofis)
    assert staff.value("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'kofi'") is False


def test_one_who_is_dropped_is_shut_out_then_ended_then_dropped_tim_06_apl_10(
    staff: Desk, kofis: Session
) -> None:
    seen: list[object] = []

    def look() -> None:
        seen.append(staff.value("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'kofi'"))
        seen.append(is_open(kofis))

    with Proxy(staff.dsn) as proxy, proxy.breaking(Call(ENDS, look)):
        told = apply(staff, leaves("kofi"), dsn=proxy.dsn)

    assert seen == [False, True]
    assert (told[KOFI].status, told[KOFI].message) == ("done", "ended 1 session of kofi")
    assert not is_open(kofis)
    assert staff.sql("SELECT 1 FROM pg_roles WHERE rolname = 'kofi'") == []


def test_one_who_is_dropped_with_a_right_that_ends_sessions_has_none_afterwards_tim_06(
    staff: Desk, kofis: Session
) -> None:
    told = apply(staff, loses("reader"), leaves())

    assert {each.status for each in told.values()} == {"done"}
    assert not is_open(kofis)
    assert staff.sql("SELECT 1 FROM pg_roles WHERE rolname = 'kofi'") == []


def test_one_who_is_gone_already_is_no_failure_tim_06(staff: Desk) -> None:
    staff.sql("DROP ROLE kofi")

    told = apply(staff, leaves("kofi"))

    assert told[KOFI].status == "done"


def test_one_who_owns_objects_is_shut_out_and_not_dropped_tim_06(
    staff: Desk, kofis: Session
) -> None:
    staff.sql("CREATE TABLE mine (); ALTER TABLE mine OWNER TO kofi")

    told = apply(staff, leaves("kofi"))

    assert told[KOFI].status == "failed"
    assert "it owns table public.mine" in told[KOFI].message
    assert "ended 1 session of kofi" in told[KOFI].message
    assert not is_open(kofis)


def test_a_connection_lost_before_the_drop_is_made_good_by_the_next_run_tim_06(
    staff: Desk, kofis: Session
) -> None:
    amina = leaves("amina", account="amina")
    with Proxy(staff.dsn) as proxy, proxy.breaking(Cut(ENDS)):
        told = apply(staff, leaves("kofi"), amina, dsn=proxy.dsn)

    assert told[KOFI].status == "failed"
    assert "may not sign in any more, but is not dropped" in told[KOFI].message
    assert told[amina.key].status == "skipped"
    assert "and the lock with it" in told[amina.key].message

    again = apply(staff, leaves("kofi"), amina)

    assert {each.status for each in again.values()} == {"done"}
    assert not is_open(kofis)


# What stands against it


def test_without_the_right_to_end_sessions_we_are_told_what_is_and_what_is_not_tim_06(
    managed: Desk, kofis: Session
) -> None:
    told = apply(managed, loses("reader"), dsn=managed.login("manager"))

    assert told[READER].status == "failed"
    assert told[READER].message.startswith(
        f"the right is taken, but 1 session of kofi stays open (process {pid(kofis)})"
    )
    assert 'GRANT pg_signal_backend TO "manager"' in told[READER].message
    assert not holds(managed, "reader")
    assert is_open(kofis)


def test_the_grant_that_the_message_names_is_enough_tim_06(managed: Desk, kofis: Session) -> None:
    managed.sql('GRANT pg_signal_backend TO "manager"')

    told = apply(managed, loses("reader"), dsn=managed.login("manager"))

    assert (told[READER].status, told[READER].message) == ("done", "ended 1 session of kofi")
    assert not is_open(kofis)


def test_what_can_be_ended_ends_beside_what_cannot_tim_06(managed: Desk, kofis: Session) -> None:
    managed.sql(f"""
        GRANT pg_signal_backend TO manager;
        CREATE ROLE power LOGIN SUPERUSER PASSWORD '{PASSWORD}';
        SET ROLE manager; GRANT reader TO power;
    """)
    key = Key("membership", ("reader", "power"))

    with closing(psycopg.connect(managed.login("power"), autocommit=True)) as powers:
        changes = [loses("reader", "power"), loses("reader")]
        told = apply(managed, *changes, dsn=managed.login("manager"))

        assert told[key].status == "failed"
        assert f"1 session of power stays open (process {pid(powers)})" in told[key].message
        assert "only a superuser may end those of a superuser" in told[key].message
        assert is_open(powers)
    assert (told[READER].status, told[READER].message) == ("done", "ended 1 session of kofi")
    assert not is_open(kofis)


def test_one_whose_session_cannot_be_ended_is_not_dropped_but_shut_out_tim_06(
    managed: Desk, kofis: Session
) -> None:
    told = apply(managed, leaves("kofi"), dsn=managed.login("manager"))

    assert told[KOFI].status == "failed"
    assert "it may not sign in any more, but is not dropped: 1 session" in told[KOFI].message
    assert managed.value("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'kofi'") is False

    managed.sql("GRANT pg_signal_backend TO manager")
    again = apply(managed, leaves("kofi"), dsn=managed.login("manager"))

    assert (again[KOFI].status, again[KOFI].message) == ("done", "ended 1 session of kofi")
    assert not is_open(kofis)


def test_a_session_that_does_not_end_is_named_tim_06(staff: Desk, kofis: Session) -> None:
    staff.sql("""
        CREATE FUNCTION public.not_terminating_backends(int, int) RETURNS bool
            LANGUAGE sql AS 'SELECT false'
    """)
    stuck = Garble(b"pg_catalog.pg_terminate_backend", b"public.not_terminating_backends")

    with Proxy(staff.dsn) as proxy, proxy.breaking(stuck):
        told = apply(staff, loses("reader"), dsn=proxy.dsn)

    assert told[READER].status == "failed"
    text = f"the right is taken, but 1 session of kofi stays open (process {pid(kofis)})"
    assert told[READER].message == f"{text}: told to end, not gone after 5 s"


def test_a_session_that_went_by_itself_meanwhile_is_no_failure_tim_06(
    staff: Desk, kofis: Session
) -> None:
    staff.sql("""
        CREATE FUNCTION public.not_terminating_backends(int, int) RETURNS bool LANGUAGE plpgsql
            AS 'BEGIN PERFORM pg_terminate_backend($1, $2); RETURN false; END'
    """)
    gone = Garble(b"pg_catalog.pg_terminate_backend", b"public.not_terminating_backends")

    with Proxy(staff.dsn) as proxy, proxy.breaking(gone):
        told = apply(staff, loses("reader"), dsn=proxy.dsn)

    assert (told[READER].status, told[READER].message) == ("done", "ended 1 session of kofi")


def test_an_error_of_the_server_names_the_sessions_that_are_left_tim_06(
    staff: Desk, kofis: Session
) -> None:
    failing = Garble(b"pg_catalog.pg_terminate_backend", b"pg_catalog.xx_terminate_backend")

    with Proxy(staff.dsn) as proxy, proxy.breaking(failing):
        told = apply(staff, loses("reader"), dsn=proxy.dsn)

    assert told[READER].status == "failed"
    assert f"1 session of kofi stays open (process {pid(kofis)})" in told[READER].message
    assert not holds(staff, "reader")


def test_a_connection_lost_meanwhile_fails_with_words_and_stops_the_work_tim_06(
    staff: Desk, kofis: Session
) -> None:
    other = Change("delete", Key("role", ("writer",)), ROLE, None)

    with Proxy(staff.dsn) as proxy, proxy.breaking(Cut(ENDS)):
        told = apply(staff, loses("reader"), other, dsn=proxy.dsn)

    assert told[READER].status == "failed"
    assert "the right is taken, but nobody knows whether sessions of kofi" in told[READER].message
    assert told[other.key].status == "skipped"
    assert "and the lock with it" in told[other.key].message
    assert not holds(staff, "reader")


def test_a_connection_lost_at_the_commit_ends_no_session_and_says_so_tim_06(
    staff: Desk, kofis: Session
) -> None:
    with Proxy(staff.dsn) as proxy, proxy.breaking(Cut(b"COMMIT\0", after_answer_bytes=1)):
        told = apply(staff, loses("reader"), dsn=proxy.dsn)

    assert told[READER].status == "unknown"
    assert "no session of kofi was ended" in told[READER].message
    assert is_open(kofis)


# What a reviewer sees


def test_a_preview_shows_the_end_of_sessions_behind_what_takes_the_right_tim_06(
    staff: Desk,
) -> None:
    disabled = Change("update", KOFI, {"login": True}, {"login": False})
    changes = [loses("reader"), disabled, leaves("amina", account="amina")]

    with staff.provider() as provider:
        lines = provider.preview(changes)

    assert [line.split(" ")[0] for line in lines] == [
        *("REVOKE", "ALTER", "SELECT"),
        *("ALTER", "SELECT", "DROP"),
    ]
    assert "pg_terminate_backend" in lines[2]
    assert "rolname IN ('kofi')" in lines[2]
    assert lines[3] == 'ALTER ROLE "amina" NOLOGIN;'
    assert "rolname IN ('amina')" in lines[4]


def test_a_preview_without_sessions_to_end_shows_none_tim_06(staff: Desk) -> None:
    with staff.provider() as provider:
        lines = provider.preview([loses("reader", ends=()), leaves()])

    assert [line.split(" ")[0] for line in lines] == ["REVOKE", "DROP"]
