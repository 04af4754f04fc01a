"""Temporary passwords and their SCRAM verifiers."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from reconciler.providers.postgres.passwords import new_password, new_passwords
from reconciler.providers.postgres.saslprep import saslprep
from reconciler.providers.postgres.verifiers import (
    fingerprint,
    has_fingerprint,
    make_verifier,
    matches,
    parse_verifier,
    password_fault,
    verifier_of,
)

NOW = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)


def test_the_verifier_is_the_one_of_the_rfc() -> None:
    """RFC 7677, section 3: "pencil", its salt and iterations; the keys as servers store them."""
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")

    verifier = make_verifier("pencil", 4096, salt)

    assert verifier.text() == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )


@pytest.mark.parametrize(
    "password, prepared",
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("\u00e9\u0007", "\u00e9\u0007"),
        ("\u06271", "\u06271"),
        ("\u00ad", "\u00ad"),
    ],
    ids=["soft hyphen", "ascii", "ordinal", "roman", "space", "control", "directions", "nothing"],
)
def test_saslprep_does_as_the_rfc_says_and_leaves_what_that_refuses(
    password: str, prepared: str
) -> None:
    """RFC 4013, section 3, less the two that are ASCII; what is refused is hashed as it is."""
    assert saslprep(password) == prepared


def test_a_verifier_comes_back_from_its_text() -> None:
    made = make_verifier("pencil", 4096)

    assert parse_verifier(made.text()) == made
    assert verifier_of(made.text(), 5000) == made


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1],
        lambda text: text.replace("4096", "0"),
        lambda text: text.replace("4096", "99999999999"),
        lambda text: text.replace("SCRAM-SHA-256", "SCRAM-SHA-512"),
        lambda text: text.replace(":", "$"),
        lambda text: text + "\n",
        lambda text: f" {text}",
        lambda text: text.lower(),
    ],
)
def test_what_is_not_wholly_a_verifier_is_none(change: Callable[[str], str]) -> None:
    assert parse_verifier(change(make_verifier("pencil", 4096).text())) is None


def test_a_password_matches_its_verifier_whatever_its_salt_and_iterations() -> None:
    stored = make_verifier("p\u00e9ncil", 777)

    assert matches("p\u00e9ncil", stored)
    assert matches("pe\u0301ncil", stored)
    assert matches(stored.text(), stored)
    assert not matches("pencil", stored)
    assert not matches(make_verifier("p\u00e9ncil", 777).text(), stored)


@pytest.mark.parametrize("usable", ["pencil", "md5rocks", "md5 is old", "scram", "p\u00e4ss", " "])
def test_an_ordinary_password_has_no_fault(usable: str) -> None:
    assert password_fault(usable) is None


@pytest.mark.parametrize(
    "value, said",
    [
        ("SCRAM-SHA-256$4096:c2FsdA==$a:b", "SCRAM-SHA-256 verifier and is none"),
        ("scram-sha-256", "SCRAM-SHA-256 verifier and is none"),
        ("md5" + "0a" * 16, "MD5"),
        ("MD5" + "0A" * 10, "MD5"),
        ("one\ntwo", "more than one line"),
        ("\ud800\ud800\ud800", "UTF-8"),
    ],
)
def test_what_would_be_stored_as_something_else_has_a_fault(value: str, said: str) -> None:
    fault = password_fault(value)

    assert fault is not None
    assert said in fault[0]
    assert value not in "".join(fault)


def test_a_fingerprint_is_known_again_and_has_another_salt_each_time() -> None:
    first, second = fingerprint("p\u00e9ncil"), fingerprint("p\u00e9ncil")

    assert first != second
    assert has_fingerprint("pe\u0301ncil", first)
    assert not has_fingerprint("pencil", first)
    assert not has_fingerprint("pencil", "argon2$x$y")
    assert not has_fingerprint("pencil", "scrypt$not base64$y")


def test_no_key_of_a_verifier_is_in_its_repr() -> None:
    made = make_verifier("pencil", 4096)

    assert made.stored_key.hex() not in repr(made)
    assert repr(made.stored_key) not in repr(made)


def test_each_account_gets_a_password_of_its_own_that_expires() -> None:
    names = [f"user{number}" for number in range(20)]

    made = new_passwords(names, NOW, 7, 4096)

    assert list(made) == names
    assert len({each.password.reveal() for each in made.values()}) == len(names)
    assert len({each.verifier.split("$")[1] for each in made.values()}) == len(names)
    assert {each.expires for each in made.values()} == {"2027-01-22T12:00:00Z"}
    assert all(len(each.password.reveal()) == 24 for each in made.values())


def test_neither_password_nor_verifier_is_in_a_repr() -> None:
    made = new_password(NOW, 7, 4096)

    assert made.password.reveal() not in repr(made)
    assert "SCRAM" not in repr(made)
