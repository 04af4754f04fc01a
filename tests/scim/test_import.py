"""`import` of a SCIM service that is in use, after which a plan changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.errors import TargetError
from tests.conformance.target import Option
from tests.imports import TARGET, assert_nothing_to_do, import_of
from tests.scim.lab import needs
from tests.scim.service import ScimService
from tests.scim.target import OWN, ScimTarget

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


class MarkedTarget(ScimTarget):
    """A service on which ours is what bears our mark."""

    def options(self) -> Mapping[str, Option]:
        return {**super().options(), "external_id_prefix": "reconciler:ours:"}


class UsersTarget(ScimTarget):
    """A service that has Users only."""

    def options(self) -> Mapping[str, Option]:
        return {**super().options(), "groups": "no"}


@pytest.fixture
def target(service: ScimService) -> ScimTarget:
    """The service with our own user in it."""
    return ScimTarget(service)


def _member(key: str) -> dict[str, str]:
    return {"value": key}


def test_an_empty_service_is_imported(target: ScimTarget, tmp_path: Path) -> None:
    found = import_of(target)

    assert found.manifest.users == {}
    assert found.protected == [OWN]
    assert_nothing_to_do(found, tmp_path)


def test_users_with_what_they_have_and_groups_are_imported_dif_01(
    service: ScimService, target: ScimTarget, tmp_path: Path
) -> None:
    needs(service, "email types")
    amina = service.post(
        "/Users",
        userName="amina@example.org",
        active=True,
        displayName="Amina Diallo",
        emails=[{"value": "amina@example.org", "type": "work", "primary": True}],
        title="Analyst",
        schemas=["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        **{ENTERPRISE: {"department": "Data", "employeeNumber": "007"}},
    )
    kofi = service.post("/Users", userName="kofi", active=True)
    service.post("/Users", userName="zora", active=True, displayName="Zora")
    service.post("/Groups", displayName="readers", members=[_member(amina), _member(kofi)])
    service.post("/Groups", displayName="all of us: here", members=[_member(amina)])

    found = import_of(target)

    user = found.manifest.users["amina@example.org"]
    assert (user.name, user.email) == ("Amina Diallo", "amina@example.org")
    account = user.accounts[TARGET]
    assert not isinstance(account, str)
    wanted = {"department": "Data", "employee_number": "007", "title": "Analyst"}
    assert account.attributes == wanted
    assert found.grants == {
        ("amina@example.org", "readers"),
        ("kofi", "readers"),
        ("amina@example.org", "all of us: here"),
    }
    assert "nothing is asked of their accounts: zora" in found.comments
    assert_nothing_to_do(found, tmp_path)


def test_who_may_not_sign_in_is_disabled_and_protected_where_that_would_take_a_group(
    service: ScimService, target: ScimTarget, tmp_path: Path
) -> None:
    service.post("/Users", userName="gone", active=False)
    lingering = service.post("/Users", userName="lingering", active=False)
    amina = service.post("/Users", userName="amina", active=True)
    service.post("/Groups", displayName="readers", members=[_member(lingering), _member(amina)])

    found = import_of(target)

    assert found.manifest.users["gone"].state == "disabled"
    assert "lingering" not in found.manifest.users
    assert "lingering" in found.protected
    assert "user lingering: may not sign in and is in readers" in found.comments
    assert "lingering in readers" in found.comments
    assert_nothing_to_do(found, tmp_path)


def test_groups_that_nobody_can_tell_apart_or_that_hold_groups_are_left_out(
    service: ScimService, target: ScimTarget, tmp_path: Path
) -> None:
    needs(service, "groups in groups")
    amina = service.post("/Users", userName="amina", active=True)
    inner = service.post("/Groups", displayName="inner", members=[_member(amina)])
    service.post("/Groups", displayName="outer", members=[_member(inner), _member(amina)])
    service.post("/Groups", displayName="plain", members=[_member(amina)])
    for _ in range(2):
        service.post("/Groups", displayName="twins", members=[_member(amina)])
    service.post("/Groups", displayName="haunted", members=[_member("nobody-has-this-id")])

    found = import_of(target)

    assert found.manifest.roles.keys() == {"haunted", "plain"}
    assert "role outer: has inner in it" in found.comments
    assert "role inner: is in outer" in found.comments
    assert '2 groups have the displayName "twins"' in found.comments
    assert "1 membership of users who are deleted" in found.comments
    assert_nothing_to_do(found, tmp_path)


def test_what_bears_another_manifests_mark_is_left_out(
    service: ScimService, target: ScimTarget, tmp_path: Path
) -> None:
    needs(service, "external ids")
    theirs = service.post(
        "/Users", userName="theirs", active=True, externalId="reconciler:others:theirs"
    )
    service.post("/Groups", displayName="shared", members=[_member(theirs)])
    service.post("/Groups", displayName="not ours", externalId="reconciler:others:not ours")

    found = import_of(_as(MarkedTarget, target))

    assert found.manifest.roles.keys() == {"shared"}
    assert found.manifest.users == {}
    assert 'user theirs: bears the mark of another manifest, "reconciler:others:' in found.comments
    assert "role 'not ours': bears the mark of another manifest" in found.comments
    assert_nothing_to_do(found, tmp_path)


def test_a_service_that_has_no_groups_gets_a_role_for_having_an_account(
    service: ScimService, target: ScimTarget, tmp_path: Path
) -> None:
    service.post("/Users", userName="amina", active=True)
    service.post("/Users", userName="gone", active=False)
    service.oddities.shut = "/Groups"

    found = import_of(_as(UsersTarget, target))

    assert found.grants == {("amina", f"{TARGET}-user")}
    assert found.manifest.users["gone"].state == "disabled"
    assert_nothing_to_do(found, tmp_path)


def test_groups_that_cannot_be_read_are_an_error_and_no_shorter_manifest(
    service: ScimService, target: ScimTarget
) -> None:
    service.oddities.shut = "/Groups"

    with pytest.raises(TargetError, match="groups: no"):
        import_of(target)


def test_users_of_whom_the_service_does_not_say_whether_they_are_active_are_imported(
    service: ScimService, target: ScimTarget, tmp_path: Path
) -> None:
    service.oddities.drops_active = True
    amina = service.post("/Users", userName="amina", active=True)
    service.post("/Groups", displayName="readers", members=[_member(amina)])

    found = import_of(target)

    assert found.grants == {("amina", "readers")}
    assert_nothing_to_do(found, tmp_path)


def _as(kind: type[ScimTarget], target: ScimTarget) -> ScimTarget:
    """The same service with other options; our own user is there already."""
    other = kind.__new__(kind)
    other.__dict__.update(target.__dict__)
    return other
