"""What every provider promises, as tests that run against a real target.

To put a provider through it, write `tests/conformance/test_NAME.py`:

1. A subclass of `ConformanceTarget` (`tests/conformance/target.py`): how to reach one real target,
   how to look at it and how to break it. It goes around the provider: raw SQL, raw HTTP, the
   simulator's own store.
2. A subclass of `ProviderConformance` with one fixture, `target`, that yields such a target, empty:

       class TestNothing(ProviderConformance):
           @pytest.fixture
           def target(self) -> Iterator[ConformanceTarget]:
               with start_server() as server:
                   yield NothingTarget(server)

A case that needs a capability, a fault or a secret that the provider or its target does not declare
is skipped and says which. Declare what is true: a fault that can be made shall be made. Names of
cases end in the promise they keep: PRV of providers, DIF of differences, PLN of plans, APL of
applying, PRO of protection.

The cases that go through the engine plan and apply a manifest; those that use `bench.provider()`
call the provider itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.bench import Access, Bench, small_access
from tests.conformance.cases_applying import ApplyingCases
from tests.conformance.cases_crashes import CrashCases
from tests.conformance.cases_faults import FaultCases, SecretCases
from tests.conformance.cases_journal import JournalCases
from tests.conformance.cases_limits import LimitCases, WaitingCases
from tests.conformance.cases_reading import ReadingCases, SpellingCases
from tests.conformance.target import ConformanceTarget


class ProviderConformance(
    ReadingCases,
    SpellingCases,
    ApplyingCases,
    JournalCases,
    CrashCases,
    LimitCases,
    WaitingCases,
    FaultCases,
    SecretCases,
):
    """The cases. A subclass overrides `target`."""

    @pytest.fixture
    def target(self) -> Iterator[ConformanceTarget]:
        """One real, empty target."""
        raise AssertionError("override the fixture target")

    @pytest.fixture
    def bench(self, target: ConformanceTarget, tmp_path: Path) -> Bench:
        """What runs manifests against the target."""
        return Bench(target, tmp_path)

    @pytest.fixture
    def small(self, target: ConformanceTarget) -> Access:
        """Two users, one of them through a group, and two roles."""
        return small_access(target)
