"""The servers of `./dev test --scim`: what cannot be had is an error, and never a skip."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tools.pinned import ROOT, NotFetchedError
from tools.scim_servers import SERVERS, fetch, main, parse, run_on


def test_a_machine_without_npm_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NotFetchedError, match=r"install Node\.js"):
        fetch("scimmy", cache=tmp_path / "cache")

    assert not list((tmp_path / "cache").glob("scimmy-*"))


def test_an_npm_that_fails_is_an_error_with_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("npm", "node"):
        (tmp_path / name).write_text('#!/bin/sh\necho "no route to host" >&2\nexit 7\n')
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    with pytest.raises(NotFetchedError, match=r"exit 7.*\n.*no route to host"):
        fetch("scimmy", cache=tmp_path / "cache")

    assert not list((tmp_path / "cache").glob("scimmy-*"))


def test_a_server_nobody_knows_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--scim", "okta"]) == 64
    assert "use canaille, scimmy, or all" in capsys.readouterr().err


def test_what_is_not_about_servers_goes_to_pytest() -> None:
    assert parse(["--scim", "all", "-x", "tests/scim"]) == (["all"], ["-x", "tests/scim"])


def test_a_run_that_fails_fails_the_whole_and_the_next_server_is_tried(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "test_which.py").write_text(
        "import os\n"
        "def test_it():\n"
        "    assert 'RECONCILER_TEST_SCIM_CANAILLE' not in os.environ\n"
        "    assert os.environ['RECONCILER_TEST_SCIM_SCIMMY']\n"
    )
    quick = [str(tmp_path), "-p", "no:cacheprovider"]

    code = run_on({"canaille": Path("/nowhere"), "scimmy": Path("/nowhere")}, quick)

    told = capfd.readouterr().out
    assert code == 1
    assert "canaille: FAILED, pytest ended with 1" in told
    assert "scimmy: passed" in told


def test_every_package_of_scimmy_has_a_digest_and_no_address() -> None:
    lock = json.loads((ROOT / SERVERS["scimmy"].pins[0]).read_text())

    packages = {name: each for name, each in lock["packages"].items() if name}
    assert packages
    assert not [name for name, each in packages.items() if "integrity" not in each]
    assert not [name for name, each in packages.items() if "resolved" in each]


def test_every_package_of_canaille_has_digests_and_no_address() -> None:
    text = (ROOT / SERVERS["canaille"].pins[0]).read_text()

    pins = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]
    assert len(pins) > 50
    assert not [each for each in pins if "==" not in each or "--hash=sha256:" not in each]
    assert "http" not in text.replace("httpx", "").replace("httpcore", "")
