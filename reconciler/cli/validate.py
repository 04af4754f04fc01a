"""`reconciler validate`: checks the manifest and touches no target."""

from __future__ import annotations

import click

from reconciler.cli.options import common_options
from reconciler.cli.running import open_run
from reconciler.cli.session import Session
from reconciler.manifest.load import LoadedManifest
from reconciler.render.documents import validate_json
from reconciler.render.validate_text import validate_text


@click.command("validate")
@common_options()
def command(session: Session) -> int:
    """Check the manifest and say everything that is wrong with it.

    No target is touched and no environment variable needs to be set. Exit code 4 when something is
    wrong.
    """
    with open_run(session) as run:
        numbers = _numbers(run.loaded)
        files, digest = run.loaded.files, run.loaded.digest
        targets = tuple(run.desired)
    if session.wants_json:
        plural = {f"{noun}s": number for noun, number in numbers.items()}
        session.document(validate_json(files, digest, plural, targets))
    else:
        session.out(validate_text(files, numbers, colour=session.colour))
    return 0


def _numbers(loaded: LoadedManifest) -> dict[str, int]:
    manifest = loaded.manifest
    return {
        "user": len(manifest.users),
        "group": len(manifest.groups),
        "role": len(manifest.roles),
        "grant": len(manifest.grants),
        "server": len(manifest.servers),
        "target": len(manifest.targets),
    }
