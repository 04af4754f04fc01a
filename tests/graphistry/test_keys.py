"""Personal keys by a script whose answers the options say how to read: no line is overlooked."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from reconciler.changes import Change
from reconciler.providers.graphistry.answering import keys_of_leavers
from reconciler.providers.graphistry.keys import described, listed_keys, revoke_keys
from reconciler.providers.graphistry.options import GraphistryOptions
from reconciler.providers.graphistry.scripts import ScriptError
from tests.graphistry.lab import altered, gone, shut
from tests.graphistry.scripts import Scripts

TWO = {"AAAA1111": "laptop", "BBBB2222": ""}


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


def options(scripts: Scripts, **changes: object) -> GraphistryOptions:
    return GraphistryOptions.model_validate({**scripts.keys, **changes})


def test_keys_are_shown_by_their_name_or_by_how_their_id_begins(scripts: Scripts) -> None:
    scripts.give_keys("amina", **TWO)

    found = listed_keys(options(scripts), "amina")

    assert described(found) == "2 personal keys (laptop, BBBB...)"
    assert "BBBB2222" not in repr(found)


def test_every_key_of_one_user_is_revoked_and_no_other(scripts: Scripts) -> None:
    scripts.give_keys("amina", **TWO)
    scripts.give_keys("kofi", CCCC3333="phone")

    found = revoke_keys(options(scripts), "amina")

    assert len(found) == 2
    assert scripts.keys_of("amina") == set()
    assert scripts.keys_of("kofi") == {"CCCC3333"}


def test_who_has_no_keys_costs_one_run(scripts: Scripts) -> None:
    assert revoke_keys(options(scripts), "amina") == ()

    assert len(scripts.ran()) == 1


def test_a_script_that_says_yes_and_does_nothing_is_found_out(scripts: Scripts) -> None:
    scripts.give_keys("amina", **TWO)

    with scripts.trouble("stubborn"), pytest.raises(ScriptError, match="laptop, BBBB"):
        revoke_keys(options(scripts), "amina")


def test_a_revocation_that_fails_is_told_with_what_the_script_said(scripts: Scripts) -> None:
    scripts.give_keys("amina", **TWO)

    with scripts.trouble("refuse-revoke"), pytest.raises(ScriptError, match="nexus does not run"):
        revoke_keys(options(scripts), "amina")

    assert scripts.keys_of("amina") == set(TWO)


@pytest.mark.parametrize(
    "trouble, why",
    [("strange", "line 4 of what keys_command"), ("refuse", "code 1"), ("bytes", "no UTF-8")],
)
def test_what_cannot_be_read_whole_is_an_error_and_repeats_nothing_of_it(
    scripts: Scripts, trouble: str, why: str
) -> None:
    scripts.give_keys("amina", **TWO)

    with scripts.trouble(trouble), pytest.raises(ScriptError, match=why) as caught:
        listed_keys(options(scripts), "amina")

    assert "canary-key-text" not in str(caught.value)


def test_a_heading_that_nobody_said_to_ignore_is_an_error(scripts: Scripts) -> None:
    with pytest.raises(ScriptError, match="line 1"):
        listed_keys(options(scripts, keys_ignore=""), "amina")


def test_a_script_that_hangs_is_killed(scripts: Scripts) -> None:
    with scripts.trouble("hang"), pytest.raises(ScriptError, match="within 1 s and was killed"):
        listed_keys(options(scripts, timeout_s=1), "amina")


def test_a_script_that_is_not_there_is_told(scripts: Scripts) -> None:
    words = ["/nowhere/manage-pat.sh", "{action}", "{user}", "{id}"]

    with pytest.raises(ScriptError, match="keys_command could not be started"):
        listed_keys(options(scripts, keys_command=words), "amina")


@pytest.mark.parametrize("name", ["$(touch x)", "a; rm -rf /", "o'brien", "{id}", "-rf", "a\nb"])
def test_a_name_reaches_the_script_as_it_is_and_is_run_by_nobody(
    scripts: Scripts, name: str
) -> None:
    scripts.give_keys(name, AAAA1111="laptop")

    assert len(revoke_keys(options(scripts), name)) == 1

    assert {each["USER"] for each in scripts.ran()} == {name}
    assert not (scripts.folder / "x").exists()


@pytest.mark.parametrize("name, why", [("-rf", "read as an option"), ("a\0b", "NUL")])
def test_a_name_that_would_be_read_as_something_else_is_not_passed(
    scripts: Scripts, name: str, why: str
) -> None:
    words = ["false", "{action}", "{user}", "{id}"]

    with pytest.raises(ScriptError, match=why):
        listed_keys(options(scripts, keys_command=words), name)


@pytest.mark.parametrize(
    "changes, why",
    [
        ({"keys_command": ["x", "{action}", "{user}"]}, "no place for {id}"),
        ({"keys_command": ["sh", "-c", "x {action} {user} {id}"]}, "a word of its own"),
        ({"keys_command": ["x", "{action}{user}", "{id}"]}, "a word of its own"),
        ({"keys_line": "[A-Z]+"}, "with a group"),
        ({"keys_line": "("}, "no regular expression"),
        ({"keys_command": []}, "of no use without keys_command"),
        ({"transfer_command": ["x", "{from}"]}, "no place for {to}"),
        ({"url": "http://g.example.org"}, "url needs service_account"),
        ({"password": "canary"}, "of no use without url"),
        ({"url": "ftp://g"}, "http://"),
    ],
)
def test_options_that_cannot_work_are_refused(
    scripts: Scripts, changes: dict[str, object], why: str
) -> None:
    with pytest.raises(ValidationError, match=why) as caught:
        options(scripts, **changes)

    assert "canary" not in str(caught.value)


def test_a_plan_names_the_keys_of_who_is_shut_out_and_asks_for_nobody_else(
    scripts: Scripts,
) -> None:
    scripts.give_keys("amina", **TWO)
    lowered = altered("yaw", {"level": "admin"}, {"level": "user"})
    changes: list[Change] = [shut("amina"), gone("kofi"), lowered]

    said = keys_of_leavers(options(scripts), changes)

    told = said["amina"]
    assert told is not None
    assert told.message == '"amina" has 2 personal keys (laptop, BBBB...), which apply revokes'
    assert said["kofi"] is None
    assert {each["USER"] for each in scripts.ran()} == {"amina", "kofi"}


def test_a_plan_says_where_keys_cannot_be_listed(scripts: Scripts) -> None:
    with scripts.trouble("refuse"):
        said = keys_of_leavers(options(scripts), [shut("amina")])

    assert "cannot be listed, and may stay" in str(said["amina"])


def test_no_script_sees_what_signs_us_in_not_even_in_its_environment(
    scripts: Scripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPHISTRY_PASSWORD", "canary-password")
    monkeypatch.setenv("KEPT", "of use")
    signing_in = {"url": "http://g", "service_account": "svc", "password": "canary-password"}

    listed_keys(options(scripts, **signing_in), "amina")

    (ran,) = scripts.ran()
    assert "canary-password" not in str(ran)
    assert "of use" in str(ran)
