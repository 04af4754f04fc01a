"""What everybody may do on a server: rules for PUBLIC, which PostgreSQL counts every role in.

Here belongs what such a rule says otherwise than one of a role. PostgreSQL docs, "Privileges".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field
from pydantic.dataclasses import dataclass

from reconciler.manifest.privilege_kinds import rules_schema
from reconciler.manifest.privileges import Privilege, PrivilegeRule, RuleFault, rule_config


def _public_schema() -> dict[str, Any]:  # a JSON schema
    without_option = {"properties": {"grant_option": {"const": False}}}
    return {"allOf": [*rules_schema()["allOf"], without_option]}


@dataclass(
    frozen=True,
    slots=True,
    kw_only=True,
    config=rule_config(_public_schema()),
)
class PublicRule(PrivilegeRule):
    """What everybody (PUBLIC) may do with the named objects: this and no more.

    Whatever no rule names is left as it is.
    """

    allow: list[Privilege] = Field(
        description="All that is allowed to everybody, in PostgreSQL's words; an empty list takes "
        "everything away, also what PostgreSQL gives by itself.",
    )

    def _further_faults(self) -> Iterator[RuleFault]:
        """PostgreSQL docs, GRANT: grant options cannot be granted to PUBLIC."""
        if self.grant_option:
            message = "everybody (PUBLIC) cannot be given a grant option"
            yield ("grant_option",), message, "leave grant_option out"
