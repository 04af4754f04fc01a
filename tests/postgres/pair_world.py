"""The objects that pairs of a random catalog and a random manifest are about: made once, for all.

Here belong their names, the statements that make them and those that put everything back as it was.
What is random about them is `random_pairs`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from psycopg import sql

DATABASE: Final = 'Data "b.ase'
DEPLOYER: Final = "deployer"
PASSWORD: Final = "of-the-deployer"
KEEPER: Final = "kee.per"
"""Who owns the objects: neither the account that applies nor the bootstrap superuser."""
STRANGER: Final = "stranger"
"""A role that is in nothing and holds nothing: what it may do, everybody may."""

SCHEMAS: Final = ("store", 'Sch"e.ma')
COLUMNS: Final = ("id", "na.me")


class Thing(NamedTuple):
    """Something to hold privileges on. `noun` and `reference` are what GRANT calls it."""

    kind: str
    schema: str
    name: str
    noun: str
    reference: str

    @property
    def noun_of_alter(self) -> str:
        """What ALTER calls it."""
        return "MATERIALIZED VIEW" if self.name == "mat" else self.noun


def quoted(name: str) -> str:
    """The name as SQL has it."""
    return sql.Identifier(name).as_string(None)


def _in_schema(schema: str) -> Iterator[Thing]:
    where = quoted(schema)

    def thing(kind: str, name: str, noun: str) -> Thing:
        return Thing(kind, schema, name, noun, f"{where}.{quoted(name)}")

    yield thing("table", "cells", "TABLE")
    yield thing("table", 'T "x".1', "TABLE")
    yield thing("view", "v", "TABLE")
    yield thing("sequence", "q", "SEQUENCE")
    yield thing("type", "mood", "TYPE")
    yield Thing("function", schema, "f(integer)", "FUNCTION", f"{where}.f(integer)")
    if schema != SCHEMAS[0]:
        return
    yield from (thing("table", name, "TABLE") for name in ("parts", "parts_1", "far"))
    yield thing("view", "mat", "TABLE")
    yield thing("type", "positive", "DOMAIN")
    yield Thing("function", schema, "f(text)", "FUNCTION", f"{where}.f(text)")
    yield Thing("function", schema, "p()", "PROCEDURE", f"{where}.p()")
    yield Thing("function", schema, "total(integer)", "ROUTINE", f"{where}.total(integer)")


def things(version: int) -> tuple[Thing, ...]:
    """Everything there is, but for columns, on a server of this version such as 170004."""
    found = [Thing("database", "", DATABASE, "DATABASE", quoted(DATABASE))]
    found += [Thing("schema", "", name, "SCHEMA", quoted(name)) for name in SCHEMAS]
    found += [each for schema in SCHEMAS for each in _in_schema(schema)]
    found += [
        Thing("language", "", "sql", "LANGUAGE", "sql"),
        Thing("foreign data wrapper", "", "w-1", "FOREIGN DATA WRAPPER", quoted("w-1")),
        Thing("foreign server", "", "Far Away", "FOREIGN SERVER", quoted("Far Away")),
        Thing("tablespace", "", "pg_global", "TABLESPACE", "pg_global"),
    ]
    if version >= 150000:
        names = ("work_mem", "log_min_duration_statement")
        found += [Thing("parameter", "", name, "PARAMETER", name) for name in names]
    return tuple(found)


CREATE_DATABASE: Final = (
    f"CREATE ROLE {DEPLOYER} LOGIN SUPERUSER PASSWORD '{PASSWORD}'",
    f"CREATE ROLE {quoted(KEEPER)}",
    f"CREATE ROLE {STRANGER}",
    f"CREATE DATABASE {quoted(DATABASE)} OWNER {quoted(KEEPER)}",
)
"""Each by itself, in the database `postgres`."""

ATTEMPT: Final = "SELECT bench.attempt(%s)"
"""Runs each of these statements that can be run, and says which could."""

_ATTEMPT: Final = """
    CREATE SCHEMA bench;
    CREATE FUNCTION bench.attempt(statements text[]) RETURNS boolean[]
        LANGUAGE plpgsql SET client_min_messages TO error AS $$
        DECLARE
            done boolean[] := '{}';
            statement text;
        BEGIN
            FOREACH statement IN ARRAY statements LOOP
                BEGIN
                    EXECUTE statement;
                    done := done || true;
                EXCEPTION WHEN OTHERS THEN
                    done := done || false;
                END;
                RESET ROLE;
            END LOOP;
            RETURN done;
        END $$;
"""


def creation() -> str:
    """The script that makes the objects in their database."""
    return (
        f"SET ROLE {quoted(KEEPER)};"
        + "".join(map(_schema_script, SCHEMAS))
        + f"SET search_path TO {SCHEMAS[0]};"
        'CREATE TABLE parts (id int, "na.me" text) PARTITION BY LIST (id);'
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);"
        'CREATE MATERIALIZED VIEW mat AS SELECT id, "na.me" FROM cells;'
        "CREATE DOMAIN positive AS int CHECK (VALUE > 0);"
        "CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1';"
        "CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';"
        "CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int);"
        'RESET ROLE; CREATE FOREIGN DATA WRAPPER "w-1";'
        'CREATE SERVER "Far Away" FOREIGN DATA WRAPPER "w-1";'
        'CREATE FOREIGN TABLE far (id int, "na.me" text) SERVER "Far Away";' + _ATTEMPT
    )


def _schema_script(schema: str) -> str:
    return (
        f"CREATE SCHEMA {quoted(schema)}; SET search_path TO {quoted(schema)};"
        'CREATE TABLE cells (id int, "na.me" text);'
        'CREATE TABLE "T ""x"".1" (id int, "na.me" text);'
        'CREATE VIEW v AS SELECT id, "na.me" FROM cells;'
        "CREATE SEQUENCE q; CREATE TYPE mood AS ENUM ('good', 'bad');"
        "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';"
    )


RESET: Final = f"""
    DELETE FROM pg_depend WHERE classid = 'pg_default_acl'::regclass;
    DELETE FROM pg_shdepend WHERE classid = 'pg_default_acl'::regclass;
    DELETE FROM pg_default_acl;
    UPDATE pg_class SET relacl = NULL
     WHERE relacl IS NOT NULL AND relnamespace >= 16384;
    UPDATE pg_attribute SET attacl = NULL WHERE attacl IS NOT NULL;
    UPDATE pg_namespace SET nspacl = NULL WHERE nspacl IS NOT NULL AND oid >= 16384;
    UPDATE pg_proc SET proacl = NULL WHERE proacl IS NOT NULL AND oid >= 16384;
    UPDATE pg_type SET typacl = NULL WHERE typacl IS NOT NULL AND oid >= 16384;
    UPDATE pg_language SET lanacl = NULL WHERE lanacl IS NOT NULL;
    UPDATE pg_foreign_data_wrapper SET fdwacl = NULL WHERE fdwacl IS NOT NULL;
    UPDATE pg_foreign_server SET srvacl = NULL WHERE srvacl IS NOT NULL;
    UPDATE pg_database SET datacl = NULL WHERE datacl IS NOT NULL AND oid >= 16384;
    UPDATE pg_tablespace SET spcacl = NULL WHERE spcacl IS NOT NULL;
    DELETE FROM pg_shdepend WHERE deptype = 'a' AND refobjid >= 16384;
    DO $$
        DECLARE
            names text := (SELECT string_agg(quote_ident(rolname), ',') FROM pg_roles
                            WHERE oid > 10 AND rolname NOT LIKE 'pg\\_%'
                              AND rolname NOT IN ('{DEPLOYER}', '{KEEPER}', '{STRANGER}'));
        BEGIN
            IF names IS NOT NULL THEN
                EXECUTE 'REASSIGN OWNED BY ' || names || ' TO {quoted(KEEPER)}';
                EXECUTE 'DROP ROLE ' || names;
            END IF;
        END $$;
"""
"""Everything as it was: no other roles, all owners, and ACLs that nobody ever set."""

RESET_PARAMETERS: Final = "DELETE FROM pg_parameter_acl"
"""From PostgreSQL 15, and before the rest."""
