"""Logging people out through the REST API: who is told what when it works, and when it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from reconciler.errors import RefusedError, TargetError, UnexpectedResponseError, UnreachableError
from reconciler.providers.graphistry.options import GraphistryOptions
from reconciler.providers.graphistry.rest import Rest
from reconciler.sandbox.http.clock import ManualClock
from reconciler.sandbox.http.faults import Fault, FaultKind
from tests.graphistry.lab import TARGET
from tests.graphistry.rest_service import KEY, PASSWORD, RestService

Open = Callable[..., Rest]
LOGOUT = "/api/v2/logout-user/username/{}/"
CANARIES = (PASSWORD, KEY, KEY.partition(":")[2], "canary-token")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def service(clock: ManualClock) -> Iterator[RestService]:
    with RestService(clock) as service:
        yield service
    assert service.unplanned_errors == ()


@pytest.fixture
def rest(service: RestService) -> Iterator[Open]:
    """Opens the API of the service, with these options changed."""
    with ExitStack() as stack:

        def open_rest(**changes: object) -> Rest:
            options = GraphistryOptions.model_validate(service.options(**changes))
            return stack.enter_context(closing(Rest(TARGET, options)))

        yield open_rest


@pytest.mark.parametrize("knows", [True, False])
def test_one_token_logs_many_out(service: RestService, rest: Open, knows: bool) -> None:
    service.habits.knows_organisations = knows
    api = rest()

    ended = [api.log_out(name) for name in ("amina", "kofi")]

    assert ended == [True, True]
    assert service.product.logged_out == ["amina", "kofi"]
    assert [path for _, path, _ in service.calls()].count("/api-token-auth/") == 1


@pytest.mark.parametrize("name", ["a/../b?c=d#e", "the boss", "100%s", "Zoë-名前", "a.b"])
def test_a_name_is_one_part_of_the_address_whatever_it_holds(
    service: RestService, rest: Open, name: str
) -> None:
    assert rest().log_out(name)

    assert service.product.logged_out == [name]


def test_a_name_that_an_address_cannot_hold_is_refused_unsent(
    service: RestService, rest: Open
) -> None:
    with pytest.raises(UnexpectedResponseError, match=r'hold the name "\.\."'):
        rest().log_out("..")

    assert service.calls() == []


@pytest.mark.parametrize("is_old", [False, True])
def test_a_personal_key_signs_in_on_old_and_new_releases(
    service: RestService, rest: Open, is_old: bool
) -> None:
    service.habits.key_by_get_only = is_old

    assert rest(password=None, personal_key=KEY).log_out("amina")

    methods = [method for method, path, _ in service.calls() if "pkey" in path]
    assert methods == (["POST", "GET"] if is_old else ["POST"])


@pytest.mark.parametrize("status", [400, 401])
def test_a_wrong_password_is_told_with_the_option_and_never_shown(
    service: RestService, rest: Open, status: int
) -> None:
    service.habits.refuses_with = status

    with pytest.raises(RefusedError, match="service_account and password") as caught:
        rest(password="canary-rest-password-no").log_out("amina")

    assert not any(canary in repr(caught.value) for canary in CANARIES)
    assert service.product.logged_out == []


def test_a_wrong_password_is_tried_once_however_many_leave(
    service: RestService, rest: Open
) -> None:
    api = rest(password="canary-rest-password-no")

    for name in ("amina", "kofi"):
        with pytest.raises(RefusedError):
            api.log_out(name)

    assert len(service.calls()) == 1


def test_a_token_that_ended_meanwhile_is_replaced_once(
    service: RestService, rest: Open, clock: ManualClock
) -> None:
    api = rest()
    api.log_out("amina")
    clock.advance(3601)

    assert api.log_out("kofi")

    assert service.product.logged_out == ["amina", "kofi"]
    assert [status for _, _, status in service.calls()] == [200, 200, 401, 200, 200]


def test_a_release_without_the_route_says_no_and_is_no_failure(
    service: RestService, rest: Open
) -> None:
    service.habits.has_logout = False

    assert rest().log_out("amina") is False


def test_an_account_that_is_no_administrator_is_told_so(service: RestService, rest: Open) -> None:
    service.habits.is_administrator = False

    with pytest.raises(RefusedError, match="svc has to be an administrator"):
        rest().log_out("amina")


@pytest.mark.parametrize("habit", ["login_page", "says_err"])
def test_an_answer_that_is_no_success_is_not_taken_for_one(
    service: RestService, rest: Open, habit: str
) -> None:
    setattr(service.habits, habit, True)

    with pytest.raises(UnexpectedResponseError):
        rest().log_out("amina")


def test_no_token_where_one_was_promised_is_an_error(service: RestService, rest: Open) -> None:
    service.habits.gives_token = False

    with pytest.raises(UnexpectedResponseError, match="gave no token"):
        rest().log_out("amina")


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.ERROR_500_BEFORE_EFFECT,
        FaultKind.ERROR_500_AFTER_EFFECT,
        FaultKind.HTML_403,
        FaultKind.BODY_CUT_SHORT,
        FaultKind.ECHO_400,
        FaultKind.ECHO_500,
    ],
)
@pytest.mark.parametrize("path", ["/api-token-auth/", LOGOUT.format("*")])
def test_whatever_goes_wrong_is_an_error_that_shows_no_secret(
    service: RestService, rest: Open, kind: FaultKind, path: str
) -> None:
    service.faults.arm(Fault(kind, "*", path, count=10))

    with pytest.raises(TargetError) as caught:
        rest().log_out("amina")

    assert not any(canary in repr(caught.value) for canary in CANARIES)


def test_a_connection_that_was_dropped_is_tried_again(service: RestService, rest: Open) -> None:
    api = rest()
    api.log_out("amina")
    service.drop_connections()

    assert api.log_out("kofi")


def test_nobody_at_the_address_is_unreachable(rest: Open) -> None:
    with pytest.raises(UnreachableError):
        rest(url="http://127.0.0.1:9").log_out("amina")


def test_no_path_is_called_that_nobody_published(service: RestService, rest: Open) -> None:
    rest().log_out("amina")

    assert {path for _, path, _ in service.calls()} == {"/api-token-auth/", LOGOUT.format("amina")}
