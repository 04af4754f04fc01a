"""The conformance suite on the PostgreSQL provider: its target is a server of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from reconciler.providers.postgres.lock import LOCK_KEY
from tests.conformance.suite import ProviderConformance
from tests.conformance.target import NASTY_NAMES, ConformanceTarget, Entry, Fault, Scalar
from tests.fix_postgres import PostgresServer
from tests.postgres.proxy import Cut, Garble, Proxy

PASSWORD = "canary-of-the-deployer"
WRONG_PASSWORD = "canary-of-a-typing-error"

_SET_UP = f"""
    CREATE ROLE deployer LOGIN SUPERUSER PASSWORD '{PASSWORD}';
    CREATE SCHEMA geography;
    CREATE TABLE geography.cells (id int);
    CREATE TABLE geography.sites (id int);
"""
_BYSTANDERS = """
    CREATE ROLE stranger LOGIN;
    CREATE ROLE "strangers-role";
    GRANT "strangers-role" TO stranger;
    GRANT DELETE ON geography.cells TO "strangers-role";
    ALTER DEFAULT PRIVILEGES IN SCHEMA geography GRANT SELECT ON TABLES TO "strangers-role";
"""
_FACTS = {
    "role": """
        SELECT rolname::text, to_jsonb(pg_authid) - 'rolpassword', xmin::text FROM pg_authid
         WHERE rolname NOT LIKE 'pg\\_%'
    """,
    "membership": """
        SELECT concat(roleid::regrole, ' ', member::regrole, ' ', grantor::regrole),
               to_jsonb(pg_auth_members), xmin::text
          FROM pg_auth_members
    """,
    "privilege": """
        SELECT concat(oid::regclass, ' ', grantee::regrole, ' ', privilege_type, ' ', grantor),
               is_grantable, ''
          FROM pg_class, aclexplode(relacl) WHERE relnamespace = 'geography'::regnamespace
    """,
    "default privilege": """
        SELECT concat(defaclrole::regrole, ' ', defaclnamespace::regnamespace, ' ',
                      defaclobjtype, ' ', grantee::regrole, ' ', privilege_type),
               is_grantable, ''
          FROM pg_default_acl, aclexplode(defaclacl)
    """,
}
_REFUSE_GRANTS = """
    CREATE FUNCTION public.react() RETURNS event_trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'no grants today'; END $$;
    CREATE EVENT TRIGGER react ON ddl_command_end WHEN TAG IN ('GRANT')
        EXECUTE FUNCTION public.react();
"""
_UNDO_GRANTS = """
    CREATE FUNCTION public.react() RETURNS event_trigger LANGUAGE plpgsql
        AS $$ BEGIN REVOKE ALL ON ALL TABLES IN SCHEMA geography FROM reader, writer; END $$;
    CREATE EVENT TRIGGER react ON ddl_command_end WHEN TAG IN ('GRANT')
        EXECUTE FUNCTION public.react();
"""
_WITHOUT_TRIGGER = "DROP EVENT TRIGGER react; DROP FUNCTION public.react()"


class PostgresTarget(ConformanceTarget):
    """A server with two tables, reached through a proxy that can break the connection."""

    provider = "postgres"
    own_account = "deployer"
    rights = ("SELECT", "INSERT", "UPDATE")
    holdable = frozenset(NASTY_NAMES) - {"64_bytes", "reserved"}
    attributes: Mapping[str, tuple[Scalar, Scalar]] = {
        **dict.fromkeys(
            ("bypassrls", "createdb", "createrole", "replication", "superuser"), (True, False)
        ),
        "comment": ("looks after the cells", ""),
        "connection_limit": (5, -1),
        "valid_until": ("2031-05-01T02:00:00+02:00", "infinity"),
    }
    canaries = (PASSWORD, WRONG_PASSWORD)
    clock_fields = frozenset({"valid_until"})
    faults: frozenset[Fault] = frozenset(
        {
            *("wrong_credentials", "cut_read", "failing_read", "cut_apply"),
            *("failing_write", "silent_write", "locked"),
        }
    )

    def __init__(self, server: PostgresServer, proxy: Proxy) -> None:
        self._server = server
        self._proxy = proxy
        self._password = PASSWORD
        self._run(_SET_UP)

    def options(self) -> Mapping[str, str | int]:
        login = {"user": self.own_account, "password": self._password}
        return {"dsn": make_conninfo(self._proxy.dsn, **login)}

    def server(self) -> Entry:
        return {"database": "postgres"}

    def role(self, rights: tuple[str, ...]) -> Entry:
        rule = {"schema": "geography", "tables": "*", "allow": [each.lower() for each in rights]}
        return {"server": self.server_name, "privileges": [rule] if rights else []}

    def witness(self) -> Mapping[str, object]:
        with psycopg.connect(self._server.dsn()) as connection:
            return {
                f"{kind} {name}": (fact, stamp)
                for kind, query in _FACTS.items()
                for name, fact, stamp in connection.execute(query)
            }

    def add_bystanders(self) -> None:
        self._run(_BYSTANDERS)

    def revoke_by_hand(self, account: str, role: str) -> None:
        self._run(
            sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(role), sql.Identifier(account))
        )

    def sign_in(self, account: str, password: str) -> bool:
        dsn = make_conninfo(self._server.dsn(), user=account, password=password)
        try:
            psycopg.connect(dsn).close()
        except psycopg.OperationalError as error:
            assert "password authentication failed" in str(error)  # noqa: PT017  # False is an answer
            return False
        return True

    @contextmanager
    def fault(self, name: Fault) -> Iterator[None]:
        match name:
            case "wrong_credentials":
                self._password = WRONG_PASSWORD
                yield
                self._password = PASSWORD
            case "cut_read":
                with self._proxy.breaking(Cut(b"pg_default_acl", after_answer_bytes=1000)):
                    yield
            case "failing_read":
                with self._proxy.breaking(Garble(b"pg_default_acl", b"pg_default_abc")):
                    yield
            case "cut_apply":
                with self._proxy.breaking(Cut(b"GRANT ")):
                    yield
            case "failing_write":
                yield from self._reacting(_REFUSE_GRANTS)
            case "silent_write":
                yield from self._reacting(_UNDO_GRANTS)
            case "locked":
                with psycopg.connect(self._server.dsn()) as connection:
                    connection.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
                    yield

    def _reacting(self, trigger: str) -> Iterator[None]:
        self._run(trigger)
        yield
        self._run(_WITHOUT_TRIGGER)

    def _run(self, script: str | sql.Composed) -> None:
        with psycopg.connect(self._server.dsn(), autocommit=True) as connection:
            connection.execute(script if isinstance(script, sql.Composed) else script.encode())


class TestPostgres(ProviderConformance):
    """A server of its own for each case: roles belong to the whole cluster."""

    @pytest.fixture
    def target(self, postgres_cluster: PostgresServer) -> Iterator[PostgresTarget]:
        with Proxy(postgres_cluster.dsn()) as proxy:
            yield PostgresTarget(postgres_cluster, proxy)
