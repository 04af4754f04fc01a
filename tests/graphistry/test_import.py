"""`import` of a Graphistry that is in use, after which a plan changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.conformance.target import Option
from tests.graphistry.installation import MODELS, ROLES, Installation, new_installation
from tests.graphistry.target import OWN, GraphistryTarget
from tests.imports import TARGET, assert_nothing_to_do, import_of


class PinnedTarget(GraphistryTarget):
    """An installation whose organisations the options name."""

    def options(self) -> Mapping[str, Option]:
        return {**super().options(), **MODELS, "role_names": ROLES}


@pytest.fixture
def installation() -> Iterator[Installation]:
    """A stand-in with some users."""
    with new_installation() as found:
        found.add_user("amina", "amina@example.org", flags=(1, 1, 0))
        found.add_user("kofi", "kofi@example.org", addresses={"kofi@example.org": (1, 0)})
        found.add_user("shut", "", flags=(0, 1, 1))
        found.add_user("odd", "", flags=(1, 0, 1))
        yield found


def test_users_and_levels_are_imported_and_organisations_told_of(
    installation: Installation,
) -> None:
    installation.add_organisation("team", amina="owner")

    found = import_of(GraphistryTarget(installation))

    assert found.manifest.users["amina"].email == "amina@example.org"
    assert found.manifest.users["kofi"].email is None
    assert found.manifest.users["shut"].state == "disabled"
    assert found.grants == {("amina", f"{TARGET}-staff"), ("kofi", f"{TARGET}-user")}
    assert set(found.protected) == {OWN, "odd"}
    assert "the addresses, which are not confirmed, of kofi" in found.comments
    assert "organisations: the options do not say how" in found.comments
    assert "shut (level admin)" in found.comments


def test_organisations_are_imported_where_the_options_name_their_models_dif_01(
    installation: Installation, tmp_path: Path
) -> None:
    installation.add_organisation("team", amina="owner", kofi="member", odd="member")
    installation.add_organisation("lab", kofi="emperor", amina="member", shut="member")
    installation.add_organisation("amina", amina="owner")
    installation.add_organisation("deserted")

    found = import_of(PinnedTarget(installation))

    assert found.grants == {
        ("amina", f"{TARGET}-staff"),
        ("kofi", f"{TARGET}-user"),
        ("amina", "team-owner"),
        ("kofi", "team-member"),
        ("amina", "lab-member"),
    }
    assert '"emperor" is not a role of organisations' in found.comments
    assert "odd in member of team" in found.comments
    assert "user shut: may not sign in and is in member" in found.comments
    assert "organisations that nobody is in: deserted" in found.comments
    assert_nothing_to_do(found, tmp_path)
