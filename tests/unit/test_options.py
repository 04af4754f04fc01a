"""Options of a target: what is wrong with them is told with its place, and never with a value."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.manifest.load import LoadedManifest, parse_manifest
from reconciler.options import check_options, resolve_options
from reconciler.provider import ProviderType
from reconciler.providers.registry import provider_type

CANARY = "canary-5e0f1a-of-a-secret"


def _loaded(options: str, provider: str = "postgres") -> tuple[LoadedManifest, ProviderType]:
    text = f"version: 1\ntargets:\n  db:\n    provider: {provider}\n    options: {options}\n"
    return parse_manifest({"access.yaml": text}), provider_type(provider)


def test_checking_follows_no_reference() -> None:
    loaded, kind = _loaded("{dsn: {env: NOT_SET}, lock_timeout_s: {file: /nowhere}}")

    assert check_options(loaded, "db", kind) == ()


def test_checking_does_not_judge_together_what_is_not_known_yet() -> None:
    names = ["org_model", "slug_field", "membership_model", "user_field", "org_field", "role_field"]
    models = ", ".join(f"{name}: {{env: {name.upper()}}}" for name in names)
    loaded, kind = _loaded(f"{{{models}, role_names: [member]}}", "graphistry")

    assert check_options(loaded, "db", kind) == ()


def test_checking_finds_everything_that_no_environment_can_mend() -> None:
    loaded, kind = _loaded("{dns: {env: DSN}, password_days: many, passwords: never}")

    problems = [str(problem) for problem in check_options(loaded, "db", kind)]

    assert len(problems) == 4
    assert any('the option "dsn" is missing' in each for each in problems)
    assert any('"dns" is not an option of postgres; did you mean "dsn"?' in p for p in problems)
    assert any(p.startswith("access.yaml:5:32: targets.db.options.password_days") for p in problems)
    assert any("targets.db.options.passwords" in each for each in problems)


def test_references_become_values(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{CANARY}\n")
    options = f"{{url: {{env: URL}}, username: tool, password: {{file: {tmp_path}/password}}}}"
    loaded, kind = _loaded(options, "flowauth")

    resolved = resolve_options(loaded, "db", kind, {"URL": "https://flowauth.example.org/"})

    assert [secret.reveal() for secret in resolved.secrets()] == [CANARY]
    assert getattr(resolved, "url", "") == "https://flowauth.example.org"
    assert CANARY not in repr(resolved) + str(resolved)


def test_a_secret_that_may_be_left_out_is_read_again_from_its_file_too(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(CANARY)
    options = (
        f"{{url: 'https://graphs.example.org', service_account: tool, "
        f"password: {{file: {tmp_path}/password}}}}"
    )
    loaded, kind = _loaded(options, "graphistry")
    (secret,) = resolve_options(loaded, "db", kind, {}).secrets()
    (tmp_path / "password").write_text(f"{CANARY}-renewed")

    secret.read_again()

    assert secret.reveal() == f"{CANARY}-renewed"


@pytest.mark.parametrize(
    "options, environment, said",
    [
        ("{dsn: {env: DSN}}", {}, "the environment variable DSN is not set"),
        ("{dsn: {env: DSN}}", {"DSN": ""}, "the environment variable DSN is empty"),
        ("{dsn: {file: /nowhere/dsn}}", {}, "the file /nowhere/dsn cannot be read: No such file"),
    ],
)
def test_a_reference_that_leads_nowhere_is_said_to(
    options: str, environment: dict[str, str], said: str
) -> None:
    loaded, kind = _loaded(options)

    with pytest.raises(ManifestError) as caught:
        resolve_options(loaded, "db", kind, environment)

    (problem,) = caught.value.problems
    assert said in str(problem)
    assert str(problem).startswith("access.yaml:5:15: targets.db.options.dsn: ")


@pytest.mark.parametrize("content", [b"", b"  \n", b"\xff\xfe", b"x" * 70_000])
def test_a_file_that_holds_no_value_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "dsn").write_bytes(content)
    loaded, kind = _loaded(f"{{dsn: {{file: {tmp_path}/dsn}}}}")

    with pytest.raises(ManifestError, match=r"the file .*/dsn "):
        resolve_options(loaded, "db", kind, {})


def test_a_wrong_value_is_in_no_error() -> None:
    loaded, kind = _loaded("{dsn: {env: DSN}, password_days: {env: DAYS}}")

    with pytest.raises(ManifestError) as caught:
        resolve_options(loaded, "db", kind, {"DSN": CANARY, "DAYS": CANARY})

    assert CANARY not in "".join(traceback.format_exception(caught.value))
