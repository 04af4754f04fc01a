"""The requests of Engine API v3, most of which its vendor does not publish: a table, and the texts
of the option `routes` that change it.

Here belongs reading such a text, and filling a row in. Nothing is sent here.

A text is: VERB METHOD PATH, then any number of NAME=VALUE, then `verified` where somebody has tried
it. A VALUE is `{word}` or `[{word}]` in what is sent, and a pointer (`/name`, RFC 6901, or nothing
for the whole) in what is answered. There are no other expressions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, get_args
from urllib.parse import quote

from reconciler.source import suggest

Verb = Literal["list", "create", "set_role", "set_password", "set_active", "delete"]
VERBS: Final[tuple[str, ...]] = get_args(Verb)
_METHODS: Final = ("POST", "PUT", "PATCH", "DELETE")
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "list": (),
    "create": ("username", "password", "role"),
    "set_role": ("id", "username", "role"),
    "set_password": ("id", "username", "password"),
    "set_active": ("id", "username", "active"),
    "delete": ("id", "username"),
}
"""What each verb may say; the last of a write but `delete` it must."""
_POINTERS: Final[Mapping[str, tuple[str, ...]]] = {
    "list": ("items", "id", "name", "role", "active"),
}
_SENT: Final = re.compile(r"\{(\w+)\}|\[\{(\w+)\}\]")
_IN_PATH: Final = re.compile(r"\{([^{}]*)\}")
_PATH: Final = re.compile(r"[\w.~{}%!$&'()*+,;:@/-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Route:
    """One row: `body` has a template for each key, `pointers` the places of an answer.

    A pointer that is absent is looked for in the usual places. `is_verified`: the vendor publishes
    it, or somebody has tried it.
    """

    verb: Verb
    method: str
    path: str
    body: Mapping[str, str] = field(default_factory=dict)
    pointers: Mapping[str, str] = field(default_factory=dict)
    is_verified: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def path_for(self, values: Mapping[str, object]) -> str:
        """The path with these values, each as one part of it."""
        return "/" + _IN_PATH.sub(lambda found: path_part(str(values[found[1]])), self.path)

    def body_for(self, values: Mapping[str, object]) -> dict[str, object] | None:
        """The body with these values, of whatever type they are; None where there is none."""
        body = {name: _filled(template, values) for name, template in self.body.items()}
        return body or None

    @property
    def text(self) -> str:
        """The row as the option `routes` has it, less what is assumed anyway."""
        body = {} if self.body == DEFAULTS[self.verb].body else self.body
        parts = [f"{name}={value}" for name, value in {**body, **self.pointers}.items()]
        marks = ["verified"] if self.is_verified else []
        return " ".join([self.verb, self.method, self.path, *parts, *marks])


DEFAULTS: Final[Mapping[str, Route]] = {
    "list": Route("list", "GET", "user"),
    "create": Route(
        "create",
        "POST",
        "user",
        {"username": "{username}", "password": "{password}", "role": "{role}"},
    ),
    "set_role": Route("set_role", "PATCH", "user/role/{id}", {"role": "{role}"}),
    "set_password": Route(
        "set_password",
        "PATCH",
        "user/password/{id}",
        {"password": "{password}"},
        is_verified=True,  # it is published: request collection for the Engine API v3, "User"
    ),
    "set_active": Route("set_active", "PATCH", "user/active/{id}", {"isActive": "{active}"}),
    "delete": Route("delete", "DELETE", "user/{id}"),
}
"""What is published, and for the rest what is assumed: v1's routes in the style of the others."""


def route_table(texts: Sequence[str]) -> Mapping[str, Route]:
    """All rows, those of the texts instead of the assumed ones. Raises ValueError."""
    found: dict[str, Route] = {}
    for text in texts:
        route = parse_route(text)
        if route.verb in found:
            raise ValueError(f'there are two routes for "{route.verb}"')
        found[route.verb] = route
    return {**DEFAULTS, **found}


def parse_route(text: str) -> Route:
    """One row. Raises ValueError that says which part of the text is wrong, and what may stand."""
    words = text.split()
    if len(words) < 3:
        raise ValueError(f'the route "{text}" needs VERB METHOD PATH')
    verb, method, path, *rest = words
    if verb not in VERBS:
        hint = suggest(verb, VERBS) or f"the verbs are {', '.join(VERBS)}"
        raise ValueError(f'the route "{text}": "{verb}" is not a verb; {hint}')
    is_verified = rest[-1:] == ["verified"]
    body, pointers = _pairs(text, verb, rest[:-1] if is_verified else rest)
    assumed = DEFAULTS[verb]
    route = replace(
        assumed,
        method=method,
        path=path.strip("/"),
        body=body or assumed.body,
        pointers=pointers,
        is_verified=is_verified,  # also of what is published: here somebody says otherwise
    )
    _check(text, route)
    return route


def path_part(text: str) -> str:
    """A text as one part of a path. Dots alone would be taken for a way up."""
    return quote(text, safe="") if text.strip(".") else text.replace(".", "%2E")


def _pairs(text: str, verb: str, words: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """What is sent, and where the answer has what; each NAME once."""
    body: dict[str, str] = {}
    pointers: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise ValueError(f'the route "{text}": "{word}" is neither NAME=VALUE nor verified')
        if name in body or name in pointers:
            raise ValueError(f'the route "{text}": "{name}" is there twice')
        known = _POINTERS.get(verb, ())
        if not value or value.startswith("/"):
            if name not in known:
                said = f"of its answer nothing is used but {', '.join(known) or 'the status'}"
                raise ValueError(f'the route "{text}": "{word}": {said}')
            pointers[name] = value
        else:
            _check_template(text, verb, word)
            body[name] = value
    return body, pointers


def _check_template(text: str, verb: str, word: str) -> None:
    match = _SENT.fullmatch(word.partition("=")[2])
    words = _WORDS[verb]
    if match is None or (match[1] or match[2]) not in words:
        allowed = ", ".join(f"{{{each}}}" for each in words) or "nothing: it sends no body"
        raise ValueError(f'the route "{text}": "{word}": a value may be {allowed}')


def _check(text: str, route: Route) -> None:
    """That the row can be sent, and says what its verb is about."""
    methods = ("GET",) if route.verb == "list" else _METHODS
    if route.method not in methods:
        raise ValueError(f'the route "{text}": the method may be {", ".join(methods)}')
    is_path = _PATH.fullmatch(route.path) and not {".", "..", ""} & set(route.path.split("/"))
    if not is_path:
        raise ValueError(f'the route "{text}": "{route.path}" is not a path after the option url')
    in_path = _IN_PATH.findall(route.path)
    if set("{}") & set(_IN_PATH.sub("", route.path)):
        raise ValueError(f'the route "{text}": a brace in the path is not closed')
    whom = {"id", "username"} & set(_WORDS[route.verb]) if route.verb != "create" else set()
    if not set(in_path) <= whom:
        allowed = ", ".join(f"{{{each}}}" for each in sorted(whom)) or "no {word}"
        raise ValueError(f'the route "{text}": the path may have {allowed}')
    said = {*in_path, *(value.strip("[]{}") for value in route.body.values())}
    for needed in _needed(route.verb):
        if not said & set(needed):
            names = " or ".join(f"{{{each}}}" for each in needed)
            raise ValueError(f'the route "{text}": {names} is missing')


def _needed(verb: str) -> list[tuple[str, ...]]:
    """Of each group one word has to be sent."""
    if verb == "list":
        return []
    if verb == "create":
        return [("username",), ("password",), ("role",)]
    whom: list[tuple[str, ...]] = [("id", "username")]
    return whom if verb == "delete" else [*whom, _WORDS[verb][-1:]]


def _filled(template: str, values: Mapping[str, object]) -> object:
    match = _SENT.fullmatch(template)
    assert match is not None, "it was parsed"
    return values[match[1]] if match[1] else [values[match[2]]]
