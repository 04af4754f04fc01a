"""A group of commands whose modules are imported when they are called, and the way out of it.

Here belong finding the command of a name and turning whatever ends it into an exit code.
"""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import click

from reconciler.cli.failures import tell_failure
from reconciler.cli.session import Session


class LazyGroup(click.Group):
    """Knows of each command its module and its line in the help; the module has it as `command`."""

    def __init__(
        self,
        *args: Any,  # what click hands on to its own class
        commands: Mapping[str, tuple[str, str]],
        **options: Any,  # as above
    ) -> None:
        """Take the commands in the order in which the help lists them."""
        super().__init__(*args, **options)
        self._modules = commands

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of the commands, in the order of the help."""
        return list(self._modules)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        """The command of this name, imported now; None where there is none."""
        if cmd_name not in self._modules:
            return None
        module = importlib.import_module(self._modules[cmd_name][0])
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments begin with; click's UsageError with what may be meant."""
        name = args[0]
        if name not in self._modules and not name.startswith("-"):
            close = difflib.get_close_matches(name, self._modules, n=1)
            hint = f'; did you mean "{close[0]}"?' if close else ""
            raise click.UsageError(f'there is no command "{name}"{hint}', ctx)
        return super().resolve_command(ctx, args)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._modules.items()])

    def main(self, *args: Any, **extra: Any) -> NoReturn:  # the parameters are click's
        """Run the command of the arguments and exit; every ending has its code and its words."""
        session = Session()
        extra |= {"prog_name": "reconciler", "standalone_mode": False, "obj": session}
        try:
            code = super().main(*args, **extra)
        except Exception as error:  # the last place that can put anything into words
            code = tell_failure(error, session)
        except KeyboardInterrupt as error:
            code = tell_failure(error, session)
        sys.exit(code)
