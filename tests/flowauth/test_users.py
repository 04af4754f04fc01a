"""Accounts: levels, passwords, and whom no plan touches."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

from reconciler.changes import Change
from reconciler.errors import UsageError
from reconciler.sandbox.flowauth import FaultKind
from reconciler.secret import Secret
from tests.conformance.bench import TARGET, Access, Notes
from tests.flowauth.lab import Lab, create, statuses, update
from tests.flowauth.simulated import BOOTSTRAP, OWN, SERVER, facts

USER, ADMIN = {"level": "user"}, {"level": "admin"}


def test_the_admin_flag_is_given_taken_and_read(lab: Lab) -> None:
    store = lab.start_filled().store

    outcomes = lab.apply(
        create("account", "esi", **ADMIN),
        update("account", "amina", before=USER, after=ADMIN),
        create("account", "yaw", **USER),
    )
    observed = {key.path[0]: fields["level"] for key, fields in lab.observe().of_kind("account")}

    assert statuses(outcomes) == ["done"] * 3
    wanted = {"amina": "admin", "esi": "admin", "kofi": "user", "yaw": "user"}
    assert observed == {**wanted, OWN: "admin", BOOTSTRAP: "admin"}
    assert [store.snapshot().users[name].is_admin for name in sorted(wanted)] == [
        True,
        True,
        False,
        False,
    ]


def test_a_plan_promotes_before_it_demotes(lab: Lab) -> None:
    lab.start()
    bench = lab.bench
    access = Access(
        users=("amina", "zoe"),
        roles={"boss": bench.target.rights[:1], "plain": bench.target.rights[:1]},
        levels={"boss": "admin"},
        grants=(("amina", "boss"), ("zoe", "plain")),
    )
    bench.converge(access)
    swapped = replace(access, grants=(("amina", "plain"), ("zoe", "boss")))

    report = bench.converge(swapped)

    levels = [
        (each.change.key.path[0], (each.change.after or {})["level"])
        for each in report.outcomes
        if each.change.key.kind == "account"
    ]
    assert levels == [("zoe", "admin"), ("amina", "user")]


def test_our_own_account_and_the_bootstrap_administrator_are_never_touched(lab: Lab) -> None:
    store = lab.start().store
    bench = lab.bench
    before = facts(store.snapshot())
    access = Access(
        users=("amina", OWN, BOOTSTRAP),
        roles={"plain": bench.target.rights[:1]},
        grants=(("amina", "plain"), (OWN, "plain"), (BOOTSTRAP, "plain")),
        policy={"prune": "all", "leavers": "delete"},
    )

    for asked in (access, replace(access, users=("amina",), grants=(("amina", "plain"),))):
        bench.apply(asked)

    after = facts(store.snapshot())
    assert {name: after[name] for name in before} == before
    assert not [name for name in after if name.startswith((f"user {OWN} h", f"user {BOOTSTRAP} h"))]


def test_a_password_is_handed_over_before_its_account_is_created(lab: Lab) -> None:
    lab.start_filled()
    seen: list[int] = []

    class Watching(Notes):
        def hand_over(self, account: str, password: Secret, expires: str) -> None:
            super().hand_over(account, password, expires)
            seen.append(lab.sent("POST", "/admin/users"))

    list(lab.open().apply([create("account", "esi", **USER)], Watching()))

    assert seen == [0]
    assert lab.sent("POST", "/admin/users") == 1


def test_an_account_whose_password_nobody_can_keep_is_not_created(lab: Lab) -> None:
    lab.start_filled()

    class Full(Notes):
        def hand_over(self, account: str, password: Secret, expires: str) -> None:
            raise UsageError("the disk is full")

    failure = ""
    try:
        list(lab.open().apply([create("account", "esi", **USER)], Full()))
    except UsageError as error:
        failure = str(error)

    assert failure == "the disk is full"
    assert lab.writes == []


def test_the_file_of_passwords_lets_new_people_in_and_only_its_owner_reads_it(lab: Lab) -> None:
    store = lab.start().store
    bench = lab.bench
    lab.arm(FaultKind.ERROR_500_AFTER_EFFECT, "POST", "/admin/users")
    roles = {"r": bench.target.rights[:1]}

    report = bench.apply(
        Access(users=("amina", "kofi"), roles=roles, grants=(("amina", "r"), ("kofi", "r")))
    )

    assert report.exit_code == 0
    path = Path(report.credentials)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(each["target"], each["account"]) for each in lines] == [
        (TARGET, "amina"),
        (TARGET, "kofi"),
    ]
    assert all(store.check_password(each["account"], each["password"]) for each in lines)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_only_new_accounts_get_passwords(lab: Lab) -> None:
    provider = lab.open(url="http://127.0.0.1:1")
    changes: list[Change] = [
        create("account", "esi", **USER),
        update("account", "amina", before=USER, after=ADMIN),
        create("membership", SERVER, "reader", "kofi"),
    ]

    assert provider.new_passwords(changes) == ("esi",)


def test_passwords_of_people_who_are_there_are_never_written(lab: Lab) -> None:
    store = lab.start_filled().store
    before = {name: its.password_version for name, its in store.snapshot().users.items()}

    lab.apply(
        update("account", "amina", before=USER, after=ADMIN),
        create("membership", SERVER, "reader", "amina"),
    )

    after = {name: its.password_version for name, its in store.snapshot().users.items()}
    assert after == before
