"""Random catalogs of a real server, and random manifests for them: two oracles agree on each.

A model that interprets the changes says what they lead to. The server says whether they do, and
what accounts may do in effect; `explain` has to agree.

There are 2,000 pairs at every run, 20,000 in the profile `nightly` (see `tests.fix_hypothesis`).
A failure names its pair and shows what is left of it when nothing more can be left out.
`RECONCILER_TEST_PAIR=PAIR` repeats that one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.fix_postgres import PostgresServer
from tests.postgres.pair_bench import PairBench, pair_bench
from tests.postgres.random_manifests import random_pair
from tests.postgres.random_pairs import Pair
from tests.postgres.shrinking import shrunk

_ONE = os.environ.get("RECONCILER_TEST_PAIR")
_PAIRS = 500
_SHARDS = 1 if _ONE else 4 if settings().derandomize else 40
_MADE = {
    *("create account", "create group", "create role", "create membership", "create privilege"),
    *("create default_privilege", "update account", "update group", "update role"),
    *("update membership", "update privilege", "update ownership", "update public_privilege"),
    *("delete account", "delete role", "delete membership", "delete privilege"),
    *("delete default_privilege", "update public_default"),
}
"""The changes of which each shard has to make some: else the pairs have become too tame."""


@pytest.fixture
def bench(postgres_cluster: PostgresServer) -> Iterator[PairBench]:
    with pair_bench(postgres_cluster) as bench:
        yield bench


def _check(bench: PairBench, seed: str) -> None:
    pair = random_pair(seed, bench.version)
    failure = bench.failure(pair)
    if failure is not None:
        kind = _kind(failure)
        least = shrunk(pair, lambda each: _kind(bench.failure(each)) == kind)
        said = bench.failure(least)
        pytest.fail(
            f"RECONCILER_TEST_PAIR={seed} repeats this\n{least}\n{type(said).__name__}: {said}"
        )


def _kind(failure: Exception | None) -> tuple[str, str]:
    """What failures that are alike have in common."""
    return type(failure).__name__, str(failure).partition(":")[0]


@pytest.mark.parametrize("shard", range(_SHARDS))
def test_a_random_manifest_is_applied_to_a_random_catalog(
    bench: PairBench, shard: int, random_seed: str
) -> None:
    pairs = [f"{random_seed}:{shard}:{number}" for number in range(_PAIRS)]
    for pair in [_ONE] if _ONE else pairs:
        _check(bench, pair)

    seen = bench.seen
    if not _ONE:
        assert seen["statements done"] > seen["statements"] * 0.6, "too many were refused"
        assert seen["rights compared"] > seen["pairs"]
        assert seen.keys() >= _MADE


def test_what_does_not_matter_is_left_out_of_a_failing_pair() -> None:
    pair = random_pair("1", 180000)
    assert len(pair.catalog) > 3
    needed = pair.catalog[2]

    def fails(each: Pair) -> bool:
        return needed in each.catalog

    least = shrunk(pair, fails)

    assert least.catalog == (needed,)
    assert not any(least.manifest[name] for name in ("users", "groups", "roles", "grants"))
