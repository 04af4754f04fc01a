"""Fixtures for the tests of the sandbox's simulators."""

from collections.abc import Iterator

import pytest

from tests.sandbox.flowauth_client import FlowAuthBench


@pytest.fixture
def bench() -> Iterator[FlowAuthBench]:
    """Starts FlowAuth simulators and clients, and closes all of them after the test."""
    bench = FlowAuthBench()
    try:
        yield bench
    finally:
        bench.close()
