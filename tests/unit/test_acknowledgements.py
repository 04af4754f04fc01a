"""The file in which people accept findings and silence drift: every entry is whole, and ends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from reconciler.acknowledgements import (
    Acknowledgements,
    acknowledge_schema_text,
    parse_acknowledgements,
    read_acknowledgements,
)
from reconciler.classify import Difference, Direction
from reconciler.errors import InputError
from reconciler.manifest.yaml_reader import read_yaml
from reconciler.source import Source
from reconciler.state import Key

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FILE = """\
version: 1
acknowledge:
  - {finding: S-0a1b2c3d, until: 2026-12-01T12:00:00Z, by: amina, reason: DATA-142}
  - {finding: S-0a1b2c3d, until: 2026-12-01T14:00:00+01:00, by: kofi, reason: DATA-143}
  - {finding: S-11111111, until: 2026-12-02T00:00:00Z, by: amina, reason: DATA-144}
drift_baseline:
  - match: {target: flowdb, key: "membership ghana-reader/k?fi"}
    direction: widened
    until: 2026-12-01T12:00:01Z
    by: amina
    reason: DATA-145
  - {match: {target: flowauth}, until: 2026-12-02T00:00:00Z, by: esi, reason: DATA-146}
"""
KOFI = Key("membership", ("ghana-reader", "kofi"))


def _parse(text: str) -> Acknowledgements:
    return parse_acknowledgements(text, "ack.yaml")


def _faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        _parse(text)
    assert caught.value.exit_code == 4
    return [str(problem) for problem in caught.value.problems]


# Accepting


def test_an_entry_accepts_its_finding_until_it_ends_and_says_who_and_where() -> None:
    found = _parse(FILE).accepting("S-11111111", NOON)

    assert found is not None
    assert (found.by, found.reason) == ("amina", "DATA-144")
    assert found.source == Source("ack.yaml", 5, 5, "acknowledge.2")
    assert _parse(FILE).accepting("S-22222222", NOON) is None


@pytest.mark.parametrize(
    "at, by",
    [
        (NOON - SECOND, "kofi"),
        (NOON, "kofi"),
        (NOON + timedelta(hours=1) - SECOND, "kofi"),
        (NOON + timedelta(hours=1), None),
    ],
)
def test_the_entry_that_ends_last_counts_and_its_end_is_exclusive_tim_01(
    at: datetime, by: str | None
) -> None:
    found = _parse(FILE).accepting("S-0a1b2c3d", at)

    assert (found and found.by) == by


def test_entries_about_no_finding_are_told_unless_they_have_ended() -> None:
    acknowledgements = _parse(FILE)

    unused = acknowledgements.unused({"S-11111111"}, NOON)

    assert [(each.finding, each.by) for each in unused] == [("S-0a1b2c3d", "kofi")]
    assert acknowledgements.unused({"S-11111111", "S-0a1b2c3d"}, NOON) == ()
    assert acknowledgements.unused((), NOON + timedelta(days=1)) == ()


# Silencing


def _drift(key: Key, direction: Direction, id: str = "D-1") -> Difference:
    return Difference(id, key, "drift", direction, "drift", {}, {}, None)


@pytest.mark.parametrize(
    "target, key, direction, reason",
    [
        ("flowdb", KOFI, "widened", "DATA-145"),
        ("flowdb", KOFI, "narrowed", None),
        ("flowdb", KOFI, "mixed", None),
        ("flowdb", Key("membership", ("ghana-reader", "kwofi")), "widened", None),
        ("flowdb", Key("membership", ("Ghana-Reader", "kofi")), "widened", None),
        ("flowdb2", KOFI, "widened", None),
        ("flowauth", KOFI, "mixed", "DATA-146"),
        ("flowauth", Key("account", ("esi",)), "narrowed", "DATA-146"),
    ],
)
def test_a_baseline_silences_what_it_matches_and_nothing_else_drf_03(
    target: str, key: Key, direction: Direction, reason: str | None
) -> None:
    found = _parse(FILE).silenced(target, _drift(key, direction), NOON)

    assert (found and found.reason) == reason


def test_a_baseline_may_name_one_difference_by_its_id_drf_03() -> None:
    text = (
        FILE
        + "  - {match: {target: flowdb, id: D-2}, until: 2099-01-01T00:00:00Z, by: a, reason: b}\n"
    )
    acknowledgements = _parse(text)
    other = Key("account", ("esi",))

    assert acknowledgements.silenced("flowdb", _drift(other, "mixed", "D-1"), NOON) is None
    assert acknowledgements.silenced("flowdb", _drift(other, "mixed", "D-2"), NOON) is not None


def test_a_baseline_that_has_ended_silences_nothing_drf_03() -> None:
    acknowledgements = _parse(FILE)

    before = acknowledgements.silenced("flowdb", _drift(KOFI, "widened"), NOON)
    after = acknowledgements.silenced("flowdb", _drift(KOFI, "widened"), NOON + SECOND)

    assert before is not None
    assert before.source == Source("ack.yaml", 7, 5, "drift_baseline.0")
    assert after is None


# Faults


def test_every_fault_is_told_with_its_place_at_once_man_01_man_10() -> None:
    text = """\
version: 2
acknowlege: []
acknowledge:
  - {finding: S-0a1b2c3d, until: 2026-12-01, buy: amina, reason: }
  - {finding: x, finding: y, until: 2026-12-01T00:00:00Z, by: a, reason: b}
drift_baseline:
  - {match: {key: a, tragte: b}, direction: wide, until: 12:30, by: 5, reason: ""}
"""
    zone = "; write date, time and zone, such as 2027-06-30T18:00:00Z"
    assert _faults(text) == [
        "ack.yaml:1:1: version: must be 1, not 2; write 1",
        'ack.yaml:2:1: acknowlege: unknown key "acknowlege"; did you mean "acknowledge"?',
        'ack.yaml:4:5: acknowledge.0.by: "by" is missing; add it',
        'ack.yaml:4:27: acknowledge.0.until: "2026-12-01" is a date alone, '
        f"which has no exact instant{zone}",
        'ack.yaml:4:46: acknowledge.0.buy: unknown key "buy"; did you mean "by"?',
        "ack.yaml:4:58: acknowledge.0.reason: has no value; write a value, or leave the key out",
        'ack.yaml:5:18: acknowledge.1.finding: the key "finding" stands twice; '
        "the first is at ack.yaml:5:6",
        'ack.yaml:7:6: drift_baseline.0.match.target: "target" is missing; add it',
        'ack.yaml:7:22: drift_baseline.0.match.tragte: unknown key "tragte"; '
        'did you mean "target"?',
        'ack.yaml:7:34: drift_baseline.0.direction: "wide" is not possible here; '
        'did you mean "widened"?',
        f'ack.yaml:7:51: drift_baseline.0.until: "12:30" is not a time{zone}',
        "ack.yaml:7:65: drift_baseline.0.by: must be a text, not the number 5; "
        'write it in quotes: "5"',
        "ack.yaml:7:72: drift_baseline.0.reason: must not be empty; "
        "leave the key out where there is nothing to say",
    ]


@pytest.mark.parametrize("missing", ["finding", "until", "by", "reason"])
def test_an_acceptance_without_end_person_or_reason_is_refused(missing: str) -> None:
    entry = {"finding": "S-1", "until": "2026-12-01T00:00:00Z", "by": "amina", "reason": "x"}
    del entry[missing]

    assert _faults(json.dumps({"version": 1, "acknowledge": [entry]})) == [
        f'ack.yaml:1:32: acknowledge.0.{missing}: "{missing}" is missing; add it'
    ]


@pytest.mark.parametrize("missing", ["match", "until", "by", "reason"])
def test_a_baseline_without_end_person_or_reason_is_refused(missing: str) -> None:
    entry: dict[str, object] = {"match": {"target": "a"}, "until": "2026-12-01T00:00:00Z"}
    entry |= {"by": "amina", "reason": "x"}
    del entry[missing]

    assert _faults(json.dumps({"version": 1, "drift_baseline": [entry]})) == [
        f'ack.yaml:1:35: drift_baseline.0.{missing}: "{missing}" is missing; add it'
    ]


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "ack.yaml:1:1: says nothing; begin with version: 1"),
        ("# nothing\n", "ack.yaml:1:1: says nothing; begin with version: 1"),
        ("- a\n", "ack.yaml:1:1: must be a mapping of keys; begin with version: 1"),
        ("acknowledge: []\n", 'ack.yaml:1:1: version: "version" is missing; add it'),
        ("version: 1\nacknowledge:\n", "ack.yaml:2:1: acknowledge: has no value; write []"),
        ("a: [", "ack.yaml:2:1: a.0: the file ends before a bracket is closed"),
    ],
)
def test_a_file_that_is_none_is_an_error_and_not_an_empty_one_man_04(text: str, said: str) -> None:
    faults = _faults(text)

    assert len(faults) == 1
    assert faults[0].startswith(said)


# Reading


@pytest.mark.parametrize("name", ["", "none.yaml", "none/none.yaml"])
def test_where_there_is_no_file_nothing_is_accepted(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert read_acknowledgements(name) == Acknowledgements()


def test_a_file_is_read_and_its_name_stands_in_every_message(tmp_path: Path) -> None:
    path = tmp_path / "acknowledge.yaml"
    path.write_text(FILE)

    found = read_acknowledgements(str(path))

    assert len(found.accepted) == 3
    assert found.baselines[0].source.file == str(path)


def test_a_file_that_cannot_be_read_is_an_error_and_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the file cannot be read \(Is a directory\)"):
        read_acknowledgements(str(tmp_path))


# Schema


def test_the_schema_takes_the_file_and_lies_fresh_in_the_repository() -> None:
    validator = Draft202012Validator(json.loads(acknowledge_schema_text()))
    kept = Path(__file__).parents[2] / "schemas" / "acknowledge.schema.json"

    errors = [error.message for error in validator.iter_errors(read_yaml(FILE, "f").data)]

    assert errors == []
    assert not validator.is_valid({"version": 1, "acknowledge": [{"finding": "S-1"}]})
    assert kept.read_text(encoding="utf-8") == acknowledge_schema_text()
