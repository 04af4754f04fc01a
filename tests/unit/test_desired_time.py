"""What time alone changes: grants that start and end, and the manifest as if they had not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations

import pytest

from reconciler.desired import (
    Window,
    expand,
    has_ended,
    has_started,
    last_boundary,
    next_boundary,
)
from reconciler.errors import ManifestError
from reconciler.manifest.load import LoadedManifest, parse_manifest
from reconciler.scope import Capabilities
from reconciler.state import State

NOON = datetime(2027, 6, 30, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HEAD = """\
version: 1
targets: {store: {provider: some}}
users: {amina: {}, kofi: {}, esi: {}, ama: {}}
roles: {reader: {target: store}, writer: {target: store}}
"""


def _load(*grants: str, more: str = "") -> LoadedManifest:
    lines = "".join(f"  - {{{grant}}}\n" for grant in grants)
    return parse_manifest({"m": f"{HEAD}{more}grants:\n{lines}"})


def _state(loaded: LoadedManifest, at: datetime = NOON, window: Window = "now") -> State:
    return expand(loaded, {"some": Capabilities()}, at, window)["store"].state


def _held(loaded: LoadedManifest, at: datetime = NOON, window: Window = "now") -> list[str]:
    state = _state(loaded, at, window)
    return ["/".join(key.path) for key, _ in state if key.kind == "membership"]


@pytest.mark.parametrize("order", list(permutations(["amina", "kofi", "esi", "ama"])))
def test_neighbours_in_the_list_end_together_wherever_they_stand_tim_02(
    order: tuple[str, ...],
) -> None:
    ends = {"kofi": ", until: 2027-06-30T12:00:00Z", "esi": ", until: 2027-06-30T12:00:00Z"}
    loaded = _load(*(f"user: {user}, role: reader{ends.get(user, '')}" for user in order))

    before, after = _held(loaded, NOON - SECOND), _held(loaded, NOON)

    assert before == ["reader/ama", "reader/amina", "reader/esi", "reader/kofi"]
    assert after == ["reader/ama", "reader/amina"]


def test_a_temporary_grant_inside_a_permanent_one_changes_nothing_tim_03() -> None:
    temporary = "user: amina, role: reader, from: 2027-06-01T00:00:00Z, until: 2027-06-30T12:00:00Z"
    loaded = _load("user: amina, role: reader", temporary)

    instants = [datetime(2027, 5, 1, tzinfo=UTC), NOON - SECOND, NOON, NOON + SECOND]

    assert {tuple(_held(loaded, at)) for at in instants} == {("reader/amina",)}


@pytest.mark.parametrize(
    "hour, held", [(9, []), (10, ["reader/kofi"]), (13, ["reader/kofi"]), (14, [])]
)
def test_two_temporary_grants_that_overlap_are_one_stretch_tim_03(
    hour: int, held: list[str]
) -> None:
    loaded = _load(
        "user: kofi, role: reader, from: 2027-06-30T10:00:00Z, until: 2027-06-30T12:00:00Z",
        "user: kofi, role: reader, from: 2027-06-30T11:00:00Z, until: 2027-06-30T14:00:00Z",
    )

    assert _held(loaded, NOON.replace(hour=hour)) == held


def test_two_temporary_grants_that_touch_leave_no_gap_tim_03() -> None:
    loaded = _load(
        "user: kofi, role: reader, until: 2027-06-30T12:00:00Z",
        "user: kofi, role: reader, from: 2027-06-30T12:00:00Z",
    )

    instants = [NOON - timedelta(microseconds=1), NOON, NOON + timedelta(microseconds=1)]

    assert [_held(loaded, at) for at in instants] == [["reader/kofi"]] * 3


def test_an_extension_before_the_end_takes_nothing_away_tim_03() -> None:
    before = _load("user: kofi, role: reader, until: 2027-06-30T12:00:00Z")
    after = _load("user: kofi, role: reader, until: 2028-06-30T12:00:00Z")

    assert _state(before, NOON - SECOND) == _state(after, NOON - SECOND)
    assert _held(after, NOON) == ["reader/kofi"]


def test_a_grant_may_end_on_a_leap_day_and_only_in_a_leap_year_tim_05() -> None:
    loaded = _load("user: kofi, role: reader, until: 2028-02-29T00:00:00Z")
    leap = datetime(2028, 2, 29, tzinfo=UTC)

    held = [_held(loaded, at) for at in (leap - SECOND, leap)]

    assert held == [["reader/kofi"], []]
    with pytest.raises(ManifestError, match='"2027-02-29T00:00:00Z" is no time that exists'):
        _load("user: kofi, role: reader, until: 2027-02-29T00:00:00Z")


@pytest.mark.parametrize(
    "until", ["2027-10-31T00:30:00Z", "2027-10-31T02:30:00+02:00", "2027-10-31T01:30:00+01:00"]
)
def test_the_hour_that_a_clock_goes_back_is_one_instant_in_every_zone_tim_05(until: str) -> None:
    loaded = _load(f"user: kofi, role: reader, until: {until}")
    summer = datetime(2027, 10, 31, 2, 30, tzinfo=timezone(timedelta(hours=2)))

    assert next_boundary(loaded.manifest, NOON) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert _held(loaded, summer - SECOND) == ["reader/kofi"]
    assert _held(loaded, summer) == []


# Windows


WINDOWS = (
    "user: amina, role: reader",
    "user: amina, role: writer, from: 2027-06-30T12:00:00Z",
    "user: kofi, role: reader, until: 2027-06-30T12:00:00Z",
    "user: kofi, role: writer, from: 2027-06-30T12:00:01Z",
    "user: esi, role: reader, from: 2027-06-01T00:00:00Z, until: 2027-06-30T12:00:00Z",
    "user: ama, role: reader, from: 2027-06-30T12:00:01Z, until: 2027-12-31T00:00:00Z",
)


@pytest.mark.parametrize(
    "window, held",
    [
        ("now", ["reader/amina", "writer/amina"]),
        ("ended", ["reader/amina", "reader/esi", "reader/kofi", "writer/amina"]),
        ("unstarted", ["reader/amina"]),
    ],
)
def test_a_window_asks_what_would_be_had_no_grant_ended_or_none_started(
    window: Window, held: list[str]
) -> None:
    assert _held(_load(*WINDOWS), NOON, window) == held


@pytest.mark.parametrize("window", ["ended", "unstarted"])
def test_without_times_every_window_is_the_same(window: Window) -> None:
    loaded = _load("user: amina, role: reader", "user: kofi, role: writer")

    assert _state(loaded, NOON, window) == _state(loaded)


def test_whether_a_window_makes_a_difference_is_known_without_looking_through_it_tim_01() -> None:
    ends = _load("user: kofi, role: reader, until: 2027-06-30T12:00:00Z").manifest
    starts = _load("user: kofi, role: reader, from: 2027-06-30T12:00:00Z").manifest

    assert [has_ended(ends, at) for at in (NOON - SECOND, NOON)] == [False, True]
    assert [has_started(starts, at) for at in (NOON - SECOND, NOON)] == [False, True]
    assert not has_started(ends, NOON)
    assert not has_ended(starts, NOON)


# Boundaries


def test_every_start_and_end_is_a_boundary_after_it_or_before_it_tim_04() -> None:
    more = """\
policies:
  never_together:
    - {roles: [reader, writer], except: [{user: esi, until: 2027-06-30T15:00:00Z}]}
"""
    manifest = _load(
        "user: kofi, role: reader, from: 2027-06-30T12:00:00Z, until: 2027-06-30T14:00:00Z",
        more=more,
    ).manifest
    two, three = NOON.replace(hour=14), NOON.replace(hour=15)

    instants = [NOON - SECOND, NOON, two, three]

    assert [next_boundary(manifest, at) for at in instants] == [NOON, two, three, None]
    assert [last_boundary(manifest, at) for at in instants] == [None, NOON, two, three]
