"""Operations that write who is in an organisation. Each runs in a transaction of its own."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.providers.graphistry.remote.models import Loose, Models, Refusal, user_model
from reconciler.providers.graphistry.remote.writing import locked


def add_member(args: Mapping[str, Loose]) -> None:
    """Give a user a role in an organisation, in place of those that are to go anyway."""
    models = Models(args["models"])
    role_field = models.names["role_field"]
    org = models.organisation(args["slug"])
    user = locked(args)
    rows = models.held_by(org, user)
    held = {str(getattr(row, role_field)): row for row in rows}
    if args["role"] in held:
        return
    stray = sorted(held.keys() - set(args["replaces"]))
    if stray:
        roles = ", ".join(stray)
        text = f"{user.username} has the role {roles} there already"
        raise Refusal("conflict", text)
    row = rows[0] if rows else models.membership(**pair(models, org, user))
    setattr(row, role_field, args["role"])
    row.save()


def pair(models: Models, org: Loose, user: Loose) -> dict[str, Loose]:
    """The two sides of a membership."""
    return {models.names["org_field"]: org, models.names["user_field"]: user}


def remove_member(args: Mapping[str, Loose]) -> None:
    """Take a role in an organisation from a user, who may be without it already."""
    models = Models(args["models"])
    slug = {models.names["slug_field"]: args["slug"]}
    is_there = models.org._base_manager.filter(**slug).exists()
    if not (is_there and user_model()._base_manager.filter(username=args["username"]).exists()):
        return
    org = models.organisation(args["slug"])
    user = locked(args)
    for row in models.held_by(org, user):
        if str(getattr(row, models.names["role_field"])) == args["role"]:
            row.delete()
