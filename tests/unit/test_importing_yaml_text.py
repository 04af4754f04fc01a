"""The YAML that `import` writes is read back as the same data, and is laid out for people."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.importing.names import is_sayable, pattern
from reconciler.importing.yaml_text import Data, flow, scalar, section
from reconciler.manifest.yaml_reader import read_yaml

_texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
_data = st.recursive(
    st.one_of(_texts, st.integers(-(10**9), 10**9), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(_texts.filter(bool), inner, max_size=4),
    ),
    max_leaves=12,
)


@given(_data)
def test_what_is_written_is_read_back(value: Data) -> None:
    document = read_yaml(section("top", value), "a.yaml")

    assert document.problems == ()
    assert document.data == {"top": value}


@given(_texts)
def test_a_text_stays_a_text_for_any_reader_of_yaml(text: str) -> None:
    assert yaml.safe_load(f"- {scalar(text)}") == [text]


@pytest.mark.parametrize(
    "text", ["null", "No", "on", "12", "1e3", "2030-01-01", "<<", "~", "=", "", "a: b", "#", "-"]
)
def test_what_may_mean_something_else_is_quoted(text: str) -> None:
    assert scalar(text) == f'"{text}"'


def test_a_long_entry_is_broken_where_a_short_one_stands_in_a_line() -> None:
    short = {"members": ["amina", "kofi"]}
    long = {"members": [f"somebody-{number:02}" for number in range(12)], "groups": ["few"]}

    text = section("groups", {"few": short, "many": long})

    lines = text.splitlines()
    assert lines[:4] == ["groups:", "  few: {members: [amina, kofi]}", "  many:", "    members:"]
    assert lines[4] == "      - somebody-00"
    assert lines[-1] == "    groups: [few]"


def test_a_line_has_its_keys_in_the_order_given() -> None:
    assert flow({"schema": "s", "allow": ["select"]}) == "{schema: s, allow: [select]}"


@given(_texts.filter(bool))
def test_a_pattern_matches_its_name(name: str) -> None:
    import fnmatch

    assert fnmatch.fnmatchcase(name, pattern(name))
    assert not is_sayable(name) or "?" in name or "?" not in pattern(name)
