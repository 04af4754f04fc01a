"""The table of promised cases is true: each number has a test that carries it, or a reason."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "cases.md"

_HOW_MANY: Final = {
    "MAN": 11,
    "DIF": 9,
    "INV": 4,
    "DEL": 8,
    "PRO": 7,
    "PLN": 8,
    "APL": 12,
    "TIM": 6,
    "DRF": 8,
    "EXP": 4,
    "OUT": 5,
    "PRV": 9,
}
_NUMBERS: Final = [f"{area}-{n:02}" for area, most in _HOW_MANY.items() for n in range(1, most + 1)]
_ROW = re.compile(r"^\| ([A-Z]{3}-\d\d) \| ([^|]+) \| ([^|]+) \|$", re.M)
_TRAP_ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|$", re.M)
_TRAPS: Final = 17
_NAMED = re.compile(r"`(test_\w+)`")
_FILE = re.compile(r"`(tests/[\w/]+\.py)`")
_TEST = re.compile(r"^\s*def (test_\w+)\(", re.M)
_CARRIED = re.compile(rf"_({'|'.join(_HOW_MANY).lower()})_(\d\d)(?=_|$)")


def _rows() -> Mapping[str, str]:
    """By number, the last column: where it is tested, and what does not apply here."""
    return {number: where for number, _, where in _ROW.findall(PAGE.read_text(encoding="utf-8"))}


def _carried(name: str) -> set[str]:
    return {f"{area.upper()}-{number}" for area, number in _CARRIED.findall(name)}


def _tested() -> Mapping[str, set[str]]:
    """By number, the files that have a test whose name carries it."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for file in sorted((ROOT / "tests").rglob("*.py")):
        for name in _TEST.findall(file.read_text(encoding="utf-8")):
            for number in _carried(name):
                found[number].add(str(file.relative_to(ROOT)))
    return found


def _reason(where: str) -> str:
    return re.sub(r"[\s,;.]+", " ", _FILE.sub("", where)).strip()


def test_a_name_may_carry_several_numbers_anywhere() -> None:
    assert _carried("test_del_02_a_small_set_pro_05_pln_08") == {"DEL-02", "PRO-05", "PLN-08"}
    assert _carried("test_a_model_01_of_1_apl_120") == set()


def test_the_table_has_every_number_once_and_in_order() -> None:
    listed = [number for number, _, _ in _ROW.findall(PAGE.read_text(encoding="utf-8"))]

    assert listed == _NUMBERS


def test_every_number_has_a_test_or_a_reason() -> None:
    tested = _tested()

    bare = [number for number, where in _rows().items() if number not in tested]

    assert [number for number in bare if len(_reason(_rows()[number])) < 20] == []


def test_the_table_names_a_file_for_every_number_that_has_a_test() -> None:
    tested = _tested()

    unnamed = {number for number, where in _rows().items() if not _FILE.search(where)}

    assert unnamed & tested.keys() == set()


def test_every_file_that_the_table_names_has_a_test_with_that_number() -> None:
    tested = _tested()

    wrong = [
        (number, file)
        for number, where in _rows().items()
        for file in _FILE.findall(where)
        if file not in tested.get(number, set())
    ]

    assert wrong == []


def test_no_test_carries_a_number_that_the_table_does_not_have() -> None:
    assert set(_tested()) <= set(_NUMBERS)


# The traps of PostgreSQL


def _traps() -> Mapping[int, list[str]]:
    """By trap, the names of its tests."""
    rows = _TRAP_ROW.findall(PAGE.read_text(encoding="utf-8"))
    return {int(number): _NAMED.findall(tests) for number, _, tests in rows}


def test_every_trap_has_tests_and_its_place() -> None:
    assert list(_traps()) == list(range(1, _TRAPS + 1))
    assert all(len(names) >= 2 for names in _traps().values())


def test_every_test_that_a_trap_names_exists_for_the_provider() -> None:
    files = (ROOT / "tests" / "postgres").glob("test_*.py")
    known = {name for file in files for name in _TEST.findall(file.read_text(encoding="utf-8"))}

    assert {name for names in _traps().values() for name in names} - known == set()


def test_no_test_carries_a_trap_that_the_table_does_not_have() -> None:
    carried = {
        int(number)
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in _TEST.findall(file.read_text(encoding="utf-8"))
        for number in re.findall(r"_trap_(\d+)$", name)
    }

    assert carried <= set(_traps())
