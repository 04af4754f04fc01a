"""What can go wrong with a FlowAuth up to 1.17: nothing is lost, and no State is too short."""

from __future__ import annotations

import pytest

from reconciler.errors import UnexpectedResponseError, UnreachableError
from reconciler.sandbox.flowauth import FaultKind, by_hand
from tests.faults.sweep import without_pauses
from tests.flowauth.eras import MANIFEST, apply, converge, fill
from tests.flowauth.lab import Lab, create, statuses

ERAS = pytest.mark.parametrize("era", ["A", "B"])

WRITES = [
    ("POST", "/admin/servers"),
    ("PATCH", "/admin/servers/*/capabilities"),
    ("POST", "/admin/groups"),
    ("PATCH", "/admin/groups/*/servers"),
    ("POST", "/admin/users"),
    ("PATCH", "/admin/users/*/groups"),
]
READS = [
    "/admin/users",
    "/admin/users/*",
    "/admin/servers",
    "/admin/servers/*/capabilities",
    "/admin/servers/*/time_limits",
    "/admin/groups",
    "/admin/groups/*",
    "/admin/groups/*/servers/*/time_limits",
    "/admin/groups/*/servers/*/capabilities",
]
HARMLESS = [
    FaultKind.ERROR_500_AFTER_EFFECT,
    FaultKind.CUT_AFTER_EFFECT,
    FaultKind.HTML_504_AFTER_EFFECT,
    FaultKind.HALF_JSON_BODY,
    FaultKind.WRONG_CONTENT_TYPE,
    FaultKind.SESSION_INVALIDATED,
    FaultKind.CSRF_EXPIRED,
    FaultKind.DROP_KEEP_ALIVE,
]
"""Faults after which everything is as it would be without them."""
NOT_DONE = [
    (FaultKind.ERROR_500_BEFORE_EFFECT, "A"),
    (FaultKind.ERROR_500_BEFORE_EFFECT, "B"),
    (FaultKind.RESET_BEFORE_EFFECT, "A"),
    (FaultKind.HTML_502, "B"),
]


@ERAS
def test_a_write_that_was_done_and_not_answered_is_found_done(lab: Lab, era: str) -> None:
    store = lab.start(era=era).store
    converge(lab)
    undisturbed = by_hand.group_facts(store)

    for kind in HARMLESS:
        (lab.folder / "ledger.sqlite3").unlink()
        store = lab.start(era=era).store
        for method, path in WRITES:
            lab.arm(kind, method, path)

        outcomes = apply(lab)

        assert {each.status for each in outcomes} == {"done"}, kind
        assert len(lab.simulator.faults.fired) >= len(WRITES)
        assert by_hand.group_facts(store) == undisturbed, kind


@pytest.mark.parametrize("method, path", WRITES)
@pytest.mark.parametrize("kind, era", NOT_DONE)
def test_a_write_that_was_not_done_fails_alone_and_is_made_good_by_the_next_run(
    lab: Lab, era: str, kind: FaultKind, method: str, path: str
) -> None:
    store = lab.start(era=era).store
    lab.arm(kind, method, path)

    outcomes = apply(lab)

    failed = [each for each in outcomes if each.status == "failed"]
    assert len(failed) == 1, outcomes
    assert len(lab.simulator.faults.fired) == 1
    converge(lab)
    assert "user kofi in reader" in by_hand.group_facts(store)
    assert len({row.username for row in store.view().users.listed()}) == 4


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize(
    "kind, era",
    [
        (FaultKind.HALF_JSON_BODY, "A"),
        (FaultKind.HALF_JSON_BODY, "B"),
        (FaultKind.ERROR_500_BEFORE_EFFECT, "B"),
        (FaultKind.BODY_CUT_SHORT, "A"),
        (FaultKind.WRONG_CONTENT_TYPE, "B"),
        (FaultKind.HTML_404, "A"),
    ],
)
def test_a_read_that_is_not_whole_is_an_error_and_never_a_shorter_state(
    lab: Lab, era: str, kind: FaultKind, path: str
) -> None:
    fill(lab, era)
    provider = lab.open()
    provider.identify()
    lab.arm(kind, "GET", path)

    with pytest.raises((UnexpectedResponseError, UnreachableError)):
        provider.observe(lab.scope)


@ERAS
@pytest.mark.parametrize("seconds", [0, -1], ids=["told_when", "not_told_when"])
def test_reads_that_come_too_often_are_asked_again(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, era: str, seconds: int
) -> None:
    without_pauses(monkeypatch)
    fill(lab, era)
    whole = lab.observe()
    lab.arm(FaultKind.RATE_LIMITED_429, "GET", "/admin/groups", retry_after_s=seconds)

    assert lab.observe() == whole


@ERAS
@pytest.mark.parametrize("seconds", [0, -1], ids=["told_when", "not_told_when"])
def test_a_write_that_comes_too_often_is_sent_again(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, era: str, seconds: int
) -> None:
    without_pauses(monkeypatch)
    fill(lab, era)
    path = "/admin/users/*/groups"
    lab.arm(FaultKind.RATE_LIMITED_429, "PATCH", path, retry_after_s=seconds)

    outcomes = lab.apply(create("membership", "first", "group1", "user0"))

    assert statuses(outcomes) == ["done"]
    assert [each.status for each in lab.simulator.requests if each.method == "PATCH"] == [429, 200]


@ERAS
def test_a_session_that_ends_in_the_middle_of_reading_is_begun_anew(lab: Lab, era: str) -> None:
    fill(lab, era)
    whole = lab.observe()
    lab.arm(FaultKind.SESSION_INVALIDATED, "GET", "/admin/groups/*")

    assert lab.observe() == whole


@ERAS
@pytest.mark.parametrize(
    "edit",
    [
        lambda store: store.delete_user("user0"),
        lambda store: store.add_user("esi", "no password") and store.delete_server("first"),
        lambda store: store.rename_user("user0", "user9"),
    ],
    ids=["user_goes", "server_goes", "user_renamed"],
)
def test_what_changes_while_it_is_read_is_an_error_and_no_mixture(
    lab: Lab, era: str, edit: object
) -> None:
    store = fill(lab, era)
    assert callable(edit)
    provider = lab.open()
    provider.identify()
    lab.arm(FaultKind.OUTSIDE_EDIT, "GET", "/admin/groups", edit=lambda: edit(store))

    with pytest.raises(UnexpectedResponseError, match="was changed by somebody else"):
        provider.observe(lab.scope)


def test_the_next_role_of_a_failed_one_is_still_written(lab: Lab) -> None:
    lab.start(era="B")
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "PATCH", "/admin/groups/*/servers")

    outcomes = apply(lab, MANIFEST.replace("name: amina, ", ""))

    by_key = {str(each.change.key): each.status for each in outcomes}
    assert by_key["role store/own"] == "failed"
    assert by_key["membership store/own/amina"] == "skipped"
    assert by_key["role store/reader"] == "done"
    assert by_key["membership store/reader/amina"] == "done"


@pytest.mark.parametrize(
    "era, kind, became",
    [
        ("A", FaultKind.SLOW_REPLY, "done"),
        ("B", FaultKind.SLOW_REPLY, "done"),
        ("B", FaultKind.DATABASE_LOCKED, "failed"),
    ],
)
def test_what_became_of_a_write_that_takes_too_long_is_read(
    lab: Lab, era: str, kind: FaultKind, became: str
) -> None:
    store = fill(lab, era)
    lab.arm(kind, "PATCH", "/admin/users/*/groups", seconds=3)

    change = create("membership", "first", "group1", "user0")
    outcomes = list(lab.open(timeout_s=1).apply([change], lab.notes))

    assert statuses(outcomes) == [became]
    assert "user user0 in group0" in by_hand.group_facts(store)
    assert ("user user0 in group1" in by_hand.group_facts(store)) == (became == "done")
    assert len(lab.simulator.faults.fired) == 1


def test_a_page_where_json_was_promised_is_an_error(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_pauses(monkeypatch)
    fill(lab, "B")
    lab.arm(FaultKind.HTML_503, "GET", "/admin/groups/*/servers/*/time_limits", count=1000)

    with pytest.raises(UnexpectedResponseError, match="time_limits gave status 503"):
        lab.observe()
