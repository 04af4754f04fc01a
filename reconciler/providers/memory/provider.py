"""The provider of a memory target: reads its store, and carries out changes one by one.

Here belong what the target refuses and what becomes of each change. The file itself is
`reconciler.providers.memory.store`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.changes import Change, Journal, Outcome
from reconciler.errors import TargetError, WriteError
from reconciler.provider import Identity
from reconciler.providers.memory.document import Document, parse, render
from reconciler.providers.memory.normalize import normalize
from reconciler.providers.memory.store import Store
from reconciler.scope import Scope
from reconciler.state import EXACT_KINDS, PRINCIPAL_KINDS, Fields, Key, State

_IN_DATABASES = ("privilege", "default_privilege", "object")


class MemoryProvider:
    """Adapter for one memory target. Keeps nothing of it between calls: the store is the truth."""

    def __init__(self, target: str, store: Store) -> None:
        self._target = target
        self._store = store

    def __repr__(self) -> str:
        return f"MemoryProvider({self._target!r})"

    def identify(self) -> Identity:
        """Who the document says we are."""
        document = self._read()
        names = document.untouchable
        return Identity("memory", "1", document.account, names, self._store.place)

    def observe(self, scope: Scope) -> State:
        """Every record; of what lies in databases that of the declared ones alone."""
        state = self._read().state
        return State({k: f for k, f in state.records.items() if _is_readable(k, scope)})

    def normalize(self, desired: State, observed: State) -> State:
        """Desired with the target's defaults, and with "*" and ALL spelled out."""
        return normalize(self._target, desired, observed)

    def new_passwords(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """None: accounts here have no passwords."""
        del changes  # whatever they are
        return ()

    def preview(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """One line for each change: what is done to which record, as JSON."""
        return tuple(_line(change) for change in changes)

    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        """Carry out each change by itself: one that is refused stops none but what depends on it.

        Once the store does not answer, that change's outcome is unknown and the rest is skipped.
        """
        with self._store.locked():
            gone = ""
            for change in changes:
                if journal.is_stopping():
                    gone = "stopped before it was tried"
                if gone:
                    yield Outcome(change, "skipped", gone)
                    continue
                journal.intend([change])
                try:
                    outcome = Outcome(change, "done", self._carry_out(change))
                except WriteError as error:
                    outcome = Outcome(change, "failed", error.message)
                except TargetError as error:
                    gone = "the target no longer answers"
                    outcome = Outcome(change, "unknown", error.message)
                yield outcome

    def close(self) -> None:
        """Nothing is open between calls."""

    def _read(self) -> Document:
        return parse(self._target, self._store.read())

    def _carry_out(self, change: Change) -> str:
        document = self._read()
        records = dict(document.state.records)
        if change.action == "delete":
            if change.key not in records:
                return "it was absent already"
            self._refuse_if_used(change.key, document.state)
            del records[change.key]
        else:
            self._refuse_if_dangling(change.key, document.state)
            records[change.key] = self._fields(change, records.get(change.key))
        self._store.write(render(replace(document, state=State(records))))
        return ""

    def _fields(self, change: Change, present: Fields | None) -> Fields:
        after = change.after or {}
        if change.action == "update" and present is None:
            raise WriteError(self._target, f"there is no {change.key} to update")
        return after if change.key.kind in EXACT_KINDS else {**(present or {}), **after}

    def _refuse_if_dangling(self, key: Key, state: State) -> None:
        """Refuse a record that names a principal that is not there."""
        if key.kind in PRINCIPAL_KINDS:
            return
        names = key.path if key.kind == "membership" else key.path[:1]
        for name in names:
            if not any(Key(kind, (name,)) in state for kind in PRINCIPAL_KINDS):
                raise WriteError(self._target, f'there is no account, group or role "{name}"')

    def _refuse_if_used(self, key: Key, state: State) -> None:
        """Refuse to remove a principal that a membership or privilege names."""
        if key.kind not in PRINCIPAL_KINDS:
            return
        name = key.path[-1]
        for other in sorted(state.records):
            names = other.path if other.kind == "membership" else other.path[:1]
            if other.kind in ("membership", "privilege", "default_privilege") and name in names:
                raise WriteError(self._target, f"{key} cannot be removed: {other} needs it")


def _is_readable(key: Key, scope: Scope) -> bool:
    if key.kind not in _IN_DATABASES:
        return True
    server = key.path[0] if key.kind == "object" else key.path[1]
    return not server or server in scope.servers


def _line(change: Change) -> str:
    fields = {} if change.after is None else dict(sorted(change.after.items()))
    path = json.dumps(change.key.path, ensure_ascii=False)
    shown = f" {json.dumps(fields, ensure_ascii=False)}" if fields else ""
    return f"{change.action} {change.key.kind} {path}{shown}"
