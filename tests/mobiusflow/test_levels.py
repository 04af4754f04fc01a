"""Which rights are which level, and what becomes of combinations that are none."""

from __future__ import annotations

import pytest

from reconciler.providers.mobiusflow.levels import (
    KNOWN,
    LEVELS,
    level_of_names,
    level_of_switches,
    switches_of_level,
)
from reconciler.sandbox.mobiusflow.store import SWITCHES

FIVE = KNOWN - {"subscribe"}
SHOWN = {level: level.capitalize() for level in LEVELS}


@pytest.mark.parametrize("names", [KNOWN, FIVE], ids=["six", "five"])
@pytest.mark.parametrize("level", LEVELS)
def test_a_level_is_read_back_from_its_switches_with_six_keys_and_with_five(
    level: str, names: frozenset[str]
) -> None:
    switches = switches_of_level(level, names)

    assert switches.keys() == names
    assert level_of_switches(switches) == level


def test_the_levels_have_the_switches_that_an_engine_knows() -> None:
    assert frozenset(SWITCHES) == KNOWN


def test_what_is_no_level_is_shown_as_it_is_and_never_as_the_nearest() -> None:
    switches = {name: name in ("admin", "read") for name in KNOWN}

    assert level_of_switches(switches) == "custom{admin,read}"
    assert level_of_switches(dict.fromkeys(KNOWN, False)) == "custom{}"
    assert level_of_switches({**dict.fromkeys(KNOWN, True), "new": True}) != "administrator"


def test_names_of_v3_are_compared_exactly() -> None:
    assert level_of_names(["Editor"], SHOWN) == "editor"
    assert level_of_names(["editor"], SHOWN) == "custom{editor}"
    assert level_of_names(["Viewer", "Editor"], SHOWN) == "custom{Editor,Viewer}"
    assert level_of_names([], SHOWN) == "custom{}"
    assert level_of_names(["E"], {**SHOWN, "editor": "E"}) == "editor"
