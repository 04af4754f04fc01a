"""Faults of the network, of proxies and of the session: each on every route that is asked."""

from __future__ import annotations

import pytest

from reconciler.errors import TargetError, UnexpectedResponseError
from reconciler.sandbox.flowauth import FaultKind
from tests.faults.sweep import without_pauses
from tests.flowauth.lab import WRITER, Lab, create, delete, statuses
from tests.flowauth.simulated import facts
from tests.flowauth.test_writes import WRITES

READS = (
    "/admin/users",
    "/admin/users/*",
    "/admin/servers",
    "/admin/servers/*",
    "/admin/servers/*/scopes",
    "/roles/",
)
SPOILT = (
    FaultKind.ERROR_500_BEFORE_EFFECT,
    FaultKind.HALF_JSON_BODY,
    FaultKind.BODY_CUT_SHORT,
    FaultKind.EMPTY_BODY,
    FaultKind.WRONG_CONTENT_TYPE,
    FaultKind.HTML_403,
    FaultKind.HTML_404,
)
PASSING = (
    FaultKind.RATE_LIMITED_429,
    FaultKind.HTML_502,
    FaultKind.CUT_BEFORE_EFFECT,
    FaultKind.DROP_KEEP_ALIVE,
    FaultKind.SESSION_INVALIDATED,
)
LATE = {FaultKind.SLOW_REPLY: "done", FaultKind.DATABASE_LOCKED: "failed"}
"""What takes longer than we wait: after the effect, and before there is one."""


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried at once."""
    without_pauses(monkeypatch)


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("kind", SPOILT)
def test_a_read_that_is_not_whole_is_an_error_and_never_a_shorter_state(
    lab: Lab, path: str, kind: FaultKind
) -> None:
    lab.start_filled()
    lab.arm(kind, "GET", path)

    with pytest.raises(TargetError):
        lab.observe()

    assert [each.kind for each in lab.simulator.faults.fired] == [kind]


@pytest.mark.parametrize("kind", PASSING)
def test_a_read_that_fails_for_a_moment_is_asked_again_and_everything_is_there(
    lab: Lab, kind: FaultKind
) -> None:
    lab.start_filled()
    whole = lab.observe()
    for path in READS:
        lab.arm(kind, "GET", path, retry_after_s=0)

    assert lab.observe() == whole
    assert {each.kind for each in lab.simulator.faults.fired} == {kind}


REFUSED = [
    *((write, FaultKind.SESSION_INVALIDATED) for write in sorted(WRITES)),
    *((write, FaultKind.CSRF_EXPIRED) for write in sorted(WRITES)),
    *((write, FaultKind.RATE_LIMITED_429) for write in ("account-create", "role-update")),
]


@pytest.mark.parametrize("write, kind", REFUSED)
def test_a_write_that_was_refused_for_the_moment_is_sent_again_and_done_once(
    lab: Lab, write: str, kind: FaultKind
) -> None:
    change, method, path = WRITES[write]
    lab.start_filled()
    lab.apply(change)
    undisturbed = facts(lab.simulator.store.snapshot())
    lab.start_filled()
    lab.arm(kind, method, path, retry_after_s=0)

    outcomes = lab.apply(change)

    sent = [each.status for each in lab.simulator.requests if each.method == method]
    assert statuses(outcomes) == ["done"]
    assert [each for each in sent if each in (401, 429)] == [429 if "429" in kind else 401]
    assert facts(lab.simulator.store.snapshot()) == undisturbed


def test_a_write_that_comes_too_often_waits_without_being_told_how_long(lab: Lab) -> None:
    lab.start_filled()
    lab.arm(FaultKind.RATE_LIMITED_429, "POST", "/admin/users", retry_after_s=-1)

    assert statuses(lab.apply(create("account", "esi", level="user"))) == ["done"]
    assert lab.sent("POST", "/admin/users") == 2


@pytest.mark.parametrize("write", ["account-create", "account-password"])
@pytest.mark.parametrize("kind", LATE)
def test_what_became_of_a_write_that_takes_too_long_is_read(
    lab: Lab, write: str, kind: FaultKind
) -> None:
    change, method, path = WRITES[write]
    lab.start_filled()
    lab.arm(kind, method, path, seconds=3)

    outcomes = list(lab.open(timeout_s=1).apply([change], lab.notes))

    assert statuses(outcomes) == [LATE[kind]]
    assert len(lab.simulator.faults.fired) == 1, "it was sent once"


@pytest.mark.parametrize(
    "change, path",
    [
        (delete("account", "kofi"), "/admin/users/*"),
        (delete("membership", "store", "reader", "kofi"), "/roles/[0-9]*"),
        (delete("server", "store"), "/admin/servers/*"),
        (create("membership", *WRITER, "amina"), "/admin/users/*"),
    ],
    ids=lambda each: str(each) if isinstance(each, str) else f"{each.action} {each.key}",
)
def test_a_page_that_says_404_is_no_sign_that_something_is_gone(
    lab: Lab, change: object, path: str
) -> None:
    store = lab.start_filled().store
    before = facts(store.snapshot())
    lab.arm(FaultKind.HTML_404, "GET", path, count=100)

    (outcome,) = lab.apply(change)  # type: ignore[arg-type]  # pytest's ids see texts too

    assert outcome.status == "failed"
    assert "is in the list of its kind, and GET for it gives status 404" in outcome.message
    assert lab.writes == []
    assert facts(store.snapshot()) == before


def test_reading_again_after_a_spoilt_read_gives_everything(lab: Lab) -> None:
    lab.start_filled()
    provider = lab.open()
    whole = provider.observe(lab.scope)
    lab.arm(FaultKind.HALF_JSON_BODY, "GET", "/admin/users/*", nth=2)

    with pytest.raises(UnexpectedResponseError, match="the JSON is cut or broken"):
        provider.observe(lab.scope)

    assert provider.observe(lab.scope) == whole
