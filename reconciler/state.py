"""State: what a target holds, or should hold, as a set of facts. One type for every side.

Here belong `Key`, `Record`, `State` and the kinds of record with the shape of their paths.
Comparing states, reading them from a target and showing them do not.

| kind | path | fields |
|---|---|---|
| account | (name) | attributes such as `login`, `level` |
| group | (name) | attributes |
| role | (name), or (server, name) where roles live in servers | attributes, `scopes` |
| server | (name) | attributes, `scopes` |
| membership | (*path of the role or group, member) | options of the edge |
| privilege | (grantee, server, kind of object, schema) | object name: its privileges |
| default_privilege | (grantee, server, creator, kind of object, schema) | `privileges` |
| setting | (account, group or role, server or "", parameter) | `value` |
| object | (server, kind of object, schema) | object name: its owner |
| schema | (server, schema) | attributes |
| ownership | (server, kind of object, schema) | object name: its owner |
| public_privilege | (server, kind of object, schema) | object name: what everybody may do |
| public_default | (server, creator, kind of object, schema) | `privileges` |
| row_security | (server, schema, table) | `enabled`, `forced` |
| policy | (server, schema, table, policy) | `command`, `permissive`, `roles`, `using`, `check` |

A `setting` is a value that sessions of a role start with: on all servers where the path names none.
One that no line names is nobody's business: it was there, and stays.

The server of a privilege is empty where all servers share the object. How privileges and columns
are named is in `rights`.

An `object` record is inventory: it says what is there to hold privileges on. It is observed, never
written. An `ownership` record says the same of the objects whose owner the manifest names, and is.

The records of the last six kinds belong to a server and to no account, group or role: what they say
holds for everybody there.

Fields of the exact kinds (`EXACT_KINDS`) are compared whole: a field that desired lacks is to go.
Fields of the others are attributes: one that desired does not name is not managed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Kind = Literal[
    "account",
    "group",
    "role",
    "server",
    "membership",
    "privilege",
    "default_privilege",
    "setting",
    "object",
    "schema",
    "ownership",
    "public_privilege",
    "public_default",
    "row_security",
    "policy",
]
Value = str | int | bool | None | tuple[str, ...]
Fields = Mapping[str, Value]

EXACT_KINDS: Final[frozenset[Kind]] = frozenset({"privilege", "default_privilege"})
INVENTORY_KINDS: Final[frozenset[Kind]] = frozenset({"object"})
RIGHT_KINDS: Final[frozenset[Kind]] = frozenset({"membership", "privilege", "default_privilege"})
PRINCIPAL_KINDS: Final[frozenset[Kind]] = frozenset({"account", "group", "role"})
USUAL_EDGE: Final[Fields] = {"admin": False, "inherit": True, "set": True}
"""The options of a membership, on a target that has any, where nobody says otherwise."""

USUAL_ATTRIBUTES: Final[Fields] = {
    "inherit": True,
    "superuser": False,
    "createdb": False,
    "createrole": False,
    "replication": False,
    "bypassrls": False,
}
"""The attributes of an account, group or role, on a target that has any, where nobody says
otherwise."""

GRANTED_BY: Final = "granted_by"
"""The field of an observed membership that names who granted it, where that was neither we nor the
target. It is no option: it is shown, and compared with nothing."""

INVITED: Final = "invited"
"""The only field of an account that somebody was invited to make and has not made yet: what it will
be able to do, in one word. Nobody can sign in to it."""

SERVER_KINDS: Final[frozenset[Kind]] = frozenset(
    {"schema", "ownership", "public_privilege", "public_default", "row_security", "policy"}
)
"""The kinds that belong to a server; the first part of their paths is its name."""


class Key(NamedTuple):
    """The identity of a record: its kind and path. Totally ordered, and cheap to hash."""

    kind: Kind
    path: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind} {'/'.join(part for part in self.path if part)}"


class Record(NamedTuple):
    """One fact about a target: a key and its fields."""

    key: Key
    fields: Fields


Node = tuple[str, ...]
"""An account, group or role: the path in the key of its record."""


def touched(key: Key) -> Node:
    """The account, group or role whose access a change of this record alters.

    The member of a membership, the grantee of a right, or the thing itself.
    """
    match key.kind:
        case "membership":
            return key.path[-1:]
        case "privilege" | "default_privilege" | "setting":
            return key.path[:1]
    return key.path


@dataclass(frozen=True, slots=True)
class State:
    """The set of records of a target. Iterates in the order of the keys, however it was built.

    Build it from a mapping, which is not copied: give it away. Equality is that of the records.
    """

    records: Mapping[Key, Fields]

    def __iter__(self) -> Iterator[Record]:
        return (Record(key, self.records[key]) for key in sorted(self.records))

    def __len__(self) -> int:
        return len(self.records)

    def __contains__(self, key: Key) -> bool:
        return key in self.records

    def get(self, key: Key) -> Fields | None:
        """The fields of the record with this key, or None where there is no such record."""
        return self.records.get(key)

    def of_kind(self, *kinds: Kind) -> Iterator[Record]:
        """The records of these kinds, in no particular order."""
        return (Record(k, f) for k, f in self.records.items() if k[0] in kinds)

    def names(self, *kinds: Kind) -> frozenset[str]:
        """The last parts of the paths of all records of these kinds: the names of these things."""
        return frozenset(key.path[-1] for key in self.records if key[0] in kinds)

    def without(self, *kinds: Kind) -> State:
        """This state less the records of these kinds."""
        return State({k: f for k, f in self.records.items() if k[0] not in kinds})


EMPTY: Final = State({})


def state_of(records: Iterable[Record]) -> State:
    """The state of these records. ValueError where two of them have one key."""
    result: dict[Key, Fields] = {}
    for key, fields in records:
        if key in result:
            raise ValueError(f"two records for {key}")
        result[key] = fields
    return State(result)
