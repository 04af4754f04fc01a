"""Operations that write users and switches. Each runs in a transaction of its own, and raises to
undo what it did.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.providers.graphistry.remote.models import (
    Loose,
    Refusal,
    address_model,
    rows_of,
    user_model,
)
from reconciler.providers.graphistry.remote.reading import switch

FLAGS = {"active": "is_active", "staff": "is_staff", "superuser": "is_superuser"}


def locked(args: Mapping[str, Loose]) -> Loose:
    """A user who may be changed, locked. Raises Refusal where he or she is not as expected."""
    name, expect = args["username"], args.get("expect", {})
    if name == args["own"]:
        raise Refusal("protected", f"{name} is the account that reconciler uses")
    user = user_model()._base_manager.select_for_update().filter(username=name).first()
    if user is None:
        raise Refusal("missing", f"there is no user {name}")
    row = rows_of([user])[0]
    changed = sorted(key for key, value in expect.items() if row[key] != value)
    if changed:
        fields = ", ".join(changed)
        text = f"{name} was changed by somebody else: {fields}"
        raise Refusal("conflict", text)
    return user


def hold_superusers(name: str) -> None:
    """Lock a user and all active superusers, in one order for everybody: of two runs that each take
    one of them the second waits here, and then sees what the first has left.
    """
    from django.db.models import Q

    chosen = Q(username=name) | Q(is_active=True, is_superuser=True)
    rows = user_model()._base_manager.select_for_update().filter(chosen)
    list(rows.order_by("pk"))


def guard_last_superuser(user: Loose) -> None:
    """Refuse to take an active superuser away whom no other one would replace."""
    if user.is_active and user.is_superuser:
        query = user_model()._base_manager.select_for_update()
        pks = {each.pk for each in query.filter(is_active=True, is_superuser=True).order_by("pk")}
        if pks <= {user.pk}:
            raise Refusal("protected", f"{user.username} is the last active superuser")


def refuse_taken_address(email: str, pk: Loose) -> None:
    """Refuse an address that is another user's, however its letters are written."""
    model, addresses = user_model(), address_model()
    others = model._base_manager.filter(email__iexact=email).exclude(pk=pk)
    held = [] if addresses is None else addresses._base_manager.filter(email__iexact=email)
    if others.exists() or any(each.user_id != pk for each in held):
        raise Refusal("exists", f"the address {email} is another user's")


def confirm_address(user: Loose) -> None:
    """Make a user's address the verified primary one, as signing in by address needs."""
    addresses = address_model()
    if addresses is None or not user.email:
        return
    rows = list(addresses._base_manager.select_for_update().filter(user=user).order_by("pk"))
    same = [row for row in rows if row.email.lower() == user.email.lower()]
    primary = [row for row in rows if row.primary]
    chosen = (same or primary or [addresses(user=user)])[0]
    for row in primary:
        if row is not chosen:
            row.primary = False
            row.save()
    chosen.email, chosen.primary, chosen.verified = user.email, True, True
    chosen.save()


def create_user(args: Mapping[str, Loose]) -> None:
    """Create a user; without a password, one who signs in elsewhere."""
    name, columns = args["username"], args["columns"]
    model = user_model()
    twin = model._base_manager.filter(username__iexact=name).first()
    if twin is not None:
        raise Refusal("exists", f"there is a user {twin.username} already")
    if columns["email"]:
        refuse_taken_address(columns["email"], None)
    user = model._default_manager.create_user(
        username=name,
        email=columns["email"],
        password=args["password"],
        name=columns["name"],
        is_active=True,
        is_staff=columns["staff"],
        is_superuser=columns["superuser"],
    )
    confirm_address(user)
    user = model._base_manager.filter(pk=user.pk).first()
    demand(user, name, columns)


def demand(user: Loose, name: str, columns: Mapping[str, Loose]) -> None:
    """Refuse, and so undo, what is not stored as it was asked."""
    row = {} if user is None else rows_of([user])[0]
    wrong = sorted(key for key, value in columns.items() if row.get(key) != value)
    if row.get("username") != name:
        wrong.append("username")
    if wrong:
        fields = ", ".join(wrong)
        raise Refusal("invalid", f"it was not stored as asked: {fields}")


def update_user(args: Mapping[str, Loose]) -> None:
    """Change columns of a user. One who is as asked already is left alone."""
    name, columns = args["username"], args["columns"]
    takes_power = columns.get("active") is False or columns.get("superuser") is False
    if takes_power:
        hold_superusers(name)
    user = user_model()._base_manager.select_for_update().filter(username=name).first()
    if user is not None and is_as_asked(user, columns):
        return
    user = locked(args)
    if takes_power:
        guard_last_superuser(user)
    if columns.get("email"):
        refuse_taken_address(columns["email"], user.pk)
    fields = {FLAGS.get(column, column): value for column, value in columns.items()}
    for field, value in fields.items():
        setattr(user, field, value)
    user.save(update_fields=sorted(fields))
    if "email" in columns:
        confirm_address(user)
    demand(user_model()._base_manager.filter(pk=user.pk).first(), name, columns)


def is_as_asked(user: Loose, columns: Mapping[str, Loose]) -> bool:
    """Whether a user has these columns; an address counts where it is confirmed too."""
    row = rows_of([user])[0]
    is_confirmed = row["confirmed"] or "email" not in columns
    return is_confirmed and all(row[key] == value for key, value in columns.items())


def delete_user(args: Mapping[str, Loose]) -> None:
    """Delete a user and all that Django deletes with one, if there is such a user."""
    name = args["username"]
    if user_model()._base_manager.filter(username=name).exists():
        hold_superusers(name)
        user = locked(args)
        guard_last_superuser(user)
        user.delete()


def set_switches(args: Mapping[str, Loose]) -> None:
    """Turn switches of the site on or off, if they are as expected."""
    there = {name: switch(name) for name in args["switches"]}
    for name, value in args["switches"].items():
        if not isinstance(there[name], bool):
            raise Refusal("unsupported", f"{name}: {there[name]}")
        if there[name] not in (value, args["expect"].get(name, there[name])):
            raise Refusal("conflict", f"{name} was changed by somebody else")
    from constance import config

    for name, value in args["switches"].items():
        setattr(config, name, value)
