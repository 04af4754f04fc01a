"""Users and groups as SCIM has them: which attribute is which field, both ways.

Names of attributes and schemas are compared without regard to case (RFC 7643, section 2.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, overload

from reconciler.providers.scim.client import Row
from reconciler.providers.scim.shapes import Shape
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

_ANY: Final = Shape()
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
    active = _truth(value_of(row, "active"))
    if active is not None:
        fields["active"] = active
    fields["name"] = text_of(row, "displayName") or text_of(_part(row, "name"), "formatted")
    fields["email"] = _primary(row)
    for field, (schema, name) in ATTRIBUTES.items():
        holder = row if schema == USER else _part(row, schema)
        fields[field] = text_of(holder, name)
    return fields


def is_same(field: str, asked: Value, there: Value | None) -> bool:
    """Whether a service that has this has what was asked: some trim texts, and cut the case of
    addresses, which mean the same.
    """
    if not isinstance(asked, str) or not isinstance(there, str):
        return asked == there
    left, right = " ".join(asked.split()), " ".join(there.split())
    return left == right or (field == "email" and left.casefold() == right.casefold())


@overload
def members_of(row: Row) -> Sequence[tuple[str, str]]: ...
@overload
def members_of(row: Row, *, is_told: bool) -> Sequence[tuple[str, str]] | None: ...
def members_of(row: Row, *, is_told: bool = False) -> Sequence[tuple[str, str]] | None:
    """The value and the place of each member of a Group.

    Where the service left the list out: none, or with `is_told` None.
    """
    members = value_of(row, "members")
    if not isinstance(members, list):
        return None if is_told else ()
    rows = [each for each in members if isinstance(each, dict)]
    found = [(text_of(each, "value"), _place(text_of(each, "$ref"))) for each in rows]
    return [each for each in found if each[0]]


def place_of(row: Row) -> str:
    """Where a resource is, as a `$ref` to it says; empty where it does not say."""
    return _place(text_of(_part(row, "meta"), "location"))


def _place(url: str) -> str:
    """The end of an address, such as Users/2819c223: what stands before may be spelled otherwise,
    or left out.
    """
    return "/".join(url.rstrip("/").split("/")[-2:])


def new_user(name: str, fields: Fields, external_id: str, shape: Shape) -> dict[str, object]:
    """The body that creates a User, with nothing that the service says it does not know."""
    shown = str(fields.get("name") or name)
    body: dict[str, object] = {
        "userName": name,
        "externalId": external_id,
        "active": True,
        "displayName": shown,
        "name": _name(shown, shape),
        "emails": [_email(str(fields["email"]))] if fields.get("email") else None,
    }
    schemas = [USER]
    for field, (schema, attribute) in ATTRIBUTES.items():
        if fields.get(field) and schema == USER:
            body[attribute] = fields[field]
        elif fields.get(field):
            body[schema] = {**_part(body, schema), attribute: fields[field]}
            schemas = [USER, schema]
    return {"schemas": schemas, **_fitted(body, shape)}


def plainer(body: Mapping[str, object]) -> dict[str, object]:
    """The same User with no more of each address than the address: some refuse the rest."""
    emails = [{"value": each["value"]} for each in _emails(body)]
    return {**body, "emails": emails} if emails else dict(body)


def new_group(name: str, external_id: str, shape: Shape) -> dict[str, object]:
    """The body that creates a Group without members."""
    body: dict[str, object] = {"displayName": name, "externalId": external_id}
    nobody: dict[str, object] = {"members": []} if shape.requires("members") else {}
    return {"schemas": [GROUP], **_fitted(body, shape), **nobody}


def _fitted(body: Mapping[str, object], shape: Shape) -> dict[str, object]:
    """What is not empty, and the service knows. Extensions are not of this shape, and stay."""
    return {
        name: value if ":" in name else shape.fitted(name, value)
        for name, value in body.items()
        if value and (":" in name or shape.has(name))
    }


def _name(shown: str, shape: Shape) -> dict[str, object]:
    """A name; with its last word as family name where the service cannot be without one."""
    if not shape.requires("name.familyName"):
        return {"formatted": shown}
    first, _, last = shown.rpartition(" ")
    name: dict[str, object] = {"formatted": shown, "familyName": last}
    return {**name, "givenName": first} if first else name


def user_operations(row: Row, fields: Fields, shape: Shape = _ANY) -> Iterator[tuple[str, object]]:
    """What gives a User these fields: paths with their values, to be replaced.

    The address goes first: where a service knows no `primary`, the first one counts.
    """
    for field, value in sorted(fields.items()):
        if field == "active":
            yield "active", value
        elif field == "name":
            yield "displayName", value
        elif field == "email":
            emails = [_email(str(value)), *_other_emails(row)]
            yield "emails", shape.fitted("emails", emails)
        else:
            schema, name = ATTRIBUTES[field]
            yield (name if schema == USER else f"{schema}:{name}"), value


def writable(row: Row) -> dict[str, object]:
    """A resource without what a client never sends."""
    return {key: value for key, value in row.items() if key.lower() not in READ_ONLY}


def merged(row: Row, operations: Sequence[tuple[str, object]]) -> dict[str, object]:
    """The whole User after these operations, to be sent with PUT; what we do not know is kept."""
    body = writable(row)
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


def _truth(value: object) -> bool | None:
    """A boolean, also where the service sends it as a text; None for anything else."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _part(row: Row, name: str) -> Row:
    found = value_of(row, name)
    return found if isinstance(found, dict) else {}


def _emails(row: Row) -> list[Row]:
    found = value_of(row, "emails")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _primary(row: Row) -> str:
    """The address that counts: the primary one, or the only one that there is."""
    emails = _emails(row)
    chosen = [each for each in emails if _truth(value_of(each, "primary"))] or emails[:1]
    return text_of(chosen[0], "value") if chosen else ""


def _other_emails(row: Row) -> list[Row]:
    current = _primary(row)
    return [each for each in _emails(row) if text_of(each, "value") != current]


def _email(address: str) -> dict[str, object]:
    return {"value": address, "type": "work", "primary": True}
