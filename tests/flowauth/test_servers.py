"""Servers and roles: scopes and limits change in an order that harms no role."""

from __future__ import annotations

from datetime import datetime

import pytest

from reconciler.changes import Change
from reconciler.errors import UnexpectedResponseError
from reconciler.sandbox.flowauth import FaultKind, RoleFacts
from reconciler.state import Key, State
from tests.flowauth.lab import LIMITS, READER, WRITER, Lab, create, delete, statuses, update
from tests.flowauth.simulated import SERVER

ALL = ("dates", "get_result", "run")
EARLY, LATE = "2029-01-01T00:00:00Z", "2040-01-01T00:00:00Z"


def role(lab: Lab, path: tuple[str, str] = READER) -> RoleFacts:
    return lab.simulator.store.snapshot().roles[path]


def scopes_of(lab: Lab) -> tuple[str, ...]:
    return tuple(name for name, _ in lab.simulator.store.snapshot().servers[SERVER].scopes)


def limits_of(lab: Lab) -> tuple[str | None, int | str]:
    server = lab.simulator.store.snapshot().servers[SERVER]
    return server.latest_token_expiry, server.longest_token_life_minutes


def test_scopes_that_move_reach_the_server_then_its_roles_then_leave_the_server(lab: Lab) -> None:
    store = lab.start_filled().store
    kept_id = store.scope_id(SERVER, "run")
    number, reader = store.server_id(SERVER), store.role_id(*READER)

    outcomes = lab.apply(
        update("server", SERVER, before={"scopes": ALL}, after={"scopes": ("new", "run")}),
        update("role", *READER, before={"scopes": ("run",)}, after={"scopes": ("new", "run")}),
        update("role", *WRITER, before={"scopes": ("get_result", "run")}, after={"scopes": ()}),
    )

    assert statuses(outcomes) == ["done", "done", "done"]
    assert [each.change.key.kind for each in outcomes] == ["role", "role", "server"]
    assert role(lab).scopes == ("new", "run")
    assert role(lab, WRITER).scopes == ()
    assert scopes_of(lab) == ("new", "run")
    assert store.scope_id(SERVER, "run") == kept_id
    assert lab.writes[:2] == [f"POST /admin/servers/{number}/scopes", f"PATCH /roles/{reader}"]
    assert lab.writes[-1] == f"POST /admin/servers/{number}/scopes"


def test_a_scope_that_a_role_still_has_is_not_taken_from_the_server(lab: Lab) -> None:
    lab.start_filled()

    outcomes = lab.apply(
        update("server", SERVER, before={"scopes": ALL}, after={"scopes": ("run",)})
    )

    assert statuses(outcomes) == ["failed"]
    assert 'the role "writer" has get_result' in outcomes[0].message
    assert scopes_of(lab) == ALL
    assert role(lab, WRITER).scopes == ("get_result", "run")
    assert lab.writes == []


def test_a_role_that_could_not_be_narrowed_keeps_its_scopes_and_the_server_too(lab: Lab) -> None:
    lab.start_filled()
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "PATCH", "/roles/*")

    outcomes = lab.apply(
        update("server", SERVER, before={"scopes": ALL}, after={"scopes": ("new", "run")}),
        update("role", *WRITER, before={"scopes": ("get_result", "run")}, after={"scopes": ()}),
    )

    assert statuses(outcomes) == ["failed", "failed"]
    assert scopes_of(lab) == ("dates", "get_result", "new", "run")
    assert role(lab, WRITER).scopes == ("get_result", "run")


def test_a_scope_that_somebody_added_meanwhile_outlives_the_widening(lab: Lab) -> None:
    store = lab.start_filled().store
    store.add_scope(SERVER, "by-hand")
    store.set_role_scopes(*READER, ["run", "by-hand"])

    outcomes = lab.apply(
        update("server", SERVER, before={"scopes": ALL}, after={"scopes": (*ALL, "new")})
    )

    assert statuses(outcomes) == ["failed"]
    assert 'the role "reader" has by-hand' in outcomes[0].message
    assert role(lab).scopes == ("by-hand", "run")


@pytest.mark.parametrize("expires, life", [(LATE, 9000), (EARLY, 30), (LATE, 30), (EARLY, 9000)])
def test_limits_of_server_and_role_change_together_whatever_the_direction(
    lab: Lab, expires: str, life: int
) -> None:
    lab.start_filled()
    before = {"token_expires": "2035-01-01T00:00:00Z", "token_life_minutes": 2880}
    after = {"token_expires": expires, "token_life_minutes": life}

    outcomes = lab.apply(
        update("server", SERVER, before=before, after=after),
        update("role", *READER, before=before, after=after),
        update("role", *WRITER, before=before, after=after),
    )

    assert statuses(outcomes) == ["done"] * 3
    limits = (expires.replace("Z", ".000000Z"), life)
    assert limits_of(lab) == limits
    for path in (READER, WRITER):
        its = role(lab, path)
        assert (its.latest_token_expiry, its.longest_token_life_minutes) == limits


def test_one_limit_changes_and_the_other_stays_as_it_is_there(lab: Lab) -> None:
    store = lab.start_filled().store
    by_hand = datetime(2033, 3, 3, 3, 3, 3, 500000)
    store.set_server_limits(SERVER, latest_token_expiry=by_hand, longest_token_life_minutes=2880)

    lab.apply(
        update(
            "server",
            SERVER,
            before={"token_life_minutes": 2880},
            after={"token_life_minutes": 60},
        )
    )

    assert limits_of(lab) == ("2033-03-03T03:03:03.500000Z", 60)
    assert lab.writes == [f"PATCH /admin/servers/{store.server_id(SERVER)}"]


def test_lowering_a_server_leaves_the_limits_of_roles_that_nobody_named(lab: Lab) -> None:
    lab.start_filled()

    lab.apply(
        update(
            "server", SERVER, before={"token_life_minutes": 2880}, after={"token_life_minutes": 9}
        )
    )

    assert role(lab).longest_token_life_minutes == 2880


def test_a_role_with_a_scope_that_went_meanwhile_is_refused_before_writing(lab: Lab) -> None:
    lab.start_filled().store.delete_scope(SERVER, "dates")

    outcomes = lab.apply(
        create("role", SERVER, "auditor", **LIMITS, scopes=("dates", "run")),
        update("role", *READER, before={"scopes": ("run",)}, after={"scopes": ("dates", "run")}),
    )

    assert statuses(outcomes) == ["failed", "failed"]
    for outcome in outcomes:
        assert 'the server "store" does not have the scopes dates any more' in outcome.message
    assert lab.writes == []


def test_a_scope_that_flowauth_drops_in_silence_is_a_failure_apl_07(lab: Lab) -> None:
    store = lab.start_filled().store
    lab.arm(
        FaultKind.OUTSIDE_EDIT, "POST", "/roles/", edit=lambda: store.delete_scope(SERVER, "dates")
    )

    outcomes = lab.apply(create("role", SERVER, "auditor", **LIMITS, scopes=("dates", "run")))

    assert [r.status for r in lab.simulator.requests if r[:2] == ("POST", "/roles/")] == [200]
    assert statuses(outcomes) == ["failed"]
    assert "role store/auditor is not as it was written" in outcomes[0].message


@pytest.mark.parametrize(
    "change, reason",
    [
        (create("server", SERVER, **LIMITS), 'a server "store" already'),
        (create("role", *READER, **LIMITS), "a role store/reader already"),
    ],
)
def test_what_appeared_meanwhile_is_not_overwritten(lab: Lab, change: Change, reason: str) -> None:
    lab.start_filled()

    outcomes = lab.apply(change)

    assert statuses(outcomes) == ["failed"]
    assert reason in outcomes[0].message
    assert lab.writes == []


def test_a_server_is_removed_after_its_roles_and_their_users_stay(lab: Lab) -> None:
    store = lab.start_filled().store

    outcomes = lab.apply(
        delete("membership", *READER, "kofi"),
        delete("role", *READER),
        delete("role", *WRITER),
        delete("server", SERVER),
    )

    assert statuses(outcomes) == ["done"] * 4
    assert store.snapshot().servers == {}
    assert "kofi" in store.snapshot().users


def test_a_null_expiry_of_a_newer_release_is_read_and_can_be_given_a_time(lab: Lab) -> None:
    store = lab.start_filled(era="D").store
    store.set_role_limits(*READER, latest_token_expiry=None, longest_token_life_minutes=60)

    observed = {key.path: fields for key, fields in lab.observe().of_kind("role")}
    outcomes = lab.apply(
        update("role", *READER, before={"token_expires": None}, after={"token_expires": EARLY})
    )

    assert observed[READER]["token_expires"] is None
    assert statuses(outcomes) == ["done"]
    assert role(lab).latest_token_expiry == "2029-01-01T00:00:00.000000Z"


def test_a_change_that_flowauth_has_no_way_for_fails_and_is_told(lab: Lab) -> None:
    lab.start_filled()

    outcomes = lab.apply(create("group", "analysts"))

    assert statuses(outcomes) == ["failed"]
    assert "FlowAuth has no way to create a group" in outcomes[0].message


# Servers without an end, in releases whose routes know them


def test_a_server_without_an_end_is_read_and_keeps_having_none(lab: Lab) -> None:
    store = lab.start(has_endless_servers=True).store
    store.add_server(SERVER, scopes=("run",), latest_token_expiry=None)
    server = Key("server", (SERVER,))
    provider = lab.open()
    observed = provider.observe(lab.scope)

    asked = State({Key("role", READER): {"scopes": ("run",)}})
    (role,) = provider.normalize(asked, observed).records.values()
    longer = update("server", SERVER, before={}, after={"token_life_minutes": 4000})
    changes = [longer, create("role", *READER, **role)]
    outcomes = list(provider.apply(changes, lab.notes))

    assert (observed.get(server) or {})["token_expires"] is None
    assert statuses(outcomes) == ["done", "done"]
    assert limits_of(lab) == (None, 4000)
    assert lab.observe().get(Key("role", READER)) == {
        "scopes": ("run",),
        "token_expires": None,
        "token_life_minutes": 2880,
    }


def test_a_server_without_an_end_is_given_one(lab: Lab) -> None:
    store = lab.start(has_endless_servers=True).store
    store.add_server(SERVER, latest_token_expiry=None)

    outcomes = lab.apply(
        update("server", SERVER, before={"token_expires": None}, after={"token_expires": EARLY})
    )

    assert statuses(outcomes) == ["done"]
    assert limits_of(lab) == ("2029-01-01T00:00:00.000000Z", 2880)


def test_a_server_without_an_end_that_cannot_be_read_is_an_error(lab: Lab) -> None:
    lab.start(era="D").store.add_server(SERVER, latest_token_expiry=None)

    with pytest.raises(UnexpectedResponseError, match=r"GET /admin/servers/1 gave status 500"):
        lab.observe()
