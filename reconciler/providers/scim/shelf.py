"""The resources of one kind by id and by name, as far as they were read or noted. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.providers.scim.client import Row
from reconciler.providers.scim.resources import place_of, text_of


class Shelf:
    """What is known of the resources at one path; `attribute` is what their name is."""

    def __init__(self, path: str, attribute: str) -> None:
        self.path = path
        self.attribute = attribute
        self.is_filled = False
        self._meant: dict[str, tuple[str, str]] = {}
        self._rows: dict[str, Row] = {}
        self._keys: dict[str, list[str]] = {}
        self._places: dict[str, str] = {}

    @property
    def rows(self) -> Mapping[str, Row]:
        """The resources by id."""
        return self._rows

    def fill(self, rows: Iterable[Row]) -> None:
        """Take a whole list."""
        self.empty()
        for row in rows:
            self.put(row)
        self.is_filled = True

    def empty(self) -> None:
        """Forget all of it: the list is to be read again."""
        self._rows, self._keys, self._places, self.is_filled = {}, {}, {}, False

    def name_of(self, row: Row) -> str:
        """The name that the manifest knows a resource by: its own, unless `mean` says another."""
        name, mark = self._meant.get(text_of(row, "id"), ("", ""))
        is_meant = mark and mark == text_of(row, "externalId")
        return name if is_meant else text_of(row, self.attribute)

    def mean(self, row: Row, name: str) -> None:
        """Know a resource by this name as long as it bears the mark that it has now."""
        key = text_of(row, "id")
        self.drop(key)
        self._meant[key] = (name, text_of(row, "externalId"))
        self.put(row)

    @property
    def renamed(self) -> Mapping[str, str]:
        """The resources that have another name than the manifest knows: that one by their own."""
        names = ((text_of(row, self.attribute), self.name_of(row)) for row in self._rows.values())
        return {own: known for own, known in sorted(names) if own != known}

    def put(self, row: Row) -> None:
        """Note one resource."""
        key = text_of(row, "id")
        self.drop(key)
        self._rows[key] = row
        self._keys.setdefault(self.name_of(row), []).append(key)
        self._places[place_of(row)] = key

    def drop(self, key: str) -> None:
        """Forget one resource."""
        row = self._rows.pop(key, None)
        if row is not None:
            self._keys[self.name_of(row)].remove(key)
            self._places.pop(place_of(row), None)

    def keys(self, name: str) -> tuple[str, ...]:
        """The ids of the resources of this name."""
        return tuple(self._keys.get(name, ()))

    def at(self, place: str) -> str:
        """The id of the resource at this place, as a `$ref` says it; empty for nobody's."""
        return self._places.get(place, "") if place else ""

    def names(self) -> Iterable[str]:
        """Every name that some resource has."""
        return [name for name, keys in self._keys.items() if keys]
