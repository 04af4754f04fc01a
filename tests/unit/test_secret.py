"""Secrets are shown by nothing but `reveal`."""

from __future__ import annotations

import dataclasses
import html
import json
import pickle
import traceback
from urllib.parse import quote

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


def test_a_secret_is_hidden_as_systems_quote_it() -> None:
    value = "sword<fish>\"\\'é  \t&%"
    hide = Redactor.of([Secret(value)])

    quoted = [value, json.dumps(value)[1:-1], json.dumps({"a": value}, ensure_ascii=False)]
    quoted += [html.escape(value), quote(value, safe=""), repr([value]), " ".join(value.split())]

    assert [text for text in map(hide, quoted) if "fish" in text] == []
    assert hide(json.dumps({"a": value})) == '{"a": "***"}'


@pytest.mark.parametrize(
    "text, shown",
    [
        ("(postgresql://amina:s3cret@host/db)", "(postgresql://amina:***@host/db)"),
        ("postgres://:s3@cret@host", "postgres://:***@host"),
        ("host=a password=s3cret user=b", "host=a password=*** user=b"),
        ("(host=a password='s3 \\' cret')", "(host=a password=***)"),
        ("write postgresql://USER:PASSWORD@HOST", "write postgresql://USER:PASSWORD@HOST"),
        ("http://127.0.0.1:80/a, mail a@b", "http://127.0.0.1:80/a, mail a@b"),
    ],
)
def test_the_password_of_a_connection_string_is_hidden_even_if_nobody_knows_it(
    text: str, shown: str
) -> None:
    assert Redactor()(text) == shown


def test_a_secret_cannot_be_changed_or_taken_apart() -> None:
    secret = Secret(CANARY)

    for change in (lambda: setattr(secret, "_value", "x"), lambda: delattr(secret, "_value")):
        with pytest.raises(AttributeError, match="cannot be changed"):
            change()
    assert CANARY not in repr(dataclasses.asdict(_Holder(secret)))
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_a_secret_with_a_source_has_its_newest_value_and_stays_the_same_secret() -> None:
    source = ["first-value"]
    secret = Secret("first-value", lambda: source[-1])
    bearer = secret.behind("Bearer ")
    known = {secret, bearer}

    for value in ("second-value", "", "second-value", "third-value"):
        source.append(value)
        bearer.read_again()

    assert (secret.reveal(), bearer.reveal()) == ("third-value", "Bearer third-value")
    assert secret.all_values() == ("first-value", "second-value", "third-value")
    assert secret in known
    assert bearer in known
    assert secret == Secret("first-value")
    assert "value" not in f"{secret!r} {bearer} {[secret]}"
    assert pickle.loads(pickle.dumps(bearer)).reveal() == "Bearer third-value"


def test_a_secret_without_a_source_is_not_read_again() -> None:
    secret = Secret("only-value").behind("Bearer ")

    secret.read_again()

    assert (secret.reveal(), secret.can_be_renewed) == ("Bearer only-value", False)


def test_a_redactor_hides_what_a_secret_became_after_it_was_made() -> None:
    secret = Secret("first-value", lambda: "second-value")
    hide = Redactor.joined([Redactor.of([Secret("another")]), Redactor.of([secret])])

    secret.read_again()

    assert hide("another, first-value, second-value") == "***, ***, ***"


@dataclasses.dataclass
class _Holder:
    secret: Secret
