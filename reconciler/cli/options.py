"""The options that every command takes, put into its session."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from reconciler.cli.session import Session

Command = Callable[..., int]  # the parameters of a command are its options, which click hands over
_Option = Callable[[Command], Command]


def common_options(
    *, reads_manifest: bool = True, has_formats: bool = True, has_sql: bool = False
) -> Callable[[Command], Command]:
    """Add the common options; the command gets the session first, then its own options by name.

    Options that have no meaning for a command are taken too, but not listed in its help: a script
    can hand the same ones to every command.
    """
    options = _common(reads_manifest=reads_manifest, has_formats=has_formats, has_sql=has_sql)

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def call(
            files: tuple[str, ...],
            targets: tuple[str, ...],
            form: str,
            no_color: bool,
            **own: Any,  # the options of the command
        ) -> int:
            session = click.get_current_context().ensure_object(Session)
            session.files, session.targets = files, targets
            session.wants_json, session.wants_sql = form == "json", form == "sql"
            session.wants_colour = not no_color
            return command(session, **own)

        decorated: Command = call
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate


def _common(*, reads_manifest: bool, has_formats: bool, has_sql: bool) -> list[_Option]:
    """The options themselves, those without a meaning hidden."""
    return [
        *_manifest_options(is_hidden=not reads_manifest),
        _format_option(is_hidden=not has_formats, has_sql=has_sql),
        click.option("--no-color", is_flag=True, help="No colour, as with NO_COLOR set."),
        click.option(
            "--debug",
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_set_debug,
            help="Show tracebacks of errors.",
        ),
    ]


def _manifest_options(*, is_hidden: bool) -> list[_Option]:
    """What is read, and of which targets."""
    return [
        click.option(
            "-f",
            "--file",
            "files",
            multiple=True,
            default=("access.yaml",),
            show_default=True,
            metavar="FILE",
            hidden=is_hidden,
            help="The manifest, or one of its files; repeatable.",
        ),
        click.option(
            "--target",
            "targets",
            multiple=True,
            metavar="NAME",
            hidden=is_hidden,
            help="Only this target; repeatable.",
        ),
    ]


def _format_option(*, is_hidden: bool, has_sql: bool) -> _Option:
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json", *(["sql"] if has_sql else [])]),
        default="text",
        show_default=True,
        hidden=is_hidden,
        help="What stdout gets: text for people, or one JSON document"
        + (", or the SQL that would run." if has_sql else "."),
    )


def accept_option(command: Command) -> Command:
    """Add `--accept`, which lifts findings by their ids."""
    return click.option(
        "--accept", multiple=True, metavar="ID", help="Lift this blocking finding; repeatable."
    )(command)


def revoke_first_option(command: Command) -> Command:
    """Add `--revoke-first`, which turns the order of the changes around."""
    return click.option(
        "--revoke-first",
        is_flag=True,
        help="For emergencies: take away before anything is given, at the risk of gaps.",
    )(command)


def rotate_option(command: Command) -> Command:
    """Add `--rotate-password`, which asks for new temporary passwords."""
    return click.option(
        "--rotate-password",
        "rotate",
        multiple=True,
        metavar="USER[@TARGET]",
        help="Give this user's account a new temporary password; repeatable.",
    )(command)


def ledger_option(command: Command) -> Command:
    """Add `--ledger`, which says where runs are recorded."""
    return click.option(
        "--ledger",
        default="",
        envvar="RECONCILER_LEDGER",
        show_envvar=True,
        metavar="PATH|DSN",
        help="Where runs are recorded; by default .reconciler/ledger.sqlite3 beside the manifest.",
    )(command)


def unmanaged_option(command: Command) -> Command:
    """Add `--unmanaged`, which lists what is left alone."""
    return click.option(
        "--unmanaged", is_flag=True, help="List what no line asks for and is left alone."
    )(command)


def _set_debug(ctx: click.Context, _option: click.Parameter, value: bool) -> None:
    ctx.ensure_object(Session).debug = value
