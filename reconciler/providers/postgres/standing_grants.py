"""What was granted in others' names than the owners', and what is held on columns.

Here belongs reading that off the rows of `observe`. Only statements ask for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from reconciler.privilege_words import table_and_column
from reconciler.providers.postgres.acl import granted, parse_item, texts
from reconciler.providers.postgres.observe import ClusterRows, DatabaseRows, access_lists


class Held(NamedTuple):
    """What one role holds on one object; the parts are those of a privilege record."""

    grantee: str
    database: str
    kind: str
    schema: str
    name: str


@dataclass(frozen=True, slots=True)
class Delegations:
    """What others than the owner granted, in whose name we grant; it can only be taken as them.

    `grantors` says of what is held who they are, sorted. `passed_on` says of their own place what
    they granted there: the grantee (empty: PUBLIC) and the words, sorted.
    """

    grantors: Mapping[Held, tuple[str, ...]] = field(default_factory=dict)
    passed_on: Mapping[Held, tuple[tuple[str, tuple[str, ...]], ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.grantors)


class Table(NamedTuple):
    """A table or view."""

    database: str
    schema: str
    name: str


ColumnsHeld = Mapping[tuple[str, Table], Mapping[str, tuple[str, ...]]]
"""By role and table: the privileges on its columns."""


def delegations(cluster: ClusterRows, databases: Iterable[DatabaseRows]) -> Delegations:
    """What others than the owners granted."""
    grantors: defaultdict[Held, set[str]] = defaultdict(set)
    passed_on: defaultdict[Held, list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
    for place, owner, acl, names in access_lists(cluster, databases):
        for item in map(parse_item, texts(acl)):
            if item.grantor != owner:
                for name in texts(names):
                    grantors[Held(item.grantee, *place, name)].add(item.grantor)
                    grant = item.grantee, item.privileges
                    passed_on[Held(item.grantor, *place, name)].append(grant)
    return Delegations(
        {held: tuple(sorted(names)) for held, names in grantors.items()},
        {held: tuple(sorted(grants)) for held, grants in passed_on.items()},
    )


def columns_held(databases: Iterable[DatabaseRows]) -> ColumnsHeld:
    """What is held on columns by anybody but their owner."""
    result: defaultdict[tuple[str, Table], dict[str, tuple[str, ...]]] = defaultdict(dict)
    for rows in databases:
        for schema, kind, owner, acl, names in rows.bundles:
            if kind == "column":
                grantees = {parse_item(text).grantee for text in texts(acl)}
                for grantee, words in granted(acl, str(owner), grantees).items():
                    for name in texts(names):
                        table, column = table_and_column(name)
                        result[grantee, Table(rows.database, str(schema), table)][column] = words
    return dict(result)
