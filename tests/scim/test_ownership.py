"""What bears another manifest's mark is that manifest's: it is read, and never touched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.errors import CannotHoldError
from reconciler.scope import Scope
from reconciler.state import Key, State
from tests.conformance.bench import Access, Bench
from tests.scim.lab import altered, gone, made, member, needs, opened, statuses, writes
from tests.scim.service import ScimService
from tests.scim.target import ScimTarget

OURS, THEIRS = "reconciler:prod:", "reconciler:test:"


class Marked(ScimTarget):
    """A service of which a part is ours."""

    def options(self) -> Mapping[str, str | int]:
        return {**super().options(), "external_id_prefix": OURS}


@pytest.fixture
def shared(service: ScimService) -> ScimService:
    """A service with a user and a group of ours, of another manifest, and of nobody."""
    needs(service, "external ids")
    for name, mark in (("ours", OURS), ("theirs", THEIRS)):
        service.post("/Users", userName=name, active=True, externalId=f"{mark}{name}")
        service.post("/Groups", displayName=f"{name}-group", externalId=f"{mark}{name}-group")
    service.post("/Users", userName="nobodys", active=True)
    service.post("/Users", userName="hr", active=True, externalId="hr-4711")
    return service


def test_names_with_another_manifests_mark_are_foreign(shared: ScimService) -> None:
    with opened(shared, external_id_prefix=OURS) as provider:
        provider.observe(Scope())

        assert provider.foreign_names() == {"theirs", "theirs-group"}


def test_without_a_mark_of_ours_nothing_is_foreign(shared: ScimService) -> None:
    with opened(shared) as provider:
        provider.observe(Scope())

        assert provider.foreign_names() == frozenset()


def test_what_is_foreign_is_not_written_even_where_a_plan_says_so(shared: ScimService) -> None:
    outcomes = made(
        shared,
        altered("theirs", active=False),
        gone("account", "theirs"),
        gone("role", "theirs-group"),
        member("theirs-group", "ours"),
        altered("nobodys", title="Dr."),
        altered("hr", title="Dr."),
        external_id_prefix=OURS,
    )

    assert statuses(outcomes) == ["failed"] * 4 + ["done"] * 2
    assert all("belongs to another manifest" in each.message for each in outcomes[:4])
    theirs = {shared.id_of("/Users", "theirs"), shared.id_of("/Groups", "theirs-group")}
    assert not [path for _, path in writes(shared) if path.rpartition("/")[2] in theirs]


def test_a_role_whose_group_is_foreign_is_refused_before_anything_is_written(
    shared: ScimService,
) -> None:
    key = Key("role", ("theirs-group",))

    with opened(shared, external_id_prefix=OURS) as provider:
        observed = provider.observe(Scope())
        with pytest.raises(CannotHoldError, match="the mark of another manifest"):
            provider.normalize(State({key: {}}), observed)


def test_a_plan_leaves_a_foreign_user_alone_and_says_so(
    shared: ScimService, tmp_path: Path
) -> None:
    bench = Bench(Marked(shared), tmp_path)
    both = (("ours", "readers"), ("theirs", "readers"))
    asked = Access(
        users=("ours", "theirs"),
        roles={"readers": ()},
        grants=both,
        policy={"prune": "all", "leavers": "delete"},
    )

    bench.apply(asked, accepts=True)  # nothing is pruned before there was an apply
    plan = bench.plan(asked)
    report = bench.apply(asked, accepts=True)

    touched = {change.key.path[-1] for change in plan.changes}
    assert not touched & {"theirs", "theirs-group"}
    told = [each.message for each in plan.findings if each.rule == "protected"]
    assert any('"theirs" is' in each and "another manifest's" in each for each in told)
    assert report.targets[0].is_converged
    left = {row["userName"] for row in shared.rows("/Users")}
    assert left == {"ours", "reconciler", "theirs"}
