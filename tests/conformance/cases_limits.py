"""What every provider promises to leave alone, and plans that do not fit any more.

The suite they belong to is `tests.conformance.suite`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import (
    StaleError,
)
from tests.conformance.bench import Access, Bench
from tests.conformance.checks import lost, requires


class LimitCases:
    """What is not asked for, not ours, or protected is not touched."""

    def test_what_the_manifest_does_not_name_is_left_alone(
        self, bench: Bench, small: Access
    ) -> None:
        bench.target.add_bystanders()
        before = bench.target.witness()
        assert before

        bench.converge(small)
        bench.converge(replace(small, grants=()))

        assert lost(before, bench.target.witness()) == {}

    def test_our_own_account_is_never_changed_pro_04(self, bench: Bench, small: Access) -> None:
        own = bench.target.own_account
        before = bench.target.witness()
        greedy = replace(small, users=(*small.users, own), grants=(*small.grants, (own, "reader")))

        with bench.run(greedy) as run:
            plan = run.plan()
            run.apply(plan, credentials_out=bench.new_file())

        assert all(own not in change.key.path for change in plan.changes)
        assert lost(before, bench.target.witness()) == {}

    def test_protected_names_are_left_alone_and_the_rest_is_applied_pro_07(
        self, bench: Bench, small: Access
    ) -> None:
        bench.converge(small)
        policy = {"protect": ["am*"]}
        asked = replace(small, users=(*small.users, "esi"), policy=policy)
        asked = replace(asked, grants=(("analysts", "reader"), ("esi", "reader")))

        with bench.run(asked) as run:
            plan = run.plan()
            report = run.apply(plan, credentials_out=bench.new_file())

        names = {change.key.path[-1] for change in plan.changes}
        assert names == {"esi"}
        assert [each.rule for each in plan.findings] == ["protected"]
        assert report.targets[0].is_converged


class WaitingCases:
    """A plan that waited is carried out if and only if it still fits."""

    def test_a_plan_that_was_applied_is_stale_and_writes_nothing_pln_02(
        self, bench: Bench, small: Access
    ) -> None:
        old = bench.plan(small)
        bench.converge(small)
        before = bench.target.witness()

        with bench.run(small) as run, pytest.raises(StaleError):
            run.apply(old, credentials_out=bench.new_file())

        assert bench.target.witness() == before

    def test_a_plan_is_stale_if_and_only_if_what_it_touches_changed_prv_06_pln_04(
        self, bench: Bench, small: Access
    ) -> None:
        requires(bench.has_roles, "a role is a level")
        first = bench.target.rights[:1]
        roles = {"one": first, "two": first}
        users = ("amina", "kofi")
        both = Access(users=users, roles=roles, grants=tuple((u, r) for u in users for r in roles))
        bench.converge(both)
        fewer = replace(both, grants=(*both.grants[:2], ("kofi", "one")))
        with bench.run(fewer) as run:
            plan = run.plan()

            bench.target.revoke_by_hand("amina", "two")
            report = run.apply(plan, credentials_out=bench.new_file())
        assert {each.status for each in report.outcomes} == {"done"}

        bench.converge(both, accepts=True)
        with bench.run(fewer) as run:
            plan = run.plan()

            bench.target.revoke_by_hand("kofi", "two")
            with pytest.raises(StaleError, match="kofi"):
                run.apply(plan, credentials_out=bench.new_file())
