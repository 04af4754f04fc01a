"""The product's scripts beside an installation: what the options say of them, and what they did."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PROGRAM = [sys.executable, "-IS", str(Path(__file__).parent / "manage_pat.py")]


@dataclass(frozen=True, slots=True)
class Scripts:
    """The scripts that look after the installation in this folder."""

    folder: Path

    @property
    def keys(self) -> Mapping[str, object]:
        """The options of personal keys."""
        words = ["env", "ACTION={action}", "USER={user}", "TOKEN_ID={id}", *_PROGRAM]
        return {
            "keys_command": [*words, str(self.folder)],
            "keys_line": r"(?P<id>[A-Z0-9]{8})(?:  (?P<name>.+))?",
            "keys_ignore": r"ID +NAME",
        }

    @property
    def transfer(self) -> Mapping[str, object]:
        """The option that gives away what is owned."""
        words = ["env", "FROM_USER={from}", "TO_USER={to}", *_PROGRAM, str(self.folder)]
        return {"transfer_command": words}

    def give_keys(self, user: str, **keys: str) -> None:
        """Give somebody these keys: names by ID."""
        path = self.folder / "keys"
        there = json.loads(path.read_text()) if path.is_file() else {}
        path.write_text(json.dumps({**there, user: keys}))

    def keys_of(self, user: str) -> set[str]:
        """The IDs of the keys somebody has."""
        return set(json.loads((self.folder / "keys").read_text()).get(user, {}))

    @contextmanager
    def trouble(self, what: str) -> Iterator[None]:
        """Let this go wrong as long as the block lasts; see `manage_pat`."""
        path = self.folder / "script-trouble"
        path.write_text(what)
        try:
            yield
        finally:
            path.unlink()

    def moved(self) -> list[str]:
        """Whose belongings went to whom."""
        path = self.folder / "moved"
        return path.read_text().splitlines() if path.is_file() else []

    def ran(self) -> list[Mapping[str, object]]:
        """Each run so far: what was asked, the arguments and the environment."""
        path = self.folder / "ran"
        lines = path.read_text().splitlines() if path.is_file() else []
        return [json.loads(line) for line in lines]
