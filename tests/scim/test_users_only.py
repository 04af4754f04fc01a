"""Services that have Users and no Groups: with `groups: no`, who holds a role is a User."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.errors import PartlyReadError
from reconciler.scope import Scope
from tests.conformance.bench import Access, Bench
from tests.scim.lab import opened, read
from tests.scim.service import PREFIX, ScimService
from tests.scim.target import ScimTarget


class UsersOnly(ScimTarget):
    """A service that has no Groups, and says so with status 403 to whoever asks."""

    def options(self) -> Mapping[str, str | int]:
        return {**super().options(), "groups": "no"}


@pytest.fixture
def people(service: ScimService) -> ScimService:
    """A service with the user kofi, who was there before."""
    service.post("/Users", userName="kofi", active=True)
    service.oddities.shut = "/Groups"
    return service


def _access(*users: str) -> Access:
    grants = tuple((user, role) for user in users for role in ("staff", "guests"))
    return Access(users=("amina", "kofi"), roles={"staff": (), "guests": ()}, grants=grants)


def test_who_holds_a_role_gets_a_user_and_the_next_plan_is_empty(
    people: ScimService, tmp_path: Path
) -> None:
    bench = Bench(UsersOnly(people), tmp_path)

    report = bench.apply(_access("amina", "kofi"))

    assert {each.change.key.kind for each in report.outcomes} == {"account"}
    assert report.targets[0].is_converged
    assert bench.changes(_access("amina", "kofi")) == ()
    assert {row["userName"] for row in people.rows("/Users")} == {"amina", "kofi", "reconciler"}


def test_who_loses_the_last_role_is_disabled(people: ScimService, tmp_path: Path) -> None:
    bench = Bench(UsersOnly(people), tmp_path)
    bench.apply(_access("amina", "kofi"))

    bench.apply(_access("kofi"), accepts=True)

    active = {row["userName"]: row["active"] for row in people.rows("/Users")}
    assert (active["amina"], active["kofi"]) == (False, True)


def test_groups_are_not_asked_for_and_doctor_misses_none(people: ScimService) -> None:
    assert read(people, groups="no").names("account") == {"kofi"}
    with opened(people, groups="no") as provider:
        assert provider.lacking_to_read(Scope()).lacking == ()

    assert not [each for each in people.requests if each.path.startswith(f"{PREFIX}/Groups")]


def test_without_the_option_groups_that_may_not_be_read_are_an_error(people: ScimService) -> None:
    with pytest.raises(PartlyReadError, match="a service that has no Groups needs the option"):
        read(people)
