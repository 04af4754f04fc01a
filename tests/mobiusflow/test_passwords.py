"""Passwords of users who are there: made anew on request, or given from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.changes import Handed
from reconciler.engine import Choice, Inputs, Limits, Origin, Run
from reconciler.errors import ManifestError, UsageError
from reconciler.plan import Plan
from reconciler.report import Report
from reconciler.sandbox.http.faults import FaultKind
from reconciler.sandbox.mobiusflow import Dialect, MobiusFlowSimulator
from reconciler.secret import Secret
from tests.canary import folder_texts, leaks
from tests.conformance.bench import NOW, Notes
from tests.mobiusflow.lab import ADMINISTRATOR, EDITOR, VIEWER, Lab, statuses, update
from tests.mobiusflow.simulated import OWN, OWN_PASSWORD, roles_of, signs_in, switches
from tests.mobiusflow.test_writing import LOST, NEVER_DONE

BOTH: tuple[Dialect, ...] = ("v1", "v3")
PATHS = {"v1": "/auth/user/password/*", "v3": "/user/password/*"}
NEW = {"password": "temporary"}
RENEWAL = update("amina", {"password": None}, NEW)
SECRET, OTHER = "canary-given-1", "canary-given-2"
MANIFEST = """\
version: 1
targets:
  plant:
    provider: mobiusflow
    options: {url: {env: URL}, dialect: DIALECT, username: NAME, password: {env: OWN}, MORE}
    policy: {leavers: delete}
users:
  esi: {accounts: {plant: {password: {env: ESI}}}}
roles:
  builder: {target: plant, level: editor}
grants:
  - {user: esi, role: builder}
"""


def run_of(lab: Lab, more: str = "min_password_length: 8", **given: str) -> Run:
    simulator = lab.simulator
    text = MANIFEST.replace("DIALECT", simulator.settings.dialect).replace("NAME", OWN)
    if simulator.settings.dialect == "v3":
        more += ", accept_unpublished_routes: true"
    path = lab.folder / "access.yaml"
    path.write_text(text.replace("MORE", more), encoding="utf-8")
    environment = {"URL": simulator.base, "OWN": OWN_PASSWORD, **given}
    origin = Origin(str(lab.folder / "ledger.sqlite3"))
    return Run(Inputs((str(path),), (), environment, NOW, origin))


def applied(run: Run, *rotate: str, accepts: bool = False) -> tuple[Plan, Report]:
    with run:
        plan = run.plan(Choice(rotate=frozenset(rotate)))
        holding = frozenset(each.id for each in plan.findings if each.is_holding and accepts)
        file = Path(run.inputs.files[0]).with_name(f"new-{'-'.join(rotate)}.jsonl")
        out = str(file) if plan.targets[0].new_passwords else ""
        return plan, run.apply(plan, accept=holding, credentials_out=out, limits=Limits())


def password_of(simulator: MobiusFlowSimulator, name: str) -> str:
    row = simulator.store.named(name)
    assert row is not None
    return row.password


# New ones


@pytest.mark.parametrize("dialect", BOTH)
def test_a_new_password_is_handed_over_set_and_tried(lab: Lab, dialect: Dialect) -> None:
    simulator = lab.start(dialect)

    outcomes = lab.apply(RENEWAL, update("kofi", VIEWER, EDITOR))

    assert statuses(outcomes) == ["done", "done"]
    assert lab.writes[0].startswith(f"PATCH {PATHS[dialect][:-1]}")
    assert password_of(simulator, "amina") == lab.notes.passwords["amina"].reveal()
    assert simulator.sessions.logins == simulator.sessions.logouts
    assert simulator.sessions.number == 0


@pytest.mark.parametrize("dialect", BOTH)
def test_a_password_that_nobody_can_keep_is_not_set(lab: Lab, dialect: Dialect) -> None:
    lab.start(dialect)

    class Full(Notes):
        def hand_over(
            self, account: str, password: Secret, expires: str, *, what: Handed = "password"
        ) -> None:
            raise UsageError("the disk is full")

    with pytest.raises(UsageError, match="the disk is full"):
        list(lab.open().apply([RENEWAL], Full()))

    assert lab.writes == []


@pytest.mark.parametrize("dialect", BOTH)
def test_a_new_password_comes_after_the_level_and_before_the_user_is_let_in(
    lab: Lab, dialect: Dialect
) -> None:
    simulator = lab.start(dialect)
    kofi = simulator.store.named("kofi")
    assert kofi is not None
    if dialect == "v1":
        simulator.store.change(kofi.id, roles=frozenset())
        before: dict[str, object] = {"active": False, "level": None, "password": None}
    else:
        simulator.store.change(kofi.id, is_active=False)
        before = {"active": False, **VIEWER, "password": None}
    options = {"emulate_inactive": True} if dialect == "v1" else {}

    outcomes = lab.apply(update("kofi", before, {"active": True, **EDITOR, **NEW}), **options)

    assert statuses(outcomes) == ["done"]
    asked = [each.rpartition("/")[0].rpartition("/")[2] for each in lab.writes]
    assert asked == (["roles", "password"] if dialect == "v1" else ["role", "password", "active"])
    assert roles_of(simulator, "kofi") == (switches("Editor") if dialect == "v1" else {"Editor"})
    assert signs_in(simulator.base, "kofi", lab.notes.passwords["kofi"].reveal())


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize("kind", LOST)
def test_a_new_password_whose_answer_is_lost_is_tried_and_not_sent_again(
    lab: Lab, dialect: Dialect, kind: FaultKind
) -> None:
    simulator = lab.start(dialect)
    lab.arm(kind, "PATCH", PATHS[dialect])

    outcomes = lab.apply(RENEWAL)

    assert statuses(outcomes) == ["done"]
    assert len(lab.writes) == 1
    assert password_of(simulator, "amina") == lab.notes.passwords["amina"].reveal()


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize("kind", NEVER_DONE)
def test_a_new_password_that_was_not_set_is_told_and_not_sent_again(
    lab: Lab, dialect: Dialect, kind: FaultKind
) -> None:
    simulator = lab.start(dialect)
    lab.arm(kind, "PATCH", PATHS[dialect])

    (outcome,) = lab.apply(RENEWAL)

    assert outcome.status == "failed"
    assert len(lab.writes) == 1
    assert password_of(simulator, "amina") == "password of amina"
    assert lab.notes.passwords["amina"].reveal() not in outcome.message


@pytest.mark.parametrize("dialect", BOTH)
def test_a_password_that_is_answered_and_not_set_is_found_out(lab: Lab, dialect: Dialect) -> None:
    lab.start(dialect, silent_writes=True)

    (outcome,) = lab.apply(RENEWAL)

    assert outcome.status == "failed"
    assert outcome.message == 'the password of "amina" is not as it was written when read back'


@pytest.mark.parametrize("kind", [FaultKind.ERROR_500_AFTER_EFFECT, FaultKind.SLOW_REPLY])
def test_of_an_inactive_user_nobody_can_see_what_a_lost_answer_left(
    lab: Lab, kind: FaultKind
) -> None:
    simulator = lab.start("v3")
    amina = simulator.store.named("amina")
    assert amina is not None
    simulator.store.change(amina.id, is_active=False)
    lab.arm(kind, "PATCH", PATHS["v3"], seconds=2)

    unknown, done = lab.apply(RENEWAL, RENEWAL, timeout_s=1)

    assert statuses([unknown, done]) == ["unknown", "done"], "an answer has to do"
    assert "nobody can see whether it is set" in unknown.message


def test_in_v1_who_is_inactive_can_still_log_in_so_a_lost_answer_is_settled(lab: Lab) -> None:
    simulator = lab.start()
    amina = simulator.store.named("amina")
    assert amina is not None
    simulator.store.change(amina.id, roles=frozenset())
    lab.arm(FaultKind.ERROR_500_AFTER_EFFECT, "PATCH", PATHS["v1"])

    assert statuses(lab.apply(RENEWAL, emulate_inactive=True)) == ["done"]


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize("length", [8, 40])
def test_passwords_that_are_made_are_as_long_as_the_engine_asks(
    lab: Lab, dialect: Dialect, length: int
) -> None:
    lab.start(dialect)

    lab.apply(RENEWAL, min_password_length=length)

    assert len(lab.notes.passwords["amina"].reveal()) == max(24, length)


@pytest.mark.parametrize("dialect", BOTH)
def test_our_own_password_is_never_set_and_an_administrators_is(lab: Lab, dialect: Dialect) -> None:
    lab.start(dialect).add("yaw", "password of yaw", "Administrator")

    outcomes = lab.apply(
        update(OWN, {"password": None}, NEW),
        update("yaw", {"password": None, **ADMINISTRATOR}, NEW),
    )

    assert statuses(outcomes) == ["failed", "done"]
    assert "is whom reconciler logs in as" in outcomes[0].message
    assert OWN not in lab.notes.passwords


def test_a_row_for_passwords_that_nobody_verified_is_not_used(lab: Lab) -> None:
    lab.start("v3")
    route = "set_password PUT user/password/{id} password={password}"
    provider = lab.open(routes=[route])

    (warned,) = provider.warnings([RENEWAL])
    (outcome,) = lab.apply(RENEWAL, routes=[route])

    assert (warned.rule, warned.blocking) == ("unpublished-route", True)
    assert (outcome.status, lab.writes) == ("failed", [])


@pytest.mark.parametrize(
    "dialect, path", [("v1", "/auth/user/password/<amina>"), ("v3", "/user/password/<amina>")]
)
def test_the_preview_shows_the_request_without_the_password(
    lab: Lab, dialect: Dialect, path: str
) -> None:
    lab.start(dialect)

    assert lab.open().preview([RENEWAL]) == (f'PATCH {path} {{"password": "***"}}',)


# From outside


@pytest.mark.parametrize("dialect", BOTH)
def test_a_given_password_is_sent_once_and_a_new_one_is_asked_for_by_name(
    lab: Lab, dialect: Dialect
) -> None:
    simulator = lab.start(dialect)

    first, report = applied(run_of(lab, ESI=SECRET))
    same, _ = applied(run_of(lab, ESI=SECRET))
    newer, _ = applied(run_of(lab, ESI=OTHER))

    assert (first.targets[0].new_passwords, report.exit_code) == ((), 0)
    assert same.changes == ()
    assert [each.after for each in newer.changes] == [{"password": "as given"}]
    assert password_of(simulator, "esi") == OTHER
    assert simulator.sessions.number == 0
    shown = repr([first, report, same, newer]).encode()
    secrets = {"first": SECRET, "second": OTHER}
    assert leaks({**folder_texts(lab.folder), "shown": shown}, secrets) == []


def test_a_user_who_is_there_keeps_the_password_until_somebody_asks_for_it_by_name(
    lab: Lab,
) -> None:
    simulator = lab.start()
    simulator.add("esi", "from before", "Editor")

    plan, _ = applied(run_of(lab, ESI=SECRET))
    kept = password_of(simulator, "esi")
    applied(run_of(lab, ESI=SECRET), "esi")

    assert [each.rule for each in plan.findings] == ["password-unknown"]
    assert kept == "from before"
    assert password_of(simulator, "esi") == SECRET


@pytest.mark.parametrize(
    "given, rule, said",
    [
        ({}, "password-missing", "needed to create the account: the environment variable ESI"),
        ({"ESI": SECRET}, "password-too-short", "fewer than 20 characters (min_password_length)"),
    ],
)
def test_a_password_that_is_missing_or_too_short_holds_its_account_back(
    lab: Lab, given: dict[str, str], rule: str, said: str
) -> None:
    simulator = lab.start()

    plan, report = applied(run_of(lab, "min_password_length: 20", **given))

    assert [(each.rule, each.blocking) for each in plan.findings] == [(rule, True)]
    assert said in plan.findings[0].message
    assert (report.exit_code, simulator.store.named("esi")) == (5, None)
    assert SECRET not in repr(plan)


def test_no_user_is_made_without_a_password_whatever_is_accepted(lab: Lab) -> None:
    simulator = lab.start()

    _, report = applied(run_of(lab), accepts=True)

    assert [each.status for each in report.outcomes] == ["failed"]
    assert simulator.store.named("esi") is None


def test_a_password_of_several_lines_is_refused_at_its_line(lab: Lab) -> None:
    lab.start()

    with run_of(lab, ESI="two\nlines") as run, pytest.raises(ManifestError) as caught:
        run.plan()

    (problem,) = caught.value.problems
    assert problem.source is not None
    assert problem.source.line == 8
    assert "has more than one line" in str(problem)
