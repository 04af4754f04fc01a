"""`reconciler import`: the manifest of a system that runs already."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from reconciler.cli import collector
from reconciler.cli.options import common_options
from reconciler.cli.session import Session
from reconciler.errors import IncompleteReadError, TargetError, UsageError

if TYPE_CHECKING:
    from reconciler.importing import Place
    from reconciler.importing.beside import Beside
    from reconciler.provider import Options, ProviderType

_SYSTEMS: Final = ("flowauth", "graphistry", "kohakuriver", "mobiusflow", "postgres", "scim")
"""The kinds of system that can be imported."""


@dataclass(frozen=True, slots=True)
class _Source:
    """What is read, of which servers, and the files that the new one is used with."""

    kind: ProviderType
    options: Options
    databases: tuple[str, ...]
    beside: Beside


@click.command("import")
@click.argument("system", type=click.Choice(_SYSTEMS))
@click.option(
    "--option",
    "plain",
    multiple=True,
    metavar="NAME=VALUE",
    help="An option of the target, such as url=https://...; repeatable.",
)
@click.option(
    "--option-env",
    "env",
    multiple=True,
    metavar="NAME=VARIABLE",
    help="The environment variable that holds an option, such as a secret; repeatable.",
)
@click.option(
    "--option-file",
    "file",
    multiple=True,
    metavar="NAME=PATH",
    help="The file that holds an option; repeatable.",
)
@click.option(
    "--dsn-env",
    metavar="NAME",
    help="PostgreSQL: the environment variable that holds the connection string.",
)
@click.option("--dsn-file", metavar="FILE", help="PostgreSQL: the file that holds it.")
@click.option(
    "--database",
    "databases",
    multiple=True,
    metavar="NAME",
    help="PostgreSQL: only privileges in this database; repeatable. Without it, in all.",
)
@click.option(
    "--beside",
    "others",
    multiple=True,
    metavar="FILE",
    help="A manifest that the new one is used with: what it has is not written again; repeatable.",
)
@click.option("--name", default="", metavar="NAME", help="The target's name in the manifest.")
@click.option("-o", "--out", metavar="FILE", help="Write the manifest to this new file.")
@common_options(reads_manifest=False, has_formats=False)
def command(
    session: Session,
    *,
    system: str,
    plain: tuple[str, ...],
    env: tuple[str, ...],
    file: tuple[str, ...],
    dsn_env: str | None,
    dsn_file: str | None,
    databases: tuple[str, ...],
    others: tuple[str, ...],
    name: str,
    out: str | None,
) -> int:
    """Print the manifest of a system that runs already.

    Only reads. A plan with that manifest changes nothing; comments in it say what it leaves out.
    Overwrites nothing. The options are those of the system's page; secrets are none of --option.
    """
    from reconciler.cli.import_options import Words, given_options  # slow, and needed here alone
    from reconciler.importing import Place
    from reconciler.providers.registry import provider_type

    if out is not None and os.path.lexists(out):
        raise UsageError(f"{out} exists already; name another file. Nothing was written.")
    target = _target(name or system)
    kind = provider_type(system)
    _check_fit(kind, databases, others)
    beside = _beside(target, kind, others)
    given = given_options(kind, Words(plain, env, file, dsn_env, dsn_file), os.environ)
    collector.resume()
    place = Place(target, system, given.written, kind.capabilities.attributes)
    text = _manifest(session, _Source(kind, given.options, databases, beside), place)
    if out is None:
        session.document(text)
        return 0
    _write(Path(out), text)
    files = " ".join(f"-f {each}" for each in (*others, out))
    session.out(f"Wrote {out}. See: reconciler plan {files} --unmanaged\n")
    return 0


def _check_fit(kind: ProviderType, databases: tuple[str, ...], others: tuple[str, ...]) -> None:
    """Raises UsageError for an option that has no meaning for this kind of system."""
    if databases and not kind.capabilities.privileges:
        raise UsageError(f"--database is for PostgreSQL: {kind.name} is read whole")
    if others and kind.capabilities.privileges:
        raise UsageError("--beside is for other systems: import PostgreSQL first, and them beside")


def _target(name: str) -> str:
    from reconciler.importing.names import is_sayable  # slow to import, and needed here alone

    if not is_sayable(name):
        raise UsageError(f"{name!r} cannot be the target's name; name it otherwise with --name")
    return name


def _beside(target: str, kind: ProviderType, others: tuple[str, ...]) -> Beside:
    """The other files. Raises ManifestError for what is wrong in them."""
    from reconciler.importing.beside import ALONE, beside  # slow to import, and needed here alone
    from reconciler.manifest.load import read_texts
    from reconciler.providers.registry import NAMES, provider_type

    if not others:
        return ALONE
    capabilities = {name: provider_type(name).capabilities for name in NAMES}
    return beside(read_texts(others), target, kind.name, capabilities)


def _manifest(session: Session, source: _Source, place: Place) -> str:
    from reconciler.importing import manifest_of  # slow to import, and needed here alone
    from reconciler.importing.access import access_manifest
    from reconciler.importing.trial import System
    from reconciler.provider import Surveying
    from reconciler.secret import Redactor

    session.redact = Redactor.of(source.options.secrets())
    kind = source.kind
    provider = kind.open(place.target, source.options)
    try:
        assert isinstance(provider, Surveying)  # _SYSTEMS has no others
        survey = provider.survey(source.databases)
        if kind.capabilities.privileges:
            return manifest_of(survey, place)
        return access_manifest(survey, place, System(kind, provider.normalize, source.beside))
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
