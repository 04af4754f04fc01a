"""Whole manifests: organisations, who leaves, and what plans say beside their changes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.errors import IncompleteReadError, ManifestError
from reconciler.state import Key
from tests.graphistry.lab import PINNED, TARGET, Lab

USERS = {"amina": {"name": "Amina", "email": "Amina@Example.org"}, "kofi": {"name": "Kofi"}}
ROLES = {
    "viewer": {"target": TARGET, "level": "user"},
    "ghana-member": {"server": "ghana", "name": "member"},
    "ghana-admin": {"server": "ghana", "name": "admin"},
}
SERVERS = {"ghana": {"target": TARGET}}


def manifest(*grants: tuple[str, str], **more: object) -> Mapping[str, object]:
    """These users hold these roles."""
    given = [{"user": user, "role": role} for user, role in grants]
    whole = {"users": USERS, "roles": ROLES, "servers": SERVERS, "grants": given}
    return {**whole, **more}


def test_members_come_change_their_role_and_go(lab: Lab) -> None:
    lab.installation.add_organisation("ghana")

    lab.apply(manifest(("amina", "ghana-member"), ("kofi", "ghana-member")), **PINNED)
    assert lab.installation.members("ghana") == {"amina": "member", "kofi": "member"}

    lab.apply(manifest(("amina", "ghana-admin"), ("kofi", "viewer")), **PINNED)
    assert lab.installation.members("ghana") == {"amina": "admin"}
    assert lab.plan(manifest(("amina", "ghana-admin"), ("kofi", "viewer")), **PINNED).changes == ()


def test_of_two_roles_in_one_organisation_the_higher_is_had(lab: Lab) -> None:
    lab.installation.add_organisation("ghana")

    lab.apply(manifest(("amina", "ghana-member"), ("amina", "ghana-admin")), **PINNED)

    assert lab.installation.members("ghana") == {"amina": "admin"}


def test_a_member_whom_nobody_declares_is_taken_out_of_a_declared_role_only(lab: Lab) -> None:
    lab.installation.add_user("yaw")
    lab.installation.add_user("esi")
    lab.installation.add_organisation("ghana", yaw="member", esi="owner")
    lab.installation.add_organisation("mali", yaw="member")

    lab.apply(manifest(("amina", "ghana-member")), **PINNED)
    assert "yaw" in lab.installation.members("ghana")  # nothing was known of an earlier apply
    lab.apply(manifest(("amina", "ghana-member")), **PINNED)

    assert lab.installation.members("ghana") == {"amina": "member", "esi": "owner"}
    assert lab.installation.members("mali") == {"yaw": "member"}


def test_a_plan_says_that_nobody_is_invited(lab: Lab) -> None:
    lab.installation.add_organisation("ghana")

    plan = lab.plan(manifest(("amina", "ghana-member")), **PINNED)

    (said,) = (each for each in plan.findings if each.rule == "no-invitation")
    assert not said.blocking
    assert "ghana/member/amina" in said.message


def test_a_role_that_nobody_declares_and_stays_stands_against_another(lab: Lab) -> None:
    lab.installation.add_user("amina", "amina@example.org")
    lab.installation.add_organisation("ghana", amina="owner")

    plan = lab.plan(manifest(("amina", "ghana-member")), **PINNED)

    assert any(
        each.blocking and '"amina" is owner of ghana, which stays' in each.message
        for each in plan.findings
    )


@pytest.mark.parametrize(
    "slug, why",
    [("ghana", "no organisation ghana"), ("kofi", "kofi is somebody's personal organisation")],
)
def test_an_organisation_that_is_not_there_or_personal_is_not_managed(
    lab: Lab, slug: str, why: str
) -> None:
    lab.installation.add_user("kofi")
    if slug == "kofi":
        lab.installation.add_organisation("kofi", kofi="owner")
    roles = {"member": {"server": slug, "name": "member"}}

    plan = lab.plan(
        manifest(("amina", "member"), roles=roles, servers={slug: {"target": TARGET}}), **PINNED
    )

    assert any(each.blocking and why in each.message for each in plan.findings)
    assert lab.installation.members("kofi") == ({"kofi": "owner"} if slug == "kofi" else {})


def test_organisations_whose_models_nobody_named_are_held_back_with_advice(lab: Lab) -> None:
    given = manifest(("amina", "ghana-member"))

    with lab.run(given) as run:
        plan = run.plan()
        report = run.apply(plan, credentials_out=str(lab.folder / "out.jsonl"))

    (said,) = (each for each in plan.findings if each.blocking)
    assert "reconciler doctor" in said.message
    assert said.keys == (Key("membership", ("ghana", "member", "amina")),)
    assert [each.change.key.kind for each in report.outcomes] == ["account"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"org_model": "teams.Nothing"},
        {"slug_field": "title"},
        {"slug_field": "nothing"},
        {"membership_model": "teams.Dashboard"},
        {"user_field": "org"},
        {"role_field": "user"},
    ],
)
def test_models_that_are_not_as_named_make_the_read_fail(
    lab: Lab, wrong: Mapping[str, object]
) -> None:
    lab.installation.add_organisation("ghana")

    with pytest.raises(IncompleteReadError, match="reconciler doctor"):
        lab.plan(manifest(("amina", "ghana-member")), **{**PINNED, **wrong})


def test_a_role_that_organisations_do_not_have_is_refused_with_its_line(lab: Lab) -> None:
    lab.installation.add_organisation("ghana")
    roles = {"boss": {"server": "ghana", "name": "boss"}}

    with pytest.raises(ManifestError, match="they are member, admin, owner"):
        lab.plan(manifest(("amina", "boss"), roles=roles), **PINNED)


@pytest.mark.parametrize("word", ["inherits", "privileges", "scopes", "attributes"])
def test_a_role_of_an_organisation_holds_nothing_but_members(lab: Lab, word: str) -> None:
    values = {
        "inherits": ["viewer"],
        "privileges": [{"schema": "s", "tables": "*", "allow": ["select"]}],
        "scopes": ["run"],
        "attributes": {"login": True},
    }
    roles = {**ROLES, "ghana-member": {**ROLES["ghana-member"], word: values[word]}}

    with pytest.raises(ManifestError, match=word.removesuffix("s")):
        lab.plan(manifest(("amina", "ghana-member"), roles=roles), **PINNED)


def test_who_leaves_is_out_of_organisations_and_inactive_and_the_plan_says_what_stays(
    lab: Lab,
) -> None:
    lab.installation.add_organisation("ghana")
    lab.installation.add_user("root", flags=(1, 1, 1))
    roles = {**ROLES, "staff": {"target": TARGET, "level": "staff"}}
    lab.apply(manifest(("amina", "ghana-member"), ("amina", "staff"), roles=roles), **PINNED)

    left = manifest(("kofi", "viewer"), roles=roles)
    plan = lab.plan(left, **PINNED)
    lab.apply(left, **PINNED)

    texts = {each.rule: each.message for each in plan.findings}
    assert {"token-lag", "flags-kept"} <= texts.keys()
    assert 'revokes no tokens: "amina" may go on' in texts["token-lag"]
    assert lab.installation.members("ghana") == {}
    assert lab.installation.user("amina")["is_active"] == 0


def test_deleting_takes_an_option_and_without_it_who_leaves_is_shut_out(lab: Lab) -> None:
    policy = {"leavers": "delete"}
    target = {TARGET: {"provider": "graphistry", "options": {**lab.options()}, "policy": policy}}
    lab.apply(manifest(("amina", "viewer"), ("kofi", "viewer")))

    lab.apply({**manifest(("kofi", "viewer")), "targets": target})

    assert lab.installation.user("amina")["is_active"] == 0


@pytest.mark.parametrize(
    "users, why",
    [
        ({"amina": {"email": "a@e.org"}, "kofi": {"email": "A@e.org"}}, "has the address"),
        ({"amina": {"name": "x" * 300}}, "more than 255"),
        ({"a" * 151: {}}, "more than 150"),
        ({"the boss": {}}, "is not a user name"),
    ],
)
def test_what_cannot_be_held_is_refused_with_its_line(
    lab: Lab, users: Mapping[str, object], why: str
) -> None:
    grants = [{"user": name, "role": "viewer"} for name in users]

    with pytest.raises(ManifestError, match=why):
        lab.plan(manifest(users=users, grants=grants))


def test_a_user_who_is_there_in_other_letters_is_an_error_with_what_to_write(lab: Lab) -> None:
    lab.installation.add_user("Amina")

    with pytest.raises(ManifestError, match=f'accounts: {{{TARGET}: "Amina"}}'):
        lab.plan(manifest(("amina", "viewer")))


def test_an_odd_name_that_is_there_already_can_be_managed(lab: Lab) -> None:
    lab.installation.add_user("the boss")
    users = {"amina": {"accounts": {TARGET: "the boss"}, "name": "Amina"}}

    lab.apply(manifest(("amina", "viewer"), users=users))

    assert lab.account("the boss")["name"] == "Amina"


def test_the_case_of_an_addresss_domain_makes_no_difference(lab: Lab) -> None:
    lab.apply(manifest(("amina", "viewer")))

    assert lab.account("amina")["email"] == "Amina@example.org"
    assert Key("account", ("amina",)) in lab.read()


def test_a_plan_takes_two_runs_of_the_shell_however_much_there_is(lab: Lab) -> None:
    lab.installation.add_organisation("ghana")

    lab.plan(manifest(("amina", "ghana-member"), ("kofi", "viewer")), **PINNED)

    assert len(lab.installation.calls()) == 2


@pytest.mark.parametrize(
    "options, why",
    [
        ({"org_model": "teams.Organization"}, "organisations need slug_field"),
        ({"settings_on": ["A"], "settings_off": ["A"]}, "both have A"),
        ({"settings_write": ["A"]}, "neither on nor off"),
        ({"command": []}, "at least 1 item"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(
    lab: Lab, options: Mapping[str, object], why: str
) -> None:
    with pytest.raises(ManifestError, match=why):
        lab.plan(manifest(("kofi", "viewer")), **options)
