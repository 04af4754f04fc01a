"""Cycles in what contains what: groups in groups, roles in roles.

Here belongs the search alone; it knows names and not the manifest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


def find_cycles(edges: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """At least one cycle of every knot, each once, from its smallest name on, in order.

    `("a", "b")` stands for a -> b -> a. Names that have no edges of their own may be missing in
    `edges`.
    """
    found: set[tuple[str, ...]] = set()
    finished: set[str] = set()
    for start in sorted(edges):
        if start not in finished:
            found.update(_cycles_from(start, edges, finished))
    return tuple(sorted(found))


def _cycles_from(
    start: str, edges: Mapping[str, Sequence[str]], finished: set[str]
) -> Iterator[tuple[str, ...]]:
    """Walk depth first without recursion, since a chain may be as long as the manifest."""
    way = {start: 0}  # the names on the way to here, each with its number
    open_ends = [iter(sorted(edges.get(start, ())))]
    while open_ends:
        name = next(open_ends[-1], None)
        if name is None:
            open_ends.pop()
            finished.add(way.popitem()[0])
        elif name in way:
            yield _from_smallest(tuple(way)[way[name] :])
        elif name not in finished:
            way[name] = len(way)
            open_ends.append(iter(sorted(edges.get(name, ()))))


def _from_smallest(cycle: tuple[str, ...]) -> tuple[str, ...]:
    first = cycle.index(min(cycle))
    return cycle[first:] + cycle[:first]
