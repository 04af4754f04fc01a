"""Users and groups as SCIM has them: which attribute is which field, both ways.

Names of attributes and schemas are compared without regard to case (RFC 7643, section 2.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from reconciler.providers.scim.client import Row
from reconciler.state import Fields, Value

USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

ATTRIBUTES: Final[Mapping[str, tuple[str, str]]] = {
    "department": (ENTERPRISE, "department"),
    "employee_number": (ENTERPRISE, "employeeNumber"),
    "title": (USER, "title"),
}
"""The attributes of an account: the schema each is of, and its name there."""

READ_ONLY: Final = frozenset({"id", "meta", "groups"})
"""What a client never sends (RFC 7643, sections 3.1 and 4.1.2)."""


def value_of(row: Row, name: str) -> object:
    """An attribute, however its name is written; None where it is absent."""
    if name in row:
        return row[name]
    folded = name.casefold()
    return next((value for key, value in row.items() if key.casefold() == folded), None)


def text_of(row: Row, name: str) -> str:
    """An attribute that is a text; empty where it is none."""
    value = value_of(row, name)
    return value if isinstance(value, str) else ""


def account_fields(row: Row) -> Fields:
    """The fields of a User. A missing `active` is unknown, so there is no such field then."""
    fields: dict[str, Value] = {}
    active = value_of(row, "active")
    if isinstance(active, bool):
        fields["active"] = active
    fields["name"] = text_of(row, "displayName") or text_of(_part(row, "name"), "formatted")
    fields["email"] = _primary(row)
    for field, (schema, name) in ATTRIBUTES.items():
        holder = row if schema == USER else _part(row, schema)
        fields[field] = text_of(holder, name)
    return fields


def member_ids(row: Row) -> tuple[str, ...] | None:
    """The ids of a Group's members, each once; None where the service left the list out."""
    members = value_of(row, "members")
    if not isinstance(members, list):
        return None
    found = (text_of(each, "value") for each in members if isinstance(each, dict))
    return tuple(dict.fromkeys(each for each in found if each))


def new_user(
    name: str, fields: Fields, external_id: str, known: frozenset[str] | None
) -> dict[str, object]:
    """The body that creates a User. `known` are the attributes that the service has, if it says."""
    shown = str(fields.get("name") or name)
    body: dict[str, object] = {
        "userName": name,
        "active": True,
        "displayName": shown,
        "name": {"formatted": shown},
    }
    if fields.get("email"):
        body["emails"] = [_email(str(fields["email"]))]
    if external_id:
        body["externalId"] = external_id
    common = ("username", "externalid")
    if known is not None:
        body = {k: v for k, v in body.items() if k.lower() in known or k.lower() in common}
    schemas = [USER]
    for field, (schema, attribute) in ATTRIBUTES.items():
        if not fields.get(field):
            continue
        if schema == USER:
            body[attribute] = fields[field]
        else:
            body.setdefault(schema, {})[attribute] = fields[field]  # type: ignore[index]  # a mapping
            schemas = [USER, schema]
    return {"schemas": schemas, **body}


def user_operations(row: Row, fields: Fields) -> Iterator[tuple[str, object]]:
    """What gives a User these fields: paths with their values, to be replaced."""
    for field, value in sorted(fields.items()):
        if field == "active":
            yield "active", value
        elif field == "name":
            yield "displayName", value
        elif field == "email":
            yield "emails", [*_other_emails(row), _email(str(value))]
        else:
            schema, name = ATTRIBUTES[field]
            yield (name if schema == USER else f"{schema}:{name}"), value


def merged(row: Row, operations: Sequence[tuple[str, object]]) -> dict[str, object]:
    """The whole User after these operations, to be sent with PUT; what we do not know is kept."""
    body = {key: value for key, value in row.items() if key not in READ_ONLY}
    for path, value in operations:
        schema, _, name = path.rpartition(":")
        if not schema:
            body[name] = value
        else:
            body[schema] = {**_part(row, schema), **_part(body, schema), name: value}
            schemas = value_of(body, "schemas")
            known = schemas if isinstance(schemas, list) else [USER]
            body["schemas"] = known if schema in known else [*known, schema]
    return body


def _part(row: Row, name: str) -> Row:
    found = value_of(row, name)
    return found if isinstance(found, dict) else {}


def _emails(row: Row) -> list[Row]:
    found = value_of(row, "emails")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _primary(row: Row) -> str:
    """The address that counts: the primary one, or the only one that there is."""
    emails = _emails(row)
    chosen = [each for each in emails if value_of(each, "primary") is True] or emails[:1]
    return text_of(chosen[0], "value") if chosen else ""


def _other_emails(row: Row) -> list[Row]:
    current = _primary(row)
    return [each for each in _emails(row) if text_of(each, "value") != current]


def _email(address: str) -> dict[str, object]:
    return {"value": address, "type": "work", "primary": True}
