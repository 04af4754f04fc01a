"""The releases of `./dev test --django`: one that nobody pins is an error, and never a skip."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.django_releases import RELEASES, main
from tools.pinned import ROOT, NotFetchedError, fetched


def test_a_release_nobody_pins_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--django", "1.0"]) == 64
    assert "--django 1.0: use 4.2" in capsys.readouterr().err


def test_an_environment_that_cannot_be_made_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    def fail(pin: Path, folder: Path) -> None:
        raise NotFetchedError("no route to host")

    with pytest.raises(NotFetchedError, match="no route to host"):
        fetched("django", [ROOT / "requirements" / "django-4.2.txt"], fail, tmp_path)

    assert not list(tmp_path.glob("django-*"))


def test_what_was_fetched_once_is_not_fetched_again(tmp_path: Path) -> None:
    pins = [ROOT / "requirements" / "django-4.2.txt"]
    made = []

    def make(pin: Path, folder: Path) -> None:
        made.append(pin)
        folder.mkdir()

    folders = {fetched("django", pins, make, tmp_path) for _ in range(2)}

    assert made == pins
    assert len(folders) == 1


def test_every_pinned_package_has_a_digest() -> None:
    for release in RELEASES:
        lines = (ROOT / "requirements" / f"django-{release}.txt").read_text().splitlines()

        assert [line for line in lines if "==" in line]
        assert not [line for line in lines if "==" in line and not line.endswith("\\")]
