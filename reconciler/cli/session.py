"""One call of the program: what it was asked for, and its only way to print.

Here belong the options that every command has, and everything that reaches stdout and stderr. It
imports nothing heavy, since errors need it before a command is imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Final

import click

from reconciler.errors import ReconcilerError
from reconciler.render.page import printable
from reconciler.secret import Redactor

_TURN_S: Final = 0.5


def _nothing() -> None:
    """What has to be done before printing where no progress is shown."""


class Session:
    """The common options of a call, and its output: redacted, and coloured only for a terminal."""

    def __init__(self) -> None:
        """A session before the command line was read."""
        self.files: tuple[str, ...] = ()
        self.targets: tuple[str, ...] = ()
        self.ledger = ""
        self.wants_json = False
        self.wants_sql = False
        self.wants_colour = True
        self.debug = False
        self.redact: Redactor = Redactor()
        self.before_output: Callable[[], None] = _nothing

    @property
    def colour(self) -> bool:
        """Whether stdout takes colour: a terminal, unless NO_COLOR or --no-color says otherwise."""
        if not self.wants_colour or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            return False
        return sys.stdout is not None and sys.stdout.isatty()

    @property
    def is_interactive(self) -> bool:
        """Whether somebody can be asked: stdin is a terminal."""
        return sys.stdin is not None and sys.stdin.isatty()

    def out(self, text: str) -> None:
        """Print text for people on stdout."""
        self._write(self.redact(text))

    def disclose(self, text: str) -> None:
        """Print text as it is: passwords of throw-away systems, for whoever is to use them."""
        self._write(text)

    def document(self, text: str) -> None:
        """Print a JSON document on stdout, in UTF-8 whatever the terminal takes.

        It is not redacted here: replacing inside a document would break its digest and its names.
        What is in it is free of secrets, or went through the redactor value by value.
        """
        self._write(text.encode())

    def err(self, text: str) -> None:
        """Print text on stderr, each line made harmless; a closed stderr stops nothing."""
        self.before_output()
        lines = self.redact(text).rstrip("\n").split("\n")
        try:
            click.echo("\n".join(printable(line) for line in lines), err=True)
        except OSError:
            _to_nowhere(2)

    def ask(self, question: str) -> bool:
        """Ask on the terminal; only y and yes mean yes."""
        self.before_output()
        click.echo(self.redact(question), err=True, nl=False)
        answer = _typed_line()
        if not answer.endswith("\n"):
            click.echo(err=True)
        return answer.strip().lower() in ("y", "yes")

    def _write(self, text: str | bytes) -> None:
        self.before_output()
        try:
            click.echo(text, nl=False)
        except BrokenPipeError:
            _to_nowhere(1)  # the reader has seen enough; the work and its exit code stand
        except OSError as error:
            _to_nowhere(1)
            raise ReconcilerError(f"stdout cannot be written: {error.strerror}") from error


def _typed_line() -> str:
    """The next line of the terminal. It is waited for in turns: Python heeds a Ctrl-C that comes
    right before it begins to wait only when it has waited.
    """
    from select import select  # few commands ask

    while not select([sys.stdin], [], [], _TURN_S)[0]:
        pass
    return sys.stdin.readline()


def _to_nowhere(descriptor: int) -> None:
    """Let what is still buffered for this descriptor vanish when the process ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
