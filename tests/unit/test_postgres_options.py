"""Options of a PostgreSQL target: what of a dsn is a secret, and what is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from reconciler.providers.postgres.options import PostgresOptions

SECRET = "a-canary-in-the-dsn"


@pytest.mark.parametrize(
    "dsn",
    [
        f"postgresql://amina:{SECRET}@db/flowdb",
        f"postgresql://amina@db/flowdb?sslmode=require&password={SECRET}",
        f"host=db password={SECRET} user=amina",
        f"host=db password = '{SECRET}'",
        f"password='{SECRET}'",
    ],
)
def test_the_password_in_a_dsn_is_a_secret_of_the_options(dsn: str) -> None:
    options = PostgresOptions.model_validate({"dsn": dsn})

    assert SECRET in {each.reveal() for each in options.secrets()}
    assert SECRET not in repr(options)


@pytest.mark.parametrize(
    "dsn, password",
    [
        ("postgresql://amina:a%40b%2Fc@db/flowdb", "a@b/c"),
        (r"host=db password='it\'s \\ here'", "it's \\ here"),
    ],
)
def test_a_password_that_is_written_otherwise_is_a_secret_as_it_is_meant(
    dsn: str, password: str
) -> None:
    options = PostgresOptions.model_validate({"dsn": dsn})

    assert password in {each.reveal() for each in options.secrets()}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"dsn": ""},
        {"dsn": SECRET, "pasword_days": 1},
        {"dsn": SECRET, "password_days": 0},
        {"dsn": SECRET, "passwords": "always"},
        {"dsn": SECRET, "lock_timeout_s": 0},
    ],
)
def test_options_that_are_wrong_are_refused_without_the_dsn(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        PostgresOptions.model_validate(given)

    assert SECRET not in str(caught.value)
