"""The models of Graphistry, looked up by name, and users as they are sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Loose = Any  # what Django makes at run time, and JSON: neither has types to check here


class Refusal(Exception):
    """An operation that is not carried out; `kind` says why to the program that asked."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


def user_model() -> Loose:
    """The model of users, which must have the fields that are managed."""
    from django.contrib.auth import get_user_model

    model: Loose = get_user_model()
    known = {field.name for field in model._meta.get_fields()}
    missing = {"username", "email", "name", "is_active", "is_staff", "is_superuser"} - known
    if missing:
        names = ", ".join(sorted(missing))
        raise Refusal("unsupported", f"the user model has no {names}")
    return model


def address_model() -> Loose:
    """The model of addresses, or None where django-allauth is not there."""
    from django.apps import apps

    if not apps.is_installed("allauth.account"):
        return None
    return apps.get_model("account", "EmailAddress")


def confirmed(pks: Sequence[Loose]) -> dict[Loose, str]:
    """The verified primary address of these users, by their primary keys."""
    addresses = address_model()
    if addresses is None:
        return {}
    rows = addresses._base_manager.filter(user_id__in=pks, primary=True, verified=True)
    return dict(rows.values_list("user_id", "email"))


def rows_of(users: Sequence[Loose]) -> list[dict[str, Loose]]:
    """Users as they are sent: `confirmed` says whether the address is a verified primary one."""
    has_addresses = address_model() is not None
    found = confirmed([user.pk for user in users])
    return [
        {
            "username": user.username,
            "email": user.email or "",
            "name": user.name or "",
            "active": user.is_active,
            "staff": user.is_staff,
            "superuser": user.is_superuser,
            "confirmed": not has_addresses
            or found.get(user.pk, "").lower() == (user.email or "").lower(),
        }
        for user in users
    ]


class Models:
    """The models of organisations and who is in them, as the operator names them."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names
        self.org = self._model("org_model")
        self.membership = self._model("membership_model")
        slug = self._field(self.org, "slug_field")
        if not slug.unique:
            raise Refusal("unsupported", f"slug_field: {slug.name} is not unique")
        self._relation("user_field", user_model())
        self._relation("org_field", self.org)
        if self._field(self.membership, "role_field").is_relation:
            raise Refusal("unsupported", "role_field: it is a relation")

    def _model(self, option: str) -> Loose:
        from django.apps import apps

        try:
            return apps.get_model(self.names[option])
        except (LookupError, ValueError):
            text = f"{option}: there is no model {self.names[option]}"
            raise Refusal("unsupported", text) from None

    def _field(self, model: Loose, option: str) -> Loose:
        from django.core.exceptions import FieldDoesNotExist

        try:
            return model._meta.get_field(self.names[option])
        except FieldDoesNotExist:
            text = f"{option}: {model._meta.label} has no {self.names[option]}"
            raise Refusal("unsupported", text) from None

    def _relation(self, option: str, model: Loose) -> None:
        field = self._field(self.membership, option)
        if not field.many_to_one or field.related_model is not model:
            text = f"{option}: it does not lead to {model._meta.label}"
            raise Refusal("unsupported", text)

    def organisation(self, slug: str) -> Loose:
        """The organisation with this slug. Raises Refusal where nobody may manage it."""
        org = self.org._base_manager.filter(**{self.names["slug_field"]: slug}).first()
        if org is None:
            raise Refusal("missing", f"there is no organisation {slug}")
        if user_model()._base_manager.filter(username__iexact=slug).exists():
            raise Refusal("protected", f"{slug} is somebody's personal organisation")
        return org

    def members(self, org: Loose) -> Loose:
        """The rows that say who is in an organisation."""
        return self.membership._base_manager.filter(**{self.names["org_field"]: org})

    def held_by(self, org: Loose, user: Loose) -> list[Loose]:
        """The rows of one user in an organisation, for the time of the transaction."""
        rows = self.members(org).select_for_update().filter(**{self.names["user_field"]: user})
        return list(rows.order_by("pk"))
