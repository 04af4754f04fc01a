"""Which grants end or start soon, at fixed instants, and who keeps a role by another grant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.acknowledgements import parse_acknowledgements
from reconciler.expiring import Boundary, Window, expiring
from reconciler.manifest.load import parse_manifest
from tests.sample_status import ACKNOWLEDGED, EXPIRING_MANIFEST

_HEAD = """\
version: 1
targets: {db: {provider: memory}, auth: {provider: memory}}
users:
  amina: {name: Amina Diallo}
  kofi: {name: Kofi Mensah}
  old: {state: departed}
groups:
  analysts: {members: [kofi, old]}
  everyone: {groups: [analysts], members: [amina]}
roles:
  reader: {target: db}
  writer: {target: db, inherits: [reader]}
  viewer: {target: auth}
grants:
"""

NOW = datetime(2027, 6, 20, tzinfo=UTC)


def _found(*grants: str, at: datetime = NOW, days: float = 14, **wishes: bool) -> list[Boundary]:
    text = _HEAD + "".join(f"  - {{{grant}}}\n" for grant in grants)
    loaded = parse_manifest({"access.yaml": text})
    window = Window(at, timedelta(days=days), "14d", ended=wishes.get("ended", False))
    return list(expiring(loaded, window).boundaries)


def _said(boundaries: list[Boundary]) -> list[tuple[str, str, str]]:
    return [(each.at, each.verb, each.source.short) for each in boundaries]


def _kept(boundary: Boundary) -> dict[str, list[str]]:
    return {each.user: [line.short for line in each.kept_by] for each in boundary.people}


def test_a_grant_that_ends_within_the_time_is_told_with_person_role_and_line() -> None:
    (found,) = _found("user: amina, role: reader, until: 2027-06-30T00:00:00Z, reason: DATA-1")

    assert (found.at, found.verb) == ("2027-06-30T00:00:00Z", "ends")
    assert (found.role, found.target, found.reason) == ("reader", "db", "DATA-1")
    assert [(each.user, each.name) for each in found.people] == [("amina", "Amina Diallo")]
    assert found.source.short == "access.yaml:15"


@pytest.mark.parametrize(
    "until, verbs",
    [
        ("2027-06-20T00:00:00Z", []),  # until is exclusive: it has ended already
        ("2027-06-20T00:00:01Z", ["ends"]),
        ("2027-07-04T00:00:00Z", ["ends"]),
        ("2027-07-04T00:00:01Z", []),
        ("2027-07-04T02:00:00+02:00", ["ends"]),
    ],
)
def test_the_boundary_instants_of_an_end_tim_01(until: str, verbs: list[str]) -> None:
    found = _found(f"user: amina, role: reader, until: {until}")

    assert [each.verb for each in found] == verbs


@pytest.mark.parametrize(
    "start, verbs",
    [
        ("2027-06-20T00:00:00Z", []),  # from is inclusive: it has begun
        ("2027-06-20T00:00:01Z", ["starts"]),
        ("2027-07-04T00:00:00Z", ["starts"]),
        ("2027-07-04T00:00:01Z", []),
    ],
)
def test_a_grant_that_has_not_started_yet_tim_01(start: str, verbs: list[str]) -> None:
    found = _found(f"user: amina, role: reader, from: {start}")

    assert [each.verb for each in found] == verbs


def test_a_grant_that_starts_and_ends_in_the_time_is_told_twice_in_order() -> None:
    found = _found(
        "user: amina, role: reader, from: 2027-06-21T00:00:00Z, until: 2027-06-22T00:00:00Z"
    )

    assert [each.verb for each in found] == ["starts", "ends"]


def test_two_neighbours_that_end_at_once_are_both_told_and_keep_nothing_tim_02() -> None:
    found = _found(
        "user: kofi, role: reader, until: 2027-06-30T00:00:00Z",
        "group: analysts, role: reader, until: 2027-06-30T00:00:00Z",
        "user: amina, role: reader, until: 2027-06-30T00:00:00Z",
    )

    assert [line for _, _, line in _said(found)] == [
        "access.yaml:15",
        "access.yaml:16",
        "access.yaml:17",
    ]
    assert [_kept(each) for each in found] == [{"kofi": []}, {"kofi": []}, {"amina": []}]


def test_a_temporary_grant_inside_a_permanent_one_takes_nothing_tim_03() -> None:
    (found,) = _found(
        "user: amina, role: reader, until: 2027-06-30T00:00:00Z",
        "user: amina, role: reader",
    )

    assert _kept(found) == {"amina": ["access.yaml:16"]}


def test_of_two_overlapping_temporaries_the_first_is_kept_on_by_the_second_tim_03() -> None:
    first, second = _found(
        "user: amina, role: reader, until: 2027-06-30T00:00:00Z",
        "user: amina, role: reader, from: 2027-06-29T00:00:00Z, until: 2027-07-02T00:00:00Z",
    )[1:]

    assert _kept(first) == {"amina": ["access.yaml:16"]}
    assert (second.at, _kept(second)) == ("2027-07-02T00:00:00Z", {"amina": []})


def test_a_grant_with_fewer_options_does_not_keep_what_one_with_more_gave() -> None:
    found = _found(
        "user: amina, role: reader, admin: true, until: 2027-06-25T00:00:00Z",
        "user: kofi, role: reader, until: 2027-06-26T00:00:00Z",
        "user: amina, role: reader",
        "user: kofi, role: reader, admin: true",
    )

    assert [_kept(each) for each in found] == [{"amina": []}, {"kofi": ["access.yaml:18"]}]


def test_an_extension_from_the_very_instant_of_the_end_keeps_the_role_tim_03() -> None:
    end, start = _found(
        "user: amina, role: reader, until: 2027-06-30T00:00:00Z",
        "user: amina, role: reader, from: 2027-06-30T00:00:00Z",
    )

    assert (end.verb, _kept(end)) == ("ends", {"amina": ["access.yaml:16"]})
    assert (start.verb, _kept(start)) == ("starts", {"amina": []})


def test_a_role_is_kept_by_a_grant_of_a_role_that_includes_it() -> None:
    (found,) = _found(
        "user: amina, role: reader, until: 2027-06-30T00:00:00Z", "user: amina, role: writer"
    )

    assert _kept(found) == {"amina": ["access.yaml:16"]}


def test_a_role_is_not_kept_by_a_grant_of_a_role_it_includes() -> None:
    (found,) = _found(
        "user: amina, role: writer, until: 2027-06-30T00:00:00Z", "user: amina, role: reader"
    )

    assert _kept(found) == {"amina": []}


def test_a_group_is_named_with_its_active_people_each_with_what_they_keep() -> None:
    (found,) = _found(
        "group: everyone, role: reader, until: 2027-06-30T00:00:00Z",
        "group: analysts, role: reader",
    )

    assert found.group == "everyone"
    assert _kept(found) == {"amina": [], "kofi": ["access.yaml:16"]}


def test_who_has_departed_loses_nothing() -> None:
    (found,) = _found("user: old, role: reader, until: 2027-06-30T00:00:00Z")

    assert found.people == ()


def test_a_start_says_who_has_the_role_already() -> None:
    (found,) = _found(
        "group: everyone, role: reader, from: 2027-06-30T00:00:00Z", "user: kofi, role: reader"
    )

    assert _kept(found) == {"amina": [], "kofi": ["access.yaml:16"]}


def test_what_has_ended_is_listed_on_request_with_who_has_the_role_now() -> None:
    grants = (
        "user: amina, role: reader, until: 2020-01-01T00:00:00Z",
        "user: amina, role: reader, from: 2027-01-01T00:00:00Z",
    )

    assert _found(*grants) == []
    (found,) = _found(*grants, ended=True)
    assert (found.verb, _kept(found)) == ("ended", {"amina": ["access.yaml:16"]})


def test_a_leap_day_is_a_day_tim_05() -> None:
    grants = (
        "user: amina, role: reader, until: 2028-02-29T00:00:00Z",
        "user: kofi, role: reader, until: 2028-03-01T00:00:00Z",
    )

    found = _found(*grants, at=datetime(2028, 2, 28, tzinfo=UTC), days=1)

    assert _said(found) == [("2028-02-29T00:00:00Z", "ends", "access.yaml:15")]


def test_a_change_of_summer_time_makes_no_difference_tim_05() -> None:
    found = _found(
        "user: amina, role: reader, until: 2027-10-31T02:30:00+02:00",
        "user: kofi, role: reader, until: 2027-10-31T02:30:00+01:00",
        at=datetime(2027, 10, 30, tzinfo=UTC),
        days=2,
    )

    assert [each.at for each in found] == ["2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z"]


def test_only_the_targets_that_are_asked_for() -> None:
    loaded = parse_manifest({"access.yaml": EXPIRING_MANIFEST})
    lifted = parse_acknowledgements(ACKNOWLEDGED, "acknowledge.yaml")
    windows = [
        Window(NOW, timedelta(days=14), "14d", targets) for targets in ((), ("flowauth",), ("x",))
    ]

    every, auth, none = (expiring(loaded, window, lifted) for window in windows)

    assert [len(each.boundaries) for each in (every, auth, none)] == [3, 1, 0]
    assert [[lapse.kind for lapse in each.lapses] for each in (every, auth, none)] == [
        ["silence", "exemption", "acceptance"],
        ["exemption", "acceptance"],
        ["acceptance"],
    ]


def test_what_was_lifted_for_a_time_is_told_with_its_line() -> None:
    loaded = parse_manifest({"access.yaml": EXPIRING_MANIFEST})
    lifted = parse_acknowledgements(ACKNOWLEDGED, "acknowledge.yaml")

    found = expiring(loaded, Window(NOW, timedelta(days=14), "14d"), lifted).lapses

    assert [(each.subject, each.by, each.source.short) for each in found] == [
        ("widened drift of privilege ghana-reader/* on flowdb", "esi", "acknowledge.yaml:5"),
        ("Kofi Mensah from never_together writer, analyst", "", "access.yaml:26"),
        ("S-0a1b2c3d", "esi", "acknowledge.yaml:3"),
    ]
