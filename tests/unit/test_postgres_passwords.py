"""Temporary passwords and their SCRAM verifiers."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from reconciler.providers.postgres.passwords import (
    new_password,
    new_passwords,
    scram_verifier,
)

NOW = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)


def test_the_verifier_is_the_one_of_the_rfc() -> None:
    """RFC 7677, section 3: "pencil", its salt and iterations; the keys as servers store them."""
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")

    verifier = scram_verifier("pencil", salt, 4096)

    assert verifier == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )


def test_a_password_that_needs_saslprep_is_refused() -> None:
    with pytest.raises(ValueError, match="ASCII"):
        scram_verifier("pässword", b"salt", 4096)


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
