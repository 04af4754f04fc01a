"""Writing users and switches: each change by itself, whole or not at all, and never twice."""

from __future__ import annotations

import pytest

from reconciler.changes import Change
from reconciler.providers.graphistry.normalize import SITE
from reconciler.state import Key
from tests.graphistry.lab import Lab, altered, gone, new, shut, statuses


def test_a_new_user_has_flags_a_confirmed_address_and_the_password_handed_over(lab: Lab) -> None:
    lab.make(new("amina", name="Amina Diallo", email="amina@example.org", level="staff"))

    user = lab.installation.user("amina")
    assert (user["is_active"], user["is_staff"], user["is_superuser"]) == (1, 1, 0)
    assert user["addresses"] == [("amina@example.org", 1, 1)]
    assert lab.installation.signs_in("amina", lab.notes.passwords["amina"].reveal())


def test_changes_of_one_kind_go_in_one_run_of_the_shell(lab: Lab) -> None:
    changes = [new(f"user{number}") for number in range(60)]

    outcomes = lab.make(*changes)

    assert statuses(outcomes) == ["done"] * 60
    assert len(lab.installation.calls()) == 1


def test_one_that_is_refused_takes_no_other_with_it_and_costs_no_run(lab: Lab) -> None:
    with lab.installation.trouble("refuse 2"):
        outcomes = lab.make(new("abena"), new("kofi"), new("yaw"))

    assert statuses(outcomes) == ["done", "failed", "done"]
    assert outcomes[1].message == "IntegrityError: no more of them"
    assert len(lab.installation.calls()) == 1


def test_what_one_run_has_no_time_to_begin_is_done_by_the_next(lab: Lab) -> None:
    with lab.installation.trouble("steady 2100"):
        outcomes = lab.make(new("abena"), new("kofi"), new("yaw"), timeout_s=8)

    assert statuses(outcomes) == ["done", "done", "done"]
    assert len(lab.installation.calls()) == 2
    assert lab.installation.signs_in("yaw", lab.notes.passwords["yaw"].reveal())


def test_who_signs_in_through_sso_alone_gets_no_password(lab: Lab) -> None:
    changes = [new("abena"), new("kofi")]

    asked = lab.provider(sso_only_users=["kofi"]).new_passwords(changes)
    lab.make(*changes, sso_only_users=["kofi"])

    assert asked == ("abena",)
    assert [*lab.notes.passwords] == ["abena"]
    assert str(lab.installation.user("kofi")["password"]).startswith("!")


@pytest.mark.parametrize("trouble", ["lose", "cut 20", "cut 0", "fail 1", "twice", "foreign"])
def test_an_effect_whose_answer_was_lost_is_read_back_and_not_sent_again(
    lab: Lab, trouble: str
) -> None:
    path = lab.installation.folder / "trouble"
    command = ["sh", "-c", f'"$@"; code=$?; rm -f "{path}"; exit $code', "sh"]
    path.write_text(trouble)

    outcomes = lab.make(
        new("amina", name="Amina", email="a@example.org"),
        command=[*command, *lab.installation.command],
    )

    assert statuses(outcomes) == ["done"]
    assert len(lab.installation.rows("SELECT * FROM users_user")) == 1
    assert lab.installation.signs_in("amina", lab.notes.passwords["amina"].reveal())
    assert len(lab.installation.calls()) == 2


def test_a_run_that_died_in_the_middle_made_what_it_made(lab: Lab) -> None:
    with lab.installation.trouble("die 2"):
        outcomes = lab.make(new("abena"), new("kofi"), new("yaw"))

    assert statuses(outcomes) == ["done", "failed", "failed"]
    assert "when read back it was not made" in outcomes[1].message
    assert lab.read().names("account") == {"abena"}


def test_a_user_whom_somebody_else_made_meanwhile_is_not_ours(lab: Lab) -> None:
    lab.installation.add_user("kofi")
    with lab.installation.trouble("die 1"):
        (outcome,) = lab.make(new("kofi"))

    assert outcome.status == "failed"


def test_what_may_go_on_after_the_time_is_unknown(lab: Lab) -> None:
    with lab.installation.trouble("slow 2"):
        outcomes = lab.make(new("abena"), new("kofi"), timeout_s=4)

    assert statuses(outcomes) == ["done", "unknown"]
    assert "was killed" in outcomes[1].message


def test_what_cannot_be_read_back_is_unknown(lab: Lab) -> None:
    with lab.installation.trouble("lose"):
        outcomes = lab.make(new("amina"), altered("kofi", {"name": "a"}, {"name": "b"}))

    assert statuses(outcomes) == ["unknown", "skipped"]
    assert "could not be read back" in outcomes[0].message


@pytest.mark.parametrize("there", ["amina", "Amina"])
def test_a_user_who_is_there_already_is_not_made_again_in_any_case_of_letters(
    lab: Lab, there: str
) -> None:
    lab.installation.add_user(there)

    (outcome,) = lab.make(new("amina"))

    assert outcome.status == "failed"
    assert outcome.message == f"there is a user {there} already; plan again"


def test_a_user_who_was_changed_since_the_plan_is_left_alone(lab: Lab) -> None:
    lab.installation.add_user("amina", flags=(1, 1, 1))
    lab.installation.add_user("kofi", flags=(1, 1, 1))

    (outcome,) = lab.make(altered("amina", {"level": "user"}, {"level": "staff"}))

    assert outcome.status == "failed"
    assert "was changed by somebody else: staff, superuser; plan again" in outcome.message
    assert lab.account("amina")["level"] == "admin"


def test_a_user_who_is_as_asked_already_is_done_whoever_did_it(lab: Lab) -> None:
    lab.installation.add_user("amina", flags=(1, 1, 0))

    (outcome,) = lab.make(altered("amina", {"level": "user"}, {"level": "staff"}))

    assert outcome.status == "done"


def test_a_user_who_is_gone_cannot_be_changed_and_needs_not_be_deleted(lab: Lab) -> None:
    outcomes = lab.make(altered("amina", {"level": "user"}, {"level": "staff"}), gone("kofi"))

    assert statuses(outcomes) == ["failed", "done"]
    assert outcomes[0].message == "there is no user amina; plan again"


@pytest.mark.parametrize(
    "change",
    [shut("amina"), gone("amina"), altered("amina", {"level": "admin"}, {"level": "staff"})],
    ids=["shut out", "delete", "demote"],
)
def test_the_last_active_superuser_stays(lab: Lab, change: Change) -> None:
    lab.installation.add_user("amina", flags=(1, 1, 1))
    lab.installation.add_user("idle", flags=(0, 1, 1))

    (outcome,) = lab.make(change)

    assert outcome.status == "failed"
    assert outcome.message == "amina is the last active superuser"
    assert lab.account("amina")["active"] is True


def test_of_two_superusers_who_go_in_one_plan_the_second_stays(lab: Lab) -> None:
    lab.installation.add_user("amina", flags=(1, 1, 1))
    lab.installation.add_user("kofi", flags=(1, 1, 1))

    outcomes = lab.make(shut("amina"), shut("kofi"))

    assert statuses(outcomes) == ["done", "failed"]


def test_our_own_account_is_not_changed_there_either(lab: Lab) -> None:
    lab.installation.add_user("svc", flags=(1, 1, 1))
    lab.installation.add_user("amina", flags=(1, 1, 1))

    outcomes = lab.make(shut("svc"), gone("svc"), service_account="svc")

    assert statuses(outcomes) == ["failed", "failed"]
    assert lab.account("svc")["active"] is True


@pytest.mark.parametrize(
    "addresses",
    [
        {"old@example.org": (1, 1)},
        {},
        {"old@example.org": (0, 1), "else@example.org": (0, 1)},
        {"old@example.org": (1, 0)},
        {"old@example.org": (1, 1), "NEW@example.org": (0, 0)},
    ],
    ids=["one", "none", "two and none primary", "unverified", "the new one is there"],
)
def test_a_new_address_is_the_verified_primary_one_whatever_was_there(
    lab: Lab, addresses: dict[str, tuple[int, int]]
) -> None:
    lab.installation.add_user("amina", "old@example.org", addresses=addresses)
    before = lab.account("amina")["email"]

    (outcome,) = lab.make(altered("amina", {"email": before}, {"email": "new@example.org"}))

    assert outcome.status == "done", outcome.message
    assert lab.account("amina")["email"] == "new@example.org"
    held = lab.installation.user("amina")["addresses"]
    assert isinstance(held, list)
    assert [each for each in held if each[1]] == [("new@example.org", 1, 1)]


def test_an_address_of_somebody_else_is_refused_and_nothing_of_the_change_stays(lab: Lab) -> None:
    lab.installation.add_user("kofi", "kofi@example.org")
    lab.installation.add_user("amina", "a@example.org")
    before, after = (
        {"name": "", "email": "a@example.org"},
        {"name": "A", "email": "KOFI@example.org"},
    )

    outcomes = lab.make(altered("amina", before, after), new("yaw", email="kofi@example.org"))

    assert statuses(outcomes) == ["failed", "failed"]
    assert "is another user's" in outcomes[0].message
    assert lab.account("amina")["name"] == ""
    assert lab.read().names("account") == {"amina", "kofi"}


def test_an_existing_users_password_is_never_set(lab: Lab) -> None:
    lab.installation.add_user("amina")
    before = lab.installation.user("amina")["password"]

    lab.make(altered("amina", {"name": ""}, {"name": "Amina"}), shut("amina"))

    assert lab.installation.user("amina")["password"] == before


def test_only_switches_that_may_be_written_are_and_the_next_plan_is_empty(lab: Lab) -> None:
    options = {
        "settings_on": ["IS_AIR_GAPPED", "IS_SSO_SIGNUP"],
        "settings_write": ["IS_AIR_GAPPED"],
    }

    report = lab.apply({}, **options)
    plan = lab.plan({}, **options)

    assert [each.change.key for each in report.outcomes] == [SITE]
    assert plan.changes == ()
    assert [each.rule for each in plan.findings] == ["site-setting"]


def test_a_switch_that_is_none_holds_its_change_back(lab: Lab) -> None:
    options = {"settings_on": ["MAX_UPLOAD_MB"], "settings_write": ["MAX_UPLOAD_MB"]}

    plan = lab.plan({}, **options)

    (said,) = plan.findings
    assert said.blocking
    assert said.keys == (SITE,)
    assert "it is no switch, but int" in said.message


def test_a_switch_that_somebody_turned_meanwhile_is_left_alone(lab: Lab) -> None:
    name = "IS_AIR_GAPPED"
    change = Change("update", SITE, {name: True}, {name: False})

    (outcome,) = lab.make(change)
    (other,) = lab.make(Change("update", SITE, {"NOTHING": None}, {"NOTHING": True}))

    assert outcome.status == "done"  # it is off already
    assert other.message == "NOTHING: there is no such setting"


def test_what_there_is_no_way_to_do_is_refused_without_a_run(lab: Lab) -> None:
    (outcome,) = lab.make(Change("create", Key("group", ("analysts",)), None, {}))

    assert outcome.status == "failed"
    assert lab.installation.calls() == []
