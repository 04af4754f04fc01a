"""What the models have against a file, in words for the person who wrote it.

Here belongs the translation of pydantic's errors into problems with a place. The faults that the
manifest's own validators raise come with their words and pass through.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reconciler.manifest.merge import Path, dotted
from reconciler.manifest.privileges import PrivilegeRule
from reconciler.source import Problem, Source, suggest

Shape: TypeAlias = type[BaseModel] | type[PrivilegeRule]
Shapes: TypeAlias = Mapping[tuple[str, ...], Shape]
"""Which model stands where in a file; a star is any name or number."""

Follow: TypeAlias = Callable[[Sequence[str | int]], tuple[Path, Source]]
"""Gives the steps of a path that a file has, and the place where they lead."""

_KEY_MARK: Final = "[key]"
"""What pydantic appends to the path of an error in a key of a mapping."""


def problems_of(error: ValidationError, shapes: Shapes, follow: Follow) -> Iterator[Problem]:
    """The problems that a validation error stands for, each at its place in the files."""
    for detail in error.errors(include_url=False):
        yield _problem(detail, shapes, follow)


def _problem(detail: ErrorDetails, shapes: Shapes, follow: Follow) -> Problem:
    kind, location = detail["type"], detail["loc"]
    path, source = follow(location)
    if kind == "missing":
        path = (*path, location[-1])
        source = Source(source.file, source.line, source.column, dotted(path))
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return Problem(source, f'unknown key "{path[-1]}"', _hint_for_key(path, shapes))
    message, hint = _words(kind, path, detail)
    if location[-1:] == (_KEY_MARK,):
        message = f"as a key: {message}"
    return Problem(source, message, hint)


def _words(kind: str, path: Path, detail: ErrorDetails) -> tuple[str, str]:
    """What is wrong and what to do."""
    match kind:
        case "manifest":
            return detail["msg"], detail.get("ctx", {}).get("hint", "")
        case "missing":
            return f'"{path[-1]}" is missing', "add it"
    value = detail["input"]
    if value is None:
        return "has no value", _HINTS_FOR_NOTHING.get(kind, "write a value, or leave the key out")
    match kind:
        case "string_type":
            return f"must be a text, not {_kind_of(value)}", _hint_for_text(value)
        case "list_type":
            return f"must be a list, not {_kind_of(value)}", "write it as [one, another]"
        case "dict_type" | "model_type" | "dataclass_type":
            return f"must be a mapping of keys, not {_kind_of(value)}", "write it as {key: value}"
        case "too_short":
            return "must not be empty", "list at least one, or leave the key out"
        case "literal_error":
            return _words_for_choice(value, detail.get("ctx", {}))
        case "bool_type":
            return f"must be true or false, not {_kind_of(value)}", "write true or false"
        case "int_type":
            return f"must be a whole number, not {_kind_of(value)}", "write it without quotes"
        case "greater_than_equal" | "less_than_equal":
            return _words_for_number(value, detail.get("ctx", {}))
    return f"is not possible: {detail['msg']}", ""


_HINTS_FOR_NOTHING: Final[Mapping[str, str]] = {
    "list_type": "write [] for none, or leave the key out",
    "dict_type": "write {} for none, or leave the key out",
    "model_type": "write {} if there is nothing to say about it",
    "dataclass_type": "write the rule, or leave the item out",
}


def _words_for_choice(
    value: object,
    context: Mapping[str, Any],  # pydantic's own
) -> tuple[str, str]:
    expected = str(context.get("expected", ""))
    choices = re.findall(r"'([^']*)'", expected)
    if not choices:
        return f"must be {expected}, not {value}", f"write {expected}"
    possible = f"possible are {', '.join(choices)}"
    if not isinstance(value, str):
        return f"must be a text, not {_kind_of(value)}", possible
    return f'"{value}" is not possible here', suggest(value, choices) or possible


def _words_for_number(
    value: object,
    context: Mapping[str, Any],  # pydantic's own
) -> tuple[str, str]:
    limit = f"at least {context['ge']}" if "ge" in context else f"at most {context['le']}"
    return f"must be {limit}, not {value}", "correct the number"


def _hint_for_key(path: Path, shapes: Shapes) -> str:
    place = path[:-1]
    shape = next((shape for pattern, shape in shapes.items() if _fits(pattern, place)), None)
    if shape is None:
        return "take it out"
    keys = _keys_of(shape)
    return suggest(str(path[-1]), keys) or f"possible are {', '.join(keys)}"


def _fits(pattern: tuple[str, ...], place: Path) -> bool:
    return len(pattern) == len(place) and all(
        want in ("*", step) for want, step in zip(pattern, place, strict=True)
    )


def _keys_of(shape: Shape) -> list[str]:
    if issubclass(shape, BaseModel):
        return sorted(field.alias or name for name, field in shape.model_fields.items())
    return sorted(field.name for field in dataclasses.fields(shape))


def _hint_for_text(value: object) -> str:
    if isinstance(value, bool):
        return f'write it in quotes: "{str(value).lower()}"'
    return f'write it in quotes: "{value}"' if isinstance(value, int | float) else "write a text"


def _kind_of(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return "a text"
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return "something else"
