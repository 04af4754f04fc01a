"""The privileges of one role as rules of a manifest, exactly, or the reasons why that cannot be.

Here belongs what was granted on databases, schemas and objects, now and for the future. Who is a
role is decided elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from reconciler.importing.names import is_sayable, shown
from reconciler.importing.yaml_text import Data
from reconciler.manifest.privilege_kinds import WORDS
from reconciler.privilege_words import OPTION, table_and_column
from reconciler.state import Key, Record, State
from reconciler.survey import Survey

Rule = dict[str, Data]
Words = frozenset[str]

_LISTS: Final[Mapping[str, str]] = {
    "table": "tables",
    "view": "views",
    "sequence": "sequences",
    "function": "functions",
    "type": "types",
}
_IN_NO_SCHEMA: Final[Mapping[str, str]] = {
    "language": "languages",
    "foreign data wrapper": "foreign_data_wrappers",
    "foreign server": "foreign_servers",
    "large object": "large_objects",
    "tablespace": "tablespaces",
    "parameter": "parameters",
}
_WORDS_OF: Final[Mapping[str, str]] = {**_LISTS, **_IN_NO_SCHEMA, "column": "columns"}
_TOGETHER: Final = (("table", "view"), ("sequence",), ("function",), ("type",))
"""Kinds of which PostgreSQL keeps one default (PostgreSQL docs, ALTER DEFAULT PRIVILEGES)."""
_EVERYWHERE: Final[Mapping[tuple[str, ...], Rule]] = {
    **{kinds: dict.fromkeys((_LISTS[kind] for kind in kinds), "*") for kinds in _TOGETHER},
    ("schema",): {"schemas": "*"},
}
"""How a rule names the future objects of these kinds, whatever schema they come to be in."""

_MANY: Final = 4
"""From so many words on that are all there are, `all` says it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules by database, in order, and what could not be said of what is held.

    Those about what all databases share have the empty name.
    """

    by_database: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


def by_holder(state: State) -> Mapping[str, tuple[Record, ...]]:
    """What each role, account or not, holds: its privileges and default privileges, in order."""
    held: defaultdict[str, list[Record]] = defaultdict(list)
    for record in state:
        if record.key.kind in ("privilege", "default_privilege"):
            held[record.key.path[0]].append(record)
    return {name: tuple(records) for name, records in held.items()}


def rules_of(holder: str, held: Iterable[Record], survey: Survey) -> Rules:
    """The rules that say what this role holds, and no more."""
    work = _Writing(holder, held, survey)
    rules = {name: tuple(work.rules(name)) for name in sorted(work.databases)}
    return Rules(rules, tuple(sorted(work.faults)))


class _Writing:
    """The rules of one role in the making; `faults` is complete when all rules were made."""

    def __init__(self, holder: str, held: Iterable[Record], survey: Survey) -> None:
        self.holder = holder
        self.survey = survey
        self.faults: set[str] = set()
        self.databases: set[str] = set()
        self._held: dict[tuple[str, str, str], Mapping[str, Words]] = {}
        self._defaults: defaultdict[tuple[str, str, str], dict[str, Words]] = defaultdict(dict)
        for record in held:
            self._take(record)

    def _take(self, record: Record) -> None:
        _, database, *rest = record.key.path
        self.databases.add(database)
        fields = {name: _words(value) for name, value in record.fields.items()}
        if record.key.kind == "privilege":
            kind, schema = rest
            self._held[database, kind, schema] = fields
            if kind not in (*_WORDS_OF, "schema", "database"):
                self.faults.add(f"privileges on {kind}s")
        else:
            creator, kind, schema = rest
            self._defaults[database, kind, schema][creator] = fields["privileges"]
            is_kind = kind in _LISTS if schema else kind in (*_LISTS, "schema")
            if not is_kind or not is_sayable(creator):
                where = f" in schema {shown(schema)}" if schema else " in no schema"
                self.faults.add(f"default privileges on {kind}s of {shown(creator)}{where}")

    def rules(self, database: str) -> Iterator[Rule]:
        """The rules in one database."""
        for name, words in self._held.get((database, "database", ""), {}).items():
            yield from self._allowing({"database": name}, ("database",), words)
        for kind, word in _IN_NO_SCHEMA.items():
            held = self._held.get((database, kind, ""), {})
            yield from self._listed({}, kind, word, held)
        yield from self._of_the_future(database)
        on_schemas = self._held.get((database, "schema", ""), {})
        places = {*self._held, *self._defaults}
        schemas = {schema for place, _, schema in places if place == database} - {""}
        for schema in sorted({*on_schemas, *schemas}):
            if not is_sayable(schema):
                self.faults.add(f"privileges in schema {shown(schema)}")
            words = on_schemas.get(schema, frozenset())
            yield from self._allowing({"schema": schema}, ("schema",), words)
            for kinds in _TOGETHER:
                yield from self._on_objects(database, schema, kinds)
            yield from self._on_columns(database, schema)

    def _of_the_future(self, database: str) -> Iterator[Rule]:
        """The default privileges that hold in every schema."""
        for kinds, lists in _EVERYWHERE.items():
            for words, creators in self._creators(database, "", kinds[0]):
                for rule in self._allowing(lists, kinds, words):
                    yield {**rule, "created_by": creators}

    def _on_objects(self, database: str, schema: str, kinds: tuple[str, ...]) -> Iterator[Rule]:
        held = {kind: self._held.get((database, kind, schema), {}) for kind in kinds}
        shared = {kind: self._shared(database, kind, schema, held[kind]) for kind in kinds}
        covered: set[str] = set()
        for words, creators in self._creators(database, schema, kinds[0]):
            if any(each is not None and not words <= each for each in shared.values()):
                lists = " and ".join(_LISTS[kind] for kind in kinds)
                self.faults.add(
                    f"default privileges on {lists} in schema {shown(schema)} which it does not "
                    "have on all that are there"
                )
            covered |= words
            for rule in self._on_all(schema, kinds, words):
                yield {**rule, "created_by": creators}
        rest = {kind: (words or frozenset()) - covered for kind, words in shared.items()}
        for words in sorted({*rest.values()} - {frozenset()}, key=sorted):
            every = [kind for kind in kinds if rest[kind] == words]
            yield from self._on_all(schema, every, words)
        for kind in kinds:
            common = shared[kind] or frozenset()
            more = {name: words - common for name, words in held[kind].items()}
            yield from self._listed({"schema": schema}, kind, _LISTS[kind], more)

    def _on_all(self, schema: str, kinds: Sequence[str], words: Words) -> Iterator[Rule]:
        lists = dict.fromkeys([_LISTS[kind] for kind in kinds], "*")
        return self._allowing({"schema": schema, **lists}, kinds, words)

    def _shared(
        self, database: str, kind: str, schema: str, held: Mapping[str, Words]
    ) -> Words | None:
        """What the role has on every object of others in the schema; None where there is none."""
        owners = self.survey.state.get(Key("object", (database, kind, schema))) or {}
        others = [name for name, owner in owners.items() if owner != self.holder]
        if not others:
            return None
        return frozenset.intersection(*(held.get(name, frozenset()) for name in others))

    def _creators(
        self, database: str, schema: str, kind: str
    ) -> list[tuple[Words, tuple[str, ...]]]:
        """The creators whose future objects come with the same words."""
        by_words: defaultdict[Words, list[str]] = defaultdict(list)
        for creator, words in self._defaults.get((database, kind, schema), {}).items():
            by_words[words].append(creator)
        found = [(words, tuple(sorted(creators))) for words, creators in by_words.items()]
        return sorted(found, key=lambda each: sorted(each[0]))

    def _listed(
        self, place: Rule, kind: str, word: str, held: Mapping[str, Words]
    ) -> Iterator[Rule]:
        """What is held on objects that have to be named, those with equal words together."""
        by_words: defaultdict[Words, list[str]] = defaultdict(list)
        for name, words in held.items():
            if words:
                by_words[words].append(self._named(kind, name))
        for words, names in sorted(by_words.items(), key=lambda each: sorted(each[0])):
            listed: Data = tuple(sorted(names))
            if kind == "large object":
                listed = tuple(sorted(int(name) for name in names))
            yield from self._allowing({**place, word: listed}, (kind,), words)

    def _on_columns(self, database: str, schema: str) -> Iterator[Rule]:
        """What is held on columns, table by table."""
        by_table: defaultdict[str, dict[str, Words]] = defaultdict(dict)
        for name, words in self._held.get((database, "column", schema), {}).items():
            table, column = table_and_column(name)
            by_table[table][column] = words
        tables = self.survey.state.get(Key("object", (database, "table", schema))) or {}
        for table, columns in sorted(by_table.items()):
            kind = "table" if table in tables else "view"
            place: Rule = {"schema": schema, _LISTS[kind]: (self._named(kind, table),)}
            yield from self._listed(place, "column", "columns", columns)

    def _named(self, kind: str, name: str) -> str:
        """The name, noted where no list can have it: the star in a list means all."""
        if name == "*" or not is_sayable(name):
            self.faults.add(f"privileges on the {kind} {shown(name)}")
        return name

    def _allowing(self, place: Rule, kinds: Sequence[str], words: Words) -> Iterator[Rule]:
        """The rules that give these words there: those with grant option are one of their own."""
        options = frozenset(word.removesuffix(OPTION) for word in words if word.endswith(OPTION))
        plain = frozenset(word for word in words if not word.endswith(OPTION)) - options
        if plain:
            yield {**place, "allow": self._allow(kinds, plain)}
        if options:
            yield {**place, "allow": self._allow(kinds, options), "grant_option": True}

    def _allow(self, kinds: Sequence[str], words: Words) -> tuple[str, ...]:
        for kind in kinds:
            possible = WORDS[_WORDS_OF.get(kind, kind)]
            unknown = sorted(word for word in words if word.lower() not in possible)
            self.faults.update(f"{word} on a {kind}" for word in unknown)
        if len(words) >= _MANY and all(words == self.survey.every_word[kind] for kind in kinds):
            return ("all",)
        return tuple(sorted(word.lower() for word in words))


def _words(value: object) -> Words:
    assert isinstance(value, tuple)
    return frozenset(value)
