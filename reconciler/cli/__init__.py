"""The command line: reads arguments and the environment, prints, and sets exit codes.

Here belongs the list of commands. Importing this package imports click and parts of the standard
library alone, so that `--help` and `--version` answer at once; a command's module is imported when
the command is called.
"""

from __future__ import annotations

import io
import os
import sys
from typing import NoReturn

import click

from reconciler import __version__
from reconciler.cli import collector
from reconciler.cli.lazy import LazyGroup

_COMMANDS = {
    "init": ("reconciler.cli.init", "Write a starter manifest and a CI workflow."),
    "import": ("reconciler.cli.import_", "Print the manifest of a system that runs already."),
    "validate": ("reconciler.cli.validate", "Check the manifest; touches no target."),
    "plan": ("reconciler.cli.plan", "Show what would be changed, and save it with -o FILE."),
    "show": ("reconciler.cli.show", "Show a saved plan."),
    "apply": ("reconciler.cli.apply", "Make the targets as the manifest says."),
    "drift": ("reconciler.cli.drift", "Show what the targets changed since the last apply."),
    "status": ("reconciler.cli.status", "Show on one screen how all targets stand."),
    "doctor": ("reconciler.cli.doctor", "Show what would fail, and which rights are missing."),
    "offboard": ("reconciler.cli.offboard", "Take everything from one user now, everywhere."),
    "expiring": ("reconciler.cli.expiring", "Show which grants end or start soon."),
    "log": ("reconciler.cli.log", "Show what was applied, when and by whom."),
    "lock": ("reconciler.cli.lock", "Show who is applying, and free the lock of a dead run."),
    "schema": ("reconciler.cli.schema", "Print the JSON schema of the manifest or another file."),
    "demo": ("reconciler.cli.demo", "Try everything out against throw-away systems."),
    "sandbox": ("reconciler.cli.sandbox", "Run throw-away systems to try a manifest on."),
}

_EPILOG = """\b
Exit codes:
  0   done, in sync, nothing to do     6   the plan is stale
  1   failed                           7   somebody else is applying
  2   plan --detailed-exitcode:        8   partly applied; run it again
      changes are pending              9   a target could not be read whole
  3   drift: a target was changed      64  a mistyped command line
  4   an input file is invalid         130 interrupted
  5   blocked by a safety rule
"""


@click.group(
    cls=LazyGroup,
    commands=_COMMANDS,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="reconciler %(version)s")
def cli() -> None:
    """Keep access to databases and APIs as one YAML file says.

    `plan` shows the difference between the file and the systems, `apply` makes it so.
    """


def main() -> NoReturn:
    """Run the program with the arguments of the process, and exit."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that knows ASCII alone
    # Nothing that happens to be installed beside us may take part in checking a manifest; and to
    # look for such plugins takes 0.005 s of every start (pydantic docs, "Plugins").
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    collector.put_off()
    try:
        cli.main()
    finally:
        collector.leave_all()
