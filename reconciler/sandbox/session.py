"""`reconciler sandbox`: the throw-away systems, up until somebody presses Ctrl-C."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable

from reconciler.sandbox.example import example_manifest
from reconciler.sandbox.systems import SandboxSystems, sandbox_systems


def run_sandbox(out: Callable[[str], None]) -> int:
    """Start the systems, say how to reach them, and wait. Gives the exit code: 0 after Ctrl-C."""
    try:
        with sandbox_systems() as systems:
            manifest = systems.folder / "access.yaml"
            manifest.write_text(example_manifest(), encoding="utf-8")
            out(_directions(systems))
            threading.Event().wait()
    except KeyboardInterrupt:
        out("Stopped; nothing is left of it.\n")
    return 0


def _directions(systems: SandboxSystems) -> str:
    version = systems.cluster.binaries.version
    exports = [f"export {name}={shlex.quote(value)}" for name, value in systems.environment.items()]
    lines = [
        f"PostgreSQL {version} with a FlowDB in it, and a FlowAuth simulator "
        f"({systems.flowauth.settings.reported_version}), are up on this machine.",
        "They hold nothing of yours and vanish when you press Ctrl-C here. In another terminal:",
        "",
        *(f"  {line}" for line in exports),
        f"  cp {shlex.quote(str(systems.folder / 'access.yaml'))} access.yaml",
        "",
        "  reconciler plan",
        "  reconciler apply --credentials-out passwords.jsonl",
        f'  {shlex.quote(str(systems.psql))} "$FLOWDB_DSN"',
    ]
    return "\n".join(lines) + "\n\n"
