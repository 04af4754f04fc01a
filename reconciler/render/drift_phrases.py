"""The words for what a target did by itself: what is there, against what was applied.

Here belong phrases of one difference. Under which heading they stand is
`reconciler.render.sections`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from reconciler.classify import Class, Difference
from reconciler.privilege_words import everybodys_right, less
from reconciler.render.object_phrases import owners_text, ownership_drift, schema_text
from reconciler.render.phrases import (
    EVERYBODY,
    edge_words,
    path_text,
    places,
    privilege_sentences,
    setting_text,
    to_the_second,
    value_text,
)
from reconciler.render.row_phrases import row_deviation, row_wish
from reconciler.row_rules import ROW_KINDS
from reconciler.state import EXACT_KINDS, GRANTED_BY, Fields, Key, Kind, Value
from reconciler.wording import listed

_CLASSES: Final[Mapping[Class, str]] = {
    "rogue": "no line asks for it",
    "conflict": "both changed",
    "orphan": "ours by its mark, and no line asks for it",
}

_FOUND: Final[Mapping[Kind, str]] = {"membership": "is a member of", "account": "has an account"}
_GONE: Final[Mapping[Kind, str]] = {
    "membership": "is no longer a member of",
    "account": "has no account any more",
}


def deviation(difference: Difference) -> str:
    """What the target has or lacks, without the name under which it stands."""
    key, applied, observed = difference.key, difference.applied, difference.observed
    if key.kind in EXACT_KINDS:
        return "; ".join(_rights(key, applied or {}, observed or {}))
    if (right := everybodys_right(key)) is not None:
        return f"{EVERYBODY} {'; '.join(_rights(right, applied or {}, observed or {}))}"
    if key.kind == "setting":
        return _named(setting_text(key), applied, observed)
    if key.kind in ROW_KINDS:
        return row_deviation(difference)
    if key.kind == "ownership":
        return ownership_drift(key, applied or {}, observed or {})
    if key.kind == "schema":
        return _named(schema_text(key), applied, observed)
    if observed is None:
        return _GONE.get(key.kind, "is gone") + _container(key)
    granted = edge_words(observed, options=())
    if applied is None:
        return _FOUND.get(key.kind, "is there") + _container(key) + granted
    parts = "; ".join(_attributes(applied, observed))
    return f"member of{_container(key)}: {parts}{granted}" if key.kind == "membership" else parts


def _named(what: str, applied: Fields | None, observed: Fields | None) -> str:
    """What is gone, there, or otherwise, of a setting or a schema."""
    if applied is None or observed is None:
        return f"{what} is {'gone' if observed is None else 'there'}"
    return f"{what}: {'; '.join(_attributes(applied, observed))}"


def told(difference: Difference) -> str:
    """Its direction, whose doing it is, since when, and the line of the manifest about it."""
    parts: list[str] = [difference.direction]
    if difference.class_ in _CLASSES:
        parts.append(_CLASSES[difference.class_])
    if difference.first_seen:
        parts.append(f"since {to_the_second(difference.first_seen)}")
    lines = places(difference.sources)
    if lines and (difference.class_ in ("rogue", "orphan") or difference.desired is None):
        parts.append(f"see {lines}")
    elif lines:
        parts.append(f"{lines} {'say' if ', ' in lines else 'says'} otherwise")
    return ", ".join(parts)


def wish(difference: Difference) -> str:
    """What the manifest says of it by now, for one that changed on both sides; else nothing."""
    key, desired = difference.key, difference.desired
    if difference.class_ != "conflict":
        return ""
    if desired is None:
        return "nothing"
    if key.kind in EXACT_KINDS:
        return "; ".join(privilege_sentences(key, desired)) or "nothing"
    if (right := everybodys_right(key)) is not None:
        return f"{EVERYBODY}: {'; '.join(privilege_sentences(right, desired))}"
    if key.kind == "ownership":
        return owners_text(key, desired)
    if key.kind in ROW_KINDS:
        return row_wish(difference)
    named = "; ".join(f"{name}: {value_text(value)}" for name, value in sorted(desired.items()))
    return named or _FOUND.get(key.kind, "is there") + _container(key)


def _container(key: Key) -> str:
    """The group or role that a membership is in."""
    return f" {path_text(key.path[:-1])}" if key.kind == "membership" else ""


def _rights(key: Key, applied: Fields, observed: Fields) -> Iterator[str]:
    for verb, fields in (
        ("has", less(observed, applied)),
        ("lacks", less(applied, observed)),
    ):
        sentences = list(privilege_sentences(key, fields))
        if sentences:
            yield f"{verb} {' and '.join(sentences)}"


def _attributes(applied: Fields, observed: Fields) -> Iterator[str]:
    for name in sorted({*applied, *observed} - {GRANTED_BY}):
        old, new = applied.get(name), observed.get(name)
        if isinstance(old, tuple) or isinstance(new, tuple):
            yield from _lists(name, _items(old), _items(new))
        elif old != new:
            yield f"{name} is {value_text(new)}, was {value_text(old)}"


def _items(value: Value) -> tuple[str, ...]:
    """The items of a list; of a value that is none, the value as its only item."""
    if isinstance(value, tuple):
        return value
    return () if value is None else (value_text(value),)


def _lists(name: str, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[str]:
    for verb, words in (
        ("has", [each for each in new if each not in old]),
        ("lacks", [each for each in old if each not in new]),
    ):
        if words:
            yield f"{verb} {name} {listed(words)}"
