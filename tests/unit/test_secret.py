"""Secrets are shown by nothing but `reveal`."""

from __future__ import annotations

import dataclasses
import json
import pickle
import traceback

import pytest

from reconciler.secret import Redactor, Secret

CANARY = "canary-Pa55word"


def test_no_way_of_showing_a_secret_shows_it() -> None:
    secret = Secret(CANARY)

    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>40}", f"{[secret]}"]

    assert all(CANARY not in text for text in shown)
    assert secret.reveal() == CANARY


def test_a_secret_in_a_dataclass_and_in_a_traceback_is_hidden() -> None:
    @dataclasses.dataclass
    class Holder:
        password: Secret

    try:
        raise ValueError(Holder(Secret(CANARY)))
    except ValueError as error:
        text = "".join(traceback.format_exception(error))

    assert CANARY not in text
    assert "Secret(***)" in text


def test_a_secret_does_not_go_into_json() -> None:
    with pytest.raises(TypeError) as caught:
        json.dumps({"password": Secret(CANARY)})

    assert CANARY not in str(caught.value)


def test_equal_secrets_are_equal_and_an_empty_one_is_false() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert not Secret("")
    assert pickle.loads(pickle.dumps(Secret("a"))) == Secret("a")


def test_a_redactor_hides_every_secret_wherever_it_stands() -> None:
    hide = Redactor.of([Secret("swordfish"), Secret("hunter2")])

    assert hide("swordfish://hunter2@swordfishes") == "***://***@***es"


def test_a_secret_that_contains_another_leaves_no_part_over() -> None:
    hide = Redactor.of([Secret("swordfish"), Secret("swordfish-and-more")])

    assert hide("it is swordfish-and-more") == "it is ***"


def test_values_too_short_to_be_secrets_do_not_destroy_the_text() -> None:
    hide = Redactor.of([Secret("a"), Secret("")])

    assert hide("a banana") == "a banana"


def test_a_redactor_does_not_show_what_it_hides() -> None:
    assert CANARY not in repr(Redactor.of([Secret(CANARY)]))
