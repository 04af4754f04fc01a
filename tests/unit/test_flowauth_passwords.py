"""Temporary passwords, judged as FlowAuth judges them."""

from __future__ import annotations

import secrets
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zxcvbn import zxcvbn

from reconciler.providers import passwords
from reconciler.providers.passwords import new_password


@given(random=st.randoms(use_true_random=True))
def test_every_password_has_the_score_that_flowauth_demands_and_no_more_than_it_takes(
    random: Random,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "choice", random.choice)
        password = new_password().reveal()

    assert zxcvbn(password)["score"] == 4
    assert len(password) <= 72
    assert set(password) <= set(passwords.ALPHABET)


def test_passwords_are_not_repeated_and_not_shown() -> None:
    made = [new_password() for _ in range(100)]

    assert len({each.reveal() for each in made}) == 100
    assert all(each.reveal() not in f"{each} {each!r}" for each in made)
