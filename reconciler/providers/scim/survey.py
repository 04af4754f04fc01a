"""Surveys a SCIM service of which no manifest says anything yet, for `import`.

The service is read whole anyway: here belongs what of it no manifest can have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from reconciler.provider import Identity
from reconciler.providers.scim.client import Row
from reconciler.providers.scim.directory import Directory
from reconciler.providers.scim.marks import foreign_mark
from reconciler.providers.scim.observe import observe
from reconciler.providers.scim.resources import text_of
from reconciler.scope import Scope
from reconciler.state import Key
from reconciler.survey import Survey
from reconciler.wording import counted

_UNSAID: Final = (
    "passwords, and what users have beside name, e-mail address, title, department and employee "
    "number, such as further addresses"
)


def take_survey(directory: Directory, identity: Identity) -> Survey:
    """All users and groups, and who is in which. Raises TargetError."""
    state = observe(directory, Scope())
    users, groups = directory.seen
    prefix = directory.client.options.external_id_prefix
    return Survey(
        system=f"{identity.system} {identity.version} at {identity.place}",
        state=state,
        untouchable=frozenset({identity.account, *directory.foreign_names()} - {""}),
        left_out={
            **_foreign("account", users, "userName", prefix),
            **_foreign("role", groups, "displayName", prefix),
            **dict(_twins(groups)),
        },
        remarks=(_UNSAID, *_dangling(directory, users, groups)),
        has_nominal_roles=directory.client.options.groups == "no",
    )


def _foreign(
    kind: Literal["account", "role"], rows: Mapping[str, Row], attribute: str, prefix: str
) -> dict[Key, str]:
    """The resources that are another manifest's."""
    return {
        Key(kind, (text_of(row, attribute),)): f'bears the mark of another manifest, "{mark}"'
        for row in rows.values()
        if (mark := foreign_mark(row, prefix))
    }


def _twins(groups: Mapping[str, Row]) -> Iterator[tuple[Key, str]]:
    """The groups that share a name, by the names under which they were observed."""
    numbers = Counter(text_of(row, "displayName") for row in groups.values())
    for key, row in groups.items():
        name = text_of(row, "displayName")
        if numbers[name] > 1:
            why = (
                f'{numbers[name]} groups have the displayName "{name}": nobody can tell them apart'
            )
            yield Key("role", (f"{name} ({key})",)), why


def _dangling(
    directory: Directory, users: Mapping[str, Row], groups: Mapping[str, Row]
) -> Iterator[str]:
    known = users.keys() | groups.keys()
    number = sum(key not in known for row in groups.values() for key in directory.members(row))
    if number:
        yield f"{counted(number, 'membership')} of users who are deleted"
