"""A desk to work at with one server: SQL as anybody, manifests over it, what they led to.

Here belongs what several tests of the PostgreSQL provider do. What must hold is in the tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from reconciler.changes import Change, Outcome
from reconciler.engine import Inputs, Origin, Run
from reconciler.errors import ManifestError
from reconciler.plan import Plan
from reconciler.providers.postgres.options import PostgresOptions
from reconciler.providers.postgres.provider import PostgresProvider, open_postgres
from reconciler.report import Report
from reconciler.state import Key
from tests.fix_postgres import PostgresServer

NOW = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)
PASSWORD = "a-password-for-tests"

Entry = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The parts of a manifest that a test cares about; the target is `db`, over the desk's dsn."""

    servers: Mapping[str, Entry] = field(default_factory=lambda: {"store": {}})
    users: Sequence[str] = ()
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    roles: Mapping[str, Entry] = field(default_factory=dict)
    grants: Sequence[tuple[str, str] | tuple[str, str, Entry]] = ()
    policy: Entry = field(default_factory=dict)
    options: Entry = field(default_factory=lambda: {"passwords": "none"})
    departed: Sequence[str] = ()
    accounts: Mapping[str, Entry] = field(default_factory=dict)

    def manifest(self) -> str:
        """It as JSON, which is YAML: one line for each entry."""
        lines = {
            "version": 1,
            "targets": {"db": {"provider": "postgres", "policy": self.policy, "options": {}}},
            "servers": {
                n: {"target": "db", "database": "postgres", **e} for n, e in self.servers.items()
            },
            "users": {name: self._user(name) for name in self.users},
            "groups": {name: {"members": list(each)} for name, each in self.groups.items()},
            "roles": {n: {"server": "store", **e} for n, e in self.roles.items()},
            "grants": [
                {"group" if who in self.groups else "user": who, "role": role, **_more(more)}
                for who, role, *more in self.grants
            ],
        }
        lines["targets"]["db"]["options"] = {**self.options, "dsn": {"env": "DSN"}}  # type: ignore[index]  # a dict
        return json.dumps(lines, indent=1, ensure_ascii=False)

    def _user(self, name: str) -> Entry:
        account = {"accounts": {"db": self.accounts[name]}} if name in self.accounts else {}
        return {**account, **({"state": "departed"} if name in self.departed else {})}


def _more(said: Sequence[object]) -> Entry:
    """What else a grant says, such as options."""
    (more,) = said or ({},)
    assert isinstance(more, Mapping)
    return more


def on_tables(*allow: str, schema: str = "geography", tables: object = "*") -> dict[str, object]:
    """A rule of privileges on tables of a schema."""
    return {"schema": schema, "tables": tables, "allow": list(allow)}


def one_role(*rules: Entry, **more: object) -> Access:
    """One user, amina, who holds one role, reader, with these rules."""
    return Access(
        users=["amina"],
        roles={"reader": {"privileges": list(rules), **more}},
        grants=[("amina", "reader")],
    )


class Desk:
    """One server with the provider's manifest in `folder`."""

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self.server = server
        self.dsn = server.dsn()
        self.environment: dict[str, str] = {}
        self._folder = folder
        self._files = 0

    @property
    def manifest_path(self) -> Path:
        return self._folder / "access.yaml"

    # SQL, around the provider

    def login(self, user: str, password: str = PASSWORD, database: str = "postgres") -> str:
        """The dsn of another role."""
        return make_conninfo(self.server.dsn(database=database), user=user, password=password)

    def sql(
        self, script: str, database: str = "postgres", user: str = ""
    ) -> list[tuple[object, ...]]:
        """Run SQL as the superuser, or as another role; the rows of the last statement."""
        dsn = self.login(user, database=database) if user else self.server.dsn(database=database)
        with psycopg.connect(dsn, autocommit=True) as connection:
            cursor = connection.execute(script.encode())
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    def create_database(self, name: str, owner: str = "postgres") -> None:
        """A new database of this owner, by the quick way of copying files.

        PostgreSQL 14 knows no other way, and refuses the word for it.
        """
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            way = "STRATEGY file_copy" if connection.info.server_version >= 150000 else ""
            statement = sql.SQL("CREATE DATABASE {} OWNER {} {}")
            names = (sql.Identifier(name), sql.Identifier(owner))
            connection.execute(statement.format(*names, sql.SQL(way)))

    @property
    def major(self) -> int:
        """The server's major version, such as 18."""
        return int(str(self.value("SHOW server_version_num"))) // 10_000

    def needs_version(self, oldest: int, what: str) -> None:
        """Skip the test where the server is older than what it is about."""
        __tracebackhide__ = True  # the skip is shown with the test's own line
        if self.major < oldest:
            pytest.skip(f"{what} from PostgreSQL {oldest}; this is {self.major}")

    def needs_older_than(self, major: int, what: str) -> None:
        """Skip the test where the server is newer than what it is about."""
        __tracebackhide__ = True  # as above
        if self.major >= major:
            pytest.skip(f"{what} before PostgreSQL {major}; this is {self.major}")

    def value(self, query: str, database: str = "postgres", user: str = "") -> object:
        """The one value that a query gives."""
        ((value,),) = self.sql(query, database, user)
        return value

    def can(self, role: str, privilege: str, table: str, database: str = "postgres") -> bool:
        """Whether a role has a privilege on a table, by whatever way."""
        query = f"SELECT has_table_privilege('{role}', '{table}', '{privilege}')"
        return bool(self.value(query, database))

    # Manifests

    def run(self, access: Access, dsn: str = "") -> Run:
        self.manifest_path.write_text(access.manifest(), encoding="utf-8")
        origin = Origin(str(self._folder / "ledger.sqlite3"))
        environment = {**self.environment, "DSN": dsn or self.dsn}
        return Run(Inputs((str(self.manifest_path),), (), environment, NOW, origin))

    def plan(self, access: Access, dsn: str = "") -> Plan:
        with self.run(access, dsn) as run:
            return run.plan()

    def faults(self, access: Access) -> str:
        """What the plan says of what does not fit the server: an error, or findings that block."""
        try:
            plan = self.plan(access)
        except ManifestError as error:
            return str(error)
        return "\n".join(each.message for each in plan.blocking)

    def changes(self, access: Access, dsn: str = "") -> tuple[Change, ...]:
        return self.plan(access, dsn).changes

    def preview(self, access: Access) -> tuple[str, ...]:
        with self.run(access) as run:
            return run.preview(run.plan())["db"]

    def apply(self, access: Access, dsn: str = "", out: str = "") -> Report:
        """Plan and apply, whatever comes of it."""
        self._files += 1
        file = out or str(self._folder / f"passwords-{self._files}.jsonl")
        with self.run(access, dsn) as run:
            return run.apply(run.plan(), credentials_out=file)

    def converge(self, access: Access, dsn: str = "") -> Report:
        """Plan and apply, which must work and leave nothing to do."""
        report = self.apply(access, dsn)
        (target,) = report.targets
        assert target.is_converged, (target.failure, messages(report), target.remaining)
        assert self.changes(access, dsn) == ()
        return report

    @contextmanager
    def provider(self, dsn: str = "", **options: object) -> Iterator[PostgresProvider]:
        """The provider itself."""
        given = {"dsn": dsn or self.dsn, "passwords": "none", **options}
        provider = open_postgres("db", PostgresOptions.model_validate(given))
        try:
            yield provider
        finally:
            provider.close()


def outcomes(report: Report) -> dict[Key, Outcome]:
    return {each.change.key: each for each in report.outcomes}


def messages(report: Report) -> dict[str, str]:
    return {str(each.change.key): f"{each.status}: {each.message}" for each in report.outcomes}
