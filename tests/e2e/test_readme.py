"""The README shows what the demo prints, not what it once printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.conftest import clean_environment

_README = Path(__file__).parent.parent.parent / "README.md"


def test_the_demo_prints_every_line_that_the_readme_shows_of_it_in_that_order() -> None:
    (excerpt,) = re.findall(r"^```\n(== .*?)^```$", _README.read_text(), re.DOTALL | re.MULTILINE)
    shown = [line for line in excerpt.splitlines() if line not in ("", "...")]

    demo = subprocess.run(
        [sys.executable, "-m", "reconciler", "demo"],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert demo.returncode == 0, demo.stdout + demo.stderr
    printed = iter(demo.stdout.splitlines())
    assert [line for line in shown if line not in printed] == []
