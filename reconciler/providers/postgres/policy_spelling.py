"""Gives the expressions of desired policies the spelling in which the server will read them back.

Here belongs what is asked and remembered: nothing is asked where the words are the same, nothing
twice, and what nobody can tell is left as it is there. Asking is `policy_probe`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from reconciler.changes import Change
from reconciler.expression import is_same
from reconciler.provider import Warned
from reconciler.providers.postgres.connect import Connection
from reconciler.providers.postgres.policy_probe import Answer, Asked, probe
from reconciler.state import Fields, Key, State, Value

RULE: Final = "policy-spelling"
_EXPRESSIONS: Final = ("using", "check")


class PolicySpelling:
    """What is known of the server's spelling, for as long as the provider is open."""

    def __init__(self, connect: Callable[[str], Connection], timeout_s: int) -> None:
        self._connect = connect
        self._timeout_s = timeout_s
        self._known: dict[Asked, Answer] = {}
        self._written: dict[tuple[Key, str], Asked] = {}
        self._doubts: dict[Key, dict[str, str]] = {}
        self.faults: list[tuple[Key, str]] = []

    @property
    def doubts(self) -> Mapping[Key, Mapping[str, str]]:
        """Since the last `begin`: the expressions of which nobody can tell whether they are what is
        there, each with the reason.
        """
        return self._doubts

    def begin(self, observed: Mapping[Key, Fields]) -> None:
        """Note what was read: no doubts so far, and how the server spells what we wrote."""
        self._doubts = {}
        for (key, name), asked in self._written.items():
            text = str(observed.get(key, {}).get(name) or "")
            if text:
                self._known[asked] = Answer(spelled=text)
        self._written = {}

    def wrote(self, change: Change) -> None:
        """Note that the server took the expressions of this change."""
        if change.key.kind == "policy":
            for name, asked in _asked_of(change.key, change.after or {}):
                self._written[change.key, name] = asked

    def spelled(self, desired: State, observed: State) -> State:
        """Desired in the server's spelling. What the server refuses is in `faults` afterwards.

        Raises psycopg.Error where it does not answer.
        """
        self.faults = []
        policies = [key for key in desired.records if key[0] == "policy"]
        if not policies:
            return desired
        self._ask(desired, observed, policies)
        records = dict(desired.records)
        for key in policies:
            records[key] = self._fields(key, records[key], observed.get(key))
        return State(records)

    def _ask(self, desired: State, observed: State, policies: list[Key]) -> None:
        """Ask the server, by database, of what is in other words than what is there."""
        unknown: defaultdict[str, list[Asked]] = defaultdict(list)
        for key in policies:
            there = observed.get(key) or {}
            for name, asked in _asked_of(key, desired.records[key]):
                is_there = Key("row_security", key.path[:3]) in observed
                is_told = asked in self._known or is_same(asked.text, str(there.get(name) or ""))
                if is_there and not is_told:
                    unknown[asked.database].append(asked)
        for database, asked_there in sorted(unknown.items()):
            self._known.update(probe(self._connect(database), asked_there, self._timeout_s))

    def _fields(self, key: Key, fields: Fields, there: Fields | None) -> Fields:
        result: dict[str, Value] = dict(fields)
        for name, asked in _asked_of(key, fields):
            before = str((there or {}).get(name) or "")
            answer = self._known.get(asked, Answer())
            if is_same(asked.text, before):
                result[name] = before
            elif answer.refused:
                self.faults.append((key, f"the server refuses {name}: {answer.refused}"))
            elif answer.spelled:
                result[name] = answer.spelled
            elif before:
                result[name] = before
                self._doubts.setdefault(key, {})[name] = answer.untold
        return result

    def warnings(self) -> Iterator[Warned]:
        """Says of which expressions nobody can tell whether they are what is there, and why."""
        for key, reasons in sorted(self._doubts.items()):
            _, schema, table, policy = key.path
            for name, reason in sorted(reasons.items()):
                text = (
                    f"policy {policy} on {schema}.{table}: whether its {name} is what is there "
                    f"cannot be told ({reason}); it counts as it was applied last. Give the tool's "
                    "account TEMPORARY on the database and SELECT on the table, or write the "
                    "expression as the server does"
                )
                yield Warned(RULE, text, (key,))


def _asked_of(key: Key, fields: Fields) -> Iterator[tuple[str, Asked]]:
    database, schema, table, _ = key.path
    for name in _EXPRESSIONS:
        if text := fields.get(name):
            yield name, Asked(database, schema, table, str(text))
