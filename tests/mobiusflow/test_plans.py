"""What a plan says of MobiusFlow, and what it holds back: through the whole engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import ManifestError
from reconciler.plan import Plan
from reconciler.sandbox.mobiusflow import Dialect
from reconciler.state import Key
from tests.conformance.bench import Access, Bench
from tests.mobiusflow.lab import Lab
from tests.mobiusflow.simulated import VERIFIED, roles_of, switches

BOTH: tuple[Dialect, ...] = ("v1", "v3")
ROLES = {"reader": ("viewer",), "builder": ("editor",)}
SMALL = Access(
    users=("amina", "esi"), roles=ROLES, grants=(("amina", "reader"), ("esi", "builder"))
)
LEFT = replace(SMALL, departed=frozenset({"esi"}))


def _rules(plan: Plan) -> dict[str, bool]:
    return {each.rule: each.blocking for each in plan.findings}


def _text(plan: Plan, rule: str) -> str:
    (found,) = [each.message for each in plan.findings if each.rule == rule]
    return found


# v1: who cannot be deactivated


def test_v1_cannot_deactivate_and_the_plan_says_what_to_do(lab: Lab) -> None:
    simulator = lab.start()
    bench = lab.bench(emulate_inactive=False)
    bench.converge(SMALL)
    before = bench.target.witness()

    plan = bench.plan(LEFT)
    report = bench.apply(LEFT)

    assert _rules(plan)["cannot-deactivate"]
    assert "leavers: delete" in _text(plan, "cannot-deactivate")
    assert "emulate_inactive: true" in _text(plan, "cannot-deactivate")
    assert bench.target.witness() == before
    assert (report.outcomes, report.exit_code) == ((), 5)
    assert roles_of(simulator, "esi") == switches("Editor")


def test_what_is_accepted_all_the_same_is_refused_and_nothing_is_sent(lab: Lab) -> None:
    lab.start()
    bench = lab.bench(emulate_inactive=False)
    bench.converge(SMALL)
    sent = len(lab.writes)

    report = bench.apply(LEFT, accepts=True)

    assert [each.status for each in report.outcomes] == ["failed"]
    assert len(lab.writes) == sent


def test_v1_deletes_leavers_where_the_policy_says_so(lab: Lab) -> None:
    simulator = lab.start()
    bench = lab.bench(emulate_inactive=False)
    bench.converge(SMALL)

    bench.converge(replace(LEFT, policy={"leavers": "delete"}))

    assert simulator.store.named("esi") is None


def test_with_emulation_the_plan_says_that_the_account_still_logs_in(lab: Lab) -> None:
    simulator = lab.start()
    bench = lab.bench()
    bench.converge(SMALL)

    plan = bench.plan(LEFT)
    bench.converge(LEFT)

    assert _rules(plan)["still-logs-in"] is False
    assert "can still log in" in _text(plan, "still-logs-in")
    assert roles_of(simulator, "esi") == set()
    bench.converge(SMALL, accepts=True)
    assert roles_of(simulator, "esi") == switches("Editor")


# Combinations that are no level


@pytest.mark.parametrize("dialect", BOTH)
def test_a_combination_by_hand_is_mixed_drift_and_the_plan_shows_both_sides(
    lab: Lab, dialect: Dialect
) -> None:
    simulator = lab.start(dialect)
    bench = lab.bench()
    bench.converge(SMALL)
    esi = simulator.store.named("esi")
    assert esi is not None
    roles = {"admin", "read"} if dialect == "v1" else {"Administrator", "Viewer"}
    simulator.store.change(esi.id, roles=frozenset(roles))

    plan = bench.plan(SMALL)

    (change,) = plan.changes
    assert change.before == {"level": f"custom{{{','.join(sorted(roles))}}}"}
    assert change.after == {"level": "editor"}
    assert [each.direction for each in plan.targets[0].drift] == ["mixed"]
    bench.converge(SMALL, accepts=True)
    assert roles_of(simulator, "esi") == (switches("Editor") if dialect == "v1" else {"Editor"})


# v3: routes that nobody has verified


def test_nothing_reaches_the_server_by_a_route_that_nobody_verified(lab: Lab) -> None:
    lab.start("v3")
    bench = lab.bench(routes=[])

    plan = bench.plan(SMALL)
    report = bench.apply(SMALL)

    assert _rules(plan) == {"unpublished-route": True}
    messages = [each.message for each in plan.findings]
    assert any('"esi" by POST user, which MobiusFlow does not publish' in m for m in messages)
    assert any('add "set_role PATCH user/role/{id} verified" to' in each for each in messages)
    assert any('add "create POST user verified" to' in each for each in messages)
    assert all(message.startswith("unverified: ") for message in messages)
    assert lab.writes == []
    assert (report.outcomes, report.exit_code) == ((), 5)


def test_an_own_row_that_nobody_verified_is_held_back_too(lab: Lab) -> None:
    lab.start("v3")
    bench = lab.bench(routes=["create POST user name={username} pw={password} r={role}"])

    texts = [each.message for each in bench.plan(SMALL).findings]
    bench.apply(SMALL)

    assert any("write verified at its end in the option routes" in each for each in texts)
    assert lab.writes == []


def test_not_even_where_somebody_accepts_the_finding(lab: Lab) -> None:
    lab.start("v3")

    report = lab.bench(routes=[]).apply(SMALL, accepts=True)

    assert {each.status for each in report.outcomes} == {"failed"}
    assert lab.writes == []


def test_a_delete_that_nobody_verified_does_not_become_a_write_of_another_kind(lab: Lab) -> None:
    simulator = lab.start("v3")
    lab.bench().converge(SMALL)
    bench = lab.bench(routes=[each for each in VERIFIED if not each.startswith("delete")])
    sent = len(lab.writes)

    plan = bench.plan(replace(LEFT, policy={"leavers": "delete"}))
    bench.apply(replace(LEFT, policy={"leavers": "delete"}))

    assert _rules(plan)["unpublished-route"]
    assert len(lab.writes) == sent
    assert simulator.store.named("esi") is not None


def test_verified_rows_need_nothing_more_and_the_others_stay_held_back(lab: Lab) -> None:
    simulator = lab.start("v3")
    bench = lab.bench(routes=["create POST user verified"])

    bench.apply(SMALL)

    assert simulator.store.named("esi") is not None
    assert roles_of(simulator, "amina") == {"Editor"}, "that needs another row"
    assert lab.writes == ["POST /user"]


def test_accepted_routes_are_used_and_the_plan_still_names_them(lab: Lab) -> None:
    lab.start("v3")
    bench = lab.bench(routes=[], accept_unpublished_routes=True)

    plan = bench.plan(SMALL)
    bench.converge(SMALL)

    assert _rules(plan) == {"unverified-route": False}
    with bench.run(SMALL) as run:
        assert run.plan().findings == (), "nothing is to be done, so nothing is to be said"


def test_the_preview_marks_what_nobody_verified(lab: Lab) -> None:
    lab.start("v3")
    bench = lab.bench(routes=["create POST user verified"], accept_unpublished_routes=True)

    with bench.run(SMALL) as run:
        lines = run.preview(run.plan())["target"]

    assert lines == (
        'POST /user {"password": "***", "role": "Editor", "username": "esi"}',
        'PATCH /user/role/<amina> {"role": "Viewer"}  (unverified)',
    )


def test_the_preview_of_v1_shows_every_switch(lab: Lab) -> None:
    lab.start()
    bench = lab.bench()
    bench.converge(SMALL)
    asked = replace(
        LEFT, users=(*LEFT.users, "yaw"), grants=(("amina", "builder"), ("yaw", "reader"))
    )

    with bench.run(asked) as run:
        lines = run.preview(run.plan())["target"]

    off = '"admin": false, "configure": false, "flows": false'
    editor = '"admin": false, "configure": true, "flows": true, "read": true'
    assert sorted(lines) == [
        f'PATCH /auth/user/roles/<amina> {{"roles": {{{editor}, "subscribe": true, '
        '"write": true}}',
        f'PATCH /auth/user/roles/<esi> {{"roles": {{{off}, "read": false, "subscribe": false, '
        '"write": false}}',
        f'POST /auth/user {{"password": "***", "roles": {{{off}, "read": true, "subscribe": true, '
        '"write": false}, "username": "yaw"}',
    ]


def test_nobody_is_activated_of_whom_it_is_not_told(lab: Lab) -> None:
    simulator = lab.start("v3", hides_active=True)
    bench = lab.bench()

    bench.converge(SMALL)
    plan = bench.plan(SMALL)

    assert plan.changes == ()
    assert not any("/active/" in each for each in lab.writes)
    assert simulator.store.named("esi") is not None


# Names


@pytest.mark.parametrize("dialect", BOTH)
def test_a_plan_says_that_the_default_administrator_is_there(lab: Lab, dialect: Dialect) -> None:
    lab.start(dialect).add("admin", "the vendor's password", "Administrator")

    plan = lab.bench().plan(SMALL)

    assert _rules(plan) == {"default-account": False}
    assert "name another administrator and delete it" in _text(plan, "default-account")


def test_a_name_that_is_there_in_another_case_is_told(lab: Lab) -> None:
    lab.start().add("ESI", "some password", "Viewer")

    plan = lab.bench().plan(SMALL)

    assert _rules(plan) == {"differs-in-case": False}
    assert '"esi" would be created, and "ESI" is there' in _text(plan, "differs-in-case")


def test_a_role_has_to_be_a_level(lab: Lab) -> None:
    lab.start()
    bench: Bench = lab.bench()
    access = replace(SMALL, role_entries={"reader": {"level": "custom{admin,read}"}})

    with pytest.raises(ManifestError, match="the levels are viewer, editor, administrator"):
        bench.plan(access)


def test_a_renamed_user_is_another_user_and_shown_so(lab: Lab) -> None:
    lab.start("v3")
    bench = lab.bench()
    bench.converge(SMALL)
    policy = {"leavers": "delete"}
    renamed = Access(
        users=("amina", "esi2"),
        roles=ROLES,
        grants=(("amina", "reader"), ("esi2", "builder")),
        policy=policy,
    )

    changes = {each.key: each.action for each in bench.changes(renamed)}

    assert changes == {Key("account", ("esi",)): "delete", Key("account", ("esi2",)): "create"}
