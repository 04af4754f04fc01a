"""What resources of a service may have and must have, as its /Schemas says. No I/O.

Some services refuse a resource with an attribute that they do not know, and one without an
attribute that RFC 7643 leaves to the client. Source: RFC 7643, section 7 (schema definition).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

_COMMON: Final = frozenset({"schemas", "id", "externalid", "meta"})
"""What every resource has, whether its schema says so or not (RFC 7643, section 3.1)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The attributes of one schema, names in small letters.

    `parts` holds for each attribute the names of its sub-attributes, none where it has none.
    `required` holds names of attributes, and of sub-attributes such as `members.$ref`. Where the
    service tells nothing `parts` is empty: then everything is known and nothing required.
    """

    parts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    required: frozenset[str] = frozenset()

    @property
    def is_told(self) -> bool:
        """Whether the service says anything of this schema."""
        return bool(self.parts)

    def requires(self, name: str) -> bool:
        """Whether no resource can be without this attribute, or sub-attribute."""
        return name.lower() in self.required

    def has(self, name: str) -> bool:
        """Whether a resource may have this attribute, or sub-attribute."""
        attribute, _, part = name.lower().partition(".")
        if not self.is_told or attribute in _COMMON:
            return True
        parts = self.parts.get(attribute)
        return parts is not None and (not part or not parts or part in parts)

    def fitted(self, name: str, value: object) -> object:
        """The value of an attribute without the sub-attributes that it cannot have."""
        match value:
            case list():
                return [self.fitted(name, each) for each in value]
            case dict():
                return {key: part for key, part in value.items() if self.has(f"{name}.{key}")}
        return value


def shapes_of(answer: Mapping[str, object]) -> Mapping[str, Shape]:
    """The shapes by schema, whose names are in small letters; none for what is not told well."""
    resources = answer.get("Resources")
    found: dict[str, Shape] = {}
    for each in resources if isinstance(resources, list) else ():
        if isinstance(each, dict) and (attributes := list(_attributes(each, "attributes"))):
            found[str(each.get("id", "")).lower()] = _shape(attributes)
    return found


def _shape(attributes: list[Mapping[str, object]]) -> Shape:
    parts: dict[str, frozenset[str]] = {}
    required: set[str] = set()
    for each in attributes:
        name = _name(each)
        below = list(_attributes(each, "subAttributes"))
        parts[name] = frozenset(map(_name, below))
        required |= {f"{name}.{_name(part)}" for part in below if part.get("required") is True}
        if each.get("required") is True:
            required.add(name)
    return Shape(parts, frozenset(required))


def _attributes(row: Mapping[str, object], key: str) -> Iterator[Mapping[str, object]]:
    found = row.get(key)
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict) and each.get("name"):
            yield each


def _name(attribute: Mapping[str, object]) -> str:
    return str(attribute["name"]).lower()
