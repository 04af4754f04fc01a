"""Reading an installation: users as odd as they come, many of them, and the site's switches."""

from __future__ import annotations

import pytest

from reconciler.errors import UnexpectedResponseError
from reconciler.provider import Identity
from reconciler.scope import Scope
from reconciler.state import Key
from tests.graphistry.lab import Lab


@pytest.mark.parametrize(
    "flags, level",
    [
        ((1, 0, 0), "user"),
        ((1, 1, 0), "staff"),
        ((1, 1, 1), "admin"),
        ((1, 0, 1), "custom{superuser}"),
        ((0, 1, 1), "admin"),
    ],
)
def test_flags_are_levels_and_a_superuser_who_is_not_staff_is_none_of_them(
    lab: Lab, flags: tuple[int, int, int], level: str
) -> None:
    lab.installation.add_user("amina", flags=flags)

    fields = lab.account("amina")

    assert fields["level"] == level
    assert fields["active"] is bool(flags[0])


@pytest.mark.parametrize(
    "addresses, shown",
    [
        ({"a@example.org": (1, 1)}, "a@example.org"),
        ({"A@Example.org": (1, 1)}, "a@example.org"),
        ({}, "a@example.org (not confirmed)"),
        ({"a@example.org": (1, 0)}, "a@example.org (not confirmed)"),
        ({"a@example.org": (0, 1), "b@example.org": (0, 1)}, "a@example.org (not confirmed)"),
        ({"a@example.org": (0, 1), "b@example.org": (1, 1)}, "a@example.org (not confirmed)"),
    ],
)
def test_an_address_that_is_no_verified_primary_one_is_another(
    lab: Lab, addresses: dict[str, tuple[int, int]], shown: str
) -> None:
    lab.installation.add_user("amina", "a@example.org", addresses=addresses)

    assert lab.account("amina")["email"] == shown


def test_names_that_differ_only_in_case_are_two_users_that_are_there(lab: Lab) -> None:
    lab.installation.add_user("amina")
    lab.installation.add_user("Amina")

    assert lab.read().names("account") == {"amina", "Amina"}


def test_many_users_are_read_in_one_run_of_the_shell(lab: Lab) -> None:
    _add_users(lab, 10_000)

    state = lab.read(page_size=1000)

    assert len(state) == 10_000
    assert len(lab.installation.calls()) == 1


def test_what_one_answer_does_not_take_comes_with_the_next(lab: Lab) -> None:
    _add_users(lab, 100)

    state = lab.read(page_size=10, max_reply_bytes=16_000)

    assert len(state) == 100
    assert len(lab.installation.calls()) == 2


def _add_users(lab: Lab, number: int) -> None:
    lab.installation.rows(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
        "INSERT INTO users_user (username, email, name, first_name, last_name, password, "
        "is_active, is_staff, is_superuser, date_joined) "
        "SELECT 'user' || i, '', 'O''Brien \"🜁\" ' || char(10), '', '', '!', 1, 0, 0, '2020-01-01' "
        "FROM n",
        number,
    )


def test_a_page_that_fails_is_an_error_that_says_why(lab: Lab) -> None:
    lab.installation.add_user("amina")
    lab.installation.rows("ALTER TABLE account_emailaddress RENAME TO gone")

    with pytest.raises(UnexpectedResponseError, match="no such table: account_emailaddress"):
        lab.read()


def test_what_answers_is_named_with_its_django(lab: Lab) -> None:
    found = lab.provider(service_account="svc").identify()

    assert found == Identity("Graphistry", found.version, "svc")
    assert found.version.startswith("(Django ")


def test_a_switch_that_may_not_be_written_is_compared_and_no_record(lab: Lab) -> None:
    provider = lab.provider(settings_on=["IS_SSO_SIGNUP"], settings_off=["IS_AIR_GAPPED"])

    state = lab.read(settings_on=["IS_SSO_SIGNUP"])
    provider.observe(Scope())
    (said,) = provider.warnings(())

    assert len(state) == 0
    assert said.rule == "site-setting"
    assert not said.blocking
    assert "IS_SSO_SIGNUP is off and is to be on" in said.message


def test_a_switch_that_lets_accounts_appear_is_told_with_its_risk(lab: Lab) -> None:
    lab.installation.rows(
        "INSERT INTO constance_constance (key, value) VALUES (?, ?)",
        *("IS_SSO_SIGNUP", '{"__type__": "default", "__value__": true}'),
    )
    provider = lab.provider(settings_off=["IS_SSO_SIGNUP", "IS_SIGNUPS_OPEN_AFTER_FIRST"])
    provider.observe(Scope())

    (said,) = provider.warnings(())

    assert "accounts can appear without the manifest" in said.message


@pytest.mark.parametrize("name, why", [("NOTHING", "no such setting"), ("MAX_UPLOAD_MB", "int")])
def test_what_is_no_switch_is_not_compared_and_says_so(lab: Lab, name: str, why: str) -> None:
    provider = lab.provider(settings_on=[name])
    provider.observe(Scope())

    (said,) = provider.warnings(())

    assert why in said.message


def test_doctor_tells_of_flags_a_forgotten_admin_and_models_but_not_of_decoys(lab: Lab) -> None:
    lab.installation.add_user("admin", flags=(1, 1, 1))
    lab.installation.add_user("yaw", flags=(0, 1, 1))
    provider = lab.provider()
    provider.observe(Scope())

    said = provider.remarks()

    assert len(said) == 3
    assert any('"yaw" is inactive and would be admin' in each for each in said)
    assert any('active account "admin"' in each for each in said)
    (models,) = (each for each in said if "org_model" in each)
    assert "org_model: teams.Organization, slug_field: slug" in models
    assert "role_names: [member, admin, owner]" in models


def test_doctor_asks_the_time_there(lab: Lab) -> None:
    assert lab.provider().clock().tzinfo is not None


def test_a_state_has_nothing_of_organisations_that_nobody_declares(lab: Lab) -> None:
    lab.installation.add_user("amina")
    lab.installation.add_organisation("ghana", amina="owner")

    state = lab.read()

    assert [key for key, _ in state] == [Key("account", ("amina",))]
