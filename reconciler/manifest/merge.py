"""Several documents as one manifest, which still knows where each value was written.

Here belong the union of files, what the top level of a file must look like, and the way from a
path in the merged manifest to file, line and column. What stands below the top level is for the
models.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from reconciler.manifest.yaml_reader import Document
from reconciler.manifest.yaml_values import (
    Place,
    YamlList,
    YamlMap,
    YamlValue,
    descend,
    value_at,
)
from reconciler.source import Problem, Source, suggest

Path: TypeAlias = tuple[str | int, ...]

VERSION: Final = 1
SECTIONS: Final = ("targets", "servers", "users", "groups", "roles", "policies")
"""The keys of the top level that are mappings, whose keys stand in one file each; `grants` is a
list. Those of `policies` are no names that somebody chose, and all others are."""

_KEYS: Final = ("version", *SECTIONS, "grants")
_PLAN_FORMAT: Final = "reconciler.plan/"


@dataclass(frozen=True, slots=True)
class Merged:
    """The union of the documents, in the order of their file names.

    `owners` says for each entry by name in which document it is; `first_grants` at which number
    of the merged list the grants of each document begin. `is_complete` is false if a part of some
    file could not be read, so that a name that is missing may only be unread.
    """

    documents: tuple[Document, ...]
    entries: Mapping[str, Mapping[str, YamlValue]]
    grants: Sequence[YamlValue]
    owners: Mapping[str, Mapping[str, int]]
    first_grants: Sequence[int]
    problems: tuple[Problem, ...]
    is_complete: bool
    _known: dict[tuple[str | int, ...], YamlValue] = field(
        default_factory=dict, repr=False, compare=False
    )

    def source(self, *path: str | int) -> Source:
        """Where the value stands that this path leads to, or the nearest one around it."""
        number, local = self._in_document(path)
        document = self.documents[number]
        return Source(document.file, *self._place(number, local), dotted(path))

    def _place(self, number: int, path: Sequence[str | int]) -> Place:
        """The place in a document. Thousands of records stand in few maps and lists, so what is
        above the last step is looked up once: that halves the time of a first apply's sources.
        """
        data = self.documents[number].data
        above = (number, *path[:-1])
        if above not in self._known:
            self._known[above] = value_at(data, path[:-1])
        found, last = self._known[above], path[-1] if path else None
        if isinstance(found, YamlMap) and isinstance(last, str) and last in found:
            return found.place(last)
        if isinstance(found, YamlList) and isinstance(last, int) and 0 <= last < len(found):
            return found.place(last)
        return descend(data, path)[1]

    def follow(self, path: Sequence[str | int]) -> tuple[Path, Source]:
        """The steps of the path that the manifest has, and the place where they lead."""
        number, local = self._in_document(path)
        document = self.documents[number]
        steps, place = descend(document.data, local)
        if steps[:1] == ["grants"] and len(steps) > 1:
            steps[1] = path[1]
        line, column = place
        return tuple(steps), Source(document.file, line, column, dotted(steps))

    def _in_document(self, path: Sequence[str | int]) -> tuple[int, Sequence[str | int]]:
        if len(self.documents) == 1:  # nothing to look for, and most manifests are one file
            return 0, path
        match tuple(path[:2]):
            case ("grants", int(index)):
                number = bisect_right(self.first_grants, index) - 1
                return number, ("grants", index - self.first_grants[number], *path[2:])
            case (str(section), str(name)) if name in self.owners.get(section, ()):
                return self.owners[section][name], path
            case (str(key), *_):
                datas = (document.data for document in self.documents)
                having = (isinstance(data, YamlMap) and key in data for data in datas)
                return next((number for number, has in enumerate(having) if has), 0), path
            case _:
                return 0, path


def dotted(path: Iterable[str | int]) -> str:
    """The path as messages show it, such as `grants.3.role`."""
    return ".".join(map(str, path))


def merge(documents: Iterable[Document]) -> Merged:
    """The union of the documents, with every fault of their top levels and of their reading."""
    ordered = tuple(sorted(documents, key=lambda document: document.file))
    merger = _Merger()
    for number, document in enumerate(ordered):
        merger.add(number, document)
    if merger.is_complete:
        merger.problems.extend(_missing_version(ordered))
    return Merged(
        documents=ordered,
        entries=merger.entries,
        grants=merger.grants,
        owners=merger.owners,
        first_grants=merger.first_grants,
        problems=tuple(merger.problems),
        is_complete=merger.is_complete,
    )


def _missing_version(documents: Sequence[Document]) -> Iterator[Problem]:
    tops = [document for document in documents if isinstance(document.data, YamlMap)]
    if tops and not any(isinstance(top.data, YamlMap) and "version" in top.data for top in tops):
        source = Source(tops[0].file, 1, 1, "version")
        yield Problem(source, "the version is missing", f"write version: {VERSION} at the top")


class _Merger:
    """Collects the entries of one document after the other."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, YamlValue]] = {section: {} for section in SECTIONS}
        self.grants: list[YamlValue] = []
        self.owners: dict[str, dict[str, int]] = {section: {} for section in SECTIONS}
        self.first_grants: list[int] = []
        self.problems: list[Problem] = []
        self.is_complete = True
        self._documents: list[Document] = []

    def add(self, number: int, document: Document) -> None:
        """Add the document with this number."""
        self.problems += document.problems
        self.is_complete = self.is_complete and document.is_whole
        self.first_grants.append(len(self.grants))
        self._documents.append(document)
        data = document.data
        if not isinstance(data, YamlMap):
            if document.is_whole:
                self._refuse_top(document)
        elif _is_plan(data):
            hint = "show and apply take plan files; here the manifest is needed"
            self._refuse(number, data, "format", "this is a plan file, not a manifest", hint)
            self.is_complete = False
        else:
            for key, value in data.items():
                self._add_key(number, data, key, value)

    def _refuse_top(self, document: Document) -> None:
        self.is_complete = False
        hint = f"a manifest begins with version: {VERSION}"
        empty = document.data is None
        message = "says nothing" if empty else "must be a mapping of keys such as users and grants"
        self.problems.append(Problem(Source(document.file, 1, 1), message, hint))

    def _add_key(self, number: int, data: YamlMap, key: str, value: YamlValue) -> None:
        if key == "version":
            self._check_version(number, data, value)
        elif key in SECTIONS and isinstance(value, YamlMap):
            self._add_entries(number, key, value)
        elif key == "grants" and isinstance(value, YamlList):
            self.grants += value
        elif key in _KEYS:
            self.is_complete = False
            kind, example = ("a list", "[]") if key == "grants" else ("a mapping of names", "{}")
            message = "has no value" if value is None else f"must be {kind}"
            self._refuse(number, data, key, message, f"write {example} for none")
        else:
            self._refuse(number, data, key, f'unknown key "{key}"', suggest(key, _KEYS))

    def _check_version(self, number: int, data: YamlMap, value: YamlValue) -> None:
        if type(value) is not int or value != VERSION:
            message = f"must be {VERSION}, the version of the format that this program reads"
            self._refuse(number, data, "version", message, f"write version: {VERSION}")

    def _add_entries(self, number: int, section: str, found: YamlMap) -> None:
        entries, owners = self.entries[section], self.owners[section]
        if not entries:
            self.entries[section] = found
            self.owners[section] = dict.fromkeys(found, number)
            return
        both = [name for name in found if name in entries]
        for name in both:
            self._refuse_twice(number, section, found, name)
        fresh = {name: value for name, value in found.items() if name not in entries}
        self.entries[section] = {**entries, **fresh}
        owners.update(dict.fromkeys(fresh, number))

    def _refuse_twice(self, number: int, section: str, found: YamlMap, name: str) -> None:
        document = self._documents[self.owners[section][name]]
        _, (line, column) = descend(document.data, (section, name))
        first = f"{document.file}:{line}:{column}"
        source = Source(self._documents[number].file, *found.place(name), f"{section}.{name}")
        self.problems.append(Problem(source, f'"{name}" stands twice', f"the first is at {first}"))

    def _refuse(self, number: int, data: YamlMap, key: str, message: str, hint: str) -> None:
        source = Source(self._documents[number].file, *data.place(key), key)
        self.problems.append(Problem(source, message, hint))


def _is_plan(data: YamlMap) -> bool:
    form = data.get("format")
    return isinstance(form, str) and form.startswith(_PLAN_FORMAT)
