"""Writing users: once, read back, and never believed."""

from __future__ import annotations

import pytest

from reconciler.sandbox.http.faults import FaultKind
from reconciler.sandbox.mobiusflow import Dialect, MobiusFlowSimulator
from tests.mobiusflow.lab import (
    ADMINISTRATOR,
    EDITOR,
    VIEWER,
    Lab,
    create,
    delete,
    statuses,
    update,
)
from tests.mobiusflow.simulated import VERIFIED, roles_of, signs_in, switches

BOTH: tuple[Dialect, ...] = ("v1", "v3")
CREATE = {"v1": "/auth/user", "v3": "/user"}
ROLE = {"v1": "/auth/user/roles/*", "v3": "/user/role/*"}
DELETE = {"v1": "/auth/user/*", "v3": "/user/*"}
LOST = [
    FaultKind.ERROR_500_AFTER_EFFECT,
    FaultKind.HTML_504_AFTER_EFFECT,
    FaultKind.TIMEOUT_408_AFTER_EFFECT,
    FaultKind.CUT_AFTER_EFFECT,
    FaultKind.RESET_AFTER_EFFECT,
    FaultKind.HALF_JSON_BODY,
    FaultKind.BODY_CUT_SHORT,
    FaultKind.EMPTY_BODY,
    FaultKind.WRONG_CONTENT_TYPE,
]
NEVER_DONE = [
    FaultKind.ERROR_500_BEFORE_EFFECT,
    FaultKind.TIMEOUT_408_BEFORE_EFFECT,
    FaultKind.CUT_BEFORE_EFFECT,
    FaultKind.RESET_BEFORE_EFFECT,
    FaultKind.HTML_502,
    FaultKind.HTML_503,
    FaultKind.HTML_409,
    FaultKind.ECHO_400,
    FaultKind.ECHO_500,
]


def _roles(simulator: MobiusFlowSimulator, role: str) -> set[str]:
    return switches(role) if simulator.settings.dialect == "v1" else {role}


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize("five", [False, True], ids=["six", "five"])
def test_users_are_created_changed_and_deleted(lab: Lab, dialect: Dialect, five: bool) -> None:
    simulator = lab.start(dialect, five_switches=five)

    outcomes = lab.apply(
        create("esi", level="editor"), update("amina", EDITOR, ADMINISTRATOR), delete("kofi")
    )

    less = {"subscribe"} if five and dialect == "v1" else set()
    assert statuses(outcomes) == ["done"] * 3
    assert roles_of(simulator, "esi") == _roles(simulator, "Editor") - less
    assert roles_of(simulator, "amina") == _roles(simulator, "Administrator") - less
    assert simulator.store.named("kofi") is None
    assert signs_in(simulator.base, "esi", lab.notes.passwords["esi"].reveal())


def test_v3_deactivates_and_activates(lab: Lab) -> None:
    simulator = lab.start("v3")

    off = lab.apply(update("amina", {"active": True}, {"active": False}))
    is_off = not signs_in(simulator.base, "amina", "password of amina")
    on = lab.apply(
        update("amina", {"active": False, **EDITOR}, {"active": True, **VIEWER}),
    )

    assert statuses([*off, *on]) == ["done", "done"]
    assert is_off
    assert signs_in(simulator.base, "amina", "password of amina")
    assert [each.split("/")[2] for each in lab.writes] == ["active", "role", "active"]


def test_with_emulation_v1_takes_every_right_and_gives_them_back(lab: Lab) -> None:
    simulator = lab.start()

    lab.apply(update("kofi", {"active": True}, {"active": False}), emulate_inactive=True)
    nothing = roles_of(simulator, "kofi")
    back = update("kofi", {"active": False, "level": None}, {"active": True, **EDITOR})
    outcomes = lab.apply(back, emulate_inactive=True)

    assert nothing == set()
    assert statuses(outcomes) == ["done"]
    assert roles_of(simulator, "kofi") == switches("Editor")
    assert len(lab.writes) == 2
    assert signs_in(simulator.base, "kofi", "password of kofi")


def test_without_emulation_v1_is_asked_nothing_that_it_cannot_do(lab: Lab) -> None:
    lab.start()

    (outcome,) = lab.apply(update("kofi", {"active": None}, {"active": False}))

    assert (outcome.status, lab.writes) == ("failed", [])
    assert "cannot deactivate" in outcome.message


@pytest.mark.parametrize("dialect", BOTH)
def test_a_custom_combination_becomes_the_level_that_is_asked(lab: Lab, dialect: Dialect) -> None:
    simulator = lab.start(dialect)
    roles = ("write", "read") if dialect == "v1" else ("Editor", "Viewer")
    simulator.store.add("esi", "some password", *roles)
    custom = {"level": f"custom{{{','.join(sorted(roles))}}}"}

    outcomes = lab.apply(update("esi", custom, EDITOR))

    assert statuses(outcomes) == ["done"]
    assert roles_of(simulator, "esi") == _roles(simulator, "Editor")


# A write whose answer is lost, or that was never carried out


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize("kind", LOST)
def test_a_create_whose_answer_is_lost_is_found_and_not_repeated(
    lab: Lab, dialect: Dialect, kind: FaultKind
) -> None:
    simulator = lab.start(dialect)
    lab.arm(kind, "POST", CREATE[dialect])

    outcomes = lab.apply(create("esi"))

    assert statuses(outcomes) == ["done"]
    assert lab.writes == [f"POST {CREATE[dialect]}"]
    assert [row.username for row in simulator.store.rows()].count("esi") == 1
    assert signs_in(simulator.base, "esi", lab.notes.passwords["esi"].reveal())


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize("kind", NEVER_DONE)
def test_a_create_that_was_not_carried_out_is_told_and_not_repeated(
    lab: Lab, dialect: Dialect, kind: FaultKind
) -> None:
    simulator = lab.start(dialect)
    lab.arm(kind, "POST", CREATE[dialect])

    (outcome,) = lab.apply(create("esi"))

    assert outcome.status == "failed"
    assert lab.writes == [f"POST {CREATE[dialect]}"]
    assert simulator.store.named("esi") is None
    assert lab.notes.passwords["esi"].reveal() not in outcome.message


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize("kind", LOST)
def test_a_change_and_a_deletion_whose_answers_are_lost_are_done(
    lab: Lab, dialect: Dialect, kind: FaultKind
) -> None:
    simulator = lab.start(dialect)
    lab.arm(kind, "PATCH", ROLE[dialect])
    lab.arm(kind, "DELETE", DELETE[dialect])

    outcomes = lab.apply(update("amina", EDITOR, VIEWER), delete("kofi"))

    assert statuses(outcomes) == ["done", "done"]
    assert len(lab.writes) == 2
    assert roles_of(simulator, "amina") == _roles(simulator, "Viewer")
    assert simulator.store.named("kofi") is None


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize("kind", NEVER_DONE)
def test_a_change_and_a_deletion_that_were_not_carried_out_are_told(
    lab: Lab, dialect: Dialect, kind: FaultKind
) -> None:
    simulator = lab.start(dialect)
    lab.arm(kind, "PATCH", ROLE[dialect])
    lab.arm(kind, "DELETE", DELETE[dialect])

    outcomes = lab.apply(update("amina", EDITOR, VIEWER), delete("kofi"))

    assert statuses(outcomes) == ["failed", "failed"]
    assert len(lab.writes) == 2
    assert roles_of(simulator, "amina") == _roles(simulator, "Editor")
    assert simulator.store.named("kofi") is not None


@pytest.mark.parametrize("dialect", BOTH)
def test_where_nothing_can_be_read_back_the_result_is_unknown(lab: Lab, dialect: Dialect) -> None:
    lab.start(dialect)
    lab.arm(FaultKind.CUT_AFTER_EFFECT, "POST", CREATE[dialect])
    read = "/auth/user/esi" if dialect == "v1" else "/user"
    lab.arm(FaultKind.CUT_BEFORE_EFFECT, "GET", read, nth=2, count=1000)

    outcomes = lab.apply(create("esi"), create("yaw"))

    assert statuses(outcomes) == ["unknown", "skipped"]


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize("after", [1, -1], ids=["retry-after", "without"])
def test_a_rate_limit_of_a_proxy_is_waited_for_and_the_write_sent_again(
    lab: Lab, dialect: Dialect, after: int
) -> None:
    simulator = lab.start(dialect)
    lab.arm(FaultKind.RATE_LIMITED_429, "POST", CREATE[dialect], retry_after_s=after)

    outcomes = lab.apply(create("esi"))

    assert statuses(outcomes) == ["done"]
    assert simulator.store.named("esi") is not None


@pytest.mark.parametrize("dialect", BOTH)
def test_a_proxy_that_forbids_is_a_missing_right_and_stops_everything(
    lab: Lab, dialect: Dialect
) -> None:
    lab.start(dialect)
    lab.arm(FaultKind.HTML_403, "POST", CREATE[dialect])

    outcomes = lab.apply(create("esi"), create("yaw"))

    assert statuses(outcomes) == ["failed", "skipped"]
    assert "a proxy in front of MobiusFlow" in outcomes[0].message


@pytest.mark.parametrize("dialect", BOTH)
def test_a_write_that_is_answered_and_not_done_is_found_out(lab: Lab, dialect: Dialect) -> None:
    lab.start(dialect, silent_writes=True)

    outcomes = lab.apply(create("esi"), update("amina", EDITOR, VIEWER), delete("kofi"))

    assert statuses(outcomes) == ["failed"] * 3
    assert all("when read back" in each.message for each in outcomes)


@pytest.mark.parametrize("dialect", BOTH)
def test_an_answer_that_comes_too_late_is_not_waited_for_and_what_was_done_is_found(
    lab: Lab, dialect: Dialect
) -> None:
    simulator = lab.start(dialect)
    lab.arm(FaultKind.SLOW_REPLY, "POST", CREATE[dialect], seconds=30)

    outcomes = lab.apply(create("esi"), timeout_s=1)

    assert statuses(outcomes) == ["done"]
    assert lab.writes in ([], [f"POST {CREATE[dialect]}"]), "it is logged when it is answered"
    assert [row.username for row in simulator.store.rows()].count("esi") == 1


# Names that are there already


@pytest.mark.parametrize("dialect", BOTH)
def test_a_name_that_is_there_is_looked_for_before_anything_is_sent(
    lab: Lab, dialect: Dialect
) -> None:
    lab.start(dialect, duplicates="success")

    (outcome,) = lab.apply(create("kofi"))

    assert (outcome.status, lab.writes) == ("failed", [])
    assert "plan again" in outcome.message
    assert not lab.notes.passwords, "there is no account that it could be of"


@pytest.mark.parametrize("answer", ["error", "success"])
def test_who_came_in_between_is_adopted_only_at_the_level_that_was_asked(
    lab: Lab, answer: str
) -> None:
    simulator = lab.start(duplicates=answer)

    def take(name: str) -> None:
        simulator.add(name, "somebody else's", "Administrator")

    lab.arm(FaultKind.OUTSIDE_EDIT, "POST", "/auth/user", edit=lambda: take("esi"))

    (outcome,) = lab.apply(create("esi"))

    assert outcome.status == "failed"
    assert len(lab.writes) == 1
    assert roles_of(simulator, "esi") == switches("Administrator")


@pytest.mark.parametrize("dialect", BOTH)
def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    lab: Lab, dialect: Dialect
) -> None:
    simulator = lab.start(dialect)
    amina = simulator.store.named("amina")
    assert amina is not None
    simulator.store.change(amina.id, roles=frozenset(_roles(simulator, "Administrator")))

    (outcome,) = lab.apply(update("amina", EDITOR, VIEWER))

    assert (outcome.status, lab.writes) == ("failed", [])
    assert "changed meanwhile by somebody else: " in outcome.message
    assert "level is administrator" in outcome.message


@pytest.mark.parametrize("dialect", BOTH)
def test_what_is_so_already_is_not_written(lab: Lab, dialect: Dialect) -> None:
    lab.start(dialect)

    outcomes = lab.apply(update("amina", VIEWER, EDITOR), delete("nobody"))

    assert statuses(outcomes) == ["done", "done"]
    assert lab.writes == []


@pytest.mark.parametrize("dialect", BOTH)
def test_a_user_who_went_meanwhile_is_told(lab: Lab, dialect: Dialect) -> None:
    lab.start(dialect)

    (outcome,) = lab.apply(update("nobody", VIEWER, EDITOR))

    assert outcome.status == "failed"
    assert "any more; plan again" in outcome.message


@pytest.mark.parametrize("dialect", BOTH)
def test_a_404_of_a_proxy_is_no_sign_that_a_user_is_gone(lab: Lab, dialect: Dialect) -> None:
    simulator = lab.start(dialect)
    lab.arm(FaultKind.HTML_404, "GET", "/auth/user/kofi" if dialect == "v1" else "/user")

    (outcome,) = lab.apply(delete("kofi"))

    assert (outcome.status, lab.writes) == ("failed", [])
    assert simulator.store.named("kofi") is not None


def test_v3_reads_the_list_again_where_it_could_not_be_read_after_a_write(lab: Lab) -> None:
    lab.start("v3")
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "GET", "/user", nth=2)

    outcomes = lab.apply(create("esi"), create("esi"))

    assert statuses(outcomes) == ["unknown", "failed"]
    assert lab.sent("GET", "/user") == 3
    assert lab.writes == ["POST /user"]


def test_v3_reads_the_list_once_after_each_write_and_once_before_the_first(lab: Lab) -> None:
    lab.start("v3")

    lab.apply(create("esi"), create("yaw"), update("amina", EDITOR, VIEWER))

    assert lab.sent("GET", "/user") == 1 + 3


def test_other_names_and_shapes_of_roles_are_sent_as_the_options_say(lab: Lab) -> None:
    simulator = lab.start("v3")
    names = ["viewer=Editor", "editor=Viewer"]
    verified = [each for each in VERIFIED if "set_role" not in each]

    lab.apply(create("esi", level="editor"), role_names=names, routes=verified)

    assert roles_of(simulator, "esi") == {"Viewer"}
    assert lab.fields("esi", role_names=names)["level"] == "editor"
