"""The conformance suite on the memory provider: its target is a JSON file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.errors import UnreachableError, WriteError
from reconciler.providers import registry
from reconciler.providers.memory import PROVIDER
from reconciler.providers.memory.options import MemoryOptions
from reconciler.providers.memory.provider import MemoryProvider
from reconciler.providers.memory.store import FileStore
from tests.conformance.suite import ProviderConformance
from tests.conformance.target import ConformanceTarget, Entry, Fault

TABLES = ("cells", "sites")


class BrokenStore(FileStore):
    """The provider's own store, which breaks in the way its target was told to."""

    def __init__(self, target: MemoryTarget) -> None:
        super().__init__("target", str(target.path))
        self._broken = target
        self._reads = 0
        self._writes = 0

    def read(self) -> str:
        """The text, or the fault: not at the first read, which is that of `identify`."""
        self._reads += 1
        text = super().read()
        if self._reads < 2:
            return text
        if self._broken.active == "cut_read":
            raise UnreachableError("target", "the connection ended")
        return text[: len(text) // 2] if self._broken.active == "failing_read" else text

    def write(self, text: str) -> None:
        self._writes += 1
        if self._broken.active == "silent_write":
            return
        if self._broken.active == "failing_write" and self._writes == 2:
            raise WriteError("target", "refused for a test")
        super().write(text)
        if self._broken.active == "cut_apply" and self._writes == 2:
            raise UnreachableError("target", "the connection ended")


class MemoryTarget(ConformanceTarget):
    """A JSON file with an inventory of two tables, our own account, and nobody else."""

    provider = "memory"
    own_account = "reconciler"
    rights = ("SELECT", "INSERT", "UPDATE")
    attributes: Mapping[str, tuple[str | int, str | int]] = {
        "comment": ("from data", "left"),
        "quota": (0, 5),
    }
    faults: frozenset[Fault] = frozenset(
        {"cut_read", "failing_read", "cut_apply", "failing_write", "silent_write", "locked"}
    )

    def __init__(self, path: Path) -> None:
        self.path = path
        self.active: Fault | None = None
        own = {"enabled": True, "level": "admin"}
        self._write(
            [
                _record("account", ["reconciler"], own),
                _record("object", ["store", "table", "geography"], dict.fromkeys(TABLES, "owner")),
            ]
        )

    def options(self) -> Mapping[str, str | int]:
        return {"state": str(self.path)}

    def server(self) -> Entry:
        return {}

    def role(self, rights: tuple[str, ...]) -> Entry:
        rule = {"schema": "geography", "tables": "*", "allow": [each.lower() for each in rights]}
        return {"server": self.server_name, "privileges": [rule] if rights else []}

    def witness(self) -> Mapping[str, object]:
        return {f"{row['kind']} {row['path']}": row["fields"] for row in self._records()}

    def add_bystanders(self) -> None:
        known = ["store", "table", "geography"]
        self._write(
            [
                *self._records(),
                _record("account", ["stranger"], {"enabled": True, "level": "admin"}),
                _record("role", ["strangers-role"], {}),
                _record("membership", ["strangers-role", "stranger"], {}),
                _record("privilege", ["strangers-role", *known], {"cells": ["DELETE"]}),
            ]
        )

    def revoke_by_hand(self, account: str, role: str) -> None:
        rows = self._records()
        kept = [row for row in rows if row["path"] != [role, account]]
        assert len(kept) == len(rows) - 1
        self._write(kept)

    @contextmanager
    def fault(self, name: Fault) -> Iterator[None]:
        if name == "locked":
            with FileStore("target", str(self.path)).locked():
                yield
            return
        self.active = name
        try:
            yield
        finally:
            self.active = None

    def _records(self) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = json.loads(self.path.read_text())["records"]
        return rows

    def _write(self, records: list[dict[str, object]]) -> None:
        document = {"format": "reconciler.memory/v1", "untouchable": ["root"], "records": records}
        self.path.write_text(json.dumps(document))


def _record(kind: str, path: list[str], fields: Mapping[str, object]) -> dict[str, object]:
    return {"kind": kind, "path": path, "fields": fields}


class TestMemory(ProviderConformance):
    """The provider is the real one; its store, where input and output are, can break."""

    @pytest.fixture
    def target(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MemoryTarget:
        target = MemoryTarget(tmp_path / "state.json")

        def open_broken(name: str, options: object) -> MemoryProvider:
            assert isinstance(options, MemoryOptions)
            assert options.state == str(target.path)
            return MemoryProvider(name, BrokenStore(target))

        breakable = replace(PROVIDER, open=open_broken)
        monkeypatch.setattr(registry, "provider_type", {"memory": breakable}.__getitem__)
        return target
