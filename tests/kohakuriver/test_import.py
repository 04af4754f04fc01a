"""`import` of a KohakuRiver host that is in use, after which a plan changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.sandbox.kohakuriver import Store
from tests.imports import TARGET, assert_nothing_to_do, import_of
from tests.kohakuriver.lab import Lab
from tests.kohakuriver.simulated import VPS, SimulatedTarget


@pytest.fixture
def target(lab: Lab) -> SimulatedTarget:
    """A host with a VPS, and nobody."""
    lab.start()
    return SimulatedTarget(lab.simulator)


def _shut(store: Store, name: str) -> None:
    row = store.user(name)
    store.tables.users[row.id] = replace(row, is_active=False)


def test_an_empty_host_is_imported(target: SimulatedTarget, tmp_path: Path) -> None:
    found = import_of(target)

    assert found.manifest.users == {}
    assert f"VPS to which nobody is assigned: {VPS}" in found.comments
    assert_nothing_to_do(found, tmp_path)


def test_accounts_levels_and_assignments_are_imported_dif_01(
    lab: Lab, target: SimulatedTarget, tmp_path: Path
) -> None:
    store = lab.store
    amina = store.add_user("amina", "operator", display_name="Amina Diallo")
    kofi = store.add_user("kofi", "anony")
    gpu, unnamed = store.add_vps("big gpu", owner=amina.id), store.add_vps(None)
    twins = [store.add_vps("twin"), store.add_vps("twin")]
    for vps in (gpu, unnamed, twins[0]):
        store.assign(vps.task_id, kofi.id)
    store.assign(gpu.task_id, amina.id)

    found = import_of(target)

    assert found.manifest.users["amina"].name == "Amina Diallo"
    assert found.manifest.roles["big gpu-assignee"].server == "big gpu"
    assert found.grants == {
        ("amina", f"{TARGET}-operator"),
        ("kofi", f"{TARGET}-anony"),
        ("amina", "big gpu-assignee"),
        ("kofi", "big gpu-assignee"),
        ("kofi", f"{unnamed.task_id}-assignee"),
        ("kofi", f"{twins[0].task_id}-assignee"),
    }
    assert "who owns which VPS: amina (big gpu)" in found.comments
    assert_nothing_to_do(found, tmp_path)


def test_what_no_manifest_can_say_is_a_comment_and_stays(
    lab: Lab, target: SimulatedTarget, tmp_path: Path
) -> None:
    store = lab.store
    for name in ("ab", "line\nend", "Kofi", "kofi", "emperor"):
        store.add_user(name, "emperor" if name == "emperor" else "viewer")
    store.add_user("shut", "operator")
    lingering = store.add_user("lingering", "user")
    store.assign(store.add_vps("box").task_id, lingering.id)
    _shut(store, "shut")
    _shut(store, "lingering")
    store.add_invitation("viewer", created_by=lingering.id)

    found = import_of(target)

    assert found.manifest.users.keys() == {"kofi", "shut"}
    assert found.manifest.users["shut"].state == "disabled"
    assert "KohakuRiver wants 3 to 50" in found.comments
    assert "user emperor: has the level emperor, which no role gives" in found.comments
    assert "user lingering: may not sign in and is in assignee" in found.comments
    assert "shut (level operator)" in found.comments
    assert "1 invitation of the host is open" in found.comments
    assert_nothing_to_do(found, tmp_path)
