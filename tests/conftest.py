"""Registers what all tests share: fixtures, one file for each concern, and modules with asserts."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    "tests.conformance.bench",
    "tests.conformance.cases_applying",
    "tests.conformance.cases_faults",
    "tests.conformance.cases_limits",
    "tests.conformance.cases_reading",
    "tests.conformance.checks",
    "tests.conformance.suite",
    "tests.flowauth.lab",
    "tests.flowauth.real",
    "tests.flowauth.simulated",
)

pytest_plugins = ["tests.fix_golden", "tests.fix_hypothesis", "tests.fix_postgres"]
