"""Asks Django's shell inside Graphistry, and tells its answers apart.

Here belong calls and errors. What is asked stands in `observe`, `writes` and `provider`.
Every call starts the product's Django anew, which takes seconds: so ask for much at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.errors import UnexpectedResponseError, UnreachableError, WriteError
from reconciler.providers.graphistry import channel
from reconciler.providers.graphistry.channel import Command, Ended
from reconciler.providers.graphistry.envelope import (
    PROTOCOL,
    Operation,
    UnframedError,
    answer_in,
    new_nonce,
    one_line,
)
from reconciler.providers.graphistry.options import GraphistryOptions

_LONGEST_QUOTE: Final = 300
_LONG_WORD: Final = re.compile(r"[A-Za-z0-9+/=]{40,}")
"""What may be part of what was sent."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one operation: its value, or why it was not carried out."""

    value: object = None
    kind: str = ""
    detail: str = ""

    @property
    def is_done(self) -> bool:
        """Whether it was carried out."""
        return not self.kind


class LostAnswerError(UnreachableError):
    """There was no whole answer. `may_go_on`: what was asked may be at work there even now."""

    def __init__(self, target: str, message: str, *, may_go_on: bool = False) -> None:
        super().__init__(target, message)
        self.may_go_on = may_go_on


class Shell:
    """Django's shell, as the options say how to start it."""

    def __init__(self, target: str, options: GraphistryOptions) -> None:
        self.target = target
        self.options = options
        self._command = Command(
            options.command,
            options.workdir,
            options.timeout_s,
            options.max_reply_bytes,
            options.secrets(),
        )

    def __repr__(self) -> str:
        return f"Shell({self.target!r})"

    def ask(self, operations: Sequence[Operation]) -> tuple[Result, ...]:
        """One result for each operation, in one run of the shell.

        Raises UnreachableError where it could not be started, and LostAnswerError where it was, and
        nobody knows how far it came.
        """
        nonce = new_nonce()
        request = {
            "proto": PROTOCOL,
            "nonce": nonce,
            "ops": list(operations),
            "seconds": self.options.timeout_s / 2,  # the rest is for the start of Django
        }
        ended = self._ran(one_line(request))
        try:
            results = answer_in(ended.output, nonce)
        except UnframedError as error:
            raise self._lost(str(error), ended) from None
        if ended.code != 0:
            raise self._lost("it answered, and failed then", ended)
        if len(results) != len(operations):
            raise LostAnswerError(self.target, "the command gave another number of answers")
        return tuple(self._result(each) for each in results)

    def read(self, name: str, **args: object) -> object:
        """The value of one reading operation. Raises UnexpectedResponseError where it fails."""
        (result,) = self.ask([operation(name, **args)])
        return self.value_of(result)

    def value_of(self, result: Result) -> object:
        """What a reading operation found. Raises UnexpectedResponseError where it failed."""
        if result.is_done:
            return result.value
        hint = "; `reconciler doctor` looks for models" if result.kind == "unsupported" else ""
        raise UnexpectedResponseError(self.target, f"Graphistry said: {result.detail}{hint}")

    def _ran(self, text: bytes) -> Ended:
        name = self.options.command[0]
        try:
            return channel.run(self._command, text)
        except channel.NeverStartedError as error:
            text_ = f"the command {name} could not be started: {error}; check the option command"
            raise UnreachableError(self.target, text_) from None
        except channel.TimedOutError:
            limit = self.options.timeout_s
            message = f"the command {name} did not end within {limit} s and was killed"
            raise LostAnswerError(self.target, message, may_go_on=True) from None
        except channel.TooLongError:
            limit = self.options.max_reply_bytes
            message = f"the answer is longer than max_reply_bytes, {limit}"
            raise LostAnswerError(self.target, message) from None

    def _lost(self, what: str, ended: Ended) -> LostAnswerError:
        said = quoted(ended.noise) or quoted(ended.output)
        text = f"the command {self.options.command[0]} ended with code {ended.code}: {what}"
        return LostAnswerError(self.target, f"{text}; it said: {said}" if said else text)

    def _result(self, value: object) -> Result:
        if isinstance(value, dict) and value.get("ok") is True:
            return Result(value.get("value"))
        error = value.get("error") if isinstance(value, dict) else None
        if not isinstance(error, dict):
            raise LostAnswerError(self.target, "an answer has another form than it should")
        return Result(None, str(error.get("kind") or "internal"), str(error.get("detail")))


def operation(name: str, **args: object) -> Operation:
    """An operation of the program that runs there."""
    return {"op": name, "args": args}


def quoted(said: bytes) -> str:
    """The end of what a command said, in one line that shows nothing that was sent to it."""
    text = _LONG_WORD.sub("...", said.decode("utf-8", "replace"))
    lines = [" ".join(_printable(line).split()) for line in text.splitlines()]
    return " / ".join(line for line in lines if line)[-_LONGEST_QUOTE:]


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() else " " for char in line)


def rows_in(target: str, value: object, names: Iterable[str]) -> Sequence[Mapping[str, object]]:
    """A list of objects that all have these names. Raises UnexpectedResponseError."""
    wanted = set(names)
    if isinstance(value, list) and all(
        isinstance(row, dict) and wanted <= row.keys() for row in value
    ):
        return value
    raise UnexpectedResponseError(target, "the list that was read has another form")


def said_of(target: str, result: Result) -> WriteError | None:
    """Why an operation was not carried out, as an error; None where it was."""
    if result.is_done:
        return None
    again = "; plan again" if result.kind in ("conflict", "exists", "missing") else ""
    return WriteError(target, f"{result.detail}{again}")
