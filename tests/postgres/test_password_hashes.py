"""Passwords are hashed as the server hashes them, whatever letters they have."""

from __future__ import annotations

import random

import psycopg
import pytest

from reconciler.providers.postgres.verifiers import matches, parse_verifier
from tests.postgres.desk import Desk
from tests.postgres.vault import GIVEN, KEPT


@pytest.mark.parametrize(
    "password",
    ["pässwörd", "I\u00adX", "\u2168", "\u00aa", "a\u00a0b", "\u0007é", "\u06271", "\u0627\u0628"],
)
def test_passwords_that_saslprep_changes_or_refuses_are_known_again(
    office: Desk, password: str
) -> None:
    office.sql(f"CREATE ROLE amina LOGIN PASSWORD '{password}'")
    before = office.sql(KEPT)
    office.environment["AMINA_PASSWORD"] = password

    office.converge(GIVEN)

    assert office.sql(KEPT) == before


HASHES = """
    CREATE FUNCTION hashes(texts text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
    DECLARE each text;
    BEGIN
        FOREACH each IN ARRAY texts LOOP
            EXECUTE pg_catalog.format('ALTER ROLE amina PASSWORD %L', each);
            RETURN QUERY SELECT rolpassword FROM pg_authid WHERE rolname = 'amina';
        END LOOP;
    END $$
"""


def test_whatever_the_server_hashes_is_known_again(office: Desk) -> None:
    office.needs_version(16, "scram_iterations is there")
    blocks = ((0x80, 0x250), (0x5D0, 0x700), (0x2000, 0x2100), (0xFB1D, 0xFE00), (0xFF00, 0xFFEF))
    letters = [chr(each) for block in blocks for each in range(*block)] + list("abc 1")
    chance = random.Random(4013)
    words = ["".join(chance.choices(letters, k=chance.randint(1, 4))) for _ in range(1500)]
    with psycopg.connect(office.dsn) as connection:
        connection.execute("SET scram_iterations = 1")
        connection.execute("CREATE ROLE amina")
        connection.execute(HASHES)

        rows = connection.execute("SELECT hashes(%s)", [words]).fetchall()

        connection.rollback()
    verifiers = [parse_verifier(str(each)) for (each,) in rows]
    assert len(verifiers) == len(words)
    pairs = zip(words, verifiers, strict=True)
    assert [ascii(word) for word, each in pairs if each is None or not matches(word, each)] == []


def test_a_given_password_is_hashed_as_the_server_is_told_to(office: Desk) -> None:
    office.needs_version(16, "scram_iterations is there")
    office.sql("ALTER SYSTEM SET scram_iterations = 5000")
    office.sql("SELECT pg_reload_conf()")

    office.converge(GIVEN)

    assert str(office.sql(KEPT)[0][0]).startswith("SCRAM-SHA-256$5000:")
