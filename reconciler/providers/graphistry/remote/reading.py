"""Operations that read. Each takes its arguments by name and gives what JSON can hold."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping

from reconciler.providers.graphistry.remote.models import (
    Loose,
    Models,
    Refusal,
    rows_of,
    user_model,
)


def hello(args: Mapping[str, Loose]) -> Loose:  # noqa: ARG001  # as all operations have it
    """The release of Django, and the time there in seconds since 1970."""
    import django

    user_model()
    return {"django": django.get_version(), "time": time.time()}


def read_users(args: Mapping[str, Loose]) -> Loose:
    """Users in the order of their keys, page by page, until there are `limit` bytes of them."""
    model = user_model()
    rows: list[dict[str, Loose]] = []
    size, after = 0, args["after"]
    while True:
        query = model._base_manager.order_by("pk")
        if after is not None:
            query = query.filter(pk__gt=after)
        page = list(query[: args["page_size"]])
        more = rows_of(page)
        rows += more
        size += len(json.dumps(more))
        if len(page) < args["page_size"]:
            return {"rows": rows, "next": None}
        after = page[-1].pk if isinstance(page[-1].pk, int) else str(page[-1].pk)
        if size > args["limit"]:
            return {"rows": rows, "next": after}


def look(args: Mapping[str, Loose]) -> Loose:
    """These users, each None where there is none, and whether these passwords are theirs."""
    found = {}
    for name, password in args["users"].items():
        user = user_model()._base_manager.filter(username=name).first()
        row = None if user is None else rows_of([user])[0]
        if row is not None and password is not None:
            row["has_password"] = user.check_password(password)
        found[name] = row
    return found


def read_settings(args: Mapping[str, Loose]) -> Loose:
    """Switches by name: true, false, or a text that says why there is no such switch."""
    return {name: switch(name) for name in args["names"]}


def switch(name: str) -> Loose:
    """One switch of the site."""
    from django.apps import apps
    from django.conf import settings

    if not apps.is_installed("constance"):
        return "django-constance is not installed"
    from constance import config

    if name not in getattr(settings, "CONSTANCE_CONFIG", {}):
        return "there is no such setting"
    value = getattr(config, name)
    return value if isinstance(value, bool) else f"it is no switch, but {type(value).__name__}"


def read_organisations(args: Mapping[str, Loose]) -> Loose:
    """By slug: who is in an organisation with which role, or a text why that is nobody's business.

    Members are pairs of user name and role.
    """
    models = Models(args["models"])
    found: dict[str, Loose] = {}
    for slug in args["slugs"]:
        try:
            org = models.organisation(slug)
        except Refusal as refusal:
            found[slug] = str(refusal)
            continue
        user = models.names["user_field"] + "__username"
        rows = models.members(org).values_list(user, models.names["role_field"])
        found[slug] = [[name, str(role)] for name, role in rows]
    return found


def list_organisations(args: Mapping[str, Loose]) -> Loose:
    """The slugs of all organisations but those that are somebody's personal one, in order."""
    models = Models(args["models"])
    names = user_model()._base_manager.values_list("username", flat=True)
    personal = {name.lower() for name in names}
    slugs = models.org._base_manager.values_list(models.names["slug_field"], flat=True)
    return sorted(str(slug) for slug in slugs if str(slug).lower() not in personal)


def discover(args: Mapping[str, Loose]) -> Loose:  # noqa: ARG001  # as all operations have it
    """Models that may be organisations: a unique slug, and a model that joins them with users and
    roles.
    """
    from django.apps import apps

    every = list(apps.get_models(include_auto_created=True))
    found: list[Loose] = []
    for org in every:
        for slug in (field for field in own_fields(org) if is_slug(field)):
            for through in every:
                found += candidates(org, slug, through)
    return found


def candidates(org: Loose, slug: Loose, through: Loose) -> Iterator[Loose]:
    """What could be pinned if this model joined organisations and users."""
    fields = own_fields(through)
    orgs = [field for field in fields if field.many_to_one and field.related_model is org]
    users = [field for field in fields if field.many_to_one and field.related_model is user_model()]
    roles = [field for field in fields if is_role(field)]
    if len(orgs) == 1 and len(users) == 1 and org is not user_model():
        for role in roles:
            yield {
                "org_model": org._meta.label,
                "slug_field": slug.name,
                "membership_model": through._meta.label,
                "user_field": users[0].name,
                "org_field": orgs[0].name,
                "role_field": role.name,
                "role_names": [str(value) for value, _ in role.flatchoices],
            }


def own_fields(model: Loose) -> list[Loose]:
    """The fields that are columns of a model."""
    return [field for field in model._meta.get_fields() if getattr(field, "concrete", False)]


def is_slug(field: Loose) -> bool:
    """Whether a field may be the ID of an organisation."""
    return bool(field.unique) and not field.primary_key and "slug" in field.name


def is_role(field: Loose) -> bool:
    """Whether a field may say which role a member has."""
    return not field.is_relation and ("role" in field.name or bool(field.flatchoices))


READERS: dict[str, Callable[[Mapping[str, Loose]], Loose]] = {
    "hello": hello,
    "users": read_users,
    "look": look,
    "settings": read_settings,
    "organisations": read_organisations,
    "slugs": list_organisations,
    "discover": discover,
}
