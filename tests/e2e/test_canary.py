"""No secret comes out anywhere: canaries in every place for secrets, real commands against real
systems that fail in every way that repeats what they were sent, and a search through everything.

The commands run once for all tests of this module; what they are is `canary_house`.
"""

from __future__ import annotations

import base64
import sqlite3
import traceback
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from reconciler.engine import Run
from reconciler.errors import ReconcilerError
from reconciler.providers.postgres.passwords import new_password
from reconciler.providers.registry import provider_type
from reconciler.sandbox.flowauth import Fault, FaultKind
from reconciler.sandbox.postgres.template import ClusterTemplate
from reconciler.secret import Secret
from tests.canary import (
    SPELLINGS,
    chain,
    folder_texts,
    leaks,
    new_canary,
    shown_objects,
)
from tests.e2e.canary_house import OWN, House, lived_in_house

PLACES = {("postgres", "dsn"), ("flowauth", "password")}
"""The secret options of this house. Those of every provider hold a canary of the conformance suite,
which looks for it in all that a provider shows."""


@pytest.fixture(scope="module")
def house(
    cluster_template: ClusterTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """The house after everything in it has happened."""
    with lived_in_house(cluster_template, tmp_path_factory.mktemp("house")) as house:
        yield house


# That everything happened as it was meant to


def test_the_house_is_a_real_one_prv_09(house: House) -> None:
    codes = {what: done.returncode for what, done in house.done.items()}

    good = ("validate", "statements", "plan", "show", "apply", "drift", "log", "verify", "ledger")
    assert {what: codes[what] for what in good} == dict.fromkeys(good, 0)
    for what in ("wrong api", "wrong dsn", "refused", "timeout", "unescaped", "cut"):
        assert codes[what] == 9, house.done[what]
    for what in ("telling json", "telling text", "syntax error"):
        assert codes[what] in (1, 8), house.done[what]
    assert all(len(house.canary(place)) > 30 for place in ("hmac key", "ledger password"))
    assert len(house.sessions) > 20
    assert (house.folder / "plan.json.sig").exists()
    assert "HTTP Request: POST" in house.logged


def test_the_secret_options_of_this_house_are_those_of_its_providers_prv_09() -> None:
    found = {
        (name, option)
        for name in {name for name, _ in PLACES}
        for option, each in provider_type(name).options.model_fields.items()
        if each.annotation is Secret
    }

    assert found == PLACES


def test_each_failure_repeated_what_it_was_sent_prv_09(house: House) -> None:
    telling = (house.done[f"telling {form}"].stdout for form in ("json", "text"))

    assert all("the trigger says" in each and "amina=***" in each for each in telling)
    assert "PASSWORD '***'" in house.done["telling text"].stdout
    assert "syntax error at or near" in house.done["syntax error"].stdout
    assert "Cannot read this" in house.done["telling json"].stdout
    assert "Cannot read this" in house.done["echo_400 to POST /signin"].stderr
    assert "Cannot read this" in house.done["echo_400 to GET /admin/users"].stderr
    assert "Traceback" in house.done["echo_400 to GET /admin/users"].stderr


# That nothing came out


def test_no_secret_is_in_any_output_file_or_ledger_prv_09_pln_08(house: House) -> None:
    texts, canaries = house.texts(), house.all_canaries()

    assert {"plan.json", "plan.json.sig", ".reconciler/ledger.sqlite3"} <= set(texts)
    assert any(name.startswith("the ledger's table") for name in texts)
    assert leaks(texts, canaries) == []


def test_nothing_looks_like_a_stored_password_prv_09(house: House) -> None:
    """The verifiers of roles whose creation was rolled back are known to nobody any more."""
    found = [name for name, text in house.texts().items() if b"SCRAM-SHA-256$" in text]

    assert found == []


def test_the_search_would_find_a_canary_in_every_spelling_prv_09(tmp_path: Path) -> None:
    value = new_canary("planted")
    clean = folder_texts(tmp_path)
    for number, spell in enumerate(SPELLINGS.values()):
        (tmp_path / f"{number}").write_bytes(b"before " + spell(value) + b" behind")

    found = leaks(folder_texts(tmp_path), {"the planted one": value})

    assert leaks(clean, {"the planted one": value}) == []
    for number, spelling in enumerate(SPELLINGS):
        assert f"{number}: the planted one, {spelling}" in found


@pytest.mark.parametrize("length", range(3))
def test_the_search_finds_base64_wherever_it_begins_prv_09(length: int) -> None:
    value = new_canary("planted")
    text = base64.b64encode(b"x" * length + value.encode() + b"and more")

    assert leaks({"a text": text}, {"it": value}) != []


def test_the_search_finds_what_lies_on_two_pages_of_a_database_or_in_its_log_prv_09(
    tmp_path: Path,
) -> None:
    value = new_canary("planted")
    with closing(sqlite3.connect(tmp_path / "ledger")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE entries (text TEXT)")
        for size in range(4060, 4100):
            connection.execute("INSERT INTO entries VALUES (?)", ["x" * size + value])
        connection.commit()
        found = leaks(folder_texts(tmp_path), {"it": value})

    assert "ledger as rows: it, as it is" in found
    assert "ledger-wal: it, as it is" in found


# Values in this process


def test_no_object_shows_a_secret_prv_09(house: House) -> None:
    with Run(house.inputs()) as run:
        plan = run.plan()
        options = [provider.options for provider in run.providers.values()]  # type: ignore[attr-defined]  # both have them
        start = [run, plan, options, run.redactor(), new_password(datetime.now(UTC), 1, 4096)]
        shown = dict(shown_objects(start))

    assert {"Run", "Inputs", "Origin", "PostgresProvider", "FlowAuthProvider"} <= set(shown)
    assert {"PostgresOptions", "FlowAuthOptions", "Client", "Redactor", "Secret"} <= set(shown)
    assert "Secret(***)" in shown["Secret"]
    assert leaks({name: text.encode() for name, text in shown.items()}, house.all_canaries()) == []


@pytest.mark.parametrize("provider, option", sorted(PLACES))
def test_options_show_no_secret_however_they_are_written_out_prv_09(
    provider: str, option: str
) -> None:
    value = new_canary(option)
    needed = {"flowauth": {"url": "http://127.0.0.1", "username": OWN}}
    given = {**needed.get(provider, {}), option: value}
    model = provider_type(provider).options
    options = model.model_validate(given)

    shown = [repr(options), str(options), repr(options.model_dump()), options.model_dump_json()]
    shown += [
        repr(options.model_dump(mode="json")),
        repr(dict(options)),
        repr(asdict(_Box(options))),
    ]
    for wrong in ({"nonsense": value}, {option: [value]}, {option: {"env": value}}, {option: 7}):
        with pytest.raises(ValidationError) as caught:
            model.model_validate(given | wrong)
        shown.append("".join(traceback.format_exception(caught.value)).replace("nonsense", ""))

    assert value in {each.reveal() for each in options.secrets()}
    assert leaks({"what was shown": "\n".join(shown).encode()}, {option: value}) == []


@dataclass(frozen=True)
class _Box:
    content: object


@pytest.mark.parametrize("what", ["wrong password", "closed port", "echo"])
def test_no_error_holds_a_secret_however_far_behind_it_prv_09(house: House, what: str) -> None:
    wrong = house.canary("wrong password")
    environment = {
        "wrong password": {"API_PASSWORD": wrong, "DB_DSN": house.dsn(password=wrong)},
        "closed port": {"API_URL": "http://127.0.0.1:1", "DB_DSN": house.dsn(port=1)},
    }.get(what, {})
    if what == "echo":
        house.flowauth.faults.arm(Fault(FaultKind.ECHO_400, "GET", "/admin/users", count=20))

    with pytest.raises(ReconcilerError) as caught, Run(house.inputs(**environment)) as run:
        run.plan()
    house.flowauth.faults.disarm()

    errors = [each for first in _errors(caught.value) for each in chain(first)]
    texts = {
        f"{number} {type(each).__name__}": f"{each} {each!r} {each.args!r} {_traced(each)}".encode()
        for number, each in enumerate(errors)
    }
    assert len(texts) > 1
    assert leaks(texts, house.all_canaries()) == []


def _errors(error: ReconcilerError) -> list[BaseException]:
    """The error, and those that it lists."""
    return [error, *getattr(error, "failures", ())]


def _traced(error: BaseException) -> str:
    return "".join(traceback.TracebackException.from_exception(error).format())
