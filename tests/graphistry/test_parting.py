"""What leavers have beside a name to sign in with: it is ended with that, or told by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.changes import Change, Outcome
from reconciler.errors import TargetError, WriteError
from reconciler.provider import ENDS, Warned
from reconciler.providers.graphistry import PROVIDER, remarks
from reconciler.providers.graphistry.answering import answers
from reconciler.providers.graphistry.observe import Sight
from reconciler.providers.graphistry.options import GraphistryOptions
from reconciler.providers.graphistry.parting import Parting, bound
from reconciler.providers.graphistry.preview import preview
from reconciler.providers.graphistry.provider import open_graphistry
from reconciler.providers.graphistry.rest import Rest
from reconciler.providers.settling import UnknownResultError
from reconciler.state import Key, State
from tests.conformance.bench import Notes
from tests.graphistry.lab import TARGET, Lab, altered, gone, shut, statuses
from tests.graphistry.rest_service import OWN, RestService
from tests.graphistry.scripts import Scripts

LOWERED = altered("yaw", {"level": "admin"}, {"level": "staff"})
RAISED = altered("yaw", {"level": "user"}, {"level": "admin"})
ENDED = Change(
    "delete", Key("membership", ("ghana", "member", "amina")), {}, None, end_sessions=("amina",)
)
HAS_KEYS = Warned(ENDS, "has keys", (Key("account", ("amina",)),))
INHERITED = replace(gone("amina"), heir="archive")


@pytest.fixture
def service() -> Iterator[RestService]:
    with RestService() as service:
        yield service
    assert service.unplanned_errors == ()


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


def options(*given: Mapping[str, object], **more: object) -> GraphistryOptions:
    whole = {name: value for each in given for name, value in each.items()}
    return GraphistryOptions.model_validate({**whole, **more})


def after(change: Change, given: GraphistryOptions, error: TargetError | None = None) -> object:
    """What was left of a change, and what was told of it."""
    rest = Rest(TARGET, given) if given.url else None
    parting = Parting(TARGET, given, rest, Notes())
    try:
        left = parting.after(change, error)
    finally:
        if rest is not None:
            rest.close()
    (outcome,) = parting.described([Outcome(change, "done")])
    return left.message if left else outcome.message


def test_who_is_shut_out_is_logged_out_and_loses_the_keys(
    service: RestService, scripts: Scripts
) -> None:
    scripts.give_keys("amina", AAAA1111="laptop")

    told = after(shut("amina"), options(service.options(), scripts.keys))

    assert told == 'logged "amina" out; revoked 1 personal key (laptop)'
    assert service.product.logged_out == ["amina"]
    assert scripts.keys_of("amina") == set()


@pytest.mark.parametrize("change, who", [(LOWERED, ["yaw"]), (RAISED, []), (ENDED, ["amina"])])
def test_who_loses_something_is_logged_out_and_keeps_the_keys(
    service: RestService, scripts: Scripts, change: Change, who: list[str]
) -> None:
    after(change, options(service.options(), scripts.keys))

    assert service.product.logged_out == who
    assert scripts.ran() == []


def test_a_release_that_cannot_log_out_is_told_and_no_failure(service: RestService) -> None:
    service.habits.has_logout = False

    told = str(after(shut("amina"), options(service.options())))

    assert 'sessions of "amina" may go on for as long as a token lives, an hour' in told
    assert told.endswith("this Graphistry has no logout-user")


def test_what_fails_is_named_and_nothing_else_is_left_out_for_it(
    service: RestService, scripts: Scripts
) -> None:
    service.habits.is_administrator = False
    scripts.give_keys("amina", AAAA1111="laptop")

    left = str(after(shut("amina"), options(service.options(), scripts.keys)))

    assert left.startswith('"amina" may not sign in any more, but sessions of "amina" may go on')
    assert scripts.keys_of("amina") == set()


def test_keys_that_stay_are_a_failure_with_whose_they_are(scripts: Scripts) -> None:
    scripts.give_keys("amina", AAAA1111="laptop")

    with scripts.trouble("stubborn"):
        left = str(after(shut("amina"), options(scripts.keys)))

    assert 'personal keys of "amina" may be left: 1 personal key (laptop) left' in left


def test_sessions_that_a_grant_wants_ended_and_nobody_can_are_a_failure() -> None:
    left = str(after(ENDED, options()))

    assert left.startswith('it was changed, but sessions of "amina" may go on')
    assert left.endswith("the options have no url")


def test_a_change_that_was_not_made_ends_nothing(service: RestService) -> None:
    refused = WriteError(TARGET, "refused")

    assert after(shut("amina"), options(service.options()), refused) == "refused"
    assert service.product.logged_out == []


def test_a_change_of_which_nobody_knows_ends_all_the_same_and_fails_where_something_is_left(
    service: RestService, scripts: Scripts
) -> None:
    given = options(service.options(), scripts.keys)
    unknown = UnknownResultError(TARGET, "no answer")

    with closing(Rest(TARGET, given)) as rest:
        parting = Parting(TARGET, given, rest, Notes())
        fine = parting.after(shut("amina"), unknown)
        with scripts.trouble("refuse"):
            left = parting.after(shut("kofi"), unknown)

    assert fine is unknown
    assert isinstance(left, WriteError)
    assert 'no answer; personal keys of "kofi" may be left' in left.message
    assert service.product.logged_out == ["amina", "kofi"]


def test_an_interrupted_run_says_that_the_rest_is_left(scripts: Scripts) -> None:
    class Stopping(Notes):
        def is_stopping(self) -> bool:
            return True

    left = Parting(TARGET, options(scripts.keys), None, Stopping()).after(shut("amina"), None)

    assert left is not None
    assert "interrupted before" in left.message
    assert scripts.ran() == []


def test_only_what_is_followed_is_marked_for_the_next_apply(
    service: RestService, scripts: Scripts
) -> None:
    with_url, with_keys = options(service.options()), options(scripts.keys)

    assert bound(with_url, shut("amina")).end_sessions == ("amina",)
    assert bound(with_url, LOWERED).end_sessions == ("yaw",)
    assert bound(with_keys, shut("amina")).end_sessions == ("amina",)
    for given, change in [(with_keys, LOWERED), (with_url, RAISED), (options(), shut("amina"))]:
        assert bound(given, change) is change


def test_sessions_can_be_ended_where_there_is_an_address(service: RestService) -> None:
    assert PROVIDER.able is not None

    assert PROVIDER.able(options(service.options())).sessions
    assert not PROVIDER.able(options()).sessions


# What plans and doctor say


def said(given: GraphistryOptions, *changes: Change, there: str = "archive") -> list[Warned]:
    fields = {"active": True, "level": "user"}
    sight = Sight(State({Key("account", (there,)): fields, Key("account", ("amina",)): fields}))
    found = [*remarks.obstacles(given, sight, changes)]
    keys = {"amina": HAS_KEYS} if given.keys_command else {}
    return [*found, *remarks.warnings(given, sight, changes, keys)]


def test_a_plan_says_what_goes_to_whom(scripts: Scripts) -> None:
    found = {each.rule: each for each in said(options(scripts.transfer), INHERITED)}

    assert found[ENDS].message.startswith('what "amina" owns is given to "archive"')
    assert not any(each.blocking for each in found.values())


@pytest.mark.parametrize(
    "change, there, why",
    [
        (INHERITED, "else", 'cannot be given to the heir "archive"'),
        (replace(INHERITED, heir="amina"), "archive", 'cannot be given to the heir "amina"'),
        (gone("amina"), "archive", "name an heir in the policy and set transfer_command"),
    ],
)
def test_a_deletion_that_would_lose_what_is_owned_is_held_back(
    scripts: Scripts, change: Change, there: str, why: str
) -> None:
    (held,) = (e for e in said(options(scripts.transfer), change, there=there) if e.blocking)

    assert why in held.message


def test_an_heir_without_the_command_is_held_back_whatever_was_accepted() -> None:
    (held,) = (e for e in said(options(allow_hard_delete=True), INHERITED) if e.blocking)

    assert "set transfer_command, or leave heir out" in held.message


def test_a_plan_without_the_script_says_once_that_keys_are_left() -> None:
    found = said(options(), shut("amina"), shut("archive"))

    (keys,) = (each for each in found if each.rule == "personal-keys")
    assert keys.message.startswith('personal keys of "amina", "archive" are not looked at')


def test_a_plan_with_the_script_says_which_keys_go(scripts: Scripts) -> None:
    found = said(options(scripts.keys), shut("amina"))

    assert HAS_KEYS in found
    assert "personal-keys" not in {each.rule for each in found}


def test_sessions_that_a_grant_wants_ended_and_nobody_can_are_told_by_plan_and_doctor(
    service: RestService,
) -> None:
    with_url = options(service.options())

    (told,) = (each for each in said(options(), ENDED) if each.rule == "sessions")
    (lack,) = open_graphistry(TARGET, options()).lacking([ENDED]).lacking

    assert told.message.startswith("sessions of amina cannot be ended without url")
    assert lack.what == "sessions of amina cannot be ended: set the option url"
    assert "sessions" not in {each.rule for each in said(with_url, ENDED)}
    assert open_graphistry(TARGET, with_url).lacking([ENDED]).lacking == ()


def test_a_preview_names_what_is_done_beside(service: RestService, scripts: Scripts) -> None:
    given = options(service.options(), scripts.keys, scripts.transfer)

    lowered, deleted, raised = preview(given, [LOWERED, INHERITED, RAISED])

    assert lowered.endswith("; with it log them out")
    assert "log them out, revoke their personal keys, give what is theirs to" in deleted
    assert "with it" not in raised


def test_doctor_says_whether_both_answer(service: RestService, scripts: Scripts) -> None:
    given = options(service.options(), scripts.keys)
    scripts.give_keys(OWN, AAAA1111="ci")

    with closing(Rest(TARGET, given)) as rest:
        fine = [*answers(given, rest, Sight(State({})))]
        service.stop()
        with scripts.trouble("refuse"):
            broken = [*answers(given, rest, Sight(State({})))]

    assert fine[0].endswith("lets svc in, to log others out")
    assert fine[1] == 'keys_command answers: "svc" has 1 personal key (ci)'
    assert broken[0].startswith("nobody can be logged out: POST /api-token-auth/")
    assert broken[1].startswith("personal keys cannot be listed: keys_command ended with code 1")


# In an installation


def test_who_is_deleted_is_shut_out_first_and_gone_when_all_is_given_away(
    lab: Lab, service: RestService, scripts: Scripts
) -> None:
    lab.installation.add_user("amina")
    scripts.give_keys("amina", AAAA1111="laptop")
    given = {**service.options(), **scripts.keys, **scripts.transfer}

    (outcome,) = lab.make(INHERITED, **given)

    assert outcome.status == "done", outcome.message
    assert outcome.message.endswith('(laptop); gave what was theirs to "archive"')
    assert scripts.moved() == ["amina to archive"]
    assert lab.installation.rows("SELECT * FROM users_user") == []


def test_nobody_is_deleted_whose_belongings_were_not_given_away(lab: Lab, scripts: Scripts) -> None:
    lab.installation.add_user("amina")

    with scripts.trouble("refuse"):
        (outcome,) = lab.make(INHERITED, **scripts.transfer)

    assert outcome.status == "failed"
    assert outcome.message.startswith('"amina" may not sign in any more, but is not deleted')
    assert lab.installation.user("amina")["is_active"] == 0


def test_what_was_left_of_a_leaver_is_tried_again_by_the_next_apply(
    lab: Lab, scripts: Scripts
) -> None:
    lab.installation.add_user("kofi")
    scripts.give_keys("kofi", AAAA1111="laptop")
    left = {
        "users": {"kofi": {"state": "departed"}},
        "roles": {"viewer": {"target": TARGET, "level": "user"}},
        "grants": [{"user": "kofi", "role": "viewer"}],
    }

    with scripts.trouble("refuse-revoke"), lab.run(left, **scripts.keys) as run:
        report = run.apply(run.plan())
    assert statuses(report.outcomes) == ["failed"]
    assert lab.installation.user("kofi")["is_active"] == 0
    again = lab.apply(left, **scripts.keys)

    assert [each.message for each in again.outcomes] == ["revoked 1 personal key (laptop)"]
    assert scripts.keys_of("kofi") == set()
