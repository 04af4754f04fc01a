"""The one way in which documents are written as JSON.

Here belongs turning plain values into text that is the same on every machine and harmless on a
terminal. What stands in the documents does not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json] | None"

_UNSEEN = re.compile(r"[\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""What a terminal may obey, what turns text around, and halves of characters UTF-8 cannot hold.

JSON itself asks only that U+0000 to U+001F be escaped (RFC 8259, section 7)."""


def json_text(document: Json) -> str:
    """The document with sorted keys, indented for people, and a newline at the end."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, indent=1)
    return harmless(text) + "\n"


def canonical_text(document: Json) -> str:
    """The document with sorted keys and no blanks: what a digest is taken of."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return harmless(text)


def harmless(text: str) -> str:
    """JSON with what must not be seen raw escaped: only strings can have it."""
    return text if text.isascii() and "\x7f" not in text else _UNSEEN.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
