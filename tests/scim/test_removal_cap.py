"""How much one plan may take away from a service: the engine's cap holds for Users and members."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.bench import Access, Bench
from tests.scim.lab import writes
from tests.scim.service import ScimService
from tests.scim.target import ScimTarget

USERS = tuple(f"user-{index}" for index in range(6))


def _access(*holders: str, elsewhere: tuple[str, ...] = (), leavers: str = "disable") -> Access:
    """These hold the role readers, and those the role others."""
    grants = [(user, "readers") for user in holders] + [(user, "others") for user in elsewhere]
    return Access(
        users=USERS,
        roles={"readers": (), "others": ()},
        grants=tuple(grants),
        policy={"leavers": leavers},
    )


@pytest.mark.parametrize("leavers", ["disable", "delete"])
def test_users_who_lose_all_at_once_are_more_than_the_cap_and_nothing_is_written(
    service: ScimService, tmp_path: Path, leavers: str
) -> None:
    bench = Bench(ScimTarget(service), tmp_path)
    bench.converge(_access(*USERS, leavers=leavers))
    before = len(writes(service))

    report = bench.apply(_access(USERS[0], leavers=leavers))

    blocking = {each.rule for each in report.plan.blocking}
    assert "removals" in blocking
    assert (report.exit_code, len(writes(service))) == (5, before)
    assert all(row["active"] for row in service.rows("/Users"))


def test_members_whom_a_group_loses_at_once_are_more_than_the_cap(
    service: ScimService, tmp_path: Path
) -> None:
    bench = Bench(ScimTarget(service), tmp_path)
    bench.converge(_access(*USERS, elsewhere=USERS))
    before = len(writes(service))

    report = bench.apply(_access(USERS[0], elsewhere=USERS))

    (found,) = report.plan.blocking
    assert found.rule == "removals"
    assert '"readers" on target would lose 5 of its 6 holders' in found.message
    assert (report.exit_code, len(writes(service))) == (5, before)


def test_what_is_below_the_cap_is_taken(service: ScimService, tmp_path: Path) -> None:
    bench = Bench(ScimTarget(service), tmp_path)
    bench.converge(_access(*USERS, elsewhere=USERS))

    report = bench.apply(_access(*USERS[2:], elsewhere=USERS))

    assert report.exit_code == 0
    assert [each.change.action for each in report.outcomes] == ["delete", "delete"]
