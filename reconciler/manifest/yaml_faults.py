"""What PyYAML has against a text, in words for the person who wrote it.

Here belongs the translation of PyYAML's errors, which speak of tokens and block ends. libyaml and
the parser in pure Python word the same fault differently; the table knows both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import yaml

from reconciler.manifest.yaml_values import Place, place_after


@dataclass(frozen=True, slots=True)
class YamlFault:
    """A fault of the text itself: where, what, and what to do."""

    place: Place
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class _Rule:
    """Words of the parser, and ours. `at_opening`: show it where the construct begins."""

    words: str
    message: str
    hint: str = ""
    at_opening: bool = False


_INDENTATION: Final = "line it up with the entries it belongs to"
_QUOTE_IT: Final = "put a text that begins with this character in quotes"
_TAB: Final = ("a tab stands where only blanks may indent", "write blanks instead of the tab")

_RULES: Final = (
    _Rule("found a tab character", *_TAB),
    _Rule(
        "mapping values are not allowed",
        'a ":" where no key can stand',
        'put a text with ": " in quotes, or correct the indentation',
    ),
    _Rule(
        "block sequence entries are not allowed",
        'a "-" where no list can begin',
        "begin the list on a line of its own, or put the text in quotes",
    ),
    _Rule("could not find expected ':'", 'a line without ":" after its key', 'write "key: value"'),
    _Rule("unexpected end of stream", "the quotation mark that opens here is not closed", "", True),
    _Rule(
        "unexpected document separator",
        "the quotation mark that opens here is not closed",
        "",
        True,
    ),
    _Rule(
        "unknown escape character",
        "an unknown escape: in double quotes a backslash begins one",
        "double the backslash, or use single quotes",
    ),
    _Rule(
        "Unicode character escape", "the escape names no character", "write the character itself"
    ),
    _Rule(
        "',' or ']'",
        'the list that opens here is not closed with "]", or a comma is missing in it',
        at_opening=True,
    ),
    _Rule(
        "',' or '}'",
        'the mapping that opens here is not closed with "}", or a comma is missing in it',
        at_opening=True,
    ),
    _Rule("tag handle", "a tag begins here; tags are not possible", _QUOTE_IT),
    _Rule(
        "alphabetic or numeric character",
        'a "*" or "&" without a name after it',
        'put it in quotes: "*"',
    ),
    _Rule("node content", "a bracket that nothing opened", "take it out, or put it in quotes"),
    _Rule("document start", "something follows after the end of the manifest", _INDENTATION),
    _Rule("expected key", "the line fits no entry above it", _INDENTATION),
    _Rule("'-' indicator", "the line fits no list above it", _INDENTATION),
    _Rule("<block end>", "the line fits no entry above it", _INDENTATION),
    _Rule(
        "comment or line break",
        'after "|" or ">" the text begins on the next line',
        'put a text that begins with "|" or ">" in quotes',
    ),
    _Rule("chomping or indentation", 'after "|" or ">" the text begins on the next line'),
)

_UNREADABLE: Final = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)


def explain(error: yaml.YAMLError, text: str) -> YamlFault:
    """The fault behind an error of PyYAML on this text."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return unreadable_character(text) or YamlFault((1, 1), "is not YAML that can be read")
    problem = error.problem or ""
    if "node content" in problem and _is_at_end(error, text):
        message = "the file ends before a bracket is closed, or a value is written"
        return YamlFault(_place(error.problem_mark), message, "complete it")
    rule = next((rule for rule in _RULES if rule.words in problem), None)
    if rule is None:
        return _explain_other(error, text)
    mark = error.context_mark if rule.at_opening and error.context_mark else error.problem_mark
    return YamlFault(_place(mark), rule.message, rule.hint)


def _is_at_end(error: yaml.MarkedYAMLError, text: str) -> bool:
    return error.problem_mark is None or error.problem_mark.index >= len(text.rstrip())


def _explain_other(error: yaml.MarkedYAMLError, text: str) -> YamlFault:
    place = _place(error.problem_mark)
    if "cannot start any token" not in (error.problem or ""):
        return YamlFault(place, f"is not YAML: {error.problem}", _INDENTATION)
    lines = text.splitlines()
    line = lines[place[0] - 1] if place[0] <= len(lines) else ""
    character = line[place[1] - 1 : place[1]]
    if character == "\t":
        return YamlFault(place, *_TAB)
    return YamlFault(place, f"a text cannot begin with {character}", _QUOTE_IT)


def unreadable_character(text: str) -> YamlFault | None:
    """The first character that cannot stand in YAML, control characters above all; or None."""
    match = _UNREADABLE.search(text)
    if match is None:
        return None
    message = f"contains the control character U+{ord(match[0]):04X}"
    return YamlFault(place_after(text[: match.start()]), message, "take it out")


def _place(mark: yaml.Mark | None) -> Place:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
