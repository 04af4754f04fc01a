"""What becomes of writes that FlowAuth answers with an error, or not at all."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest

from reconciler.changes import Change
from reconciler.sandbox.flowauth import FaultKind
from tests.conformance.bench import Access
from tests.flowauth.lab import LIMITS, READER, WRITER, Lab, create, delete, statuses, update
from tests.flowauth.simulated import BOOTSTRAP, OWN, SERVER, facts

Write = tuple[Change, str, str]

WRITES: Mapping[str, Write] = {
    "server-create": (
        create("server", "second", **LIMITS, scopes=("run",)),
        "POST",
        "/admin/servers",
    ),
    "server-scopes": (
        update(
            "server",
            SERVER,
            before={"scopes": ("dates", "get_result", "run")},
            after={"scopes": ("dates", "get_result", "new", "run")},
        ),
        "POST",
        "/admin/servers/*/scopes",
    ),
    "server-limits": (
        update(
            "server",
            SERVER,
            before={"token_life_minutes": 2880},
            after={"token_life_minutes": 4000},
        ),
        "PATCH",
        "/admin/servers/*",
    ),
    "server-delete": (delete("server", SERVER), "DELETE", "/admin/servers/*"),
    "role-create": (
        create("role", SERVER, "auditor", **LIMITS, scopes=("run", "dates")),
        "POST",
        "/roles/",
    ),
    "role-update": (
        update("role", *READER, before={"scopes": ("run",)}, after={"scopes": ("dates",)}),
        "PATCH",
        "/roles/*",
    ),
    "role-delete": (delete("role", *READER), "DELETE", "/roles/*"),
    "account-create": (create("account", "esi", level="admin"), "POST", "/admin/users"),
    "account-update": (
        update("account", "amina", before={"level": "user"}, after={"level": "admin"}),
        "PATCH",
        "/admin/users/*",
    ),
    "account-password": (
        update("account", "amina", before={"password": None}, after={"password": "temporary"}),
        "PATCH",
        "/admin/users/*",
    ),
    "account-delete": (delete("account", "kofi"), "DELETE", "/admin/users/*"),
    "membership-create": (create("membership", *WRITER, "kofi"), "PATCH", "/admin/users/*"),
    "membership-delete": (delete("membership", *READER, "kofi"), "PATCH", "/admin/users/*"),
}

AFTER_EFFECT = (
    FaultKind.ERROR_500_AFTER_EFFECT,
    FaultKind.HTML_504_AFTER_EFFECT,
    FaultKind.CUT_AFTER_EFFECT,
    FaultKind.RESET_AFTER_EFFECT,
    FaultKind.BODY_CUT_SHORT,
    FaultKind.HALF_JSON_BODY,
    FaultKind.WRONG_CONTENT_TYPE,
)
BEFORE_EFFECT = (
    FaultKind.ERROR_500_BEFORE_EFFECT,
    FaultKind.HTML_502,
    FaultKind.HTML_503,
    FaultKind.HTML_404,
    FaultKind.CUT_BEFORE_EFFECT,
    FaultKind.RESET_BEFORE_EFFECT,
    FaultKind.DATABASE_LOCKED,
    FaultKind.RESTART,
)


@pytest.fixture(params=sorted(WRITES))
def write(request: pytest.FixtureRequest) -> Write:
    return WRITES[request.param]


def held(lab: Lab) -> dict[str, object]:
    """All facts but the bootstrap administrator, whom a restart resets."""
    found = facts(lab.simulator.store.snapshot())
    return {name: fact for name, fact in found.items() if name != f"user {BOOTSTRAP}"}


def mint_token(lab: Lab, username: str, role: str) -> None:
    password = "a password of a test, long enough"
    lab.simulator.store.set_password(username, password)
    with httpx.Client(base_url=lab.simulator.url) as http:
        http.post("/signin", json={"username": username, "password": password})
        number = lab.simulator.store.server_id(SERVER)
        response = http.post(
            f"/tokens/tokens/{number}",
            json={"name": "token", "roles": [{"name": role}]},
            headers={"X-CSRF-Token": http.cookies["X-CSRF"]},
        )
        assert response.status_code == 200


@pytest.mark.parametrize("kind", AFTER_EFFECT)
def test_a_lost_answer_to_a_write_that_was_carried_out_is_done_and_not_sent_again(
    lab: Lab, write: Write, kind: FaultKind
) -> None:
    lab.start_filled()
    lab.apply(write[0])
    undisturbed = facts(lab.simulator.store.snapshot())
    lab.start_filled()
    lab.arm(kind, *write[1:])

    outcomes = lab.apply(write[0])

    assert statuses(outcomes) == ["done"]
    assert [each.kind for each in lab.simulator.faults.fired] == [kind]
    assert facts(lab.simulator.store.snapshot()) == undisturbed
    assert len(lab.writes) == len(set(lab.writes))


@pytest.mark.parametrize("kind", BEFORE_EFFECT)
def test_a_write_that_was_not_carried_out_fails_and_a_later_run_does_it(
    lab: Lab, write: Write, kind: FaultKind
) -> None:
    lab.start_filled()
    before = held(lab)
    lab.arm(kind, *write[1:])

    (outcome,) = lab.apply(write[0])
    between = held(lab)
    again = lab.apply(write[0])

    assert outcome.status == "failed"
    assert write[1] in outcome.message
    assert between == before
    assert statuses(again) == ["done"]
    assert held(lab) != before


def test_a_write_that_nobody_can_read_back_is_unknown_and_stops_the_rest(lab: Lab) -> None:
    lab.start_filled()
    lab.arm(FaultKind.CUT_AFTER_EFFECT, "PATCH", "/admin/users/*")
    # The first two reads of users are for resolving names; then nothing answers any more.
    lab.arm(FaultKind.BODY_CUT_SHORT, "GET", "/admin/users/*", nth=2, count=1000)

    outcomes = lab.apply(create("membership", *WRITER, "kofi"), delete("account", "amina"))

    assert statuses(outcomes) == ["unknown", "skipped"]
    assert "could not be read back" in outcomes[0].message
    assert "\n" not in outcomes[0].message
    assert lab.simulator.store.snapshot().users["kofi"].roles == (READER, WRITER)


def test_the_engine_finds_out_what_became_of_an_unknown_write(lab: Lab) -> None:
    lab.start()
    bench = lab.bench
    access = Access(
        users=("amina",), roles={"r": bench.target.rights[:1]}, grants=(("amina", "r"),)
    )
    with bench.run(access) as run:
        plan = run.plan()
        lab.arm(FaultKind.CUT_AFTER_EFFECT, "POST", "/admin/users")
        lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "GET", "/admin/users", nth=3)

        report = run.apply(plan, credentials_out=bench.new_file())

    found = {each.change.key.kind: each.status for each in report.outcomes}
    assert found == {"server": "done", "role": "done", "account": "done", "membership": "skipped"}
    assert report.exit_code == 8
    assert lab.sent("POST", "/admin/users") == 1
    bench.converge(access)


def test_a_lost_connection_stops_everything_after_one_failure(lab: Lab) -> None:
    simulator = lab.start_filled()
    provider = lab.open()
    outcomes = provider.apply([*(each[0] for each in WRITES.values())][:4], lab.notes)
    first = next(outcomes)
    simulator.stop()

    rest = list(outcomes)

    assert first.status == "done"
    assert statuses(rest) == ["failed", "skipped", "skipped"]
    assert "got no answer" in rest[0].message
    assert rest[1].message == f"not tried: {rest[0].message}"


def test_what_depends_on_a_failure_is_not_tried_and_the_rest_is_done_apl_03(lab: Lab) -> None:
    lab.start_filled()
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "POST", "/admin/servers")
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "POST", "/admin/users")

    outcomes = lab.apply(
        create("server", "second", **LIMITS),
        create("role", "second", "auditor", **LIMITS),
        create("account", "esi", level="user"),
        create("account", "yaw", level="user"),
        create("membership", *READER, "esi"),
        create("membership", *READER, "yaw"),
        create("membership", "second", "auditor", "yaw"),
        delete("membership", *READER, "kofi"),
    )

    wanted = ["failed", "skipped", "failed", "done", "skipped", "done", "skipped", "done"]
    assert statuses(outcomes) == wanted
    assert outcomes[1].message == "not tried: server second was not created"
    assert outcomes[4].message == "not tried: account esi was not created"
    assert outcomes[6].message == "not tried: role second/auditor was not created"


def test_a_role_that_could_not_be_narrowed_is_given_to_nobody(lab: Lab) -> None:
    lab.start_filled()
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "PATCH", "/roles/*")

    outcomes = lab.apply(
        update("role", *WRITER, before={"scopes": ("get_result", "run")}, after={"scopes": ()}),
        create("membership", *WRITER, "amina"),
    )

    assert statuses(outcomes) == ["failed", "skipped"]
    assert lab.simulator.store.snapshot().users["amina"].roles == ()


def test_an_account_is_never_created_twice(lab: Lab) -> None:
    lab.start_filled()

    (outcome,) = lab.apply(create("account", "amina", level="admin"))

    assert outcome.status == "failed"
    assert 'a user "amina" already' in outcome.message
    assert lab.writes == []
    assert lab.notes.passwords == {}
    assert not lab.simulator.store.snapshot().users["amina"].is_admin


def test_an_account_that_somebody_creates_at_the_same_moment_is_not_taken_for_ours(
    lab: Lab,
) -> None:
    simulator = lab.start_filled()
    theirs = "their password, not ours"

    def race() -> None:
        simulator.store.add_user("esi", theirs)

    lab.arm(FaultKind.OUTSIDE_EDIT, "POST", "/admin/users", edit=race)
    (outcome,) = lab.apply(create("account", "esi", level="user"))

    assert outcome.status == "failed"
    assert "already exists" in outcome.message
    assert simulator.store.check_password("esi", theirs)


@pytest.mark.parametrize(
    "change",
    [
        delete("server", "gone"),
        delete("role", SERVER, "gone"),
        delete("role", "gone", "gone"),
        delete("account", "gone"),
        delete("membership", *READER, "gone"),
        delete("membership", SERVER, "gone", "amina"),
        delete("membership", *READER, "amina"),
    ],
    ids=lambda change: str(change.key),
)
def test_removing_what_is_gone_already_is_done_without_a_write(lab: Lab, change: Change) -> None:
    lab.start_filled()

    assert statuses(lab.apply(change)) == ["done"]
    assert lab.writes == []


@pytest.mark.parametrize("name", ["server-delete", "role-delete", "account-delete"])
def test_what_vanishes_in_the_moment_of_its_removal_is_done(lab: Lab, name: str) -> None:
    simulator = lab.start_filled()
    change, method, path = WRITES[name]
    vanish = {
        "server-delete": lambda: simulator.store.delete_server(SERVER),
        "role-delete": lambda: simulator.store.delete_role(*READER),
        "account-delete": lambda: simulator.store.delete_user("kofi"),
    }[name]
    lab.arm(FaultKind.OUTSIDE_EDIT, method, path, edit=vanish)

    assert statuses(lab.apply(change)) == ["done"]
    assert [r.status for r in simulator.requests if r.method == "DELETE"] == [404]


@pytest.mark.parametrize(
    "change",
    [
        create("membership", *READER, "gone"),
        create("membership", SERVER, "gone", "amina"),
        update("account", "gone", before={"level": "user"}, after={"level": "admin"}),
        update("role", SERVER, "gone", before={"scopes": ()}, after={"scopes": ("run",)}),
        update("server", "gone", before={"scopes": ()}, after={"scopes": ("run",)}),
        create("role", "gone", "auditor", **LIMITS),
    ],
    ids=lambda change: str(change.key),
)
def test_what_was_deleted_elsewhere_is_told_and_the_rest_continues_apl_03(
    lab: Lab, change: Change
) -> None:
    lab.start_filled()

    outcomes = lab.apply(change, create("membership", *WRITER, "amina"))

    assert statuses(outcomes) == ["failed", "done"]
    assert outcomes[0].message.startswith("there is no ")
    assert '"gone"' in outcomes[0].message


def test_removing_the_last_other_administrator_is_left_to_flowauth_which_keeps_one(
    lab: Lab,
) -> None:
    simulator = lab.start()
    simulator.store.set_admin(BOOTSTRAP, is_admin=False)

    (outcome,) = lab.apply(update("account", OWN, before={}, after={"level": "user"}))

    assert outcome.status == "failed"
    assert "would leave no admins" in outcome.message


def test_a_role_that_can_never_be_deleted_is_a_failure_that_says_so(lab: Lab) -> None:
    lab.start_filled(backend="postgres")
    mint_token(lab, "kofi", "reader")

    (outcome,) = lab.apply(delete("role", *READER))

    assert outcome.status == "failed"
    assert READER in lab.simulator.store.snapshot().roles
    assert "status 500" in outcome.message
    assert "can never delete a role that made a token" in outcome.message
    assert lab.sent("DELETE") == 1
