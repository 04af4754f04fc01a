"""Settings of roles, for all databases and for one: set, reset, compared by what they mean."""

from __future__ import annotations

import psycopg
import pytest

from reconciler.errors import CannotHoldError, ManifestError
from reconciler.scope import Scope
from reconciler.state import Key
from tests.postgres.desk import PASSWORD, Access, Desk, Entry, messages
from tests.postgres.proxy import Call, Proxy

STORED = """
    SELECT COALESCE(datname, ''), unnest(setconfig)
      FROM pg_db_role_setting LEFT JOIN pg_database ON pg_database.oid = setdatabase
     WHERE setrole = '{}'::regrole
     ORDER BY 1, 2
"""


def _amina(**account: object) -> Access:
    """Amina with this account, who holds a role."""
    return Access(
        users=["amina"],
        roles={"reader": {}},
        grants=[("amina", "reader")],
        accounts={"amina": account} if account else {},
    )


def _stored(desk: Desk, role: str = "amina") -> list[tuple[object, ...]]:
    return desk.sql(STORED.format(role))


def test_settings_are_set_for_all_databases_and_for_one(desk: Desk) -> None:
    desk.create_database("other")
    access = Access(
        servers={"store": {}, "elsewhere": {"database": "other"}},
        users=["amina"],
        roles={"reader": {"settings": {"jit": False}}},
        grants=[("amina", "reader")],
        accounts={
            "amina": {
                "settings": {"work_mem": "64MB", "app.tenant": "north"},
                "settings_in": {"other": {"work_mem": "1GB", "statement_timeout": 5000}},
            }
        },
    )

    desk.converge(access)

    assert _stored(desk) == [
        ("", "app.tenant=north"),
        ("", "work_mem=64MB"),
        ("other", "statement_timeout=5000"),
        ("other", "work_mem=1GB"),
    ]
    assert _stored(desk, "reader") == [("", "jit=off")]


LISTS = [
    (["$user", "a, b", 'quo"te', "Foo", "public"], ["$user", "a, b", 'quo"te', "Foo", "public"]),
    ('"$user", Foo, "Foo",public', ["$user", "foo", "Foo", "public"]),
    ("one", ["one"]),
    ([], [""]),
]


@pytest.mark.parametrize("given, elements", LISTS)
def test_a_list_is_its_elements_and_not_one_text_trap_16(
    desk: Desk, given: object, elements: list[str]
) -> None:
    """The naive way, one literal for the whole, makes it one schema called "a, b"."""
    desk.converge(_amina(settings={"search_path": given}))

    for schema in ("foo", '"Foo"', '"a, b"', "one", '"quo""te"'):
        desk.sql(f"CREATE SCHEMA {schema}; GRANT USAGE ON SCHEMA {schema} TO amina")
    desk.sql(f"ALTER ROLE amina PASSWORD '{PASSWORD}'")
    seen = desk.value("SELECT current_schemas(false)::text[]", user="amina")
    assert seen == [each for each in elements if each not in ("$user", "")]


@pytest.mark.parametrize(
    "setting, by_hand",
    [
        ({"search_path": ["Foo", "public"]}, """search_path = 'Foo', 'public'"""),
        ({"search_path": "a,b"}, """search_path = a, b"""),
        ({"SEARCH_PATH": ["a"]}, """search_path = a"""),
        ({"timezone": "UTC"}, """TIME ZONE 'UTC'"""),
        ({"TimeZone": "UTC"}, """timezone = 'UTC'"""),
        ({"datestyle": ["ISO", "DMY"]}, """datestyle = 'ISO,DMY'"""),
        ({"jit": True}, """jit = 'YES'"""),
        ({"jit": "false"}, """jit = off"""),
        ({"synchronous_commit": True}, """synchronous_commit = ON"""),
        ({"client_min_messages": "WARNING"}, """client_min_messages = warning"""),
        ({"work_mem": 1000}, """work_mem = '1000'"""),
        ({"seq_page_cost": 1.5}, """seq_page_cost = 1.5"""),
        ({"session_preload_libraries": ["auto_explain"]}, "session_preload_libraries=auto_explain"),
    ],
)
def test_what_means_the_same_is_no_difference_trap_16(
    desk: Desk, setting: Entry, by_hand: str
) -> None:
    desk.converge(_amina())
    desk.sql(f"ALTER ROLE amina SET {by_hand}")

    assert desk.changes(_amina(settings=setting)) == ()


def test_elements_in_another_order_are_another_list(desk: Desk) -> None:
    desk.converge(_amina(settings={"search_path": ["a", "b"]}))

    desk.converge(_amina(settings={"search_path": ["b", "a"]}))

    assert _stored(desk) == [("", "search_path=b, a")]


def test_a_setting_in_one_database_is_not_lost_to_the_one_for_all_trap_16(desk: Desk) -> None:
    """pg_roles shows those for all databases alone: read there, IN DATABASE would never end."""
    desk.converge(_amina(settings_in={"postgres": {"work_mem": "1GB"}}))
    desk.sql("ALTER ROLE amina IN DATABASE postgres SET work_mem = '2GB'")

    (drift,) = desk.plan(_amina(settings_in={"postgres": {"work_mem": "1GB"}})).targets[0].drift

    assert drift.key == Key("setting", ("amina", "postgres", "work_mem"))
    assert (drift.class_, drift.applied, drift.observed) == (
        "drift",
        {"value": "1GB"},
        {"value": "2GB"},
    )


@pytest.mark.parametrize("by_hand", ["SET work_mem = '2GB'", "RESET work_mem", "RESET ALL"])
def test_a_setting_changed_by_hand_is_drift_and_is_put_back(desk: Desk, by_hand: str) -> None:
    access = _amina(settings={"work_mem": "64MB"})
    desk.converge(access)
    desk.sql(f"ALTER ROLE amina {by_hand}")

    plan = desk.plan(access)
    desk.converge(access)

    assert [(each.class_, each.cause) for each in plan.targets[0].drift] == [("drift", "drift")]
    assert _stored(desk) == [("", "work_mem=64MB")]


@pytest.mark.parametrize("fewer", [{"settings": {"jit": "off"}}, {"settings": {}}, {}])
def test_a_setting_that_is_named_no_more_is_reset(desk: Desk, fewer: Entry) -> None:
    desk.converge(
        _amina(
            settings={"jit": "off", "work_mem": "64MB"},
            settings_in={"postgres": {"search_path": ["a"]}},
        )
    )

    desk.converge(_amina(**fewer))

    assert _stored(desk) == ([("", "jit=off")] if fewer.get("settings") else [])


def test_with_prune_never_a_setting_that_is_named_no_more_stays(desk: Desk) -> None:
    desk.converge(_amina(settings={"work_mem": "64MB"}))
    access = _amina()

    never = Access(
        users=access.users, roles=access.roles, grants=access.grants, policy={"prune": "never"}
    )

    assert desk.changes(never) == ()


@pytest.mark.parametrize("prune", ["owned", "all"])
def test_a_setting_that_no_line_ever_named_is_left_alone(desk: Desk, prune: str) -> None:
    access = Access(
        users=["amina"],
        roles={"reader": {}},
        grants=[("amina", "reader")],
        accounts={"amina": {"settings": {"work_mem": "64MB"}}},
        policy={"prune": prune, "protect": ["postgres"]},
    )
    desk.converge(access)
    desk.sql("ALTER ROLE amina SET jit = off; ALTER ROLE reader SET jit = off")

    plan = desk.plan(access)

    assert plan.changes == ()
    assert plan.targets[0].drift == ()
    assert Key("setting", ("amina", "", "jit")) in plan.targets[0].unmanaged


def test_naming_a_setting_that_was_there_already_is_an_edit_and_no_conflict(desk: Desk) -> None:
    desk.converge(_amina(settings={"jit": "off"}))
    desk.sql("ALTER ROLE amina SET work_mem = '1GB'")

    plan = desk.plan(_amina(settings={"jit": "off", "work_mem": "64MB"}))

    assert plan.blocking == ()
    assert [(each.action, each.cause) for each in plan.changes] == [("update", "config")]


def test_a_setting_changed_here_and_there_is_a_conflict(desk: Desk) -> None:
    desk.converge(_amina(settings={"work_mem": "64MB"}))
    desk.sql("ALTER ROLE amina SET work_mem = '1GB'")

    plan = desk.plan(_amina(settings={"work_mem": "32MB"}))

    assert [each.rule for each in plan.blocking] == ["conflict"]


def test_settings_come_after_their_role_and_go_before_it(desk: Desk) -> None:
    access = _amina(settings={"work_mem": "64MB"})
    created = desk.preview(access)
    desk.converge(access)
    gone = Access(policy={"leavers": "delete"})

    desk.converge(gone)

    sent = [line.split(" TO ")[0] for line in created if "amina" in line and "GRANT" not in line]
    assert sent[-1] == 'ALTER ROLE "amina" SET "work_mem"'
    assert desk.sql("SELECT 1 FROM pg_roles WHERE rolname = 'amina'") == []


def test_a_leaver_keeps_no_setting_that_was_ours(desk: Desk) -> None:
    desk.converge(_amina(settings={"work_mem": "64MB"}))

    desk.converge(Access(users=["amina"], departed=["amina"], roles={"reader": {}}))

    assert _stored(desk) == []


def test_a_setting_gives_and_takes_no_access(desk: Desk) -> None:
    desk.converge(_amina())

    access = desk.plan(_amina(settings={"work_mem": "64MB"})).targets[0].access

    assert access == ()


def test_our_own_account_and_protected_names_keep_their_settings(desk: Desk) -> None:
    desk.sql("CREATE ROLE amina LOGIN; CREATE ROLE reader; GRANT reader TO amina")
    access = Access(
        users=["amina", "postgres"],
        roles={"reader": {}},
        grants=[("amina", "reader")],
        accounts={"amina": {"settings": {"work_mem": "64MB"}}},
        policy={"protect": ["amina"]},
    )

    desk.apply(access)

    assert _stored(desk) == []


@pytest.mark.parametrize(
    "setting, message",
    [
        ({"work_men": 1}, 'there is no parameter "work_men"; did you mean "work_mem"?'),
        ({"shared_buffers": "1GB"}, '"shared_buffers" is set for the whole server, not for a role'),
        ({"log_connections": "on"}, '"log_connections" is set for the whole server'),
        ({"ignore_system_indexes": "on"}, '"ignore_system_indexes" is set for the whole server'),
    ],
)
def test_a_parameter_that_the_server_would_refuse_is_told_by_the_plan(
    desk: Desk, setting: Entry, message: str
) -> None:
    with pytest.raises((CannotHoldError, ManifestError)) as caught:
        desk.plan(_amina(settings=setting))

    assert message in str(caught.value)
    ((name, value),) = setting.items()
    with pytest.raises(psycopg.Error, match=r"unrecognized|cannot be (changed|set)"):
        desk.sql(f"CREATE ROLE probe; ALTER ROLE probe SET {name} = '{value}'")


@pytest.mark.parametrize(
    "setting, message",
    [
        ({"search path": "a"}, '"search path" is not the name of a parameter'),
        ({"work_mem": ["1MB", "2MB"]}, "work_mem takes one value, not a list"),
        ({"search_path": 'a, "b'}, "is not a list with commas"),
        ({"search_path": "a,,b"}, "is not a list with commas"),
        ({"session_preload_libraries": []}, "session_preload_libraries cannot be empty"),
        ({"Jit": True, "jit": False}, '"Jit" and "jit" are one parameter'),
        ({"work_mem": None}, "has no value"),
    ],
)
def test_a_value_that_no_server_takes_is_told_by_its_line(
    desk: Desk, setting: Entry, message: str
) -> None:
    with pytest.raises(ManifestError) as caught:
        desk.plan(_amina(settings=setting))

    (problem,) = caught.value.problems
    assert message in str(problem)
    assert problem.source
    assert problem.source.path.startswith("users.amina.accounts.db.settings")


def test_a_database_that_no_server_declares_is_refused(desk: Desk) -> None:
    with pytest.raises(ManifestError, match='no server with the database "postgre"') as caught:
        desk.plan(_amina(settings_in={"postgre": {"jit": "off"}}))

    assert 'did you mean "postgres"?' in str(caught.value.problems[0])


def test_a_value_that_the_server_refuses_fails_by_its_setting_alone(desk: Desk) -> None:
    report = desk.apply(_amina(settings={"work_mem": "64 bananas"}))

    told = messages(report)
    assert told["setting amina/work_mem"].startswith("failed: ")
    assert told["account amina"] == "skipped: rolled back with the change that failed"


@pytest.mark.parametrize("name", ["Mixed Case", 'quo"te', "o'brien", "x" * 63])
def test_roles_and_databases_with_odd_names_have_settings_trap_11(desk: Desk, name: str) -> None:
    desk.create_database(name)
    access = Access(
        servers={"store": {"database": name}},
        users=["amina"],
        roles={name: {"settings_in": {name: {"work_mem": "64MB", "app.who": "o'\\brien"}}}},
        grants=[("amina", name)],
    )

    desk.converge(access)

    rows = desk.sql("SELECT unnest(setconfig) FROM pg_db_role_setting ORDER BY 1")
    assert rows == [("app.who=o'\\brien",), ("work_mem=64MB",)]


def test_whoever_may_create_roles_and_no_more_can_set_them(desk: Desk) -> None:
    desk.sql("CREATE ROLE plain LOGIN CREATEROLE PASSWORD 'a-password-for-tests'")
    access = _amina(settings={"search_path": ["a", "b"], "work_mem": "64MB"})

    desk.converge(access, desk.login("plain"))

    assert _stored(desk) == [("", "search_path=a, b"), ("", "work_mem=64MB")]


def test_a_parameter_that_only_administrators_are_shown_is_not_called_unknown(desk: Desk) -> None:
    """pg_settings hides it from those without pg_read_all_settings."""
    desk.sql("CREATE ROLE plain LOGIN CREATEROLE PASSWORD 'a-password-for-tests'")
    access = _amina(settings={"session_preload_libraries": ["auto_explain"], "role": "reader"})

    changes = desk.changes(access, desk.login("plain"))

    assert len([each for each in changes if each.key.kind == "setting"]) == 2


@pytest.mark.parametrize("settings", [False, True])
def test_settings_are_read_only_where_somebody_has_some(desk: Desk, settings: bool) -> None:
    read: list[bool] = []

    with Proxy(desk.dsn) as proxy, desk.provider(proxy.dsn) as provider:
        provider.identify()
        proxy.messages.clear()
        proxy.rule = Call(b"pg_db_role_setting", lambda: read.append(True))
        provider.observe(Scope(settings=settings))

    assert bool(read) == settings
    assert proxy.round_trips == 1
