"""New accounts: one invitation, one registration, one password, and nothing left behind."""

from __future__ import annotations

import logging

import httpx
import pytest

from reconciler.providers.kohakuriver import api
from reconciler.sandbox.http.faults import FaultKind
from reconciler.state import Key
from tests.kohakuriver.lab import INVITATIONS, REGISTER, USERS, Lab, account, statuses
from tests.kohakuriver.simulated import ADMIN_SECRET, signs_in

LOST_AFTER = [
    FaultKind.ERROR_500_AFTER_EFFECT,
    FaultKind.CUT_AFTER_EFFECT,
    FaultKind.RESET_AFTER_EFFECT,
    FaultKind.HTML_504_AFTER_EFFECT,
    FaultKind.HALF_JSON_BODY,
    FaultKind.BODY_CUT_SHORT,
]
LOST_BEFORE = [
    FaultKind.ERROR_500_BEFORE_EFFECT,
    FaultKind.CUT_BEFORE_EFFECT,
    FaultKind.RESET_BEFORE_EFFECT,
    FaultKind.HTML_502,
    FaultKind.DATABASE_LOCKED,
]


def test_the_first_administrator_of_an_empty_host_is_an_account_like_any_other(lab: Lab) -> None:
    store = lab.start()

    outcomes = lab.apply(account("amina", "admin", name="Amina Diallo"))

    row = store.user("amina")
    assert statuses(outcomes) == ["done"]
    assert (row.role, row.display_name, row.is_active) == ("admin", "Amina Diallo", True)
    assert signs_in(lab.simulator.url, "amina", lab.notes.passwords["amina"].reveal())


def test_an_invitation_is_used_at_once_and_its_session_ended(lab: Lab) -> None:
    store = lab.start()

    lab.apply(account("amina"))

    (invitation,) = store.tables.invitations.values()
    life_s = round(invitation.expires_at - invitation.created_at)
    assert (invitation.usage_count, invitation.max_usage, life_s) == (1, 1, 3600)
    assert invitation.created_by is None
    assert store.tables.sessions == []


def test_many_accounts_cost_one_list_of_users_and_nobody_becomes_the_one_before(lab: Lab) -> None:
    store = lab.start()

    outcomes = lab.apply(*(account(f"user-{number}") for number in range(5)))

    assert statuses(outcomes) == ["done"] * 5
    assert lab.sent("GET", USERS) == 1
    assert lab.sent("GET", INVITATIONS) == 1
    assert lab.sent("POST", REGISTER) == 5
    assert {row.created_by for row in store.tables.invitations.values()} == {None}


@pytest.mark.parametrize("kind", LOST_AFTER)
def test_a_registration_whose_answer_is_lost_is_not_sent_again(lab: Lab, kind: FaultKind) -> None:
    store = lab.start()
    lab.arm(kind, "POST", REGISTER)

    outcomes = lab.apply(account("amina", "operator"))

    assert statuses(outcomes) == ["done"]
    assert store.user("amina").role == "operator"
    assert lab.sent("POST", REGISTER) == 1
    assert lab.open_invitations == 0
    assert signs_in(lab.simulator.url, "amina", lab.notes.passwords["amina"].reveal())


@pytest.mark.parametrize("kind", LOST_BEFORE)
def test_a_registration_that_did_not_happen_fails_and_its_invitation_is_revoked(
    lab: Lab, kind: FaultKind
) -> None:
    store = lab.start()
    lab.arm(kind, "POST", REGISTER)

    outcomes = lab.apply(account("amina"), account("kofi"))

    assert statuses(outcomes) == ["failed", "done"]
    assert [row.username for row in store.tables.users.values()] == ["kofi"]
    assert lab.sent("POST", REGISTER) == 2
    assert lab.open_invitations == 0


def test_a_registration_that_takes_longer_than_we_wait_is_looked_up(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = lab.start()
    assert api._REGISTER_TIMEOUT_S >= 60
    monkeypatch.setattr(api, "_REGISTER_TIMEOUT_S", 1.0)
    lab.arm(FaultKind.SLOW_REPLY, "POST", REGISTER, seconds=30)

    outcomes = list(lab.open(timeout_s=1).apply([account("amina")], lab.notes))

    assert statuses(outcomes) == ["done"]
    assert list(store.tables.users) == [1]


def test_an_account_that_is_made_without_its_use_being_counted_leaves_no_invitation(
    lab: Lab,
) -> None:
    store = lab.start()
    store.loses_next_use = True

    outcomes = lab.apply(account("amina"))

    assert statuses(outcomes) == ["done"]
    assert list(store.tables.invitations) == []


def test_a_rate_limit_is_waited_for(lab: Lab) -> None:
    lab.start()
    lab.arm(FaultKind.RATE_LIMITED_429, "POST", REGISTER, retry_after_s=0)
    lab.arm(FaultKind.RATE_LIMITED_429, "POST", INVITATIONS, retry_after_s=-1)

    assert statuses(lab.apply(account("amina"))) == ["done"]


@pytest.mark.parametrize("kind", LOST_AFTER)
def test_an_invitation_whose_answer_is_lost_is_found_and_used(lab: Lab, kind: FaultKind) -> None:
    store = lab.start()
    store.add_invitation("user")
    lab.arm(kind, "POST", INVITATIONS)

    outcomes = lab.apply(account("amina"))

    assert statuses(outcomes) == ["done"]
    assert lab.sent("POST", INVITATIONS) == 1
    assert [row.usage_count for row in store.tables.invitations.values()] == [0, 1]


def test_an_invitation_that_was_not_made_is_a_failure(lab: Lab) -> None:
    store = lab.start()
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "POST", INVITATIONS)

    assert statuses(lab.apply(account("amina"))) == ["failed"]
    assert store.tables.users == {}


def test_a_name_that_somebody_took_in_the_meantime_is_left_to_them(lab: Lab) -> None:
    store = lab.start()
    lab.arm(FaultKind.OUTSIDE_EDIT, "POST", REGISTER, edit=lambda: store.add_user("amina"))

    (outcome,) = lab.apply(account("amina"))

    assert outcome.status == "failed"
    assert "Username already taken" in outcome.message
    assert lab.open_invitations == 0


def test_a_name_that_somebody_took_while_our_answer_was_lost_is_not_ours(lab: Lab) -> None:
    store = lab.start()
    lab.arm(FaultKind.CUT_BEFORE_EFFECT, "POST", REGISTER)
    lab.arm(FaultKind.OUTSIDE_EDIT, "DELETE", "*", edit=lambda: store.add_user("amina"))

    (outcome,) = lab.apply(account("amina"))

    assert outcome.status == "failed"
    assert "somebody else made it" in outcome.message


def test_what_became_of_a_registration_is_unknown_where_nobody_can_look(lab: Lab) -> None:
    lab.start()
    lab.arm(FaultKind.CUT_AFTER_EFFECT, "POST", REGISTER)
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "GET", USERS, nth=2)

    (outcome,) = lab.apply(account("amina"))

    assert outcome.status == "unknown"


def test_a_secret_that_changes_in_the_middle_stops_everything(lab: Lab) -> None:
    store = lab.start()
    lab.arm(
        FaultKind.OUTSIDE_EDIT,
        "POST",
        INVITATIONS,
        nth=2,
        edit=lambda: setattr(store, "admin_secret", "another one"),
    )

    outcomes = lab.apply(account("amina"), account("kofi"), account("esi"))

    assert statuses(outcomes) == ["done", "failed", "skipped"]
    assert "admin_token" in outcomes[1].message


def test_no_secret_is_in_any_message_or_log(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """A refused registration repeats the password, and the invitation is in the address."""
    caplog.set_level(logging.DEBUG)
    store = lab.start()
    changes = [account(f"user-{number}") for number in range(4)]
    lab.arm(FaultKind.ECHO_400, "POST", REGISTER, nth=1)
    lab.arm(FaultKind.ECHO_500, "POST", REGISTER, nth=2)
    lab.arm(FaultKind.RESET_BEFORE_EFFECT, "POST", REGISTER, nth=3)

    outcomes = lab.apply(*changes, account("no"))

    assert statuses(outcomes) == ["failed", "failed", "failed", "done", "failed"]
    assert "string_too_short" in outcomes[-1].message
    passwords = [each.reveal() for each in lab.notes.passwords.values()]
    tokens = [row.token for row in store.tables.invitations.values()]
    shown = f"{outcomes!r}{caplog.text}"
    assert tokens
    assert not [each for each in (ADMIN_SECRET, *passwords, *tokens) if each in shown]


# API tokens


def _owner(lab: Lab, name: str) -> str:
    """Whom the host takes the bearer of the token for that was handed over."""
    headers = {"Authorization": f"Bearer {lab.notes.tokens[name].reveal()}"}
    answer = httpx.get(f"{lab.simulator.url}/api/auth/me", headers=headers, timeout=20)
    return str(answer.json()["username"])


def test_a_service_account_gets_a_token_that_is_its_own(lab: Lab) -> None:
    store = lab.start()

    outcomes = lab.apply(account("svc-load", api_token=True), account("amina"))

    assert statuses(outcomes) == ["done", "done"]
    assert list(lab.notes.tokens) == ["svc-load"]
    assert sorted(lab.notes.passwords) == ["amina", "svc-load"]
    assert _owner(lab, "svc-load") == "svc-load"
    assert [(row.owner, row.name) for row in store.tables.tokens.values()] == [(1, "reconciler")]
    assert store.tables.sessions == []


def test_tokens_of_a_deleted_account_do_not_sign_in_as_the_one_that_gets_its_id(lab: Lab) -> None:
    store = lab.start()
    store.add_user("first")
    gone = store.add_user("gone", "admin")
    _, text = store.add_token(gone.id, "old")
    store.delete_user("gone")

    outcomes = lab.apply(account("amina"), account("kofi"))

    answer = httpx.get(
        f"{lab.simulator.url}/api/auth/me", headers={"Authorization": f"Bearer {text}"}, timeout=20
    )
    assert store.user("amina").id == gone.id
    assert answer.json()["id"] == -1
    assert statuses(outcomes) == ["failed", "done"]
    assert "deleted by hand" in outcomes[0].message


def test_tokens_of_nobody_are_not_taken_for_those_of_a_new_account(lab: Lab) -> None:
    """The session ended meanwhile, and the list is that of whoever is nobody."""
    store = lab.start()
    store.add_token(-1, "anybody's")
    forget = store.tables.sessions.clear
    lab.arm(FaultKind.OUTSIDE_EDIT, "GET", "/api/auth/tokens", edit=forget)

    (outcome,) = lab.apply(account("amina"))

    assert outcome.status == "done"
    assert len(store.tables.tokens) == 1


@pytest.mark.parametrize("kind", LOST_AFTER)
def test_a_token_whose_answer_is_lost_is_revoked_and_another_made(
    lab: Lab, kind: FaultKind
) -> None:
    store = lab.start()
    lab.arm(kind, "POST", "/api/auth/tokens/create")

    outcomes = lab.apply(account("svc-load", api_token=True))

    assert statuses(outcomes) == ["done"]
    assert len(store.tables.tokens) == 1
    assert _owner(lab, "svc-load") == "svc-load"


def test_a_second_token_is_made_only_where_the_first_could_be_revoked(lab: Lab) -> None:
    store = lab.start()
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "GET", "/api/auth/me")
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "GET", "/api/auth/tokens", nth=2)

    (outcome,) = lab.apply(account("svc-load", api_token=True))

    assert outcome.status == "failed"
    assert "its API token is not" in outcome.message
    assert lab.sent("POST", "/api/auth/tokens/create") == 1
    assert store.tables.tokens == {}


def test_a_token_is_made_after_a_registration_whose_answer_is_lost(lab: Lab) -> None:
    lab.start()
    lab.arm(FaultKind.CUT_AFTER_EFFECT, "POST", REGISTER)

    lab.apply(account("svc-load", api_token=True))

    assert _owner(lab, "svc-load") == "svc-load"


def test_a_token_of_nobody_is_not_handed_over(lab: Lab) -> None:
    """The session is none any more; the host makes a token for nobody, with status 200."""
    store = lab.start()
    path = "/api/auth/tokens/create"
    lab.arm(FaultKind.OUTSIDE_EDIT, "POST", path, edit=store.tables.sessions.clear)

    (outcome,) = lab.apply(account("svc-load", api_token=True))

    assert outcome.status == "failed"
    assert "its owner can sign in with the password" in outcome.message
    assert lab.notes.tokens == {}
    assert store.user("svc-load").is_active


def test_a_database_that_is_locked_for_a_while_does_not_make_a_token_of_nobody(lab: Lab) -> None:
    store = lab.start()
    lab.arm(FaultKind.OUTSIDE_EDIT, "GET", "/api/auth/me", edit=lambda: store.lock("reader", 5.5))

    outcomes = lab.apply(account("svc-load", api_token=True))

    assert statuses(outcomes) == ["done"]
    assert _owner(lab, "svc-load") == "svc-load"
    assert len(store.tables.tokens) == 1


def test_a_database_that_is_locked_long_makes_the_registration_fail_and_nothing_twice(
    lab: Lab,
) -> None:
    store = lab.start()
    lab.arm(FaultKind.OUTSIDE_EDIT, "POST", REGISTER, edit=lambda: store.lock("reader", 7))

    outcomes = lab.apply(account("amina"))
    again = lab.apply(account("amina"))

    assert statuses([*outcomes, *again]) == ["failed", "done"]
    assert len(store.tables.users) == 1
    assert lab.open_invitations == 0


def test_what_is_asked_of_a_new_account_is_not_asked_of_one_that_is_there(lab: Lab) -> None:
    from reconciler.providers.kohakuriver.normalize import normalize
    from reconciler.state import EMPTY, State

    key = Key("account", ("svc-load",))
    asked = State({key: {"level": "user", "api_token": True}})
    there = State({key: {"level": "user", "active": True, "name": ""}})

    assert normalize("river", asked, EMPTY).get(key) == {
        "active": True,
        "level": "user",
        "api_token": True,
    }
    assert normalize("river", asked, there).get(key) == {"active": True, "level": "user"}
