"""What people have accepted and silenced for a time: the file `.reconciler/acknowledge.yaml`.

It is reviewed in git beside the manifest, and every entry ends. Here belong reading the file and
asking it. What an accepted finding no longer holds back is `reconciler.safety`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, Field, ValidationError

from reconciler.classify import Difference, Direction
from reconciler.errors import InputError
from reconciler.manifest.faults import Shapes, problems_of
from reconciler.manifest.option_values import CONFIG
from reconciler.manifest.scalars import Line, Moment, Name, Omittable
from reconciler.manifest.schema import schema_of, text_of
from reconciler.manifest.yaml_reader import LARGEST_FILE, Document, read_yaml
from reconciler.manifest.yaml_values import YamlMap, descend
from reconciler.source import Problem, Source

_SCHEMA_ID: Final = "urn:reconciler:acknowledge:v1"


class Acceptance(BaseModel):
    """A finding that does not hold anything back until the entry ends."""

    model_config = CONFIG

    finding: Line = Field(description="The id of the finding, as plan shows it: S-0a1b2c3d.")
    until: Moment = Field(description="The instant from which the finding holds again.")
    by: Line = Field(description="Who accepted it.")
    reason: Line = Field(description="Why, such as a ticket number.")


class Match(BaseModel):
    """Which drift an entry is about."""

    model_config = CONFIG

    target: Name = Field(description="The target, as the manifest calls it.")
    key: Omittable[Line] = Field(
        default=None,
        description="The record, such as `membership analysts/kofi`; * and ? stand for any "
        "characters. Without it all records of the target.",
    )
    id: Omittable[Line] = Field(
        default=None, description="The id that drift shows, such as D-0a1b2c3d."
    )


class BaselineEntry(BaseModel):
    """Drift that is known and raises no alarm until the entry ends. Plans still show it."""

    model_config = CONFIG

    match: Match = Field(description="The target, and the record on it.")
    direction: Omittable[Literal["widened", "narrowed", "mixed"]] = Field(
        default=None, description="More access, less, or both; without it all three."
    )
    until: Moment = Field(description="The instant from which the drift is told again.")
    by: Line = Field(description="Who silenced it.")
    reason: Line = Field(description="Why, such as a ticket number.")


class AcknowledgeFile(BaseModel):
    """What people have accepted and silenced for a time."""

    model_config = CONFIG

    version: Literal[1] = Field(description="The version of the format of this file.")
    acknowledge: list[Acceptance] = Field(default_factory=list, description="Findings accepted.")
    drift_baseline: list[BaselineEntry] = Field(
        default_factory=list, description="Drift that raises no alarm."
    )


_SHAPES: Final[Shapes] = {
    (): AcknowledgeFile,
    ("acknowledge", "*"): Acceptance,
    ("drift_baseline", "*"): BaselineEntry,
    ("drift_baseline", "*", "match"): Match,
}


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A finding that `by` accepted before `until`, which is exclusive."""

    finding: str
    until: datetime
    by: str
    reason: str
    source: Source


@dataclass(frozen=True, slots=True)
class Baseline:
    """Drift that `by` silenced before `until`, which is exclusive.

    `key` is a shell pattern, `direction` None for all, `id` that of one difference or empty.
    """

    target: str
    key: str
    direction: Direction | None
    until: datetime
    by: str
    reason: str
    source: Source
    id: str = ""

    def covers(self, target: str, drift: Difference) -> bool:
        """Whether the entry is about this drift."""
        return (
            target == self.target
            and self.direction in (None, drift.direction)
            and self.id in ("", drift.id)
            and fnmatchcase(str(drift.key), self.key)
        )


@dataclass(frozen=True, slots=True)
class Acknowledgements:
    """The entries of the file, in its order; none where there is no file."""

    accepted: tuple[Acknowledged, ...] = ()
    baselines: tuple[Baseline, ...] = ()

    def accepting(self, finding_id: str, at: datetime) -> Acknowledged | None:
        """The entry that accepts this finding and has not ended; of several the last to end."""
        found = [each for each in self.accepted if each.finding == finding_id and at < each.until]
        return max(found, key=lambda each: each.until, default=None)

    def unused(self, ids: Collection[str], at: datetime) -> tuple[Acknowledged, ...]:
        """The entries that have not ended and are about none of these findings."""
        return tuple(each for each in self.accepted if at < each.until and each.finding not in ids)

    def silenced(self, target: str, drift: Difference, at: datetime) -> Baseline | None:
        """The entry that silences this drift and has not ended; of several the last to end."""
        found = [each for each in self.baselines if at < each.until and each.covers(target, drift)]
        return max(found, key=lambda each: each.until, default=None)


def read_acknowledgements(path: str) -> Acknowledgements:
    """What the file says; nothing where there is none, or no path. InputError for its faults."""
    if not path:
        return Acknowledgements()
    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        return Acknowledgements()
    except OSError as error:
        message = f"{path}: the file cannot be read ({error.strerror})"
        raise InputError([Problem(None, message, "check its permissions")]) from error
    return parse_acknowledgements(content, path)


def parse_acknowledgements(text: str | bytes, file: str) -> Acknowledgements:
    """What the text says; `file` names it in every message. InputError with every fault. Pure."""
    document = read_yaml(text, file)
    if not isinstance(document.data, YamlMap):
        raise InputError(document.problems or [_not_a_mapping(document)])
    places = _Places(document)
    try:
        found = AcknowledgeFile.model_validate(document.data)
    except ValidationError as error:
        problems = [*document.problems, *problems_of(error, _SHAPES, places.follow)]
        raise InputError(problems) from None
    if document.problems:
        raise InputError(document.problems)
    return _values(found, places)


def _not_a_mapping(document: Document) -> Problem:
    message = "says nothing" if document.data is None else "must be a mapping of keys"
    hint = "begin with version: 1, and list entries under acknowledge and drift_baseline"
    return Problem(Source(document.file, 1, 1), message, hint)


class _Places:
    """Where the values of a document stand."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def follow(self, path: Sequence[str | int]) -> tuple[tuple[str | int, ...], Source]:
        """The steps of the path that the document has, and the place where they lead."""
        steps, (line, column) = descend(self._document.data, path)
        dotted = ".".join(str(step) for step in steps)
        return tuple(steps), Source(self._document.file, line, column, dotted)

    def of(self, *path: str | int) -> Source:
        """The place of the value that a path leads to."""
        return self.follow(path)[1]


def _values(found: AcknowledgeFile, places: _Places) -> Acknowledgements:
    return Acknowledgements(
        tuple(
            Acknowledged(
                each.finding, each.until, each.by, each.reason, places.of("acknowledge", index)
            )
            for index, each in enumerate(found.acknowledge)
        ),
        tuple(_baselines(found.drift_baseline, places)),
    )


def _baselines(entries: Sequence[BaselineEntry], places: _Places) -> Iterator[Baseline]:
    for index, each in enumerate(entries):
        yield Baseline(
            target=each.match.target,
            key=each.match.key or "*",
            direction=each.direction,
            until=each.until,
            by=each.by,
            reason=each.reason,
            source=places.of("drift_baseline", index),
            id=each.match.id or "",
        )


def acknowledge_schema_text() -> str:
    """The JSON schema of the file, as a text that is the same on every machine."""
    return text_of(schema_of(AcknowledgeFile, _SCHEMA_ID, "Acknowledgements"))
