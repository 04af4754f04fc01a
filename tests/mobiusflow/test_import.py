"""`import` of a MobiusFlow that is in use, after which a plan changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.sandbox.mobiusflow import Dialect
from tests.conformance.target import Option
from tests.imports import TARGET, assert_nothing_to_do, import_of
from tests.mobiusflow.lab import Lab
from tests.mobiusflow.simulated import OWN, SimulatedTarget


@pytest.mark.parametrize("dialect", ["v1", "v3"])
def test_users_and_their_levels_are_imported_dif_01(
    lab: Lab, tmp_path: Path, dialect: Dialect
) -> None:
    lab.start(dialect).add("ada", "password of ada", "Administrator")

    found = import_of(SimulatedTarget(lab.simulator))

    assert found.grants == {
        ("amina", f"{TARGET}-editor"),
        ("kofi", f"{TARGET}-viewer"),
        ("ada", f"{TARGET}-administrator"),
    }
    assert found.protected == [OWN]
    assert_nothing_to_do(found, tmp_path)


@pytest.mark.parametrize("dialect", ["v1", "v3"])
def test_rights_that_are_no_level_and_who_may_not_log_in_are_imported_as_they_are(
    lab: Lab, tmp_path: Path, dialect: Dialect
) -> None:
    simulator = lab.start(dialect)
    kofi, odd = simulator.store.named("kofi"), simulator.store.named("amina")
    assert kofi is not None
    assert odd is not None
    if dialect == "v1":
        simulator.store.change(kofi.id, roles=frozenset())
        simulator.store.change(odd.id, roles=frozenset({"admin", "read"}))
    else:
        simulator.store.change(kofi.id, is_active=False)
        simulator.store.change(odd.id, roles=frozenset({"Emperor"}))
    simulator.add("KOFI", "password of KOFI", "Viewer")

    found = import_of(SimulatedTarget(simulator))

    assert "user amina: has the level custom{" in found.comments
    assert "amina" in found.protected
    assert "user KOFI: differs from kofi in nothing but case" in found.comments
    assert_nothing_to_do(found, tmp_path)


@pytest.mark.parametrize("changes", [{}, {"emulate_inactive": True}])
def test_who_has_no_rights_at_all_is_left_as_found(
    lab: Lab, tmp_path: Path, changes: dict[str, Option]
) -> None:
    simulator = lab.start()
    kofi = simulator.store.named("kofi")
    assert kofi is not None
    simulator.store.change(kofi.id, roles=frozenset())
    target = SimulatedTarget(simulator)
    target.changes = {"emulate_inactive": False, **changes}

    found = import_of(target)

    if changes:
        assert found.manifest.users["kofi"].state == "disabled"
    else:
        assert "user kofi: has the level custom{}" in found.comments
    assert_nothing_to_do(found, tmp_path)
