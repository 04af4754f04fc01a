"""Finds secrets where they must not be: in bytes of any kind, spelled in any way we could think of.

Here belong the canaries, their spellings, and looking for them. Where they are let loose is the
business of the tests.
"""

from __future__ import annotations

import base64
import html
import json
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

_PART = 12
"""This many characters of a secret's beginning or end are a leak too: a text may be cut."""

Texts = Mapping[str, bytes]
"""What is searched, by a name for messages."""


def new_canary(kind: str) -> str:
    """A secret that is found again whatever quotes it, and that every escaping changes."""
    return f"{secrets.token_hex(8)}{kind}@/:'\"<%\\ {secrets.token_hex(8)}"


def _base64(data: bytes, *, offset: int) -> bytes:
    """What base64 of a longer text has in it for the bytes that begin at `offset` of three."""
    whole = base64.b64encode(b"\0" * offset + data + b"\0" * (-(offset + len(data)) % 3))
    cut = 4 if (offset + len(data)) % 3 else 0
    return whole[4 if offset else 0 : len(whole) - cut]


SPELLINGS: Mapping[str, Callable[[str], bytes]] = {
    "as it is": lambda value: value.encode(),
    "in one line": lambda value: " ".join(value.split()).encode(),
    "its beginning": lambda value: value[:_PART].encode(),
    "its end": lambda value: value[-_PART:].encode(),
    "as JSON": lambda value: json.dumps(value)[1:-1].encode(),
    "as Python": lambda value: repr(value)[1:-1].encode(),
    "as HTML": lambda value: html.escape(value).encode(),
    "in SQL": lambda value: value.replace("'", "''").encode(),
    "percent-encoded": lambda value: quote(value, safe="").encode(),
    "percent-encoded whole": lambda value: "".join(f"%{b:02x}" for b in value.encode()).encode(),
    "as hex": lambda value: value.encode().hex().encode(),
    "as UTF-16": lambda value: value.encode("utf-16-le"),
    "as big-endian UTF-16": lambda value: value.encode("utf-16-be"),
    "backwards": lambda value: value[::-1].encode(),
    "as base64": lambda value: _base64(value.encode(), offset=0),
    "as base64 behind one byte": lambda value: _base64(value.encode(), offset=1),
    "as base64 behind two bytes": lambda value: _base64(value.encode(), offset=2),
    "as base64 for URLs": lambda value: base64.urlsafe_b64encode(value.encode()).rstrip(b"="),
}


def leaks(texts: Texts, canaries: Mapping[str, str]) -> list[str]:
    """Where a canary is and how it is spelled: `plan.json: the dsn's password, as base64`."""
    found = []
    for canary, value in canaries.items():
        assert len(value) >= _PART, f"{canary} is too short to be found with certainty"
        for spelling, spell in SPELLINGS.items():
            needle = spell(value)
            found += [f"{name}: {canary}, {spelling}" for name in texts if needle in texts[name]]
    return found


def folder_texts(folder: Path, *, without: Iterable[str] = ()) -> dict[str, bytes]:
    """Every file below the folder, by its path; an SQLite file also value by value.

    A value may lie on two pages of such a file, or in its -wal. `without` are names of files.
    """
    result: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in without:
            name = str(path.relative_to(folder))
            result[name] = path.read_bytes()
            if result[name].startswith(b"SQLite format 3\0"):
                result[f"{name} as rows"] = b"\n".join(_rows(path))
    return result


def _rows(path: Path) -> Iterator[bytes]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables.fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    yield value if isinstance(value, bytes) else str(value).encode()


def shown_objects(start: object) -> Iterator[tuple[str, str]]:
    """Type and text of every object of the program that can be reached, by repr and by str.

    Secrets themselves are shown too: theirs is `***`. Environments are not followed.
    """
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, str | bytes | int | type | None):
            continue
        seen.add(id(each))
        if type(each).__module__.partition(".")[0] == "reconciler":
            yield type(each).__name__, f"{each!r} {each} {each:}"
            waiting += _parts(each)
        elif isinstance(each, Mapping):
            waiting += [*each.keys(), *each.values()]
        elif isinstance(each, list | tuple | set | frozenset):
            waiting += each


def _parts(each: object) -> Iterator[object]:
    yield from getattr(each, "__dict__", {}).values()
    for kind in type(each).__mro__:
        for name in getattr(kind, "__slots__", ()):
            yield getattr(each, name, None)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error with everything behind it, also what `from None` hides from a traceback."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__cause__, each.__context__]
