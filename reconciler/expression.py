"""SQL expressions as people write them: whether one is a single expression, and its words.

Here belongs telling apart what quotes, words and parentheses are. What an expression means is for
the server. Pure. Source: PostgreSQL docs, "Lexical Structure".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_TOKEN: Final = re.compile(
    r"""(?P<blank>\s+)
      | (?P<comment>--|/\*)
      | (?P<text>[eE]'(?:[^'\\]|\\.|'')*'(?:\s*[\r\n]\s*'(?:[^'\\]|\\.|'')*')*(?!\s*[\r\n]\s*')
                |(?:[bBnNxX]|[uU]&)?'(?:[^']|'')*')
      | (?P<name>(?:[uU]&)?"(?:[^"]|"")+")
      | (?P<dollar>\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$)
      | (?P<word>(?![eE]')[^\W\d][\w$]*)
      | (?P<number>\d[\w.]*|\.\d\w*)
      | (?P<bracket>[()\[\]])
      | (?P<operator>(?:(?!--|/\*)[-+*/<>=~!@\#%^&|`?:])+)
      | (?P<mark>[.,])
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSING: Final = {"(": ")", "[": "]"}


def expression_fault(text: str) -> tuple[str, str] | None:
    """Why this cannot be one SQL expression, and what to do; None where nothing speaks against it.

    What passes can be put between parentheses: it neither leaves them nor swallows the last one.
    """
    waiting: list[str] = []
    try:
        tokens = list(_tokens(text))
    except ValueError as error:
        return str(error), "write one SQL expression, without comments and semicolons"
    if not tokens:
        return "is empty", "leave the key out where there is nothing to say"
    for token in tokens:
        if token in _CLOSING:
            waiting.append(_CLOSING[token])
        elif token in _CLOSING.values() and (not waiting or waiting.pop() != token):
            return f'has a "{token}" too many', "close only what was opened"
    return (f'lacks a "{waiting[-1]}"', "close what was opened") if waiting else None


def folded(text: str) -> tuple[str, ...]:
    """The words of an expression, less case, blanks, and parentheses around all of it.

    Two expressions with the same words mean the same. ValueError for what is no expression.
    """
    tokens = list(_tokens(text))
    while _are_enclosed(tokens):
        tokens = tokens[1:-1]
    return tuple(tokens)


def enclosed(text: str) -> str:
    """The expression between parentheses, if it is not already. ValueError for what is none."""
    return text if _are_enclosed(list(_tokens(text))) else f"({text})"


def is_same(one: str, other: str) -> bool:
    """Whether two expressions differ in nothing but what `folded` leaves out."""
    if one == other or not one or not other:
        return one == other
    try:
        return folded(one) == folded(other)
    except ValueError:  # one of them is none that we can read
        return False


def _tokens(text: str) -> Iterator[str]:
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise ValueError(f"cannot be read from {text[position : position + 20]!r} on")
        if found.lastgroup == "comment":
            raise ValueError("has a comment")
        if found.group("word") is not None:
            yield "".join(each.lower() if each.isascii() else each for each in found[0])
        elif found.group("blank") is None:
            yield found[0]
        position = found.end()


def _are_enclosed(tokens: list[str]) -> bool:
    return len(tokens) > 2 and tokens[0] == "(" and _end_of_first(tokens) == len(tokens) - 1


def _end_of_first(tokens: list[str]) -> int:
    """Where the bracket that the expression begins with is closed; -1 if nowhere."""
    depth = 0
    for index, token in enumerate(tokens):
        depth += (token in _CLOSING) - (token in _CLOSING.values())
        if not depth:
            return index
    return -1
