"""Passwords from outside and renewed ones, as far as no target is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.changes import Change
from reconciler.classify import direction
from reconciler.desired import expand
from reconciler.engine.passwords import with_passwords
from reconciler.engine.reading import Reading
from reconciler.engine.recovering import found_results
from reconciler.errors import ManifestError
from reconciler.manifest.load import LoadedManifest, parse_manifest
from reconciler.options import resolve_passwords
from reconciler.passwords import (
    AS_GIVEN,
    GivenPassword,
    Marks,
    PasswordMark,
    Standing,
    asked_password,
    is_renewal,
    managed_end,
    temporary,
)
from reconciler.provider import Identity, Provider
from reconciler.providers.registry import provider_type
from reconciler.safety.taking import takes
from reconciler.scope import Capabilities, Desired, Policy, Provenance, Scope
from reconciler.secret import Secret
from reconciler.source import Source
from reconciler.state import Fields, Key, State

NOON = datetime(2027, 6, 30, 12, 0, tzinfo=UTC)
AMINA = Key("account", ("amina",))
CANARY = "canary-5e0f1a-of-a-secret"
MANIFEST = """\
version: 1
targets: {db: {provider: postgres, options: {dsn: {env: DSN}}}}
servers: {store: {target: db, database: postgres}}
users:
  amina: {accounts: {db: {name: amina_d, password: REFERENCE}}}
  kofi: {accounts: {db: {password: {env: KOFI}}}}
  esi: {}
roles: {reader: {server: store}}
grants: [{user: amina, role: reader}, {user: esi, role: reader}]
"""


def _loaded(reference: str = "{env: AMINA}", provider: str = "postgres") -> LoadedManifest:
    text = MANIFEST.replace("REFERENCE", reference).replace(
        "postgres, options", f"{provider}, options"
    )
    return parse_manifest({"access.yaml": text})


def _resolved(
    environment: Mapping[str, str], reference: str = "{env: AMINA}"
) -> Mapping[str, GivenPassword]:
    loaded, kind = _loaded(reference), provider_type("postgres")
    desired = expand(loaded, {"postgres": kind.capabilities}, NOON)["db"]
    return resolve_passwords(loaded, desired, kind, environment)


def test_only_accounts_that_are_asked_for_have_a_password_from_outside() -> None:
    able = Capabilities(privileges=True, given_passwords=True)
    desired = expand(_loaded(), {"postgres": able}, NOON)["db"]

    assert desired.passwords == {"amina_d": ("users", "amina", "accounts", "db", "password")}
    assert "password" not in (desired.state.get(Key("account", ("amina_d",))) or {})


def test_a_target_that_takes_no_passwords_refuses_one_at_its_line() -> None:
    with pytest.raises(ManifestError) as caught:
        expand(_loaded(), {"postgres": Capabilities(privileges=True)}, NOON)

    (first, second) = caught.value.problems
    assert "users.amina.accounts.db.password" in str(first)
    assert "users.kofi.accounts.db.password" in str(second)
    assert "cannot come from outside" in str(first)


@pytest.mark.parametrize("written", [CANARY, f"{{clear: {CANARY}}}", "12345", "[a]"])
def test_a_password_that_is_written_out_is_refused_and_not_repeated(written: str) -> None:
    with pytest.raises(ManifestError, match="never the secret itself") as caught:
        _loaded(written)

    assert CANARY not in str(caught.value)


def test_a_reference_becomes_a_value_that_nothing_shows(tmp_path: Path) -> None:
    (tmp_path / "amina").write_text(f"{CANARY}\r\n", encoding="utf-8")

    by_name = _resolved({"AMINA": CANARY})
    by_path = _resolved({}, f"{{file: {tmp_path}/amina}}")

    assert by_name["amina_d"].value == by_path["amina_d"].value == Secret(CANARY)
    assert CANARY not in repr([by_name, by_path])


@pytest.mark.parametrize("environment", [{}, {"AMINA": ""}])
def test_a_reference_that_leads_nowhere_is_no_fault(environment: dict[str, str]) -> None:
    found = _resolved(environment)

    assert found["amina_d"].value is None
    assert "the environment variable AMINA is" in found["amina_d"].missing


def test_a_value_that_cannot_be_used_is_told_by_its_reference_and_line() -> None:
    with pytest.raises(ManifestError) as caught:
        _resolved({"AMINA": f"SCRAM-SHA-256${CANARY}"})

    (problem,) = caught.value.problems
    assert "access.yaml:5:" in str(problem)
    assert "{env: AMINA}" in str(problem)
    assert CANARY not in str(problem)


# The words of the field


@pytest.mark.parametrize("end", ["", "infinity", "2031-01-01T00:00:00Z"])
def test_a_renewal_says_until_when_the_manifest_lets_the_account_sign_in(end: str) -> None:
    change = Change("update", AMINA, {"password": None}, {"password": temporary(end)})

    assert is_renewal(change)
    assert managed_end(change) == end


def test_a_change_without_a_password_is_no_renewal() -> None:
    login = Change("update", AMINA, {"login": False}, {"login": True})
    role = Change("update", Key("role", ("reader",)), {"password": None}, {"password": "temporary"})

    assert (asked_password(login), asked_password(role)) == ("", "")
    assert not is_renewal(login)
    assert not is_renewal(role)


@pytest.mark.parametrize(
    "before, after, way",
    [
        ({"password": "as given"}, {"password": "none"}, "narrowed"),
        ({"password": "none"}, {"password": "as given"}, "widened"),
        ({"password": "as given"}, {"password": "another"}, "mixed"),
        ({"valid_until": "2031-01-01T00:00:00Z"}, {"valid_until": "infinity"}, "widened"),
        ({"valid_until": "infinity"}, {"valid_until": "2031-01-01T00:00:00Z"}, "narrowed"),
    ],
)
def test_a_password_taken_or_an_end_lifted_has_a_direction(
    before: Fields, after: Fields, way: str
) -> None:
    assert direction(before, after) == way


def test_a_new_password_takes_nothing_away_but_what_comes_with_it_may() -> None:
    renewed = Change("update", AMINA, {"password": None}, {"password": "temporary"})
    both = Change(
        "update",
        AMINA,
        {"password": "another", "login": True},
        {"password": "as given", "login": False},
    )

    assert not takes(renewed, Capabilities())
    assert takes(both, Capabilities())


def test_nobody_says_that_a_renewal_of_a_run_that_died_was_not_done() -> None:
    change = Change("update", AMINA, {"password": None}, {"password": "temporary"})

    (result,) = found_results([(0, change)], State({AMINA: {"login": True}}))

    assert result.status == "changed"
    assert "nobody can see" in result.message


def test_a_given_password_of_a_run_that_died_is_found_done_or_not() -> None:
    change = Change("update", AMINA, {"password": "another"}, {"password": AS_GIVEN})

    done = found_results([(0, change)], State({AMINA: {"password": "as given"}}))
    undone = found_results([(0, change)], State({AMINA: {"password": "another"}}))

    assert [each.status for each in (*done, *undone)] == ["done", "not_done"]


# Readings


class Keeper:
    """A provider that says of passwords what it is told to say, and notes what it was asked."""

    def __init__(self, standings: Mapping[str, Standing], marks: Marks) -> None:
        self._standings = standings
        self._marks = marks
        self.asked: list[tuple[list[str], list[str]]] = []

    def compare_passwords(
        self, given: Mapping[str, Secret], marks: Marks
    ) -> Mapping[str, Standing]:
        self.asked.append((sorted(given), sorted(marks)))
        return self._standings

    def password_marks(self) -> Marks:
        return self._marks


def _reading(observed: Fields | None, asked: Fields | None = None) -> Reading:
    state = State({AMINA: asked or {}})
    desired = Desired(
        "db",
        "postgres",
        state,
        Scope(),
        Policy(),
        Provenance({}, lambda path: Source("a.yaml", 1, 1, str(path))),
        {},
    )
    there = {} if observed is None else {AMINA: observed}
    return Reading(Identity("PostgreSQL", "18", "root"), desired, State(there), state)


def _with(
    reading: Reading, standing: Standing | None, marks: Marks, given: Mapping[str, GivenPassword]
) -> tuple[Reading, Keeper]:
    keeper = Keeper({} if standing is None else {"amina": standing}, marks)
    provider: Provider = keeper  # type: ignore[assignment]  # all of a provider that is needed
    return with_passwords(reading, provider, given), keeper


ENDS = PasswordMark("c2FsdA==", "2027-07-07T00:00:00Z")
GIVEN = {"amina": GivenPassword("{env: A}", Secret(CANARY))}


def test_without_given_passwords_and_marks_nothing_is_asked() -> None:
    reading = _reading({"valid_until": "infinity"})

    result, keeper = _with(reading, None, {}, {})

    assert result is reading
    assert keeper.asked == []


def test_a_mark_whose_end_is_not_the_account_s_any_more_is_not_asked_about() -> None:
    for there, asked in (
        ({"valid_until": "infinity"}, {}),
        ({"valid_until": ENDS.expires}, {"valid_until": ENDS.expires}),
    ):
        reading = _reading(there, asked)

        result, keeper = _with(reading, None, {"amina": ENDS}, {})

        assert result is reading
        assert keeper.asked == []


@pytest.mark.parametrize(
    "is_ours, lifted, told",
    [(False, "infinity", []), (True, None, []), (None, None, ["password-ends"])],
)
def test_an_end_is_lifted_only_when_another_password_is_seen(
    is_ours: bool | None, lifted: str | None, told: list[str]
) -> None:
    reading = _reading({"valid_until": ENDS.expires})

    result, _ = _with(reading, Standing("unknown", is_ours), {"amina": ENDS}, {})

    assert (result.desired.state.get(AMINA) or {}).get("valid_until") == lifted
    assert [each.rule for each in result.remarks] == told
    assert result.password_marks == {"amina": ENDS}


def test_a_mark_of_an_account_that_is_gone_is_forgotten() -> None:
    result, _ = _with(_reading(None), None, {"amina": PasswordMark("c2FsdA==")}, GIVEN)

    assert result.password_marks == {}
    assert (result.desired.state.get(AMINA) or {})["password"] == AS_GIVEN


@pytest.mark.parametrize("are_needed", [False, True])
def test_a_new_account_waits_for_its_password_only_where_none_is_made_without(
    are_needed: bool,
) -> None:
    provider: Provider = Keeper({}, {})  # type: ignore[assignment]  # all of a provider that is needed
    missing = {"amina": GivenPassword("{env: A}", None, "A is not set")}

    result = with_passwords(_reading(None), provider, missing, are_needed=are_needed)

    assert (result.desired.state.get(AMINA) or {})["password"] == "none"
    assert [(each.rule, each.blocking) for each in result.remarks] == [
        ("password-missing", are_needed)
    ]
    assert "A is not set" in result.remarks[0].message


def test_what_is_kept_as_given_is_no_difference() -> None:
    mark = {"amina": PasswordMark("c2FsdA==")}

    result, _ = _with(_reading({}), Standing("as given", is_ours=True), mark, GIVEN)

    assert result.desired.state.get(AMINA) == result.observed.get(AMINA)
    assert result.password_marks == mark


@pytest.mark.parametrize(
    "is_ours, applied", [(False, {"password": AS_GIVEN}), (True, {}), (None, {})]
)
def test_another_password_is_the_target_s_doing_only_where_ours_is_gone(
    is_ours: bool | None, applied: Fields
) -> None:
    reading = replace(_reading({}), applied=State({AMINA: {}}))
    mark = {"amina": PasswordMark("c2FsdA==")}

    result, _ = _with(reading, Standing("another", is_ours), mark, GIVEN)

    assert result.applied is not None
    assert result.applied.get(AMINA) == applied
    assert result.observed.get(AMINA) == {"password": "another"}


def test_what_nobody_can_compare_is_left_alone_with_a_note() -> None:
    result, _ = _with(_reading({}), Standing("unknown"), {}, GIVEN)

    assert result.desired.state.get(AMINA) == {}
    assert [each.rule for each in result.remarks] == ["password-unknown"]
    assert CANARY not in repr(result)
