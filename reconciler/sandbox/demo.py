"""`reconciler demo`: the program's commands, run for real against throw-away systems.

Here belongs the story: which commands, and which changes by hand between them. Each command runs as
its own process, as a person would run it, and its output is shown as it is.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable

from reconciler.sandbox.example import example_manifest
from reconciler.sandbox.systems import SandboxSystems, sandbox_systems

_INTERRUPTED = 130

Out = Callable[[str], None]


def run_demo(out: Out) -> int:
    """Tell the story. 0 if every command ended as it should, 1 if one did not, 130 after Ctrl-C."""
    try:
        with sandbox_systems() as systems:
            return _Story(systems, out).tell()
    except KeyboardInterrupt:
        out("\nInterrupted; nothing is left of it.\n")
        return _INTERRUPTED


def _accepting(printed: str) -> list[str]:
    """The options that accept what a command told to be held, as somebody would copy them."""
    ids = dict.fromkeys(re.findall(r"--accept (D-[0-9a-f]{8})", printed))
    return [word for each in ids for word in ("--accept", each)]


class _Story:
    """The steps, and whether each ended with the exit code it is there to show."""

    def __init__(self, systems: SandboxSystems, out: Out) -> None:
        self.systems = systems
        self.out = out
        self.environment = {**os.environ, **systems.environment}
        self.surprises: list[str] = []

    def tell(self) -> int:
        """All steps; gives the exit code."""
        manifest = self.systems.folder / "access.yaml"
        manifest.write_text(example_manifest(), encoding="utf-8")
        version = self.systems.cluster.binaries.version
        self.out(
            f"PostgreSQL {version} with a FlowDB in it, and a FlowAuth simulator, are running.\n"
        )
        self.say("The manifest is access.yaml. Is it right? This needs neither system.")
        self.run("validate", expected=0)
        self.say("What would have to change on both systems, and who gains what?")
        self.run("plan", "-o", "plan.json", expected=0)
        self.say("Do just that. New people get temporary passwords, in a file only you can read.")
        self.run("apply", "plan.json", "--credentials-out", "passwords.jsonl", expected=0)
        self.say("Again: nothing to do.")
        self.run("plan", "--detailed-exitcode", expected=0)
        self.change_by_hand()
        self.say("A scheduled job notices, and says so with exit code 3.")
        self.run("drift", expected=3)
        self.say("Put it right; what somebody cut is held, for it may have been an emergency.")
        held = _accepting(self.run("apply", "--yes", expected=0))
        self.say("It was none. Give back both, by the ids that apply told.")
        self.run("apply", "--yes", *held, expected=0)
        self.say("All three agree: the manifest, what was applied, and what is there.")
        self.run("drift", expected=0)
        return self.end()

    def change_by_hand(self) -> None:
        """What people do at night, without a pull request."""
        self.say("Meanwhile somebody helps out in psql ...")
        self.psql("ALTER ROLE kofi CREATEROLE")
        self.psql('GRANT INSERT, DELETE ON geography.admin3 TO "ghana-reader"')
        self.psql("REVOKE engineers FROM esi")
        self.say(
            "... and somebody clicks in FlowAuth: kofi is an administrator now, amina lost a role."
        )
        store = self.systems.flowauth.store
        store.set_admin("kofi", is_admin=True)
        store.set_user_roles("amina", [])

    def say(self, text: str) -> None:
        """A heading."""
        self.out(f"\n== {text}\n")

    def run(self, *arguments: str, expected: int) -> str:
        """Run `reconciler ARGUMENTS` and show what it prints and how it ends; gives the first."""
        self.out(f"$ reconciler {shlex.join(arguments)}\n")
        command = [sys.executable, "-m", "reconciler", *arguments]
        code, printed = self._show(command)
        self.out(f"(exit code {code})\n")
        if code != expected:
            self.surprises.append(f"{arguments[0]} ended with {code} instead of {expected}")
        return printed

    def psql(self, statement: str) -> None:
        """Run a statement with psql."""
        self.out(f"$ psql -c {shlex.quote(statement)}\n")
        dsn = self.systems.environment["FLOWDB_DSN"]
        code, _ = self._show([str(self.systems.psql), dsn, "-X", "-c", statement])
        if code:
            self.surprises.append(f"psql ended with {code}")

    def _show(self, command: list[str]) -> tuple[int, str]:
        done = subprocess.run(
            command,
            env=self.environment,
            cwd=self.systems.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        self.out(done.stdout)
        return done.returncode, done.stdout

    def end(self) -> int:
        """Say how it went."""
        if self.surprises:
            self.out("\nThe demo did not go as it should: " + "; ".join(self.surprises) + ".\n")
            return 1
        self.out("\nThat is all. Both systems are stopped and removed.\n")
        return 0
