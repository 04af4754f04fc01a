"""Passwords of users who are there: made anew on request, or given from outside, in every era."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.changes import Handed
from reconciler.engine import Choice, Limits, Run
from reconciler.errors import ManifestError, UsageError
from reconciler.plan import Plan
from reconciler.report import Report
from reconciler.sandbox.flowauth import FaultKind
from reconciler.secret import Secret
from tests.canary import folder_texts, leaks
from tests.conformance.bench import Notes
from tests.flowauth.eras import MANIFEST, apply, converge, new_file, run_of
from tests.flowauth.lab import Lab, statuses, update
from tests.flowauth.simulated import OWN, signs_in
from tests.flowauth.test_session import enable_two_factor

ERAS = pytest.mark.parametrize("era", ["A", "B", "C", "D"])
SECRET = "correct horse, battery staple, and 7 more"
OTHER = "another one entirely, of 12 words or so"
GIVEN = MANIFEST.replace(
    "{name: Amina}", "{name: Amina, accounts: {flowauth: {password: {env: AMINA}}}}"
)
RENEWAL = update("account", "amina", before={"password": None}, after={"password": "temporary"})


def rotate(lab: Lab, *specs: str, text: str = MANIFEST, **more: str) -> tuple[Plan, Report, str]:
    """A plan with new passwords for these, what became of it, and the file they are in."""
    file = new_file(lab.folder)
    with run_of(lab, text, **more) as run:
        plan = run.plan(Choice(rotate=frozenset(specs)))
        return plan, run.apply(plan, credentials_out=file, limits=Limits()), file


def applied(run: Run, folder: Path) -> tuple[Plan, Report]:
    with run:
        plan = run.plan()
        return plan, run.apply(plan, credentials_out=new_file(folder), limits=Limits())


def about_passwords(plan: Plan) -> list[str]:
    return [each.rule for each in plan.findings if each.rule.startswith("password")]


def handed_over(file: str) -> str:
    (line,) = Path(file).read_text(encoding="utf-8").splitlines()
    return str(json.loads(line)["password"])


# New ones on request


@ERAS
def test_a_new_password_on_request_replaces_the_old_one(lab: Lab, era: str) -> None:
    lab.start(era=era)
    converge(lab)
    lab.simulator.store.set_password("amina", SECRET)
    writes = len(lab.writes)

    plan, report, file = rotate(lab, "amina")

    assert plan.targets[0].new_passwords == ("amina",)
    assert report.exit_code == 0
    assert signs_in(lab.simulator.url, "amina", handed_over(file))
    assert not signs_in(lab.simulator.url, "amina", SECRET)
    number = lab.simulator.store.user_id("amina")
    assert lab.writes[writes:] == [f"PATCH /admin/users/{number}"]
    converge(lab)


@ERAS
def test_the_preview_shows_the_request_without_the_password(lab: Lab, era: str) -> None:
    lab.start(era=era)
    provider = lab.open()
    provider.observe(lab.scope)
    both = update("account", "amina", before={}, after={"level": "admin", "password": "temporary"})

    lines = provider.preview([RENEWAL, both])

    assert lines == (
        'PATCH /admin/users/<amina> {"password": "***"}',
        'PATCH /admin/users/<amina> {"is_admin": true, "password": "***"}',
    )


@pytest.mark.parametrize("era", ["A", "D"])
def test_level_and_password_are_one_request(lab: Lab, era: str) -> None:
    store = lab.start(era=era).store
    store.add_user("amina", SECRET)

    outcomes = lab.apply(
        update(
            "account",
            "amina",
            before={"level": "user", "password": None},
            after={"level": "admin", "password": "temporary"},
        )
    )

    assert statuses(outcomes) == ["done"]
    assert len(lab.writes) == 1
    assert store.snapshot().users["amina"].is_admin
    assert store.check_password("amina", lab.notes.passwords["amina"].reveal())


def test_a_password_that_nobody_can_keep_is_not_set(lab: Lab) -> None:
    lab.start_filled()

    class Full(Notes):
        def hand_over(
            self, account: str, password: Secret, expires: str, *, what: Handed = "password"
        ) -> None:
            raise UsageError("the disk is full")

    with pytest.raises(UsageError, match="the disk is full"):
        list(lab.open().apply([RENEWAL], Full()))

    assert lab.writes == []


def test_trying_a_password_leaves_our_own_session_alone(lab: Lab) -> None:
    store = lab.start_filled().store

    outcomes = lab.apply(
        RENEWAL, update("account", "kofi", before={"level": "user"}, after={"level": "admin"})
    )

    assert statuses(outcomes) == ["done", "done"]
    assert store.snapshot().users["kofi"].is_admin
    assert lab.sent("POST", "/signin") == 2, "we, and amina"
    assert not [each for each in lab.simulator.requests if each.status == 401]


def test_a_user_with_a_second_factor_gets_a_password_too(lab: Lab) -> None:
    store = lab.start_filled().store
    store.set_password("amina", SECRET)
    enable_two_factor(lab, "amina", SECRET)

    outcomes = lab.apply(RENEWAL)

    assert statuses(outcomes) == ["done"]
    assert store.check_password("amina", lab.notes.passwords["amina"].reveal())
    assert store.snapshot().users["amina"].has_two_factor


def test_a_password_that_was_answered_and_not_stored_is_found_out(lab: Lab) -> None:
    store = lab.start_filled().store
    lab.arm(
        FaultKind.OUTSIDE_EDIT,
        "POST",
        "/signin",
        nth=2,
        edit=lambda: store.set_password("amina", OTHER),
    )

    (outcome,) = lab.apply(RENEWAL)

    assert outcome.status == "failed"
    assert outcome.message == 'the password of "amina" is not as it was written when read back'


def test_a_password_that_cannot_be_tried_is_unknown(lab: Lab) -> None:
    lab.start_filled()
    lab.arm(FaultKind.HTML_503, "POST", "/signin", nth=2, count=100)

    (outcome,) = lab.apply(RENEWAL)

    assert outcome.status == "unknown"
    assert "could not be read back" in outcome.message
    assert lab.notes.passwords["amina"].reveal() not in outcome.message


@pytest.mark.parametrize(
    "spec, why", [(OWN, "the account that we use"), ("kofi", "from {env: KOFI}: change it there")]
)
def test_whose_password_is_not_ours_to_make_is_refused_by_name(
    lab: Lab, spec: str, why: str
) -> None:
    lab.start()
    text = MANIFEST.replace("kofi: {", "kofi: {accounts: {flowauth: {password: {env: KOFI}}}, ")
    text = text.replace("users:\n", f"users:\n  {OWN}: {{}}\n").replace(
        "[amina, kofi]", f"[amina, kofi, {OWN}]"
    )
    applied(run_of(lab, text, KOFI=SECRET), lab.folder)
    writes = len(lab.writes)

    with pytest.raises(UsageError) as caught:
        rotate(lab, spec, text=text, KOFI=SECRET)

    assert why in str(caught.value)
    assert len(lab.writes) == writes


# From outside


def test_a_given_password_is_sent_once_and_again_only_when_it_is_another(lab: Lab) -> None:
    store = lab.start(era="B").store

    plan, report = applied(run_of(lab, GIVEN, AMINA=SECRET), lab.folder)
    same, _ = applied(run_of(lab, GIVEN, AMINA=SECRET), lab.folder)
    newer, _ = applied(run_of(lab, GIVEN, AMINA=OTHER), lab.folder)

    assert plan.targets[0].new_passwords == ("kofi",)
    assert report.exit_code == 0
    assert same.changes == ()
    assert [each.after for each in newer.changes] == [{"password": "as given"}]
    assert store.check_password("amina", OTHER)
    shown = repr([plan, report, same, newer]).encode()
    secrets = {"first": SECRET, "second": OTHER}
    assert leaks({**folder_texts(lab.folder), "shown": shown}, secrets) == []


def test_a_user_who_is_there_keeps_the_password_until_somebody_asks_for_it_by_name(
    lab: Lab,
) -> None:
    store = lab.start().store
    converge(lab)

    plan, _ = applied(run_of(lab, GIVEN, AMINA=SECRET), lab.folder)
    was_kept = not store.check_password("amina", SECRET)
    rotate(lab, "amina", text=GIVEN, AMINA=SECRET)
    again, _ = applied(run_of(lab, GIVEN, AMINA=SECRET), lab.folder)

    assert about_passwords(plan) == ["password-unknown"]
    assert was_kept
    assert store.check_password("amina", SECRET)
    assert (again.changes, about_passwords(again)) == ((), [])


def test_without_the_password_that_a_new_user_is_to_have_the_user_is_not_created(lab: Lab) -> None:
    store = lab.start().store

    plan, report = applied(run_of(lab, GIVEN), lab.folder)
    accepted = apply(lab, GIVEN)

    (finding,) = [each for each in plan.findings if each.rule == "password-missing"]
    assert finding.blocking
    assert "is needed to create the account: the environment variable AMINA" in finding.message
    assert report.exit_code == 5
    failed = {str(each.change.key): each.message for each in accepted if each.status == "failed"}
    assert list(failed) == ["account amina"]
    assert "see to the place that the manifest names" in failed["account amina"]
    assert "amina" not in store.snapshot().users


@pytest.mark.parametrize(
    "value, said",
    [("x" * 73, "more than 72 characters, which FlowAuth cannot take"), ("a\nb", "more than one")],
)
def test_what_flowauth_cannot_take_is_refused_with_the_line_of_its_reference(
    lab: Lab, value: str, said: str
) -> None:
    lab.start()

    with run_of(lab, GIVEN, AMINA=value) as run, pytest.raises(ManifestError) as caught:
        run.plan()

    (problem,) = caught.value.problems
    assert said in str(problem)
    assert "{env: AMINA}" in str(problem)
    assert problem.source is not None
    assert problem.source.line == GIVEN[: GIVEN.index("  amina:")].count("\n") + 1
    assert value not in str(problem)


def test_a_weak_password_is_refused_by_flowauth_in_its_words(lab: Lab) -> None:
    lab.start()

    _, report = applied(run_of(lab, GIVEN, AMINA="password1"), lab.folder)

    failed = {str(each.change.key): each for each in report.outcomes if each.status == "failed"}
    assert list(failed) == ["account amina"]
    assert "Password not complex enough." in failed["account amina"].message
    assert "password1" not in repr(report)


@pytest.mark.parametrize("is_given", [False, True])
def test_a_password_of_which_nobody_knows_whether_it_is_set_is_not_told_as_done(
    lab: Lab, is_given: bool
) -> None:
    lab.start()
    converge(lab)
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "PATCH", "/admin/users/*")
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "POST", "/signin", nth=2)

    if is_given:
        _, report, _ = rotate(lab, "amina", text=GIVEN, AMINA=SECRET)
    else:
        _, report, _ = rotate(lab, "amina")

    assert [each.status for each in report.outcomes] == ["unknown"]
    assert report.exit_code == 1
