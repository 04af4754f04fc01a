"""Read one YAML text into Python data with a place for every key and item.

The data is built from the events of PyYAML's parser and not by its loaders: these read `no` as
false, keep the last of two equal keys, forget where things stood, and are several times slower.
Here belongs what a manifest may not be as YAML. What it must say is `reconciler.manifest.models`.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

import yaml

from reconciler.manifest.collector import gc_paused
from reconciler.manifest.yaml_values import (
    LINE_SHIFT,
    NULLS,
    PLAIN_SPECIAL,
    Place,
    YamlList,
    YamlMap,
    YamlValue,
    place_after,
    resolve_plain,
    unpack_place,
)
from reconciler.source import Problem, Source

if TYPE_CHECKING:
    from reconciler.manifest.yaml_faults import YamlFault

LARGEST_FILE: Final = 64 * 1024 * 1024
"""In bytes. A manifest of 50,000 users has about 12 million."""

DEEPEST: Final = 64
"""Levels of nesting; a manifest needs seven."""

LARGEST_EXPANSION: Final = 1_000_000
"""Keys and items that aliases may add in all, so that a short text cannot become an endless one."""

_CORE_TAG: Final = "tag:yaml.org,2002:"
_TEXT_TAGS: Final = (None, "!", _CORE_TAG + "str")
_TAGGED_TYPES: Final[dict[str, tuple[type, ...]]] = {
    _CORE_TAG + "null": (type(None),),
    _CORE_TAG + "bool": (bool,),
    _CORE_TAG + "int": (int,),
    _CORE_TAG + "float": (int, float),
}
_REFUSED_KEYS: Final = NULLS | {"<<"}
_PARSER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser; a PyYAML built without it parses in Python, slower and to the same result."""

_Event: TypeAlias = (
    Any  # the events of the C parser and of the pure one share names and no type stubs
)


@dataclass(frozen=True, slots=True)
class Document:
    """What one file says. `data` is None if it says nothing, or if a fault ended the reading."""

    file: str
    data: YamlValue
    problems: tuple[Problem, ...] = ()
    is_whole: bool = True


class _UnreadableError(Exception):
    """Ends the reading of a file; carries the fault that ended it."""

    def __init__(self, fault: YamlFault) -> None:
        self.fault = fault
        super().__init__(fault.message)


def read_yaml(content: str | bytes, file: str) -> Document:
    """Read a file's content, which `file` names in every message.

    Faults that leave the rest readable (equal keys, tags, merge keys) are all in `problems`,
    beside the data without them. One that ends the file (syntax, encoding, size) leaves `data`
    None and `is_whole` false.
    """
    builder = _Builder(file)
    try:
        text = _decode(content)
        with gc_paused():
            data = builder.build(text)
    except _UnreadableError as error:
        problem = builder.problem(error.fault.place, error.fault.message, error.fault.hint)
        return Document(file, None, (*builder.problems, problem), is_whole=False)
    return Document(file, data, tuple(builder.problems))


def _decode(content: str | bytes) -> str:
    if len(content) > LARGEST_FILE:
        message = "is larger than 64 MiB; a manifest of this size is certainly a mistake"
        _stop((1, 1), message, "check which file was given")
    text = content if isinstance(content, str) else _decode_bytes(content)
    return text.removeprefix("\ufeff")


def _decode_bytes(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        _stop((1, 1), "is UTF-16, not UTF-8", "save the file as UTF-8")
    if b"\0" in content:
        _stop((1, 1), "is not a text file", "save the manifest as text in UTF-8")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        place = place_after(content[: error.start].decode("utf-8"))
        message = f"the byte 0x{content[error.start]:02x} is not UTF-8"
        from reconciler.manifest.yaml_faults import YamlFault  # as in `_stop`

        fault = YamlFault(place, message, "save the file as UTF-8")
        raise _UnreadableError(fault) from None


def _stop(place: Place, message: str, hint: str = "") -> NoReturn:
    from reconciler.manifest.yaml_faults import YamlFault  # what is well written needs no words

    raise _UnreadableError(YamlFault(place, message, hint))


def _place(event: _Event) -> Place:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1


class _Open:
    """Stands for an anchored collection whose end was not read yet."""


_OPEN: Final = _Open()


class _Builder:
    """Builds the data of one file, event by event, and collects the faults that do not end it."""

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._places: array[int] = array("Q")
        self._path: list[str | int] = []
        self._keys: dict[str, str] = {}  # one object for each spelling of a key, however often used
        self._anchors: dict[str, tuple[YamlValue | _Open, int]] = {}
        self._expanded = 0

    def problem(self, place: Place, message: str, hint: str = "") -> Problem:
        """A problem at this place, with the path that is being read."""
        path = ".".join(str(step) for step in self._path)
        return Problem(Source(self._file, *place, path), message, hint)

    def build(self, text: str) -> YamlValue:
        """The data of the text. Raises `_UnreadableError` for a fault that ends the file."""
        try:
            parser = _PARSER(text)
            self._next: Callable[[], _Event] = parser.get_event
            return self._document()
        except yaml.YAMLError as error:
            from reconciler.manifest.yaml_faults import explain  # as in `_stop`

            raise _UnreadableError(explain(error, text)) from None
        except UnicodeEncodeError:
            from reconciler.manifest.yaml_faults import YamlFault, unreadable_character

            fault = unreadable_character(text) or YamlFault((1, 1), "cannot be written in UTF-8")
            raise _UnreadableError(fault) from None

    def _document(self) -> YamlValue:
        self._next()  # the start of the stream
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        data = self._node(self._next())
        self._next()  # the end of the document
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            hint = 'one file holds one manifest; remove the line "---", or make two files'
            _stop(_place(event), "a second document begins here", hint)
        return data

    def _node(self, event: _Event) -> YamlValue:
        kind = event.__class__
        if kind is yaml.ScalarEvent:
            return self._scalar(event)
        if kind is yaml.AliasEvent:
            return self._alias(event)
        if len(self._path) > DEEPEST:
            _stop(_place(event), f"is nested more than {DEEPEST} levels deep")
        size_before = len(self._places) + self._expanded
        if event.anchor:
            self._anchors[event.anchor] = (_OPEN, 0)
        node = self._map(event) if kind is yaml.MappingStartEvent else self._list(event)
        if event.anchor:
            size = len(self._places) + self._expanded - size_before
            self._anchors[event.anchor] = (node, size)
        return node

    def _map(self, event: _Event) -> YamlMap:
        if event.tag is not None:
            self._check_tag(event, "map")
        result = YamlMap()
        marks: list[int] = []
        next_event, scalar, end = self._next, yaml.ScalarEvent, yaml.MappingEndEvent
        texts = self._keys
        key: str | None
        while (event := next_event()).__class__ is not end:
            if (
                event.__class__ is not scalar
                or event.tag is not None
                or event.anchor is not None
                or (key := texts.setdefault(event.value, event.value)) in result
                or key in _REFUSED_KEYS
            ):
                key = self._unusual_key(event, result, marks)
            mark = event.start_mark
            event = next_event()
            value: YamlValue
            if event.__class__ is scalar and event.tag is None and event.anchor is None:
                value = event.value
                if not event.style and (not value or value[0] in PLAIN_SPECIAL):
                    value = resolve_plain(value)
            else:
                self._path.append(key or "?")
                value = self._node(event)
                self._path.pop()
            if key is not None:
                result[key] = value
                marks.append(mark.line << LINE_SHIFT | mark.column)
        result.locate(self._places, len(self._places))
        self._places.fromlist(marks)
        return result

    def _list(self, event: _Event) -> YamlList:
        if event.tag is not None:
            self._check_tag(event, "seq")
        result, marks = YamlList(), []
        next_event, scalar, end = self._next, yaml.ScalarEvent, yaml.SequenceEndEvent
        self._path.append(0)
        while (event := next_event()).__class__ is not end:
            self._path[-1] = len(result)
            mark = event.start_mark
            result.append(self._scalar(event) if event.__class__ is scalar else self._node(event))
            marks.append(mark.line << LINE_SHIFT | mark.column)
        self._path.pop()
        result.locate(self._places, len(self._places))
        self._places.fromlist(marks)
        return result

    def _unusual_key(self, event: _Event, above: YamlMap, marks: list[int]) -> str | None:
        """The text of a key that is not simply a new text, or None where it was refused."""
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse_complex_key(event)
            return None
        key = event.value
        self._path.append(key)
        if event.anchor or event.tag not in _TEXT_TAGS:
            self._refuse(event, "a key with an anchor or a tag is not possible", "take it off")
        elif event.tag is None and not event.style and key == "<<":
            hint = "write the keys out, or repeat a whole value with &NAME and *NAME"
            self._refuse(event, 'the merge key "<<" is not possible', hint)
        elif event.tag is None and not event.style and key in NULLS:
            self._refuse(event, "a key must not be empty", 'put it in quotes if text is meant: "~"')
        elif key in above:
            line, column = unpack_place(marks[list(above).index(key)])
            message = f'the key "{key}" stands twice'
            self._refuse(event, message, f"the first is at {self._file}:{line}:{column}")
        else:
            self._path.pop()
            return str(key)
        self._path.pop()
        return None

    def _refuse_complex_key(self, event: _Event) -> None:
        self._refuse(event, "a key must be a text", "write the text itself before the colon")
        if not isinstance(event, yaml.AliasEvent):
            self._path.append("?")
            self._node(event)
            self._path.pop()

    def _refuse(self, event: _Event, message: str, hint: str) -> None:
        self.problems.append(self.problem(_place(event), message, hint))

    def _scalar(self, event: _Event) -> YamlValue:
        value: YamlValue = event.value
        if event.tag is not None:
            value = self._tagged(event)
        elif not event.style and (not value or event.value[0] in PLAIN_SPECIAL):
            value = resolve_plain(event.value)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        return value

    def _tagged(self, event: _Event) -> YamlValue:
        if event.tag in _TEXT_TAGS:
            return str(event.value)
        value = resolve_plain(event.value)
        kinds = _TAGGED_TYPES.get(event.tag)
        if kinds is None:
            hint = 'remove it, or put a text that begins with "!" in quotes'
            self._refuse(event, f"the tag {_short_tag(event.tag)} is not possible", hint)
        elif type(value) not in kinds:
            message = f'"{event.value}" is not what the tag {_short_tag(event.tag)} says'
            self._refuse(event, message, "remove the tag, or correct the value")
        return float(value) if type(value) is int and float in (kinds or ()) else value

    def _check_tag(self, event: _Event, kind: str) -> None:
        if event.tag not in ("!", _CORE_TAG + kind):
            message = f"the tag {_short_tag(event.tag)} is not possible here"
            self._refuse(event, message, "remove it")

    def _alias(self, event: _Event) -> YamlValue:
        if event.anchor not in self._anchors:
            hint = 'write the anchor first, or put a text that begins with "*" in quotes'
            _stop(_place(event), f"*{event.anchor} repeats an anchor that is not above", hint)
        value, size = self._anchors[event.anchor]
        if isinstance(value, _Open):
            _stop(_place(event), f"*{event.anchor} stands within the value that it repeats")
        self._expanded += size
        if self._expanded > LARGEST_EXPANSION:
            message = f"the aliases repeat more than {LARGEST_EXPANSION} values"
            _stop(_place(event), message, "write out what is meant")
        return value


def _short_tag(tag: str) -> str:
    return "!!" + tag.removeprefix(_CORE_TAG) if tag.startswith(_CORE_TAG) else tag
