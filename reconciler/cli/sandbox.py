"""`reconciler sandbox`: throw-away systems to try a manifest on."""

from __future__ import annotations

from typing import Final

import click

from reconciler.cli.extras import call_sandbox
from reconciler.cli.options import common_options
from reconciler.cli.session import Session

SYSTEMS: Final = ("postgres", "flowauth", "kohakuriver", "mobiusflow", "scim")
"""What can be run."""

_DEFAULT: Final = ("postgres", "flowauth")
_WITHOUT: Final = "graphistry"


class _System(click.Choice[str]):
    """One of the systems, with a word for who asks for the one that is not among them."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name of a system; click's error for any other word."""
        if value == _WITHOUT:
            self.fail(
                f"{_WITHOUT} has no sandbox: what stands in for it is a Django project that only "
                "the tests of this program have. Try its manifest with `reconciler validate`.",
                param,
                ctx,
            )
        return super().convert(value, param, ctx)


@click.command("sandbox")
@click.argument("systems", nargs=-1, type=_System(SYSTEMS), metavar="[SYSTEM]...")
@common_options(reads_manifest=False, has_formats=False)
def command(session: Session, *, systems: tuple[str, ...]) -> int:
    """Run throw-away systems until Ctrl-C, and say how to reach them.

    SYSTEM is postgres, flowauth, kohakuriver, mobiusflow or scim; without any, postgres and
    flowauth. Each has what its manifest in examples/ refers to, and people whom somebody made there
    by hand. Only PostgreSQL is the product itself. Graphistry has no sandbox.
    """
    names = systems or _DEFAULT
    return call_sandbox(session.disclose, "reconciler.sandbox.session", "run_sandbox", names)
