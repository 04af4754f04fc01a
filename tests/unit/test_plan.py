"""The plan as a value: what it is asked, and what a change is about."""

from __future__ import annotations

import pytest

from reconciler.changes import Change
from reconciler.plan import Finding, Plan, TargetPlan, changed_name, counts
from reconciler.state import Fields, Key

AMINA = Key("account", ("amina",))
READER = Key("role", ("reader",))
IN_READER = Key("membership", ("reader", "stranger"))
OF_OTHER = Key("privilege", ("other", "db", "table", "public"))
OTHER = Key("role", ("other",))
ON: Fields = {"login": True}


@pytest.mark.parametrize(
    "key, name",
    [(IN_READER, "stranger"), (OF_OTHER, "other"), (AMINA, "amina"), (READER, "reader")],
)
def test_a_change_is_about_the_member_the_grantee_or_the_thing_itself(key: Key, name: str) -> None:
    assert changed_name(key) == name


def test_a_plan_is_asked_for_its_changes_and_for_what_blocks_it() -> None:
    one, two = Change("create", AMINA, None, ON), Change("delete", OTHER, {}, None)
    targets = (
        TargetPlan("a", "memory", "memory 1", "root", (one,)),
        TargetPlan("b", "memory", "memory 1", "root", (two,)),
    )
    lifted = Finding("S-1", "emptied", "a", "x", blocking=True, accepted=True)
    blocking = Finding("S-2", "emptied", "b", "y", blocking=True)
    told = Finding("S-3", "protected", "b", "z")

    plan = Plan("2027-01-15T00:00:00Z", "", ("a.yaml",), "0", targets, (lifted, blocking, told))

    assert plan.changes == (one, two)
    assert plan.blocking == (blocking,)
    assert plan.target("b") is targets[1]
    with pytest.raises(KeyError):
        plan.target("c")
    assert counts(plan.changes) == {"create": 1, "update": 0, "delete": 1}
