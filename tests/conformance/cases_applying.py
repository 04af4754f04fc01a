"""What every provider promises of applying: a plan is carried out, and the next one is empty.

The suite they belong to is `tests.conformance.suite`.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from tests.conformance.bench import Access, Bench, Notes
from tests.conformance.checks import (
    account_of,
    lost,
    requires,
)


class ApplyingCases:
    """From any access to any other in one apply."""

    def test_everything_is_created_and_the_next_plan_is_empty_prv_03(
        self, bench: Bench, small: Access
    ) -> None:
        report = bench.converge(small)

        assert {each.change.action for each in report.outcomes} == {"create"}
        assert {each.status for each in report.outcomes} == {"done"}

    def test_applying_the_same_manifest_again_does_nothing_prv_03(
        self, bench: Bench, small: Access
    ) -> None:
        bench.converge(small)
        before = bench.target.witness()

        report = bench.converge(small)

        assert report.outcomes == ()
        assert bench.target.witness() == before

    def test_a_wider_and_a_narrower_role_converge_prv_03(self, bench: Bench, small: Access) -> None:
        bench.converge(small)
        requires(bool(bench.target.rights), "being in a role is all that it gives")
        first, _, third = bench.target.rights

        bench.converge(replace(small, roles={"reader": (first, third), "writer": (first,)}))

    def test_a_grant_that_ends_is_taken_away_and_the_others_stay_dif_05(
        self, bench: Bench, small: Access
    ) -> None:
        bench.converge(small)
        fewer = replace(small, grants=(("analysts", "reader"),))

        report = bench.converge(fewer)

        names = {each.change.key.path[-1] for each in report.outcomes}
        assert names == {"amina"}

    def test_creating_changing_and_removing_at_once_converges_prv_03(
        self, bench: Bench, small: Access
    ) -> None:
        first, second, third = (bench.target.rights[index : index + 1] for index in range(3))
        bench.converge(small)

        mixed = Access(
            users=("amina", "kofi", "esi"),
            groups={"analysts": ("kofi", "esi")},
            roles={"reader": second + third, "writer": first, "auditor": third},
            grants=(("esi", "auditor"), ("analysts", "reader")),
        )
        report = bench.converge(mixed)

        assert len(report.outcomes) >= (4 if bench.has_roles else 3)

    def test_names_that_are_parts_of_each_other_are_different_names_dif_06(
        self, bench: Bench
    ) -> None:
        requires(bench.has_roles, "a role is a level")
        users = ("ann", "anna", "annamaria")
        roles = {"read": bench.target.rights[:1], "reader": bench.target.rights[1:2]}
        every = tuple((user, role) for user in users for role in roles)
        bench.converge(Access(users=users, roles=roles, grants=every))

        fewer = tuple(pair for pair in every if pair != ("anna", "read"))
        report = bench.converge(Access(users=users, roles=roles, grants=fewer))

        keys = [each.change.key for each in report.outcomes]
        assert [key.path[-2:] for key in keys] == [("read", "anna")]

    def test_group_in_group_comes_and_goes_without_touching_the_other_members_dif_05(
        self, bench: Bench, small: Access
    ) -> None:
        groups = {"analysts": ("kofi",), "everyone": ("amina",)}
        grants = (("everyone", "reader"),)
        nested = replace(small, groups=groups, inner={"everyone": ("analysts",)}, grants=grants)
        bench.converge(nested)
        apart = replace(nested, inner={})

        removed = bench.converge(apart)
        added = bench.converge(nested)

        for report in (removed, added):
            assert report.outcomes
            assert all(each.change.key.path[-1] != "amina" for each in report.outcomes)

    def test_one_outcome_for_each_change_in_their_order(self, bench: Bench, small: Access) -> None:
        with bench.run(small) as run, bench.provider() as provider:
            changes = run.plan().changes
            notes = Notes()

            outcomes = list(provider.apply(changes, notes))

        assert [each.change for each in outcomes] == list(changes)
        assert {each.status for each in outcomes} == {"done"}
        assert notes.intended == list(changes)

    def test_removing_what_is_absent_already_succeeds_prv_04(
        self, bench: Bench, small: Access
    ) -> None:
        requires(bench.has_roles, "a role is a level")
        bench.converge(small)
        fewer = replace(small, grants=(("analysts", "reader"),))
        with bench.run(fewer) as run, bench.provider() as provider:
            deletes = [each for each in run.plan().changes if each.action == "delete"]
            list(provider.apply(deletes, Notes()))
            before = bench.target.witness()

            again = list(provider.apply(deletes, Notes()))

        assert deletes
        assert [each.status for each in again] == ["done"] * len(deletes)
        assert bench.target.witness() == before

    def test_any_set_of_rights_becomes_any_other_by_one_change_dif_08(self, bench: Bench) -> None:
        is_set = bench.has_roles and bool(bench.target.rights)
        requires(is_set, "a role does not give a set of rights")
        first, second, third = bench.target.rights
        sets = [(), (first,), (second,), (first, second), (first, second, third)]
        walk = [each for pair in combinations(sets, 2) for each in pair]
        bench.converge(Access(users=("amina",), roles={"r": walk[0]}, grants=(("amina", "r"),)))

        for before, after in zip(walk, [*walk[1:], walk[0]], strict=True):
            asked = Access(users=("amina",), roles={"r": after}, grants=(("amina", "r"),))
            report = bench.apply(asked)

            assert report.targets[0].is_converged, (before, after, report.targets[0])
            assert len(report.outcomes) == 1, (before, after)
        assert (
            bench.changes(Access(users=("amina",), roles={"r": walk[0]}, grants=(("amina", "r"),)))
            == ()
        )

    def test_what_does_not_change_is_not_written_dif_09(self, bench: Bench, small: Access) -> None:
        bench.converge(small)
        before = bench.target.witness()

        more = replace(small, users=(*small.users, "esi"), roles={**small.roles, "auditor": ()})
        bench.converge(replace(more, grants=(*small.grants, ("esi", "auditor"))))

        assert lost(before, bench.target.witness()) == {}

    def test_applying_nothing_writes_nothing(self, bench: Bench, small: Access) -> None:
        bench.converge(small)
        before = bench.target.witness()

        with bench.provider() as provider:
            outcomes = list(provider.apply((), Notes()))

        assert outcomes == []
        assert bench.target.witness() == before

    def test_one_who_leaves_is_disabled_and_one_who_returns_is_let_in_prv_05(
        self, bench: Bench, small: Access
    ) -> None:
        disabled = bench.capabilities.disabled
        requires(disabled is not None, "the target cannot disable accounts")
        bench.converge(small)

        bench.converge(replace(small, departed=frozenset({"amina"})))
        left = account_of(bench, small, "amina")
        bench.converge(small)
        returned = account_of(bench, small, "amina")

        assert {name: left.get(name) for name in disabled or {}} == disabled
        assert {name: returned.get(name) for name in disabled or {}} != disabled

    def test_every_level_becomes_every_other_dif_08(self, bench: Bench, small: Access) -> None:
        levels = bench.capabilities.levels
        requires(bool(levels), "the target has no levels")
        chaired = replace(
            small,
            users=(*small.users, "esi"),
            roles={**small.roles, "chief": small.roles["reader"]},
            grants=(*small.grants, ("esi", "chief")),
        )

        for level in (*levels, *reversed(levels)):
            bench.converge(replace(chaired, levels={"chief": levels[-1], "writer": level}))

            assert account_of(bench, small, "amina")["level"] == level

    def test_every_declared_attribute_takes_both_values_prv_05(
        self, bench: Bench, small: Access
    ) -> None:
        attributes = bench.target.attributes
        assert sorted(attributes) == sorted(bench.capabilities.attributes)
        requires(bool(attributes), "the target has no attributes")

        for index in (0, 1, 0):
            values = {name: pair[index] for name, pair in attributes.items()}
            bench.converge(replace(small, attributes={"amina": values}))

    def test_roles_inherit_and_stop_inheriting_prv_05(self, bench: Bench, small: Access) -> None:
        bench.converge(replace(small, inherits={"writer": ("reader",)}))

        report = bench.converge(small)

        assert report.outcomes or not bench.capabilities.inheritance
