"""`reconciler import` of a system that is reached over HTTP, as a command: from words to a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli import cli
from reconciler.cli.import_ import _SYSTEMS
from reconciler.providers import registry
from reconciler.sandbox.scim.backend import PackageBackend
from tests.canary import leaks
from tests.kohakuriver.simulated import ADMIN_SECRET, start_simulator
from tests.scim.service import ScimService

CANARY = "q8Zt~canary/of-a+token=57_aX"
Import = Callable[..., Result]


@pytest.fixture
def service() -> Iterator[ScimService]:
    """A service with amina in the group readers; its token is the canary."""
    with ScimService(backend=PackageBackend(CANARY)) as found:
        amina = found.post("/Users", userName="amina", active=True, displayName="Amina")
        found.post("/Groups", displayName="readers", members=[{"value": amina}])
        yield found


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Import:
    """Commands in a folder of their own, where TOKEN holds the canary."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", CANARY)
    return lambda *arguments: CliRunner().invoke(cli, list(arguments))


def _leaks(result: Result, folder: Path | None = None) -> list[str]:
    files = [path for path in (folder.rglob("*") if folder else ()) if path.is_file()]
    texts = {"output": result.output.encode(), **{str(path): path.read_bytes() for path in files}}
    return leaks(texts, {"token": CANARY})


def test_the_manifest_that_is_written_plans_nothing_and_has_no_secret(
    run: Import, service: ScimService, tmp_path: Path
) -> None:
    options = ("--option", f"url={service.base}", "--option-env", "token=TOKEN")
    more = ("--option", "timeout_s=20", "--name", "people", "-o", "access.yaml")

    written = run("import", "scim", *options, *more)
    planned = run("plan", "--detailed-exitcode")

    assert written.exit_code == 0, written.output
    assert planned.exit_code == 0, planned.output
    text = Path("access.yaml").read_text(encoding="utf-8")
    assert "token: {env: TOKEN}" in text
    assert "timeout_s: 20" in text
    assert "  - {user: amina, role: readers}\n" in text
    assert _leaks(written, tmp_path) == _leaks(planned, tmp_path) == []


def test_a_second_system_is_imported_beside_the_first_and_both_plan_nothing(
    run: Import, service: ScimService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMIN", ADMIN_SECRET)
    people = ("--option", f"url={service.base}", "--option-env", "token=TOKEN", "-o", "a.yaml")
    with start_simulator() as simulator:
        simulator.store.add_user("amina", "operator", display_name="Amina")
        simulator.store.add_user("kofi", "viewer")
        river = ("--option", f"url={simulator.url}", "--option-env", "admin_token=ADMIN")

        results = [
            run("import", "scim", *people),
            run("import", "kohakuriver", *river, "--beside", "a.yaml", "-o", "b.yaml"),
            run("plan", "-f", "a.yaml", "-f", "b.yaml", "--detailed-exitcode"),
        ]
        again = run("import", "kohakuriver", *river, "--beside", "a.yaml", "--name", "scim")

    assert [each.exit_code for each in results] == [0, 0, 0], [each.output for each in results]
    assert "reconciler plan -f a.yaml -f b.yaml --unmanaged" in results[1].stdout
    assert "amina:" not in Path("b.yaml").read_text(encoding="utf-8")
    assert again.exit_code == 4
    assert '(see --name):2:11: targets.scim: "scim" stands twice' in again.stderr


def test_a_secret_may_be_in_a_file_and_the_manifest_goes_to_stdout(
    run: Import, service: ScimService
) -> None:
    Path("token").write_text(f"{CANARY}\n", encoding="utf-8")

    result = run(
        "import", "scim", "--option", f"url={service.base}", "--option-file", "token=token"
    )

    assert result.exit_code == 0, result.output
    assert "token: {file: token}" in result.stdout
    assert result.stderr == ""
    assert _leaks(result) == []


def test_an_option_that_takes_several_values_is_repeated(run: Import) -> None:
    command = ("--option", "command=false", "--option", "command=--loudly")

    result = run("import", "graphistry", *command)

    assert result.exit_code == 9
    assert "the command false ended with code 1" in result.stderr


@pytest.mark.parametrize(
    "system, arguments, messages",
    [
        (
            "scim",
            (),
            (
                "- url, by --option NAME=VALUE (The base address",
                "- token, by --option-env NAME=VARIABLE or --option-file NAME=PATH (The bearer",
            ),
        ),
        ("scim", ("--option", f"token={CANARY}"), ("token is a secret",)),
        ("scim", ("--option", CANARY.replace("=", "")), ("written as --option NAME=VALUE",)),
        ("scim", ("--option", "ulr=x"), ('"ulr" is not an option of scim; did you mean "url"?',)),
        ("scim", ("--option", "url=a", "--option", "url=b"), ("the option url is given twice",)),
        ("scim", ("--option", "url=a", "--option-env", "url=TOKEN"), ("is given twice",)),
        (
            "scim",
            ("--option", "url=ftp://x", "--option-env", "token=TOKEN"),
            ("the option url is not usable: needs an address",),
        ),
        (
            "scim",
            ("--option", "url=http://x", "--option-env", "token=NOT_SET"),
            ("the environment variable NOT_SET is not set; set it",),
        ),
        (
            "scim",
            ("--option", "url=http://x", "--option-file", "token=nowhere"),
            ("the file nowhere cannot be read",),
        ),
        ("scim", ("--dsn-env", "TOKEN"), ('"dsn" is not an option of scim',)),
        ("scim", ("--database", "x"), ("--database is for PostgreSQL",)),
        (
            "mobiusflow",
            ("--option", "dialect=v2"),
            ("- url, by --option", "- username, by --option", "- password, by --option-env"),
        ),
        ("graphistry", ("--option", f"personal_key={CANARY}"), ("personal_key is a secret",)),
        ("graphistry", ("--option", "org_model=x.Y"), ("organisations need slug_field",)),
        ("postgres", ("--beside", "a.yaml"), ("import PostgreSQL first",)),
        ("postgres", ("--option-env", "dsn=A", "--dsn-env", "B"), ("either --dsn-env or",)),
    ],
)
def test_a_command_line_that_cannot_work_says_what_to_write(
    run: Import, system: str, arguments: tuple[str, ...], messages: tuple[str, ...]
) -> None:
    result = run("import", system, *arguments, "-o", "access.yaml")

    assert result.exit_code == 64
    assert [each for each in messages if each not in result.stderr] == []
    assert _leaks(result) == []
    assert not Path("access.yaml").exists()


def test_a_system_that_cannot_be_read_whole_ends_it_with_nothing_written(
    run: Import, service: ScimService
) -> None:
    service.oddities.lies_about_total = True
    options = ("--option", f"url={service.base}", "--option-env", "token=TOKEN")

    result = run("import", "scim", *options, "-o", "access.yaml")

    assert result.exit_code == 9
    assert "and no more" in result.stderr
    assert _leaks(result) == []
    assert not Path("access.yaml").exists()


def test_every_kind_of_system_but_the_toy_can_be_imported() -> None:
    assert {*registry.NAMES} - {*_SYSTEMS} == {"memory"}
