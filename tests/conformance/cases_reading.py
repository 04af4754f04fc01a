"""What every provider promises of reading and of spelling: the cases without a change.

The suite they belong to is `tests.conformance.suite`.
"""

from __future__ import annotations

import pytest

from reconciler.errors import (
    ManifestError,
)
from reconciler.scope import Scope
from tests.conformance.bench import TARGET, Access, Bench
from tests.conformance.checks import (
    own_names,
    requires,
    with_names,
)
from tests.conformance.target import NASTY_NAMES

PLACES = ("account", "group", "role")


class ReadingCases:
    """A read is whole, stable, and writes nothing."""

    def test_reading_twice_gives_the_same_state_and_writes_nothing_prv_01(
        self, bench: Bench, small: Access
    ) -> None:
        bench.converge(small)
        before = bench.target.witness()

        with bench.run(small) as run:
            first, second = run.read()[TARGET], run.read()[TARGET]

        assert first == second
        assert len(first.observed) > 0
        assert bench.target.witness() == before

    def test_a_second_connection_reads_the_same_state_prv_01(
        self, bench: Bench, small: Access
    ) -> None:
        bench.converge(small)

        with bench.run(small) as one, bench.run(small) as other:
            assert one.read()[TARGET].observed == other.read()[TARGET].observed

    def test_an_empty_target_is_read_without_error_prv_01(self, bench: Bench) -> None:
        before = bench.target.witness()

        with bench.provider() as provider:
            observed = provider.observe(Scope())

        assert not set(observed.names("account")) - own_names(bench)
        assert bench.target.witness() == before

    def test_identify_names_the_system_and_our_account_prv_09(self, bench: Bench) -> None:
        before = bench.target.witness()

        with bench.provider() as provider:
            identity = provider.identify()
            again = provider.identify()

        assert identity.account == bench.target.own_account
        assert identity.system
        assert identity.version
        assert again == identity
        assert bench.target.witness() == before

    def test_closing_twice_is_safe(self, bench: Bench) -> None:
        with bench.provider() as provider:
            provider.identify()

            provider.close()

        assert provider.close() is None  # type: ignore[func-returns-value]  # the promise is that it returns


class SpellingCases:
    """What is asked has the spelling in which it will be read back."""

    def test_normalizing_what_is_normalized_changes_nothing_prv_02(
        self, bench: Bench, small: Access
    ) -> None:
        with bench.run(small) as run, bench.provider() as provider:
            reading = run.read()[TARGET]

            again = provider.normalize(reading.desired.state, reading.observed)

        assert again == reading.desired.state
        assert len(again) > 0

    def test_what_was_applied_is_read_back_as_it_was_asked_dif_03_apl_08(
        self, bench: Bench, small: Access
    ) -> None:
        bench.converge(small)

        with bench.run(small) as run:
            reading = run.read()[TARGET]

        for key, asked in reading.desired.state:
            there = reading.observed.get(key)
            assert there is not None, key
            assert {name: there.get(name) for name in asked} == asked

    @pytest.mark.parametrize("place", PLACES)
    def test_nasty_names_go_in_and_come_back_apl_12(self, bench: Bench, place: str) -> None:
        requires(place != "group" or bench.capabilities.groups, "the target has no groups")
        requires(place != "role" or bench.has_roles, "a role is a level")
        names = [NASTY_NAMES[each] for each in sorted(bench.target.holdable)]
        assert names
        access = with_names(bench, place, names)

        bench.converge(access)

        with bench.run(access) as run:
            observed = run.read()[TARGET].observed
        assert set(names) <= {key.path[-1] for key, _ in observed if key.kind == place}

    @pytest.mark.parametrize("place", PLACES)
    def test_names_that_cannot_be_held_are_refused_before_anything_is_written(
        self, bench: Bench, place: str
    ) -> None:
        requires(place != "group" or bench.capabilities.groups, "the target has no groups")
        requires(place != "role" or bench.has_roles, "a role is a level")
        refused = sorted(NASTY_NAMES.keys() - bench.target.holdable)
        requires(bool(refused), "the target holds every name")
        before = bench.target.witness()

        for nasty in refused:
            with pytest.raises(ManifestError) as caught:
                bench.plan(with_names(bench, place, [NASTY_NAMES[nasty]]))
            assert all(problem.source for problem in caught.value.problems), nasty

        assert bench.target.witness() == before
