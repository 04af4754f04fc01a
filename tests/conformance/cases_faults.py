"""What every provider promises when things go wrong, and of secrets always.

The suite they belong to is `tests.conformance.suite`.
"""

from __future__ import annotations

import logging

import pytest

from reconciler.errors import (
    IncompleteReadError,
    LockHeldError,
    ReconcilerError,
    RefusedError,
    UnreachableError,
)
from reconciler.secret import Secret
from tests.conformance.bench import TARGET, Access, Bench, Notes
from tests.conformance.checks import (
    assert_no_secret,
    requires,
    whole_text,
)
from tests.conformance.target import READ_FAULTS, WRITE_FAULTS, Fault


class FaultCases:
    """A failure is told as what it is, and a later run converges."""

    @pytest.mark.parametrize("fault", READ_FAULTS)
    def test_a_read_that_fails_is_an_error_and_never_a_shorter_state_prv_08_del_05(
        self, bench: Bench, small: Access, fault: Fault
    ) -> None:
        requires(fault in bench.target.faults, f"the target does not offer the fault {fault}")
        bench.converge(small)
        before = bench.target.witness()

        with (
            bench.target.fault(fault),
            bench.run(small) as run,
            pytest.raises(IncompleteReadError) as caught,
        ):
            run.read()

        assert [each.target for each in caught.value.failures] == [TARGET]
        assert bench.target.witness() == before
        assert bench.changes(small) == ()

    def test_a_cut_connection_is_told_from_a_refusal_prv_08(
        self, bench: Bench, small: Access
    ) -> None:
        requires("cut_read" in bench.target.faults, "the target does not offer the fault cut_read")
        bench.converge(small)

        with (
            bench.target.fault("cut_read"),
            bench.run(small) as run,
            pytest.raises(IncompleteReadError) as caught,
        ):
            run.read()

        assert isinstance(caught.value.failures[0], UnreachableError)

    def test_wrong_credentials_are_refused_and_not_shown_prv_09(
        self, bench: Bench, small: Access, caplog: pytest.LogCaptureFixture
    ) -> None:
        faults = bench.target.faults
        requires("wrong_credentials" in faults, "the target takes no credentials")
        caplog.set_level(logging.DEBUG)
        before = bench.target.witness()

        with (
            bench.target.fault("wrong_credentials"),
            bench.run(small) as run,
            pytest.raises(IncompleteReadError) as caught,
        ):
            run.plan()

        assert isinstance(caught.value.failures[0], RefusedError)
        assert bench.target.witness() == before
        assert_no_secret(bench, [whole_text(caught.value), caplog.text])

    @pytest.mark.parametrize("fault", WRITE_FAULTS)
    def test_a_failure_in_the_middle_of_apply_is_told_and_a_later_run_converges_apl_09(
        self, bench: Bench, small: Access, fault: Fault
    ) -> None:
        requires(fault in bench.target.faults, f"the target does not offer the fault {fault}")

        with bench.target.fault(fault):
            report = bench.apply(small)
        left = {change.key for change in bench.changes(small)}

        statuses = {each.change.key: each.status for each in report.outcomes}
        assert set(statuses.values()) != {"done"}
        assert not report.targets[0].is_converged
        assert not {key for key, status in statuses.items() if status == "done"} & left
        assert {key for key, status in statuses.items() if status in ("failed", "skipped")} <= left
        if bench.capabilities.transactions:
            assert "done" not in statuses.values()
        else:
            assert "done" in statuses.values()
        bench.converge(small)

    def test_a_target_that_says_yes_and_does_nothing_is_found_out_apl_07(
        self, bench: Bench, small: Access
    ) -> None:
        offered = "silent_write" in bench.target.faults
        requires(offered, "the target does not offer the fault silent_write")

        with bench.target.fault("silent_write"):
            report = bench.apply(small)

        assert not report.targets[0].is_converged
        assert report.exit_code in (1, 8)
        bench.converge(small)

    def test_an_interrupted_apply_tells_the_truth_and_a_later_run_converges_apl_02(
        self, bench: Bench, small: Access
    ) -> None:
        asked: list[None] = []

        def stop() -> bool:
            asked.append(None)
            return len(asked) > 2

        report = bench.apply(small, stop)
        left = {change.key for change in bench.changes(small)}

        assert report.exit_code == 130
        assert report.outcomes
        assert not {each.change.key for each in report.outcomes if each.status == "done"} & left
        bench.converge(small)

    def test_two_do_not_apply_at_once_apl_04(self, bench: Bench, small: Access) -> None:
        requires("locked" in bench.target.faults, "the target does not offer the fault locked")
        with bench.run(small) as run, bench.provider() as provider:
            changes = run.plan().changes
            before = bench.target.witness()

            with bench.target.fault("locked"), pytest.raises(LockHeldError):
                list(provider.apply(changes, Notes()))

        assert bench.target.witness() == before
        bench.converge(small)


class SecretCases:
    """A secret is shown by nothing, whether it goes well or not."""

    def test_every_secret_option_holds_a_canary_prv_09(self, bench: Bench) -> None:
        options = bench.options()
        secrets = [
            getattr(options, name)
            for name, each in type(options).model_fields.items()
            if each.annotation is Secret
        ]
        requires(bool(secrets), "the target takes no secrets")

        for secret in secrets:
            assert any(canary in secret.reveal() for canary in bench.target.canaries)

    def test_no_secret_is_shown_by_anything_pln_08(
        self, bench: Bench, small: Access, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        with bench.run(small) as run, bench.provider() as provider:
            plan = run.plan()
            shown = [provider, bench.options(), provider.identify(), plan, run.preview(plan)]
            shown += [run, run.apply(plan, credentials_out=bench.new_file()), caplog.text]

        assert_no_secret(bench, [f"{each!r}\n{each}" for each in shown])

    @pytest.mark.parametrize("fault", [*READ_FAULTS, *WRITE_FAULTS])
    def test_no_secret_is_shown_by_a_failure_pln_08(
        self, bench: Bench, small: Access, caplog: pytest.LogCaptureFixture, fault: Fault
    ) -> None:
        requires(fault in bench.target.faults, f"the target does not offer the fault {fault}")
        caplog.set_level(logging.DEBUG)

        texts: list[str] = []
        with bench.target.fault(fault):
            try:
                texts.append(repr(bench.apply(small)))
            except ReconcilerError as error:
                texts.append(whole_text(error))

        assert_no_secret(bench, [*texts, caplog.text])

    def test_a_new_account_signs_in_with_its_handed_over_password_alone(
        self, bench: Bench, small: Access, caplog: pytest.LogCaptureFixture
    ) -> None:
        requires(bench.capabilities.passwords != "never", "accounts get no passwords")
        caplog.set_level(logging.DEBUG)
        notes = Notes()
        with bench.run(small) as run, bench.provider() as provider:
            plan = run.plan()

            asked = provider.new_passwords(plan.changes)
            outcomes = list(provider.apply(plan.changes, notes))

        assert sorted(notes.passwords) == sorted(asked) == ["amina", "kofi"]
        for account, password in notes.passwords.items():
            assert bench.target.sign_in(account, password.reveal())
            assert not bench.target.sign_in(account, password.reveal() + "x")
            assert password.reveal() not in f"{outcomes!r}{plan!r}{run.preview(plan)}{caplog.text}"

    def test_a_preview_has_something_for_every_plan_and_writes_nothing(
        self, bench: Bench, small: Access
    ) -> None:
        before = bench.target.witness()

        with bench.run(small) as run:
            lines = run.preview(run.plan())[TARGET]

        assert lines
        assert all(lines)
        assert any("amina" in line for line in lines)
        assert bench.target.witness() == before
