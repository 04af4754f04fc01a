"""Values of parameters in the one spelling that is compared, and what no server takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.changes import Change
from reconciler.providers.postgres.parameters import QUOTED_LISTS, elements, fault, spelled
from reconciler.providers.postgres.role_details import RoleDetails, setting_records
from reconciler.providers.postgres.statements import Rendering, render
from reconciler.state import Key, Value

_element = st.text(st.sampled_from('aB1_ ,"$\\é'), max_size=6)


@pytest.mark.parametrize(
    "text, found",
    [
        ("a, b", ("a", "b")),
        ('"a, b"', ("a, b",)),
        ('"$user", public', ("$user", "public")),
        (' Foo ,"Foo" ', ("foo", "Foo")),
        ('"quo""te"', ('quo"te',)),
        ('""', ("",)),
        ("", ()),
        ("É", ("É",)),
    ],
)
def test_a_list_of_names_is_split_as_the_server_splits_it_trap_16(
    text: str, found: tuple[str, ...]
) -> None:
    assert elements("search_path", text) == found


def test_libraries_keep_their_capitals() -> None:
    assert elements("session_preload_libraries", "Foo, $libdir/Bar") == ("Foo", "$libdir/Bar")


@pytest.mark.parametrize("text", ["a,", ",a", "a,,b", '"a', "a b", 'a "b"', '"a"b'])
def test_what_the_server_would_not_split_is_no_list(text: str) -> None:
    with pytest.raises(ValueError, match="not a list"):
        elements("search_path", text)


@given(st.sampled_from(sorted(QUOTED_LISTS)), st.lists(_element, min_size=1).map(tuple))
def test_a_list_is_read_back_as_it_was_written(parameter: str, value: tuple[str, ...]) -> None:
    text = spelled(parameter, value)

    assert elements(parameter, text) == value
    assert spelled(parameter, text) == text


@pytest.mark.parametrize(
    "parameter, value, type_, text",
    [
        ("jit", True, "bool", "on"),
        ("jit", "FAL", "bool", "off"),
        ("jit", "nonsense", "bool", "nonsense"),
        ("synchronous_commit", False, "enum", "off"),
        ("client_min_messages", "WARNING", "enum", "warning"),
        ("application_name", "Mixed Case", "string", "Mixed Case"),
        ("work_mem", 64, "integer", "64"),
        ("app.flag", True, "", "true"),
        ("app.flag", True, "bool", "on"),
        ("app.names", ("a", "b"), "", "a, b"),
        ("datestyle", ("ISO", "DMY"), "string", "ISO, DMY"),
        ("datestyle", "ISO,DMY", "string", "ISO, DMY"),
        ("search_path", (), "string", '""'),
    ],
)
def test_values_that_mean_the_same_have_one_spelling(
    parameter: str, value: Value, type_: str, text: str
) -> None:
    assert spelled(parameter, value, type_) == text


@pytest.mark.parametrize("parameter", ["work_mem", "app.tenant", "x.y.z", "_a$1"])
def test_a_name_that_a_server_could_have_is_no_fault(parameter: str) -> None:
    assert fault(parameter, "x") is None


@pytest.mark.parametrize("parameter", ["", "a b", "1a", "a.", ".a", "a..b", 'a"; --', "é"])
def test_a_name_that_no_server_has_is_a_fault(parameter: str) -> None:
    found = fault(parameter, "x")

    assert found
    assert "is not the name of a parameter" in found[0]


def test_a_text_that_is_stored_and_is_no_list_is_shown_as_it_is() -> None:
    """SET FROM CURRENT may store one: that is no reason not to read the others."""
    rows = RoleDetails(settings=[("amina", "", ["search_path=a,,b", "jit=on"])])

    found = dict(setting_records(rows, {"amina"}))

    assert found[Key("setting", ("amina", "", "search_path"))] == {"value": "a,,b"}
    assert found[Key("setting", ("amina", "", "jit"))] == {"value": "on"}


def test_settings_of_roles_that_nobody_declares_are_not_read() -> None:
    rows = RoleDetails(settings=[("other", "", ["jit=on"])])

    assert dict(setting_records(rows, {"amina"})) == {}


@pytest.mark.parametrize("parameter", ['work_mem" TO 1; --', "", "a b"])
def test_a_plan_with_no_name_of_a_parameter_is_not_rendered(parameter: str) -> None:
    """A plan file may have been written by anybody."""
    change = Change("create", Key("setting", ("amina", "", parameter)), None, {"value": "1"})

    with pytest.raises(ValueError, match="not the name of a parameter"):
        render([change], Rendering(180000))


def test_each_element_of_a_list_is_a_literal_of_its_own_trap_16() -> None:
    key = Key("setting", ("Amina", "db.x", "search_path"))
    change = Change("create", key, None, {"value": '"a, b", c'})

    (statement,) = render([change], Rendering(180000)).giving

    text = """ALTER ROLE "Amina" IN DATABASE "db.x" SET "search_path" TO 'a, b', 'c'"""
    assert statement.query.as_string(None) == text
