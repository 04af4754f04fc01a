"""Users and Groups that somebody renames in the service: known by our mark, never made twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import UnexpectedResponseError
from reconciler.scope import Scope
from reconciler.state import Key
from tests.conformance.bench import Access, Bench, Notes
from tests.scim.lab import altered, gone, needs, opened, statuses
from tests.scim.service import ScimService
from tests.scim.test_ownership import OURS, Marked

_DECLARED = Scope(accounts=frozenset({"amina", "kofi"}), roles=frozenset({("readers",)}))


def _access(*users: str, **more: object) -> Access:
    grants = tuple((user, "readers") for user in users)
    return Access(users=("amina", "kofi"), roles={"readers": ()}, grants=grants, **more)  # type: ignore[arg-type]  # from a test's words


def _rename(service: ScimService, path: str, old: str, new: str) -> None:
    name = "userName" if path == "/Users" else "displayName"
    key = service.id_of(path, old)
    service.edit(path, key, {"op": "replace", "path": name, "value": new})


@pytest.fixture
def bench(service: ScimService, tmp_path: Path) -> Bench:
    """A service in which amina and kofi are readers, by us."""
    needs(service, "external ids")
    bench = Bench(Marked(service), tmp_path)
    bench.converge(_access("amina", "kofi"))
    return bench


def _told(bench: Bench, access: Access) -> list[str]:
    return [each.message for each in bench.plan(access).findings if each.rule == "renamed"]


def test_a_renamed_user_is_known_by_the_mark_and_told_with_the_line_to_write(
    bench: Bench, service: ScimService
) -> None:
    _rename(service, "/Users", "amina", "amina.diallo")

    told = _told(bench, _access("amina", "kofi"))

    assert bench.changes(_access("amina", "kofi")) == ()
    assert len(told) == 1
    assert 'write accounts: {target: "amina.diallo"}' in told[0]


def test_a_renamed_user_who_leaves_is_shut_out_all_the_same(
    bench: Bench, service: ScimService
) -> None:
    _rename(service, "/Users", "amina", "amina.diallo")

    report = bench.apply(_access("kofi"), accepts=True)

    assert report.targets[0].is_converged
    (row,) = [each for each in service.rows("/Users") if each["userName"] == "amina.diallo"]
    (group,) = service.rows("/Groups")
    assert row["active"] is False
    assert row["id"] not in {each["value"] for each in group["members"]}
    assert len(service.rows("/Users")) == 3


def test_a_renamed_group_is_known_by_the_mark_and_keeps_its_members(
    bench: Bench, service: ScimService
) -> None:
    _rename(service, "/Groups", "readers", "Readers of all")

    told = _told(bench, _access("amina", "kofi"))
    report = bench.apply(_access("kofi"), accepts=True)

    assert len(told) == 1
    assert 'write name: "Readers of all" for the role' in told[0]
    assert report.targets[0].is_converged
    (group,) = service.rows("/Groups")
    assert [each["value"] for each in group["members"]] == [service.id_of("/Users", "kofi")]


def test_whoever_bears_the_mark_of_somebody_who_is_there_is_an_error(
    bench: Bench, service: ScimService
) -> None:
    service.post("/Users", userName="copy", active=True, externalId=f"{OURS}amina")

    with (
        opened(service, external_id_prefix=OURS) as provider,
        pytest.raises(UnexpectedResponseError, match='"amina" may be several: "copy" has its mark'),
    ):
        provider.observe(_DECLARED)


def test_a_name_that_a_line_declares_counts_more_than_the_mark(
    bench: Bench, service: ScimService
) -> None:
    _rename(service, "/Users", "amina", "amina.diallo")
    scope = Scope(accounts=frozenset({"amina", "amina.diallo", "kofi"}))

    with opened(service, external_id_prefix=OURS) as provider:
        state = provider.observe(scope)

        assert state.names("account") == {"amina.diallo", "kofi", "reconciler"}
        assert provider.warnings(()) == ()


def test_a_mark_that_is_gone_when_it_is_written_is_nobodys(
    bench: Bench, service: ScimService
) -> None:
    _rename(service, "/Users", "amina", "amina.diallo")
    with opened(service, external_id_prefix=OURS) as provider:
        assert Key("account", ("amina",)) in provider.observe(_DECLARED)
        key = service.id_of("/Users", "amina.diallo")
        service.edit("/Users", key, {"op": "replace", "path": "externalId", "value": "hr-1"})

        outcomes = [
            *provider.apply([altered("amina", active=False)], Notes()),
            *provider.apply([gone("account", "amina")], Notes()),
        ]

    assert statuses(outcomes) == ["failed", "done"]
    (row,) = [each for each in service.rows("/Users") if each["userName"] == "amina.diallo"]
    assert row["active"] is True


def test_without_a_mark_of_ours_a_renamed_user_is_a_stranger(
    bench: Bench, service: ScimService
) -> None:
    _rename(service, "/Users", "amina", "amina.diallo")

    with opened(service) as provider:
        assert "amina" not in provider.observe(_DECLARED).names("account")
