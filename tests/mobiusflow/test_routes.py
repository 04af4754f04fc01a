"""The table of v3's requests: what a text of the option `routes` may say, and what is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from reconciler.providers.mobiusflow.options import MobiusFlowOptions
from reconciler.providers.mobiusflow.routes import DEFAULTS, VERBS, parse_route, route_table

V3 = {"url": "https://engine.example.org/api/engine/v3", "dialect": "v3"}
GIVEN = {**V3, "username": "reconciler", "password": "canary-password"}


def test_without_texts_every_verb_has_a_row_of_which_only_the_published_one_is_trusted() -> None:
    table = route_table(())

    assert set(table) == set(VERBS)
    assert [verb for verb, route in table.items() if route.is_verified] == ["set_password"]


def test_a_published_row_that_somebody_writes_otherwise_has_to_be_verified_again() -> None:
    table = route_table(["set_password PUT users/{username}/password value={password}"])

    assert not table["set_password"].is_verified


@pytest.mark.parametrize("verb", VERBS)
def test_a_row_is_read_back_from_its_own_text(verb: str) -> None:
    text = f"{DEFAULTS[verb].text.removesuffix(' verified')} verified"

    route = parse_route(text)

    assert route.is_verified
    assert route.text == text
    assert route.body == DEFAULTS[verb].body


def test_a_row_of_ones_own_is_read_back_from_its_text_too() -> None:
    text = "set_role PUT users/{username} roles=[{role}] verified"

    assert parse_route(text).text == text


def test_a_text_says_method_path_body_pointers_and_who_vouches_for_it() -> None:
    route = parse_route(
        "list GET admin/users items=/data/rows id=/_id name=/login role=/role active=/on verified"
    )

    assert (route.method, route.path, route.is_verified) == ("GET", "admin/users", True)
    assert route.pointers == {
        "items": "/data/rows",
        "id": "/_id",
        "name": "/login",
        "role": "/role",
        "active": "/on",
    }


def test_values_keep_their_type_and_parts_of_a_path_are_encoded() -> None:
    route = parse_route("set_active PUT users/{username}/state on={active}")

    assert (
        route.path_for({"username": "a/b c@d%", "active": True}) == "/users/a%2Fb%20c%40d%25/state"
    )
    assert route.body_for({"username": "x", "active": False}) == {"on": False}


def test_a_role_may_be_sent_as_a_list_of_one() -> None:
    route = parse_route("set_role PATCH user/{id} roles=[{role}]")

    assert route.body_for({"id": "1", "role": "Editor"}) == {"roles": ["Editor"]}


@pytest.mark.parametrize(
    "text, said",
    [
        ("list GET", "needs VERB METHOD PATH"),
        ("lst GET user", 'did you mean "list"'),
        ("list POST user", "the method may be GET"),
        ("create GET user", "the method may be POST, PUT, PATCH, DELETE"),
        ("list GET user/../admin", "is not a path"),
        ("list GET user?all=1", "is not a path"),
        ("list GET https://elsewhere.example.org/user", "is not a path"),
        ("list GET user/{id}", "the path may have no {word}"),
        ("delete DELETE user/{password}", "the path may have {id}, {username}"),
        ("delete DELETE user/{id", "a brace in the path is not closed"),
        ("delete DELETE user", "{id} or {username} is missing"),
        ("set_role PATCH user/role role={role}", "{id} or {username} is missing"),
        ("set_password PATCH user/{id} who={username}", "{password} is missing"),
        ("set_role PATCH user/role/{id} role={active}", "a value may be {id}, {username}, {role}"),
        ("set_role PATCH user/role/{id} role={role.upper}", "a value may be"),
        ("set_role PATCH user/role/{id} role=Editor", "a value may be"),
        ("set_active PATCH user/{id} who={id}", "{active} is missing"),
        ("create POST user username={username} role={role}", "{password} is missing"),
        ("create POST user id=/_id", "nothing is used but the status"),
        ("list GET user email=/email", "nothing is used but items, id, name, role, active"),
        ("list GET user id=/id id=/_id", '"id" is there twice'),
        ("list GET user verified please", "neither NAME=VALUE nor verified"),
    ],
)
def test_what_a_text_may_not_say_is_refused_with_what_it_may(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="route") as caught:
        parse_route(text)

    assert said in str(caught.value)


def test_two_texts_for_one_verb_are_refused() -> None:
    with pytest.raises(ValueError, match='two routes for "list"'):
        route_table(["list GET user", "list GET users"])


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"routes": ["list GET"]}, "needs VERB METHOD PATH"),
        ({"role_names": ["chief=Chief"]}, '"chief" is not a level'),
        ({"role_names": ["viewer="]}, "each level needs one name"),
        ({"role_names": ["viewer=A", "viewer=B"]}, "each level needs one name"),
        ({"role_names": ["viewer=Editor"]}, "two levels have one name"),
        ({"concurrency": 2}, "v3 reads all users with one request"),
        ({"dialect": "v1", "concurrency": 5}, "less than or equal to 4"),
        ({"min_password_length": 7}, "greater than or equal to 8"),
        ({"emulate_inactive": True}, "v3 deactivates accounts itself"),
        ({"dialect": "v1", "routes": ["list GET users"]}, "all of v1 is published"),
        ({"dialect": "v1", "role_names": ["viewer=V"]}, "all of v1 is published"),
        ({"dialect": "v1", "accept_unpublished_routes": True}, "all of v1 is published"),
        ({"dialect": "v2"}, "v1"),
        ({"username": ""}, "at least 1 character"),
    ],
)
def test_options_that_cannot_be_meant_are_refused_and_no_value_is_shown(
    changes: dict[str, object], said: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        MobiusFlowOptions.model_validate({**GIVEN, **changes})

    assert said in str(caught.value)
    assert "canary" not in str(caught.value)
