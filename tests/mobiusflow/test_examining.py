"""What `doctor` asks of MobiusFlow: reads only, and the lines to write for what was found."""

from __future__ import annotations

import pytest

from reconciler.errors import RefusedError
from reconciler.provider import Examining, Rights
from reconciler.sandbox.http.faults import FaultKind
from reconciler.sandbox.mobiusflow import Dialect
from reconciler.scope import Scope
from tests.mobiusflow.lab import Lab, create, update
from tests.mobiusflow.simulated import WRONG_PASSWORD

BOTH: tuple[Dialect, ...] = ("v1", "v3")


@pytest.mark.parametrize("dialect", BOTH)
def test_its_time_is_asked_without_signing_in(lab: Lab, dialect: Dialect) -> None:
    lab.start(dialect)
    provider = lab.open()

    assert isinstance(provider, Examining)
    assert provider.clock().tzinfo is not None
    assert lab.sent("POST") == 0


@pytest.mark.parametrize("dialect", BOTH)
def test_an_administrator_lacks_nothing_and_nothing_is_written(lab: Lab, dialect: Dialect) -> None:
    lab.start(dialect)
    provider = lab.open()
    provider.observe(Scope())

    assert provider.lacking_to_read(Scope()) == Rights()
    assert provider.lacking((create("esi"),)) == Rights()
    provider.remarks()
    assert lab.writes == []


@pytest.mark.parametrize("dialect", BOTH)
def test_whoever_cannot_sign_in_is_refused(lab: Lab, dialect: Dialect) -> None:
    lab.start(dialect)

    with pytest.raises(RefusedError):
        lab.open(password=WRONG_PASSWORD).identify()


@pytest.mark.parametrize("absent", ["404", "401", "page"])
def test_a_list_at_another_route_is_found_and_the_line_is_told(lab: Lab, absent: str) -> None:
    lab.start("v3", list_path="/users", no_list=absent)

    (lack,) = lab.open(routes=[]).lacking_to_read(Scope()).lacking

    assert "the list of users is not at GET user: " in lack.what
    assert 'There is one at GET users: write routes: ["list GET users verified"]' in lack.what
    assert lab.writes == []


def test_where_there_is_no_list_at_all_that_is_told(lab: Lab) -> None:
    lab.start("v3", list_path="")

    (lack,) = lab.open(routes=[]).lacking_to_read(Scope()).lacking

    assert "Nor is it at GET users" in lack.what


def test_what_was_found_is_told_with_the_line_that_vouches_for_it(lab: Lab) -> None:
    simulator = lab.start("v3")
    kofi = simulator.store.named("kofi")
    assert kofi is not None
    simulator.store.change(kofi.id, is_active=False)
    provider = lab.open(routes=["create POST user verified"])
    provider.observe(Scope())

    first, second = provider.remarks()

    assert first == (
        "GET user lists 3 users (administrator, editor, viewer; 1 of them inactive); if that is "
        'right, write routes: ["list GET user verified"]'
    )
    assert second == (
        "not published, and not verified by anybody: DELETE user/{id}, GET user, "
        "PATCH user/active/{id}, PATCH user/role/{id}"
    )
    assert lab.writes == []


def test_a_list_that_does_not_tell_who_is_active_is_remarked(lab: Lab) -> None:
    lab.start("v3", hides_active=True)

    assert "not all told to be active or not" in " ".join(lab.open().remarks())


def test_verified_rows_are_no_remark(lab: Lab) -> None:
    lab.start("v3")

    (remark,) = lab.open().remarks()

    assert remark == "GET user lists 3 users (administrator, editor, viewer; 0 of them inactive)"


@pytest.mark.parametrize("dialect", BOTH)
def test_the_default_account_and_names_in_two_cases_are_remarked(
    lab: Lab, dialect: Dialect
) -> None:
    simulator = lab.start(dialect)
    simulator.add("admin", "the vendor's password", "Administrator")
    simulator.add("KOFI", "some password", "Viewer")
    provider = lab.open()
    provider.observe(Scope())

    remarks = provider.remarks()

    assert any('the account "admin"' in each for each in remarks)
    assert "the names KOFI and kofi differ only in case" in remarks


def test_what_a_plan_could_not_do_is_lacking(lab: Lab) -> None:
    lab.start()
    provider = lab.open()
    provider.observe(Scope())

    rights = provider.lacking((update("kofi", {"active": None}, {"active": False}),))

    assert "cannot deactivate" in rights.lacking[0].what


def test_a_probe_that_fails_is_no_failure_of_doctor(lab: Lab) -> None:
    lab.start("v3")
    provider = lab.open()
    lab.arm(FaultKind.HTML_502, "GET", "/users", count=100)

    assert provider.remarks()
