"""The roles of managed services, and the attributes that nobody there may give."""

from __future__ import annotations

import pytest

from reconciler.changes import Change
from reconciler.providers.postgres.powers import out_of_reach
from reconciler.providers.postgres.services import SERVICES, SIGNS, reserved, service_remark
from reconciler.state import Fields, Key

ROLE = Key("role", ("keeper",))


def row(name: str, **powers: bool) -> tuple[object, ...]:
    """A row of catalog/roles.sql."""
    given = (powers.get(each, False) for each in ("superuser", "createdb", "createrole"))
    more = (powers.get(each, False) for each in ("replication", "bypassrls"))
    return (name, True, True, *given, *more, -1, "infinity")


@pytest.mark.parametrize("sign", SIGNS)
def test_a_service_is_known_by_the_role_of_its_operators_alone(sign: str) -> None:
    own = {"rds_iam", "cloudsqliamuser", "alloydbagent", "azure_pg_admin", "supabase_auth_admin"}

    found = reserved({sign, "amina", *own})

    assert set(found) & own == {name for name in own if name in found}
    assert len(set(found) & own) == 1
    assert sign in found
    assert "amina" not in found


def test_without_such_a_role_no_name_is_reserved() -> None:
    assert reserved({"rds_iam", "anon", "replication", "cloudsqlsuperuser"}) == {}
    assert service_remark({"anon"}) == ()


def test_every_sign_is_reserved_itself() -> None:
    assert all(each.names.fullmatch(each.sign) for each in SERVICES)


@pytest.mark.parametrize(
    "version, mine, after, words",
    [
        (160000, {}, {"superuser": True}, "SUPERUSER"),
        (160000, {"replication": True}, {"replication": True}, ""),
        (160000, {}, {"replication": True, "bypassrls": True}, "REPLICATION and BYPASSRLS"),
        (150000, {"bypassrls": True}, {"bypassrls": True}, "BYPASSRLS"),
        (160000, {"superuser": True}, {"superuser": True}, ""),
        (160000, {}, {"superuser": False}, ""),
        (160000, {}, {"createdb": True}, ""),
    ],
)
def test_who_may_give_what(version: int, mine: dict[str, bool], after: Fields, words: str) -> None:
    change = Change("create", ROLE, None, after)

    told = list(out_of_reach([change], [row("me", **mine)], "me", version))

    assert [each.blocking for each in told] == ([True] if words else [])
    assert all(f"keeper is given or loses {words}, and me" in each.message for each in told)
    assert all(each.keys == (ROLE,) for each in told)


def test_on_a_service_it_says_that_nobody_may() -> None:
    change = Change("update", ROLE, {"superuser": True}, {"superuser": False})

    (told,) = out_of_reach([change], [row("me"), row("rdsadmin", superuser=True)], "me", 180000)

    assert "on Amazon RDS no customer is one" in told.message
