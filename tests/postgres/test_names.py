"""Names are data: they go to the server as they are, or are refused by their line."""

from __future__ import annotations

import pytest

from reconciler.errors import ManifestError
from tests.postgres.desk import Access, Desk, on_tables, one_role

ODD = ["Mixed Case", "dots.in.it", "-dash", 'quo"te', "o'brien", "x" * 63, "Zoë", "a;b--", "%s{}"]


def test_schemas_tables_and_creators_keep_their_names_apl_12(desk: Desk) -> None:
    quoted = ['"' + name.replace('"', '""') + '"' for name in ODD]
    for name in quoted:
        desk.sql(f"CREATE ROLE {name}; CREATE SCHEMA {name}; CREATE TABLE {name}.{name} (id int)")
    rules = [
        {**on_tables("select", schema=name), "views": "*", "created_by": [name]} for name in ODD
    ]

    desk.converge(one_role(*rules, *(on_tables("insert", schema=n, tables=[n]) for n in ODD)))

    for name in quoted:
        table = f"{name}.{name}".replace("'", "''")
        assert desk.can("amina", "SELECT", table)
        assert desk.can("amina", "INSERT", table)
    assert desk.value("SELECT count(*) FROM pg_default_acl") == len(ODD)


def test_a_database_keeps_its_name(desk: Desk) -> None:
    desk.create_database('Odd."Name')
    desk.sql("CREATE TABLE t (id int)", database='Odd."Name')
    rules = [{"schema": "public", "tables": ["t"], "allow": ["select"]}]
    servers = {"store": {"database": 'Odd."Name'}}
    roles = {"reader": {"privileges": [*rules, {"database": 'Odd."Name', "allow": ["create"]}]}}
    access = Access(servers=servers, users=["amina"], roles=roles, grants=[("amina", "reader")])

    desk.converge(access)

    assert desk.can("amina", "SELECT", "t", database='Odd."Name')


@pytest.mark.parametrize("place", ["users", "groups", "roles"])
@pytest.mark.parametrize("name", ["y" * 64, "é" * 32, "pg_reader", "public", "none"])
def test_a_name_that_postgresql_would_cut_or_refuse_is_refused_by_its_line_apl_12(
    desk: Desk, place: str, name: str
) -> None:
    user, group, role = (
        name if place == each else each[0] for each in ("users", "groups", "roles")
    )
    access = Access(
        users=[user],
        groups={group: [user]},
        roles={role: {}},
        grants=[(group, role)],
    )

    with pytest.raises(ManifestError) as caught:
        desk.plan(access)

    (problem,) = caught.value.problems
    assert problem.source
    assert problem.source.path == f"{place}.{name}"
    lines = desk.manifest_path.read_text(encoding="utf-8").splitlines()
    assert name in lines[problem.source.line - 1]


def test_a_user_and_a_role_cannot_share_a_name(desk: Desk) -> None:
    access = Access(users=["amina"], roles={"amina": {}}, grants=[("amina", "amina")])

    with pytest.raises(ManifestError, match='"amina" would be account and role'):
        desk.plan(access)
