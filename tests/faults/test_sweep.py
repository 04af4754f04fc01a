"""Whatever goes wrong with whichever request: nothing is lost, nothing is there twice, and no State
is shorter than it is.

One change of access on each system, with trouble at one of its requests. A whole sweep takes every
trouble at every request: once, and a second time for longer. It belongs to the profile `nightly`
(see `tests.fix_hypothesis`) and takes hours; ordinary runs take a sample, always the same, in which
each trouble occurs. `RECONCILER_TEST_TROUBLE="SYSTEM/TROUBLE/NTH/COUNT"` repeats one case.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path

import pytest
from hypothesis import settings

from tests.faults.sweep import Case, Sweep, without_pauses
from tests.faults.systems import SYSTEMS
from tests.faults.troubles import EVER, TROUBLES, Timeouts

_ONE = os.environ.get("RECONCILER_TEST_TROUBLE", "")
_IS_WHOLE = not settings().derandomize
_COUNTS = (1, 2, EVER)
_SAMPLE = {
    "flowauth-b": 6,  # it takes the most requests by far
    "flowauth-d": 7,
    "kohakuriver-disable": 12,
    "mobiusflow-v1": 10,
    "mobiusflow-v3": 12,
    "scim-whole": 10,
}
"""How many cases an ordinary run takes of one system of each API, in turn."""


def _shards() -> list[tuple[str, str]]:
    """Systems, in a whole sweep with each trouble by itself, for several processes."""
    if _ONE:
        return [(_ONE.split("/")[0], "")]
    return [*product(SYSTEMS, TROUBLES)] if _IS_WHOLE else [(name, "") for name in _SAMPLE]


_SHARDS = pytest.mark.parametrize("sweep, trouble", _shards(), indirect=["sweep"], scope="module")


@pytest.fixture(scope="module")
def sweep(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sweep]:
    system = SYSTEMS[request.param]()
    try:
        with pytest.MonkeyPatch.context() as patch:
            without_pauses(patch)
            folder: Path = tmp_path_factory.mktemp("sweep")
            yield Sweep(request.param, system, folder, Timeouts(patch))
    finally:
        system.close()


@_SHARDS
def test_a_read_in_trouble_is_whole_or_an_error_prv_08(sweep: Sweep, trouble: str) -> None:
    cases = _cases(sweep, trouble, range(1, sweep.clean.reads + 1))

    said = _said(sweep, cases, sweep.read_faults)

    assert not said, said


@_SHARDS
def test_an_apply_in_trouble_tells_the_truth_and_the_next_one_converges_prv_08(
    sweep: Sweep, trouble: str
) -> None:
    first = 1 if _IS_WHOLE or _ONE else sweep.clean.reads + 1  # it begins with the same reads
    cases = _cases(sweep, trouble, range(first, sweep.clean.requests + 1))

    said = _said(sweep, cases, sweep.apply_faults)

    assert not said, said


def _cases(sweep: Sweep, trouble: str, requests: Sequence[int]) -> Iterator[Case]:
    """In a whole sweep every request, each twice; else as many as a sample has, spread out."""
    troubles = list(sweep.system.troubles())
    if _ONE:
        _, name, nth, count = _ONE.split("/")
        if int(nth) in requests:
            yield Case(name, int(nth), int(count))
    elif _IS_WHOLE:
        if trouble not in troubles:
            pytest.skip(f"{trouble}: this cannot come here")
        for nth in requests:
            yield from (Case(trouble, nth, count) for count in (1, _COUNTS[1 + nth % 2]))
    else:
        yield from _sample(sweep.name, troubles, requests)


def _sample(system: str, troubles: Sequence[str], requests: Sequence[int]) -> Iterator[Case]:
    """Where one system ends with the troubles the next one goes on."""
    number, order = _SAMPLE[system], list(_SAMPLE)
    first = sum(_SAMPLE[each] for each in order[: order.index(system)])
    for index in range(number):
        rounds, place = divmod(first + index, len(troubles))
        trouble, count = troubles[place], _COUNTS[(rounds + place) % len(_COUNTS)]
        yield Case(trouble, requests[index * len(requests) // number], count)


def _said(sweep: Sweep, cases: Iterable[Case], faults: Callable[[Case], Iterable[str]]) -> str:
    """What is wrong in which cases, for people; empty where nothing is."""
    return "\n".join(
        f'RECONCILER_TEST_TROUBLE="{sweep.name}/{case}" repeats: {each}'
        for case in cases
        for each in faults(case)
    )
