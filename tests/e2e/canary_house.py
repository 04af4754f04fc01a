"""A house with both systems and a canary in every place for secrets, in which real commands run and
fail in every way that repeats what they were sent.

Here belongs what happens. What must hold afterwards is in the tests.
"""

from __future__ import annotations

import io
import json
import logging
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess
from urllib.parse import quote

import click
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from reconciler.cli import cli
from reconciler.cli.plan_files import read_plan, write_signature
from reconciler.engine import Choice, Inputs, Origin, Run
from reconciler.manifest.option_values import EnvRef
from reconciler.manifest.policies import PlanSignature
from reconciler.plan_file import to_document
from reconciler.sandbox.flowauth import Fault, FaultKind, FlowAuthSettings, FlowAuthSimulator
from reconciler.sandbox.flowauth.session import Session, SessionCodec
from reconciler.sandbox.postgres.cluster import ThrowawayCluster
from reconciler.sandbox.postgres.server import ServerOptions
from reconciler.sandbox.postgres.template import ClusterTemplate
from tests.canary import (
    folder_texts,
    new_canary,
    shown_objects,
)
from tests.e2e.conftest import Program
from tests.postgres.proxy import Garble, Proxy

OWN = "reconciler"

MANIFEST = """\
version: 1
policies:
  plan_signature: {method: hmac-sha256, key: {env: PLAN_KEY}}
targets:
  db:
    provider: postgres
    options: {dsn: {env: DB_DSN}, connect_timeout_s: 2}
  api:
    provider: flowauth
    options:
      {url: {env: API_URL}, username: reconciler, password: {env: API_PASSWORD}, timeout_s: 1}
servers:
  store: {target: db, database: postgres}
  ghana: {target: api, token_expires: 2035-12-31T00:00:00Z, token_life: 2d, scopes: [run]}
users:
  amina: {}
  kofi: {}
  dashboards: {kind: service, accounts: {db: {password: {env: DASHBOARDS_PASSWORD}}}}
roles:
  reader: {server: store, privileges: [{schema: geography, tables: "*", allow: [select]}]}
  runner: {server: ghana, scopes: [run]}
grants:
  - {user: amina, role: reader}
  - {user: amina, role: runner}
  - {user: dashboards, role: reader}
"""

MORE = """\
  - {user: kofi, role: reader}
  - {user: kofi, role: runner}
"""

POLICY = PlanSignature(method="hmac-sha256", key=EnvRef(env="PLAN_KEY"))

GEOGRAPHY = "CREATE SCHEMA geography; CREATE TABLE geography.cells (id int)"

TELLTALE = """
    CREATE FUNCTION public.tell() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the trigger says % and %', pg_catalog.current_query(),
            (SELECT pg_catalog.string_agg(rolname || '=' || rolpassword, ' ') FROM pg_authid)
            USING DETAIL = 'signed in with ' || {password},
                  HINT = 'ALTER ROLE amina PASSWORD ' || pg_catalog.quote_literal({password});
    END $$;
    CREATE EVENT TRIGGER tell ON ddl_command_start WHEN TAG IN ('GRANT')
        EXECUTE FUNCTION public.tell()
"""
"""What a server can know at most, and tell: the statement, every verifier, the password we used."""

CREDENTIALS = ("new-1.jsonl", "new-2.jsonl", "new-3.jsonl", "new-4.jsonl")


@dataclass
class House:
    """Both systems, the folder in which commands run, what was let loose, and what came out."""

    cluster: ThrowawayCluster
    flowauth: FlowAuthSimulator
    program: Program
    canaries: dict[str, str] = field(default_factory=dict)
    sessions: list[str] = field(default_factory=list)
    done: dict[str, CompletedProcess[str]] = field(default_factory=dict)
    logged: str = ""

    @property
    def folder(self) -> Path:
        return self.program.folder

    def canary(self, place: str) -> str:
        """The canary of this place, a new one for a new place."""
        return self.canaries.setdefault(place, new_canary(place.split()[0]))

    def run(self, what: str, *arguments: str, **variables: str) -> CompletedProcess[str]:
        """Run a command and keep what it said under this name."""
        done = self.program(*arguments, **variables)
        self.done[what] = done
        return done

    def sql(self, text: str | sql.Composed, **where: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.cluster.dsn(**where), autocommit=True) as connection:
            cursor = connection.execute(text)
            return cursor.fetchall() if cursor.description else []

    def dsn(self, **changes: object) -> str:
        """The DSN the program gets, as keywords, with these changes."""
        return make_conninfo(self.program.environment["DB_DSN"], **changes)

    def inputs(self, **environment: str) -> Inputs:
        return Inputs(
            files=(str(self.folder / "access.yaml"),),
            targets=(),
            environment={**self.program.environment, **environment},
            now=datetime.now(UTC),
            origin=Origin(ledger=self.program.environment["LEDGER_DSN"]),
        )

    def all_canaries(self) -> dict[str, str]:
        """What was let loose, with what the program and the systems made: passwords, sessions."""
        result = dict(self.canaries)
        for name in CREDENTIALS:
            for line in (self.folder / name).read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                result[f"{name} {entry['target']} {entry['account']}"] = entry["password"]
        for role, verifier in self.sql("SELECT rolname, rolpassword FROM pg_authid"):
            if verifier:
                result[f"the verifier of {role}"] = str(verifier).partition("$")[2]
        return result | {f"session {i}": value for i, value in enumerate(self.sessions)}

    def texts(self) -> dict[str, bytes]:
        """Everything that came out of the program, by where it is."""
        result = folder_texts(self.folder, without=CREDENTIALS)
        for what, done in self.done.items():
            result[f"stdout of {what}"] = done.stdout.encode()
            result[f"stderr of {what}"] = done.stderr.encode()
        tables = self.sql(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'reconciler'", database="ledger"
        )
        for (table,) in tables:
            query = sql.SQL("SELECT t::text FROM reconciler.{} AS t").format(
                sql.Identifier(str(table))
            )
            rows = self.sql(query, database="ledger")
            result[f"the ledger's table {table}"] = "\n".join(str(row) for (row,) in rows).encode()
        return result | {"the log": self.logged.encode()}


# What happens in the house


@contextmanager
def lived_in_house(template: ClusterTemplate, folder: Path) -> Iterator[House]:
    """The house after everything in it has happened."""
    with ExitStack() as stack:
        cluster = stack.enter_context(template.cluster(ServerOptions(tcp=True)))
        settings = FlowAuthSettings(admin_username="admin", admin_password=new_canary("admin"))
        flowauth = stack.enter_context(FlowAuthSimulator(settings))
        house = House(cluster, flowauth, Program(folder, {}))
        stack.enter_context(_noted_sessions(house.sessions))
        _furnish(house)
        _read_and_fail(house)
        _fail_to_apply(house)
        _apply(house)
        _apply_elsewhere(house)
        _look_around(house)
        yield house
        assert flowauth.unplanned_errors == ()


@contextmanager
def _noted_sessions(into: list[str]) -> Iterator[None]:
    """Note what every cookie that FlowAuth gives away is signed with."""
    real = SessionCodec.cookie_headers

    def noting(codec: SessionCodec, session: Session) -> tuple[tuple[str, str], ...]:
        headers = real(codec, session)
        into.extend(value.partition(";")[0].rpartition(".")[2] for _, value in headers)
        return headers

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SessionCodec, "cookie_headers", noting)
        yield


def _furnish(house: House) -> None:
    """Passwords on both systems, and the environment that the manifest refers to."""
    password, ledger = house.canary("dsn password"), house.canary("ledger password")
    house.sql(GEOGRAPHY)
    for role, rights, secret in (("tool", "SUPERUSER", password), ("memory", "", ledger)):
        house.sql(
            sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD {}").format(
                sql.Identifier(role), sql.SQL(rights), sql.Literal(secret)
            )
        )
    house.sql("CREATE DATABASE ledger OWNER memory")
    house.flowauth.store.add_user(OWN, house.canary("api password"), is_admin=True)
    at = f"127.0.0.1:{house.cluster.port}"
    environment = {
        "DB_DSN": f"postgresql://tool:{quote(password, safe='')}@{at}/postgres",
        "API_URL": house.flowauth.url,
        "API_PASSWORD": house.canary("api password"),
        "PLAN_KEY": house.canary("hmac key"),
        "DASHBOARDS_PASSWORD": house.canary("given password"),
        "LEDGER_DSN": f"postgresql://memory:{quote(ledger, safe='')}@{at}/ledger",
    }
    house.program = Program(house.folder, environment)
    (house.folder / "access.yaml").write_text(MANIFEST, encoding="utf-8")


def _read_and_fail(house: House) -> None:
    """Every way in which nothing can be read."""
    wrong, nowhere = house.canary("wrong password"), _closed_port()
    house.run("wrong api", "plan", "--debug", API_PASSWORD=wrong)
    house.run("wrong dsn", "plan", "--debug", DB_DSN=house.dsn(password=wrong))
    house.run(
        "refused",
        *("apply", "--yes", "--debug", "--format", "json"),
        DB_DSN=house.dsn(port=nowhere),
        API_URL=f"http://127.0.0.1:{nowhere}",
    )
    with _silent_server() as silent:
        house.run(
            "timeout",
            *("plan", "--debug"),
            DB_DSN=house.dsn(port=silent),
            API_URL=f"http://127.0.0.1:{silent}",
        )
    house.run("unescaped", "plan", "--debug", DB_DSN=f"postgresql://tool:x@{wrong}@127.0.0.1:1/db")
    house.run("cut", "plan", "--debug", DB_DSN=f"postgresql://tool:{wrong}@127.0.0.1:1/db")
    for kind in (FaultKind.ECHO_400, FaultKind.ECHO_500):
        for method, path in (("POST", "/signin"), ("GET", "/admin/users")):
            house.flowauth.faults.arm(Fault(kind, method, path, count=20))
            house.run(f"{kind} to {method} {path}", "plan", "--debug")
            house.flowauth.faults.disarm()


def _fail_to_apply(house: House) -> None:
    """Every way in which a system refuses a change and repeats what it was sent."""
    password = sql.Literal(house.canary("dsn password"))
    house.sql(sql.SQL(TELLTALE).format(password=password))
    for name, kind, form in (
        (CREDENTIALS[0], FaultKind.ECHO_400, "json"),
        (CREDENTIALS[1], FaultKind.ECHO_500, "text"),
    ):
        house.flowauth.faults.arm(Fault(kind, "POST", "/admin/users", count=20))
        words = ("apply", "--yes", "--debug", "--format", form, "--credentials-out", name)
        house.run(f"telling {form}", *words)
        house.flowauth.faults.disarm()
    house.sql("DROP EVENT TRIGGER tell; DROP FUNCTION public.tell()")
    with Proxy(house.program.environment["DB_DSN"]) as proxy:
        words = ("apply", "--yes", "--debug", "--target", "db", "--credentials-out", CREDENTIALS[2])
        with proxy.breaking(Garble(b" PASSWORD 'SCRAM", b"    SYSID 'SCRAM")):
            house.run("syntax error", *words, DB_DSN=proxy.dsn)


def _apply(house: House) -> None:
    """What works: a saved and signed plan, applied, and every look at it."""
    house.run("validate", "validate", "--debug")
    house.run("validate json", "validate", "--format", "json")
    house.run("statements", "plan", "--statements", "--debug")
    house.run("plan", "plan", "-o", "plan.json", "--format", "json", "--debug")
    _sign(house, "plan.json")
    house.run("show", "show", "plan.json", "--debug")
    house.run("show json", "show", "plan.json", "--format", "json")
    words = ("apply", "plan.json", "--debug", "--format", "json")
    house.run("apply", *words, "--credentials-out", CREDENTIALS[3])
    cut = f"SCRAM-SHA-256$4096:{house.canary('cut verifier')}"
    house.run("cut verifier", "plan", "--debug", DASHBOARDS_PASSWORD=cut)
    house.run("drift", "drift", "--debug")
    house.run("drift json", "drift", "--format", "json")
    house.run("log", "log", "--debug")
    house.run("verify", "log", "--verify", "--debug")
    house.run("log json", "log", "--format", "json")


def _sign(house: House, plan: str) -> None:
    path = str(house.folder / plan)
    digest = str(to_document(read_plan(path))["digest"])
    assert write_signature(path, digest, POLICY, house.program.environment)


def _apply_elsewhere(house: House) -> None:
    """The same in this process with a ledger in PostgreSQL, everything logged that can be."""
    (house.folder / "access.yaml").write_text(MANIFEST + MORE, encoding="utf-8")
    credentials = house.folder / "in-process.jsonl"
    stream = io.StringIO()
    with _logging_everything(stream), Run(house.inputs()) as run:
        report = run.apply(run.plan(), credentials_out=str(credentials))
        stream.write("\n".join(text for _, text in shown_objects([run, report])))
    assert report.exit_code == 0, report
    for line in credentials.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        house.canaries[f"{entry['account']} on {entry['target']}"] = entry["password"]
    credentials.unlink()
    _renew(house, stream)
    house.logged = stream.getvalue()


def _renew(house: House, stream: io.StringIO) -> None:
    """New passwords for accounts that are there: one made, and another value of a given one."""
    credentials = house.folder / "renewed.jsonl"
    given = house.canary("newer given password")
    choice = Choice(rotate=frozenset({"amina@db"}))
    with _logging_everything(stream), Run(house.inputs(DASHBOARDS_PASSWORD=given)) as run:
        plan = run.plan(choice)
        report = run.apply(plan, credentials_out=str(credentials))
        stream.write("\n".join(text for _, text in shown_objects([run, report, plan])))
    assert len(report.outcomes) == 2, report
    assert report.exit_code == 0, report
    house.canaries["amina anew"] = json.loads(credentials.read_text(encoding="utf-8"))["password"]
    credentials.unlink()


@contextmanager
def _logging_everything(stream: io.StringIO) -> Iterator[None]:
    """All that any package logs, from DEBUG on, with the arguments of every record."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)r"))
    loggers = [logging.getLogger(name) for name in ("", "httpx", "psycopg", "reconciler")]
    before = [each.level for each in loggers]
    loggers[0].addHandler(handler)
    for each in loggers:
        each.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        loggers[0].removeHandler(handler)
        for each, level in zip(loggers, before, strict=True):
            each.setLevel(level)


def _look_around(house: House) -> None:
    """A ledger that cannot be reached, secrets in the wrong place, and all other commands."""
    wrong = house.canary("wrong password")
    good = house.program.environment["LEDGER_DSN"]
    house.run("ledger", "log", "--verify", "--debug", RECONCILER_LEDGER=good)
    house.run("ledger json", "log", "--format", "json", "--ledger", good)
    bad = make_conninfo(good, password=wrong)
    house.run("wrong ledger", "log", "--debug", RECONCILER_LEDGER=bad)
    house.run("no ledger", "log", "--debug", "--ledger", make_conninfo(good, port=_closed_port()))
    house.run("cut ledger", "log", "--debug", "--ledger", f"postgresql://memory:{wrong}@127.0.0.1/")
    for name, stray in (("dsn", good), ("keywords", make_conninfo(good))):
        for words in (
            ("log",),
            ("apply",),
            ("validate", "-f"),
            ("plan", "--ledgr"),
            (f"--{name}",),
        ):
            house.run(f"stray {name} for {words[-1]}", *words, stray)
    written = MANIFEST.replace("{env: API_PASSWORD}", json.dumps(wrong))
    for name, text in (
        ("written out", written),
        ("twice", written.replace("password:", f"password: {json.dumps(wrong)}, password:")),
        ("broken", written.replace(json.dumps(wrong), json.dumps(wrong)[:-1])),
        ("mistyped", written.replace("password:", "passwort:")),
        ("listed", written.replace(json.dumps(wrong), f"[{json.dumps(wrong)}, {{a: b}}]")),
        (
            "in a reference",
            MANIFEST.replace("{env: API_PASSWORD}", f"{{envy: {json.dumps(wrong)}}}"),
        ),
        ("in the policy", MANIFEST.replace("{env: PLAN_KEY}", json.dumps(wrong))),
    ):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            house.run(name, "plan", "--debug", "-f", file.name)
    known = {each.removesuffix(" json") for each in house.done}
    with click.Context(cli) as context:
        others = set(cli.list_commands(context)) - known - {"demo", "sandbox", "init", "schema"}
    for name in sorted(others):
        house.run(name, name, "--debug")


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextmanager
def _silent_server() -> Iterator[int]:
    """A port that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
