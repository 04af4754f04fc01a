"""The manifests of `examples/` on the systems they are for, by the program as a person runs it.

What came of it is what each system says when it is asked around the program.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from reconciler.sandbox.systems import sandbox_systems
from tests.e2e import six_systems
from tests.e2e.conftest import Program
from tests.e2e.six_systems import Facts, System

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
SINGLE = {
    "flowauth-1.17": (lambda: six_systems.legacy_flowauth("B")),
    "graphistry": six_systems.visuals,
    "kohakuriver": six_systems.river,
    "mobiusflow": six_systems.plant,
    "scim": six_systems.people,
}
ALL = "all-systems"
ACCESS = "access"
"""Tested in `test_example` and `test_demo`."""

Passwords = Mapping[tuple[str, str], str]


def program_for(example: str, folder: Path, environment: Mapping[str, str]) -> Program:
    """The program in a folder with this example as its manifest."""
    text = (EXAMPLES / f"{example}.yaml").read_text(encoding="utf-8")
    (folder / "access.yaml").write_text(text, encoding="utf-8")
    return Program(folder, environment)


def told(program: Program, *arguments: str, code: int = 0) -> str:
    """What a run says, which must end so."""
    done = program(*arguments)
    assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def converge(program: Program) -> Passwords:
    """Everything from the first look at the manifest to the plan that is empty.

    Gives the passwords that were handed over, by target and account.
    """
    told(program, "validate")
    told(program, "plan", "--detailed-exitcode", code=2)
    told(program, "apply", "--yes", "--credentials-out", "passwords.jsonl")
    stay(program)
    file = program.folder / "passwords.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    entries = (json.loads(line) for line in lines)
    return {(e["target"], e["account"]): e["password"] for e in entries if "password" in e}


def stay(program: Program) -> None:
    """There is nothing to do, and no system changed by itself."""
    told(program, "plan", "--detailed-exitcode")
    told(program, "drift")


@pytest.mark.parametrize("example", sorted(SINGLE))
def test_each_example_is_applied_and_then_nothing_is_left_to_do(
    example: str, tmp_path: Path
) -> None:
    with SINGLE[example]() as system:
        passwords = converge(program_for(example, tmp_path, system.environment))

        for (_, account), password in passwords.items():
            assert system.lets_in(account, password)
        assert [fact for fact in system.facts() if re.search(r"\bamina\b", fact)]


def test_the_example_for_1_17_does_on_the_first_releases_too(tmp_path: Path) -> None:
    with six_systems.legacy_flowauth("A") as system:
        converge(program_for("flowauth-1.17", tmp_path, system.environment))

        assert "user kofi in ghana-analyst" in system.facts()


def test_every_example_is_tried() -> None:
    assert {path.stem for path in EXAMPLES.iterdir()} == {*SINGLE, ALL, ACCESS}


# All six together, while of three people Esi departs in the manifest, and Kofi is offboarded


@dataclass(frozen=True, slots=True)
class Moment:
    """Which systems let each person in, and all that they hold."""

    let_in: Mapping[str, Set[str]]
    facts: Mapping[str, Facts]

    def of_others(self, person: str) -> Mapping[str, Facts]:
        """All facts that are not about this person."""
        return self._those(lambda fact: not re.search(rf"\b{person}\b", fact))

    def names_of(self, person: str) -> Mapping[str, Set[str]]:
        """The facts about this person, without their values."""
        found = self._those(lambda fact: bool(re.search(rf"\b{person}\b", fact)))
        return {name: set(facts) for name, facts in found.items()}

    def _those(self, is_one: Callable[[str], bool]) -> Mapping[str, Facts]:
        return {
            name: {fact: value for fact, value in facts.items() if is_one(fact)}
            for name, facts in self.facts.items()
        }


@dataclass(frozen=True, slots=True)
class Departure:
    """What was at first, after Esi departed, and after Kofi did; and what was told of it."""

    first: Moment
    plan: str
    report: str
    second: Moment
    offboarding: str
    third: Moment


@pytest.fixture(scope="module")
def departure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Departure]:
    """All is applied to six systems; then two people leave, each in another way."""
    with sandbox_systems() as systems, six_systems.six_systems(systems) as six:
        environment = {k: v for each in six.values() for k, v in each.environment.items()}
        program = program_for(ALL, tmp_path_factory.mktemp("six"), environment)
        passwords = converge(program)
        first = moment(six, passwords)
        depart(program, "esi: {name: Esi Owusu, email: esi@example.org")
        dsn = six["flowdb"].environment["FLOWDB_DSN"]
        own = make_conninfo(dsn, user="esi", password=passwords["flowdb", "esi"])
        with psycopg.connect(own) as session:
            plan = told(program, "plan", "--detailed-exitcode", code=2)
            report = told(program, "apply", "--yes")
            with pytest.raises(psycopg.OperationalError):
                session.execute("SELECT 1")
        stay(program)
        second = moment(six, passwords)
        offboarding = told(program, "offboard", "kofi", "--yes", "--reason", "HR-12")
        third = moment(six, passwords)
        depart(program, "kofi: {name: Kofi Mensah, email: kofi@example.org")
        stay(program)
        yield Departure(first, plan, report, second, offboarding, third)
        assert systems.flowauth.unplanned_errors == ()


def moment(six: Mapping[str, System], passwords: Passwords) -> Moment:
    """How all six are now."""
    let_in = {
        person: {
            name
            for name, system in six.items()
            if system.lets_in(person, "" if name == "people" else passwords[name, person])
        }
        for person in ("amina", "esi", "kofi")
    }
    return Moment(let_in, {name: system.facts() for name, system in six.items()})


def depart(program: Program, line: str) -> None:
    """Write into the manifest that the person of this line has departed."""
    path = program.folder / "access.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(line) == 1
    path.write_text(text.replace(line, f"{line}, state: departed"), encoding="utf-8")


SIX = {"flowdb", "flowauth", "river", "plant", "visuals", "people"}


def test_one_manifest_is_applied_to_six_kinds_of_system(departure: Departure) -> None:
    assert departure.first.let_in == {"amina": SIX, "esi": SIX, "kofi": SIX}


def test_who_departs_is_shut_out_of_all_six_and_nobody_else_is(departure: Departure) -> None:
    assert departure.second.let_in == {"amina": SIX, "esi": set(), "kofi": SIX}
    assert departure.second.of_others("esi") == departure.first.of_others("esi")


def test_who_is_offboarded_is_shut_out_of_all_six_and_nobody_else_is(departure: Departure) -> None:
    assert departure.third.let_in == {"amina": SIX, "esi": set(), "kofi": set()}
    assert departure.third.of_others("kofi") == departure.second.of_others("kofi")


@pytest.mark.parametrize("person", ["esi", "kofi"])
def test_who_left_keeps_nothing_but_an_account_that_is_shut(
    departure: Departure, person: str
) -> None:
    assert departure.third.names_of(person) == {
        "flowdb": {f"role {person}"},
        "flowauth": set(),
        "river": {f"user {person}"},
        "plant": set(),
        "visuals": {f"address {person}@example.org", f"user {person}"},
        "people": {f"user {person}"},
    }


def test_what_cannot_be_taken_from_who_departs_is_told_by_name(departure: Departure) -> None:
    for text in (departure.plan, departure.report):
        assert 'note, flowauth: FlowAuth revokes no tokens: those that "esi" made are good' in text
        assert 'note, visuals: Graphistry revokes no tokens: "esi" may go on' in text
    assert "ended 1 session of esi" in departure.report


def test_what_cannot_be_taken_from_who_is_offboarded_is_told_by_name(departure: Departure) -> None:
    """On PostgreSQL and KohakuRiver nothing goes on: sessions end there."""
    _, _, rest = departure.offboarding.partition("Goes on, see to it yourself\n")
    goes_on = rest.partition("\n\n")[0].splitlines()

    begins = (
        'flowauth: FlowAuth revokes no tokens: those that "kofi" made',
        "people: open sessions of kofi cannot be ended there",
        "plant: open sessions of kofi cannot be ended there",
        'visuals: Graphistry revokes no tokens: "kofi" may go on',
        'visuals: personal keys of "kofi" are not looked at',
    )
    assert len(goes_on) == len(begins)
    for line, begin in zip(goes_on, begins, strict=True):
        assert line.strip().startswith(begin)
