"""The smallest pair that fails as a bigger one does.

Here belongs leaving out what does not matter: statements, entries of the manifest, one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, TypeVar

from tests.postgres.random_pairs import Pair

T = TypeVar("T")

_SECTIONS: Final = ("grants", "users", "groups", "roles")
_LISTS_OF_ROLES: Final = ("privileges", "inherits")
_LISTS_OF_SERVERS: Final = ("public", "owners")


def shrunk(pair: Pair, fails: Callable[[Pair], bool]) -> Pair:
    """This pair without anything that `fails` can do without."""
    smaller = next((each for each in _smaller(pair) if fails(each)), None)
    while smaller is not None:
        pair = smaller
        smaller = next((each for each in _smaller(pair) if fails(each)), None)
    return pair


def _smaller(pair: Pair) -> Iterator[Pair]:
    """The pair less one thing each: the last first, since others depend on the first."""
    for index in reversed(range(len(pair.catalog))):
        yield replace(pair, catalog=_without(pair.catalog, index))
    for manifest in _smaller_manifests(dict(pair.manifest)):
        yield replace(pair, manifest=manifest)


def _smaller_manifests(manifest: dict[str, object]) -> Iterator[dict[str, object]]:
    for section in _SECTIONS:
        for smaller in _less(manifest[section]):
            yield {**manifest, section: smaller}
    for section, lists in (("roles", _LISTS_OF_ROLES), ("servers", _LISTS_OF_SERVERS)):
        entries = manifest[section]
        assert isinstance(entries, dict)
        for name, entry in entries.items():
            for key in lists:
                for smaller in _less(entry.get(key, [])):
                    yield {**manifest, section: {**entries, name: {**entry, key: smaller}}}


def _less(entries: object) -> Iterator[object]:
    """These entries without each of them."""
    if isinstance(entries, dict):
        for left_out in entries:
            yield {name: entry for name, entry in entries.items() if name != left_out}
    elif isinstance(entries, list):
        for index in range(len(entries)):
            yield list(_without(tuple(entries), index))


def _without(values: tuple[T, ...], index: int) -> tuple[T, ...]:
    return (*values[:index], *values[index + 1 :])
