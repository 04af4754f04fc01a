"""A shell that is forked off a started Django is the one that starts Django, only sooner."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.graphistry.installation import Installation, new_installation

_TEXT = b"""
import os, sys
from django.contrib.auth import get_user_model
print([each.username for each in get_user_model().objects.all()], os.environ["WORD"], sys.argv)
"""


@pytest.mark.parametrize("trouble", ["", "exit 3", "traceback", "fail 5", "lose"])
def test_both_print_the_same_and_end_with_the_same_code(trouble: str) -> None:
    said = []

    for starts_django in (True, False):
        with new_installation(starts_django=starts_django) as installation:
            installation.add_user("amina")
            (installation.folder / "trouble").write_text(trouble)
            with _started(installation, WORD="zoë") as process:
                output, noise = process.communicate(_TEXT)
            folder = str(installation.folder).encode()
            shown = output.replace(folder, b"FOLDER")
            said.append((shown, noise.splitlines()[-1:], process.returncode))

    assert said[0] == said[1]
    assert (b"['amina'] zo\xc3\xab" in said[0][0]) is (trouble in ("", "fail 5"))


def test_a_fork_ends_with_its_caller() -> None:
    text = b'import time; print("started", flush=True); time.sleep(3600)\n'
    with new_installation() as installation, _started(installation) as caller:
        assert caller.stdin is not None
        assert caller.stdout is not None
        caller.stdin.write(text)
        caller.stdin.close()
        while b"started" not in caller.stdout.readline():
            assert caller.poll() is None

        caller.kill()

        assert caller.stdout.read() == b""  # it ends where nobody has it open any more


def _started(installation: Installation, **environment: str) -> subprocess.Popen[bytes]:
    """A run of the shell, which waits for its text."""
    return subprocess.Popen(
        installation.command,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
