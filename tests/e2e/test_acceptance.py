"""The acceptance scenario."""
from pathlib import Path
from tests.e2e.acceptance_house import *

def test_x(tmp_path: Path) -> None:
    with furnished_house(tmp_path) as house:
        house.run("validate", exits=0)
        house.run("plan", "-o", "plan.json", "--detailed-exitcode", exits=2)
        house.apply("plan.json")
        house.run("plan", "--detailed-exitcode", exits=0)
        house.run("drift", exits=0)
        house.run("status", exits=0)
