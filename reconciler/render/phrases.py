"""The words for a change and its parts, as they stand in every text.

Here belong phrases of one change. In which order and under which heading they stand is
`reconciler.render.sections`. Pure.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from reconciler.changes import Action, Cause, Change
from reconciler.passwords import AS_GIVEN, NO_PASSWORD, PASSWORD
from reconciler.privilege_words import everybodys_right, in_words, less
from reconciler.render.object_phrases import ownership_text, schema_text
from reconciler.render.page import Tone
from reconciler.render.row_phrases import row_phrase
from reconciler.row_rules import ROW_KINDS
from reconciler.source import Source
from reconciler.state import GRANTED_BY, INVITED, USUAL_EDGE, Fields, Key, Value
from reconciler.wording import SHOWN_NAMES, counted, listed

SYMBOLS: Final[Mapping[Action, str]] = {"create": "+", "update": "~", "delete": "-"}
TONES: Final[Mapping[Action, Tone]] = {
    "create": "added",
    "update": "changed",
    "delete": "removed",
}
_CAUSES: Final[Mapping[Cause, str]] = {
    "expiry": "its time has ended",
    "start": "its time has begun",
}
_SHOWN_SOURCES: Final = 2
EVERYBODY: Final = "everybody (PUBLIC)"


class Phrase(NamedTuple):
    """What a change does, and under it the parts that are added (`+`) or taken away (`-`)."""

    text: str
    parts: tuple[tuple[Action, str], ...] = ()


def value_text(value: Value) -> str:
    """A value as people write it."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return listed(value) if value else "nothing"
        case "":
            return '""'
    return str(value)


def to_the_second(time: str) -> str:
    """A time of the ledger, which knows milliseconds, as people read it."""
    return re.sub(r"\.\d+Z$", "Z", time)


def path_text(path: Sequence[str]) -> str:
    """The name of a role or group; of a role in a server, `reader on ghana-api`."""
    return path[0] if len(path) == 1 else f"{path[-1]} on {'/'.join(path[:-1])}"


def origin(change: Change) -> str:
    """The manifest lines that ask for a change, and its cause where that says more."""
    cause = _CAUSES.get(change.cause)
    is_leaver = change.action == "update" and change.key.kind == "account"
    lines = places(change.sources)
    if cause and not lines:
        return cause
    lines = lines or f"no {'grant' if is_leaver else 'line'} asks for it"
    return f"{lines} ({cause})" if cause else lines


def places(sources: Sequence[Source]) -> str:
    """The first lines of the manifest that are meant, each once; empty where there is none."""
    if len(sources) == 1:  # as nearly all of the thousands of a first apply
        return sources[0].short
    return listed(list(dict.fromkeys(source.short for source in sources)), _SHOWN_SOURCES)


def phrase(change: Change) -> Phrase:
    """The words for a change, without the name under which it stands."""
    key = change.key
    if key.kind in ("privilege", "default_privilege"):
        return _privilege_phrase(change)
    if (right := everybodys_right(key)) is not None:
        return _everybodys_phrase(replace(change, key=right))
    if key.kind == "setting":
        return _setting_phrase(change)
    if key.kind in ROW_KINDS:
        return Phrase(*row_phrase(change))
    if key.kind == "ownership":
        text, sentences = ownership_text(change)
        return Phrase(text, tuple((change.action, each) for each in sentences))
    noun = f"member of {path_text(key.path[:-1])}" if key.kind == "membership" else key.kind
    noun = schema_text(key) if key.kind == "schema" else noun
    if key.kind == "membership":
        return _membership_phrase(noun, change)
    if change.action == "create":
        return Phrase(noun + _given(change.after or {}))
    if change.action == "delete":
        is_unused = change.before is not None and INVITED in change.before
        return Phrase("invitation, which was not used" if is_unused else noun)
    return _update_phrase(noun, change.before or {}, change.after or {})


def _membership_phrase(noun: str, change: Change) -> Phrase:
    if change.action == "update":
        text, parts = _update_phrase(noun, change.before or {}, change.after or {})
        return Phrase(text + edge_words(change.before or {}, options=()), parts)
    return Phrase(noun + edge_words(change.after or change.before or {}))


def edge_words(fields: Fields, options: Collection[str] = tuple(USUAL_EDGE)) -> str:
    """What is unusual about a membership, in brackets: options, and who granted it."""
    named = [(name, fields[name]) for name in options if name in fields]
    words = [
        name if value is True else f"{name}: {value_text(value)}"
        for name, value in named
        if value != USUAL_EDGE[name]
    ]
    if GRANTED_BY in fields:
        words.append(f"granted by {value_text(fields[GRANTED_BY])}")
    return f" ({', '.join(words)})" if words else ""


def setting_text(key: Key) -> str:
    """The name of a setting: `setting work_mem`, `setting search_path in flowdb`."""
    _, server, parameter = key.path
    return f"setting {parameter} in {server}" if server else f"setting {parameter}"


def _setting_phrase(change: Change) -> Phrase:
    before, after = change.before or {}, change.after or {}
    values = [value_text(side["value"]) for side in (before, after) if "value" in side]
    return Phrase(f"{setting_text(change.key)}: {' -> '.join(values)}")


_USUAL: Final = frozenset({("enabled", True), ("inherit", True), ("login", True)})
"""What every new account, group or role is: said for none of them."""


def _given(fields: Fields) -> str:
    """What a new thing is or has; what it is not (false, none) and what all are is left out."""
    shown = [
        f"{name}: {'set' if (name, value) == (PASSWORD, AS_GIVEN) else value_text(value)}"
        for name, value in sorted(fields.items())
        if value not in (None, False) and (name, value) not in _USUAL
    ]
    return f" ({'; '.join(shown)})" if shown else ""


def _update_phrase(noun: str, before: Fields, after: Fields) -> Phrase:
    plain: list[str] = []
    parts: list[tuple[Action, str]] = []
    for name in sorted(after):
        old, new = before.get(name), after[name]
        if isinstance(old, tuple) and isinstance(new, tuple):
            parts += _list_parts(name, old, new)
        elif name == PASSWORD:
            plain.append(f"{name}: {'set' if old == NO_PASSWORD else 'changed'}")
        else:
            plain.append(f"{name}: {value_text(old)} -> {value_text(new)}")
    return Phrase(f"{noun}: {'; '.join(plain)}" if plain else noun, tuple(parts))


def _list_parts(
    name: str, old: tuple[str, ...], new: tuple[str, ...]
) -> Iterator[tuple[Action, str]]:
    added, taken = sorted(set(new) - set(old)), sorted(set(old) - set(new))
    if added:
        yield "create", f"{name}: {listed(added)}"
    if taken:
        yield "delete", f"{name}: {listed(taken)}"
    if not added and not taken:
        yield "create", f"{name}: {value_text(new)} in another order"


# Privileges


def _privilege_phrase(change: Change) -> Phrase:
    key = change.key
    before, after = change.before or {}, change.after or {}
    if change.action == "update":
        where = _place(key)
        added, taken = less(after, before), less(before, after)
        parts: list[tuple[Action, str]] = [("create", each) for each in _short(key, added)]
        parts += [("delete", each) for each in _short(key, taken)]
        return Phrase(where, tuple(parts))
    sentences = list(privilege_sentences(key, after if change.action == "create" else before))
    if len(sentences) == 1:
        return Phrase(sentences[0])
    short = _short(key, after if change.action == "create" else before)
    return Phrase(_place(key), tuple((change.action, each) for each in short))


def _everybodys_phrase(change: Change) -> Phrase:
    """What everybody gains and loses; nothing of what they keep."""
    fields = change.before or {}, change.after or {}
    if change.action == "create" and not less(fields[1], {}):
        return Phrase(f"{EVERYBODY}: nothing on {_place(change.key)}")
    whole = replace(change, before=fields[0], after=fields[1], action="update")
    text, parts = _privilege_phrase(whole)
    return Phrase(f"{EVERYBODY} on {text}", parts)


def _words(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _by_words(fields: Fields) -> Iterator[tuple[str, list[str]]]:
    """The objects that have the same privileges together, in order of the privileges."""
    named: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, value in fields.items():  # hundreds of objects have few sets of privileges
        named[_words(value)].append(name)
    objects: defaultdict[str, list[str]] = defaultdict(list)
    for words, names in named.items():
        objects[", ".join(in_words(words)) or "nothing"] += names
    yield from ((words, sorted(objects[words])) for words in sorted(objects))


def _place(key: Key) -> str:
    """What a privilege record is about, such as `tables of geography in flowdb`."""
    if key.kind == "default_privilege":
        _, server, creator, kind, schema = key.path
        where = f" of {schema}" if schema else ""
        return f"future {kind}s{where} in {server} made by {creator}"
    _, server, kind, schema = key.path
    if kind == "database":
        return f"database {server}"
    if not server:
        return f"{kind}s of the cluster"
    return f"{kind}s of {schema} in {server}" if schema else f"{kind}s in {server}"


def privilege_sentences(key: Key, fields: Fields) -> Iterator[str]:
    """Phrases that stand alone, such as `select on 20 tables of geography in flowdb: a, b, ...`."""
    if key.kind == "default_privilege":
        for words, _ in _by_words(fields):
            yield f"{words} on {_place(key)}"
        return
    _, server, kind, schema = key.path
    for words, names in _by_words(fields):
        yield f"{words} on {_objects(server, kind, schema, names)}"


def _objects(server: str, kind: str, schema: str, names: Sequence[str]) -> str:
    if kind == "database":
        return f"database {listed(names)}"
    where = f" in {server}" if server else ""
    where = f" of {schema}{where}" if schema else where
    if list(names) == ["*"]:
        return f"all {kind}s{where}"
    if len(names) == 1:
        return f"{kind} {schema}.{names[0]} in {server}" if schema else f"{kind} {names[0]}{where}"
    return f"{len(names)} {kind}s{where}: {listed(names)}"


def _short(key: Key, fields: Fields) -> Iterator[str]:
    """Phrases that stand under the place they are about."""
    for words, names in _by_words(fields):
        if key.kind == "default_privilege":
            yield words
        elif len(names) > SHOWN_NAMES:
            yield f"{words} on {len(names)} {key.path[2]}s: {listed(names)}"
        else:
            yield f"{words} on {listed(names)}"


def counted_kinds(keys: Iterable[Key]) -> str:
    """How many records of each kind there are: `3 accounts, 2 memberships`."""
    numbers: defaultdict[str, int] = defaultdict(int)
    for key in keys:
        numbers[key.kind] += 1
    return ", ".join(
        counted(number, kind.replace("_", " ")) for kind, number in sorted(numbers.items())
    )
