"""Reads bodies and ids as the product's framework does: lax types, unknown fields ignored.

What does not fit is status 422, with a body that repeats what was sent, passwords and all.
Source: pydantic 2, error types; KohakuRiver's own limits.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from reconciler.sandbox.http.messages import RefusedError, Request, json_reply
from reconciler.sandbox.kohakuriver.store import CrashedError

_TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})
_FALSE = frozenset({"0", "false", "f", "no", "n", "off"})
_TOO_LARGE = 2**63


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a body. For texts `low` and `high` are lengths."""

    name: str
    kind: Literal["str", "int", "bool"] = "str"
    is_required: bool = False
    low: int | None = None
    high: int | None = None


Detail = dict[str, object]


def refused(details: Sequence[Detail]) -> RefusedError:
    """Status 422 with these faults."""
    return RefusedError(json_reply({"detail": list(details)}, 422))


def read_body(request: Request, fields: Sequence[Field]) -> Mapping[str, object]:
    """The fields of a JSON object that are there and not null."""
    value = read_json(request)
    if not isinstance(value, dict):
        raise refused([_fault("model_attributes_type", ["body"], "Input should be a dict", value)])
    found: dict[str, object] = {}
    faults: list[Detail] = []
    for field in fields:
        loc: list[object] = ["body", field.name]
        if field.name not in value:
            if field.is_required:
                faults.append(_fault("missing", loc, "Field required", value))
        elif value[field.name] is None and not field.is_required:
            continue
        else:
            result = _checked(field, loc, value[field.name])
            if isinstance(result, dict):
                faults.append(result)
            else:
                found[field.name] = result
    if faults:
        raise refused(faults)
    return found


def read_ids(request: Request) -> list[int]:
    """A body that is a bare array of ids."""
    value = read_json(request)
    if not isinstance(value, list):
        raise refused([_fault("list_type", ["body"], "Input should be a valid list", value)])
    checked = [_checked(Field("", "int"), ["body", i], each) for i, each in enumerate(value)]
    if faults := [each for each in checked if isinstance(each, dict)]:
        raise refused(faults)
    return [each for each in checked if isinstance(each, int)]


def read_json(request: Request) -> object:
    """The JSON of a request. Without its content type a body is taken for a text."""
    if not request.body:
        raise refused([_fault("missing", ["body"], "Field required", None)])
    text = request.body.decode(errors="replace")
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise refused([_fault("model_attributes_type", ["body"], "Input should be a dict", text)])
    try:
        found: object = json.loads(request.body)
    except ValueError:
        raise refused([_fault("json_invalid", ["body", 0], "JSON decode error", {})]) from None
    return found


def path_id(text: str, name: str) -> int:
    """An id of the path."""
    result = _checked(Field(name, "int"), ["path", name], text)
    if isinstance(result, dict):
        raise refused([result])
    assert isinstance(result, int)
    return result


def missing_query(name: str) -> RefusedError:
    """Status 422 for a query parameter that is not there."""
    return refused([_fault("missing", ["query", name], "Field required", None)])


def _checked(field: Field, loc: list[object], value: object) -> object | Detail:
    match field.kind:
        case "str":
            return _text(field, loc, value)
        case "bool":
            return _switch(loc, value)
        case "int":
            return _number(field, loc, value)


def _text(field: Field, loc: list[object], value: object) -> object | Detail:
    if not isinstance(value, str):
        return _fault("string_type", loc, "Input should be a valid string", value)
    if field.low is not None and len(value) < field.low:
        text = f"String should have at least {field.low} characters"
        return _fault("string_too_short", loc, text, value, {"min_length": field.low})
    if field.high is not None and len(value) > field.high:
        text = f"String should have at most {field.high} characters"
        return _fault("string_too_long", loc, text, value, {"max_length": field.high})
    try:
        value.encode()
    except UnicodeEncodeError:
        raise CrashedError from None
    return value


def _switch(loc: list[object], value: object) -> object | Detail:
    if isinstance(value, bool):
        return value
    said = str(value).lower() if isinstance(value, str | int) else ""
    if said in _TRUE | _FALSE:
        return said in _TRUE
    return _fault("bool_parsing", loc, "Input should be a valid boolean", value)


def _number(field: Field, loc: list[object], value: object) -> object | Detail:
    try:
        number = int(value) if isinstance(value, str | int) else None
    except ValueError:
        number = None
    if number is None:
        return _fault("int_parsing", loc, "Input should be a valid integer", value)
    if abs(number) >= _TOO_LARGE:
        raise CrashedError
    if field.low is not None and number < field.low:
        text = f"Input should be greater than or equal to {field.low}"
        return _fault("greater_than_equal", loc, text, value, {"ge": field.low})
    if field.high is not None and number > field.high:
        text = f"Input should be less than or equal to {field.high}"
        return _fault("less_than_equal", loc, text, value, {"le": field.high})
    return number


def _fault(
    kind: str, loc: list[object], message: str, given: object, context: Detail | None = None
) -> Detail:
    """One fault as pydantic tells it."""
    told: Detail = {"type": kind, "loc": loc, "msg": message, "input": given}
    return told if context is None else {**told, "ctx": context}
