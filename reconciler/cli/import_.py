"""`reconciler import`: the manifest of a system that runs already."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from reconciler.cli import collector
from reconciler.cli.options import common_options
from reconciler.cli.session import Session
from reconciler.errors import IncompleteReadError, TargetError, UsageError

if TYPE_CHECKING:
    from reconciler.provider import Options, ProviderType
    from reconciler.survey import Survey

_SYSTEMS: Final = ("postgres",)
"""The kinds of system that can be imported."""


@click.command("import")
@click.argument("system", type=click.Choice(_SYSTEMS))
@click.option(
    "--dsn-env", metavar="NAME", help="The environment variable that holds the connection string."
)
@click.option("--dsn-file", metavar="FILE", help="The file that holds it.")
@click.option(
    "--database",
    "databases",
    multiple=True,
    metavar="NAME",
    help="Only privileges in this database; repeatable. Without it, in all.",
)
@click.option("--name", default="", metavar="NAME", help="The target's name in the manifest.")
@click.option("-o", "--out", metavar="FILE", help="Write the manifest to this new file.")
@common_options(reads_manifest=False, has_formats=False)
def command(
    session: Session,
    *,
    system: str,
    dsn_env: str | None,
    dsn_file: str | None,
    databases: tuple[str, ...],
    name: str,
    out: str | None,
) -> int:
    """Print the manifest of a system that runs already.

    Only reads. A plan with that manifest changes nothing; comments in it say what it leaves out.
    Overwrites nothing.
    """
    from reconciler.importing import Place, manifest_of  # slow to import, and needed here alone
    from reconciler.providers.registry import provider_type

    if out is not None and os.path.lexists(out):
        raise UsageError(f"{out} exists already; name another file. Nothing was written.")
    target = _target(name or system)
    key, value = _reference(dsn_env, dsn_file)
    kind = provider_type(system)
    options = _options(kind, key, value)
    collector.resume()
    survey = _survey(session, kind, options, target, databases)
    attributes = kind.capabilities.attributes
    text = manifest_of(survey, Place(target, system, {"dsn": {key: value}}, attributes))
    if out is None:
        session.document(text)
    else:
        _write(Path(out), text)
        session.out(f"Wrote {out}. See: reconciler plan -f {out} --unmanaged\n")
    return 0


def _target(name: str) -> str:
    from reconciler.importing.names import is_sayable  # slow to import, and needed here alone

    if not is_sayable(name):
        raise UsageError(f"{name!r} cannot be the target's name; name it otherwise with --name")
    return name


def _reference(env: str | None, file: str | None) -> tuple[str, str]:
    """The reference to the connection string, as the manifest will have it."""
    given = [(key, value) for key, value in (("env", env), ("file", file)) if value]
    if len(given) != 1:
        raise UsageError("say where the connection string is, with either --dsn-env or --dsn-file")
    return given[0]


def _options(kind: ProviderType, key: str, value: str) -> Options:
    from reconciler.manifest.models import EnvRef, FileRef  # slow to import, and needed here alone
    from reconciler.options import UnresolvedError, resolve_reference

    reference = EnvRef(env=value) if key == "env" else FileRef(file=value)
    try:
        return kind.options.model_validate({"dsn": resolve_reference(reference, os.environ)})
    except UnresolvedError as error:
        raise UsageError(f"{error.message}; {error.hint}") from None


def _survey(
    session: Session, kind: ProviderType, options: Options, target: str, databases: tuple[str, ...]
) -> Survey:
    from reconciler.provider import Surveying  # slow to import, and needed here alone
    from reconciler.secret import Redactor

    session.redact = Redactor.of(options.secrets())
    provider = kind.open(target, options)
    try:
        assert isinstance(provider, Surveying)  # _SYSTEMS has no others
        return provider.survey(databases)
    except TargetError as error:
        raise IncompleteReadError([error]) from error
    finally:
        provider.close()


def _write(place: Path, text: str) -> None:
    try:
        with place.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{place} cannot be written: {error.strerror}") from error
