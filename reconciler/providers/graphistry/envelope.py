"""What is sent to Django's shell, and finding the answer in what it prints.

Here belong the one line and the frame. Running the command is `channel`, what is asked is `shell`.

The shell takes its input as one program if it is there when the shell looks, and else line by line
as if it were typed: one line means the same both ways. It may greet, prompt and warn around the
answer. Source: Django 5.2, `django/core/management/commands/shell.py`.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from reconciler.secret import Secret

PROTOCOL: Final = 1
_REMOTE: Final = f"{__package__}.remote"
_ORDER: Final = ("models", "reading", "writing", "members", "frame")
_MARK: Final = re.compile(rb"<<<reconciler:([0-9a-f]*):(begin|end)>>>")

Operation = Mapping[str, object]
"""What is to be done: `op` is its name, `args` are its arguments. A Secret in it is revealed to the
product alone."""


class UnframedError(Exception):
    """There is not exactly one answer to what was asked; the text says what there is."""


def new_nonce() -> str:
    """What tells our answer from all else: 128 random bits."""
    return secrets.token_hex(16)


@cache
def _modules() -> tuple[tuple[str, str], ...]:
    """The names and texts of the modules of the program that runs there, in their order."""
    return tuple((f"{_REMOTE}.{name}", _text(name)) for name in _ORDER)


@cache
def _text(name: str) -> str:
    return (files(_REMOTE) / f"{name}.py").read_text(encoding="utf-8")


def one_line(request: Mapping[str, object]) -> bytes:
    """The request and the program that answers it, as one line of Python."""
    content = json.dumps(
        {"start": _text("start"), "modules": _modules(), "request": request}, default=_revealed
    )
    text = base64.b64encode(content.encode("utf-8")).decode("ascii")
    line = (
        f'import base64, json; sent = json.loads(base64.b64decode("{text}").decode("utf-8")); '
        'exec(compile(sent["start"], "<reconciler>", "exec"), '
        '{"__name__": "reconciler_remote", "SENT": sent})\n'
    )
    return line.encode("ascii")


def _revealed(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} cannot be sent")


def answer_in(output: bytes, nonce: str) -> Sequence[object]:
    """The results in what was printed. Raises UnframedError."""
    marks = list(_MARK.finditer(output))
    said = [mark.group(2) for mark in marks]
    if any(mark.group(1) != nonce.encode() for mark in marks):
        raise UnframedError("there is an answer to another question")
    if said != [b"begin", b"end"]:
        raise UnframedError(_fault(said))
    try:
        reply = json.loads(output[marks[0].end() : marks[1].start()])
    except ValueError:
        raise UnframedError("the answer is not readable") from None
    if not isinstance(reply, dict) or not isinstance(reply.get("results"), list):
        raise UnframedError("the answer has another form")
    if reply.get("nonce") != nonce or reply.get("proto") != PROTOCOL:
        raise UnframedError("the answer is to another question")
    results: list[object] = reply["results"]
    return results


def _fault(said: Sequence[bytes]) -> str:
    if not said:
        return "there was no answer"
    return "the answer was cut off" if said == [b"begin"] else "there is more than one answer"
