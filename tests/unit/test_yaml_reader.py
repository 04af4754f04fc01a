"""What a YAML text is read as: types by the core schema, places, and refusals."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
import yaml

from reconciler.manifest import yaml_reader
from reconciler.manifest.yaml_reader import LARGEST_FILE, read_yaml
from reconciler.manifest.yaml_values import YamlList, YamlMap, descend

_CORPUS = Path(__file__).parents[1] / "corpus" / "manifests"


def _value(text: str) -> object:
    document = read_yaml(f"k: {text}\n", "f.yaml")
    assert document.problems == ()
    assert isinstance(document.data, YamlMap)
    return document.data["k"]


def _messages(content: str | bytes) -> list[str]:
    return [str(problem) for problem in read_yaml(content, "f.yaml").problems]


@pytest.mark.parametrize(
    "text",
    [
        *("no", "No", "NO", "yes", "on", "off", "y", "n", "tRue", "nULL"),
        *("012", "-012", "00", "01.5", "1_000", "12:30", "190:20:30", "2026-01-01"),
        *(
            "2027-06-30T00:00:00Z",
            "0b1",
            "0o8",
            "0xg",
            "1.2.3",
            "+",
            ".",
            "1e",
            "+.inf.",
            "=x",
            "-x",
        ),
        *("9" * 1001, "-.nan", "~x", "DATA-142", "12e4567", "1.5e", "e5"),
    ],
)
def test_man_02_words_and_codes_stay_text(text: str) -> None:
    assert _value(text) == text


@pytest.mark.parametrize("quoted", ["'5'", '"true"', "'null'", '"~"', "!!str 5", "! 5"])
def test_man_02_what_is_quoted_or_tagged_as_text_is_text(quoted: str) -> None:
    assert _value(quoted) == quoted.removeprefix("!!str ").removeprefix("! ").strip("'\"")


@pytest.mark.parametrize(
    "text,value",
    [
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("0", 0),
        ("-7", -7),
        ("+12", 12),
        ("0o14", 12),
        ("0xFf", 255),
        ("1.5", 1.5),
        (".5", 0.5),
        ("-0.0", -0.0),
        ("1e3", 1000.0),
        ("12e-1", 1.2),
        ("-.inf", float("-inf")),
        (".Inf", float("inf")),
        ("", None),
        ("~", None),
        ("NULL", None),
        ("!!int '5'", 5),
        ("!!float 5", 5.0),
        ("!!bool true", True),
        ("!!null ''", None),
    ],
)
def test_plain_values_are_of_the_core_schema(text: str, value: object) -> None:
    read = _value(text)

    assert read == value
    assert type(read) is type(value)


def test_not_a_number_is_read_as_such() -> None:
    value = _value(".NaN")

    assert value != value


def test_a_key_is_always_its_text() -> None:
    document = read_yaml('{no: 1, 012: 2, true: 3, 1.0: 4, 2026-01-01: 5, "<<": 6, "~": 7}', "f")

    assert document.problems == ()
    assert list(document.data or ()) == ["no", "012", "true", "1.0", "2026-01-01", "<<", "~"]


def test_every_key_and_item_knows_its_place() -> None:
    data = read_yaml("a:\n  - b: 1\n    é: [x,  y]\n  -\n    c\n", "f").data

    assert descend(data, ("a",)) == (["a"], (1, 1))
    assert descend(data, ("a", 0)) == (["a", 0], (2, 5))
    assert descend(data, ("a", 0, "b")) == (["a", 0, "b"], (2, 5))
    assert descend(data, ("a", 0, "é", 1)) == (["a", 0, "é", 1], (3, 13))
    assert descend(data, ("a", 1)) == (["a", 1], (5, 5))


def test_a_path_that_leads_nowhere_ends_at_the_nearest_value() -> None:
    data = read_yaml("a:\n  b: 1\n", "f").data

    assert descend(data, ("a", "list", "b", "c", 7)) == (["a", "b"], (2, 3))
    assert descend(data, ("z",)) == ([], (1, 1))


def test_places_in_a_large_map_are_those_of_its_keys() -> None:
    data = read_yaml("\n".join(f"key{number}: {number}" for number in range(100)), "f").data

    assert isinstance(data, YamlMap)
    assert [data.place(f"key{number}") for number in (0, 31, 99)] == [(1, 1), (32, 1), (100, 1)]
    with pytest.raises(KeyError):
        data.place("other")


def test_places_beyond_the_ends_of_small_containers_are_refused() -> None:
    data = read_yaml("a: [1]", "f").data
    assert isinstance(data, YamlMap)
    items = data["a"]
    assert isinstance(items, YamlList)

    with pytest.raises(KeyError):
        data.place("b")
    with pytest.raises(IndexError):
        items.place(1)
    with pytest.raises(IndexError):
        items.place(-1)


def test_man_01_all_equal_keys_are_found_with_both_places() -> None:
    messages = _messages("a: 1\nb: {c: 1, c: 2}\na: 3\n'a': 4\n")

    assert messages == [
        'f.yaml:2:11: b.c: the key "c" stands twice; the first is at f.yaml:2:5',
        'f.yaml:3:1: a: the key "a" stands twice; the first is at f.yaml:1:1',
        'f.yaml:4:1: a: the key "a" stands twice; the first is at f.yaml:1:1',
    ]


def test_of_equal_keys_the_first_is_kept_with_its_place() -> None:
    document = read_yaml("a: 1\nb: 2\na: {x: [3]}\nc: 4\n", "f.yaml")

    assert document.data == {"a": 1, "b": 2, "c": 4}
    assert descend(document.data, ("c",)) == (["c"], (4, 1))


def test_an_alias_repeats_its_value_and_stands_where_it_is_written() -> None:
    data = read_yaml("a: &x [1, &y two]\nb: *x\nc: [*y]\n", "f").data

    assert data == {"a": [1, "two"], "b": [1, "two"], "c": ["two"]}
    assert descend(data, ("c", 0)) == (["c", 0], (3, 5))


def test_a_short_text_cannot_become_an_endless_one() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]

    messages = _messages("\n".join(lines))

    assert len(messages) == 1
    assert "the aliases repeat more than 1000000 values" in messages[0]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "[{a: "])
def test_endless_nesting_is_refused_and_not_followed(opening: str) -> None:
    messages = _messages(opening * 50_000)

    assert len(messages) == 1
    assert "is nested more than 64 levels deep" in messages[0]


@pytest.mark.parametrize(
    "content,message",
    [
        ("a: 1".encode("utf-16"), "f.yaml:1:1: is UTF-16, not UTF-8; save the file as UTF-8"),
        ("a: 1".encode("utf-16-le"), "f.yaml:1:1: is not a text file; save the manifest as text"),
        (b"a: 1\nb: \xe9t\xe9\n", "f.yaml:2:4: the byte 0xe9 is not UTF-8; save the file as UTF-8"),
        ("é: \x1b[0m", "f.yaml:1:4: contains the control character U+001B; take it out"),
        ("a: \ud800", "f.yaml:1:4: contains the control character U+D800"),
        (b" " * (LARGEST_FILE + 1), "f.yaml:1:1: is larger than 64 MiB; a manifest of this size"),
    ],
)
def test_what_is_no_text_is_said_to_be_none(content: str | bytes, message: str) -> None:
    messages = _messages(content)

    assert len(messages) == 1
    assert messages[0].startswith(message)


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbfa: 1\n", "\ufeffa: 1\n", "a: 1\r\n", "%YAML 1.2\n---\na: 1"]
)
def test_a_byte_order_mark_and_other_line_ends_make_no_difference(content: str | bytes) -> None:
    document = read_yaml(content, "f")

    assert (document.data, document.problems) == ({"a": 1}, ())


@pytest.mark.parametrize("content", ["", "# nothing\n", "---\n", "\n\n", b"\xef\xbb\xbf"])
def test_man_04_a_text_that_says_nothing_is_read_as_nothing(content: str | bytes) -> None:
    document = read_yaml(content, "f")

    assert (document.data, document.problems, document.is_whole) == (None, (), True)


@pytest.mark.parametrize(
    "path",
    sorted(_CORPUS.glob("*/*.yaml")),
    ids=lambda path: path.stem,
)
def test_the_parser_in_pure_python_reads_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = read_yaml(path.read_bytes(), path.name)
    monkeypatch.setattr(yaml_reader, "_PARSER", yaml.SafeLoader)

    slow = read_yaml(path.read_bytes(), path.name)

    assert repr(slow.data) == repr(fast.data)
    assert [(p.source and p.source.line, p.message) for p in slow.problems] == [
        (p.source and p.source.line, p.message) for p in fast.problems
    ]


@pytest.mark.parametrize("text", ["a: 1", "a: [", "a: \x07"])
@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector_is_left_as_it_was(text: str, *, enabled: bool) -> None:
    was_enabled = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()

        read_yaml(text, "f")

        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was_enabled else gc.disable)()
