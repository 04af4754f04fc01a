"""Every fault on the way, for reads and for each kind of write: nothing lost, nothing twice."""

from __future__ import annotations

import pytest

from reconciler.changes import Change
from reconciler.errors import UnreachableError
from reconciler.sandbox.http.faults import Fault, FaultKind
from reconciler.state import Key
from tests.scim.lab import altered, gone, made, member, needs, read, statuses, writes
from tests.scim.service import PREFIX, ScimService

GROUP = Change("create", Key("role", ("writers",)), None, {})
WRITES = {
    "create-group": ("POST", "/Groups", GROUP),
    "update-user": ("PATCH", "/Users/*", altered("kofi", active=False)),
    "add-member": ("PATCH", "/Groups/*", member("readers", "kofi")),
    "delete-user": ("DELETE", "/Users/*", gone("account", "kofi")),
    "delete-group": ("DELETE", "/Groups/*", gone("role", "readers")),
}
"""All but that which creates a user: test_writing.py has it."""
LOST = (
    FaultKind.ERROR_500_AFTER_EFFECT,
    FaultKind.RESET_AFTER_EFFECT,
    FaultKind.HALF_JSON_BODY,
)
NOT_DONE = (FaultKind.ERROR_500_BEFORE_EFFECT, FaultKind.RESET_BEFORE_EFFECT)


@pytest.mark.parametrize("what", sorted(WRITES))
@pytest.mark.parametrize("kind", LOST)
def test_a_write_whose_answer_is_lost_is_found_done_and_not_repeated(
    readers: ScimService, what: str, kind: FaultKind
) -> None:
    method, path, change = WRITES[what]
    readers.faults.arm(Fault(kind, method, f"{PREFIX}{path}"))

    outcomes = made(readers, change)

    assert statuses(outcomes) == ["done"]
    assert [each for each, _ in writes(readers)] == [method]


@pytest.mark.parametrize("what", sorted(WRITES))
@pytest.mark.parametrize("kind", NOT_DONE)
def test_a_write_that_failed_before_its_effect_is_told_and_not_repeated(
    readers: ScimService, what: str, kind: FaultKind
) -> None:
    method, path, change = WRITES[what]
    readers.faults.arm(Fault(kind, method, f"{PREFIX}{path}"))

    outcomes = made(readers, change)
    again = made(readers, change)

    assert statuses(outcomes) == ["failed"]
    assert statuses(again) == ["done"]
    assert [each for each, _ in writes(readers)] == [method, method]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(FaultKind.RATE_LIMITED_429, "GET", f"{PREFIX}/Users", retry_after_s=0),
        Fault(FaultKind.RATE_LIMITED_429, "GET", f"{PREFIX}/Groups", retry_after_s=-1),
        Fault(FaultKind.HTML_503, "GET", f"{PREFIX}/Users"),
        Fault(FaultKind.RESET_BEFORE_EFFECT, "GET", f"{PREFIX}/Groups"),
        Fault(FaultKind.DROP_KEEP_ALIVE, "GET", "*", count=9),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.path.rpartition('/')[2]}",
)
def test_a_read_that_fails_once_is_asked_again_and_is_whole(
    readers: ScimService, fault: Fault
) -> None:
    readers.faults.arm(fault)

    state = read(readers, "readers")

    assert state.names("account") == {"amina", "kofi"}
    assert Key("membership", ("readers", "amina")) in state
    assert readers.faults.fired


def test_a_read_that_takes_too_long_is_an_error_and_no_shorter_state(
    readers: ScimService,
) -> None:
    slow = Fault(FaultKind.SLOW_REPLY, "GET", f"{PREFIX}/Groups", seconds=2, count=9)
    readers.faults.arm(slow)

    with pytest.raises(UnreachableError, match="/Groups"):
        read(readers, timeout_s=1)


def test_a_version_that_is_in_the_header_alone_is_heeded(readers: ScimService) -> None:
    needs(readers, "versions")
    readers.oddities.edits = lambda row: row.get("meta", {}).pop("version", None)
    kofi = readers.id_of("/Users", "kofi")

    def edit() -> None:
        readers.edit("/Users", kofi, {"op": "replace", "path": "title", "value": "Minister"})

    readers.faults.arm(Fault(FaultKind.OUTSIDE_EDIT, "PATCH", f"{PREFIX}/Users/{kofi}", edit=edit))

    (outcome,) = made(readers, altered("kofi", active=False))

    assert outcome.status == "failed"
    assert "changed meanwhile" in outcome.message


def test_put_keeps_what_an_extension_has_beside(readers: ScimService) -> None:
    needs(readers, "external ids")
    schema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    core = "urn:ietf:params:scim:schemas:core:2.0:User"
    beside = {"costCenter": "4711", "department": "Old"}
    readers.post("/Users", userName="esi", active=True, schemas=[core, schema], **{schema: beside})
    readers.oddities.no_patch = True

    outcomes = made(readers, altered("esi", department="Data"))

    assert statuses(outcomes) == ["done"]
    (row,) = [each for each in readers.rows("/Users") if each["userName"] == "esi"]
    assert row[schema] == {"costCenter": "4711", "department": "Data"}


def test_names_of_attributes_are_read_in_any_case(readers: ScimService) -> None:
    readers.oddities.shouts = True

    state = read(readers, "readers")

    assert state.names("account") == {"amina", "kofi"}
    assert Key("membership", ("readers", "amina")) in state
