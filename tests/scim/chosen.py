"""Which SCIM service a run of the tests is to have: the package of every run, or a real one.

`./dev test --scim` chooses Canaille or SCIMMY; RECONCILER_TEST_SCIM_URL and
RECONCILER_TEST_SCIM_TOKEN name a service that is there.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.scim.backends import RemoteBackend
from tests.scim.service import TOKEN, ScimService

CANAILLE = "RECONCILER_TEST_SCIM_CANAILLE"
"""The python of the environment that Canaille is in."""

SCIMMY = "RECONCILER_TEST_SCIM_SCIMMY"
"""The folder with the node_modules that SCIMMY is in."""

URL, URL_TOKEN = "RECONCILER_TEST_SCIM_URL", "RECONCILER_TEST_SCIM_TOKEN"
NOT_ASKED_FOR = f"no other SCIM service: use ./dev test --scim all, or set {URL} and {URL_TOKEN}"

_HERE = Path(__file__).parent

LACKS: Mapping[str, frozenset[str]] = {
    CANAILLE: frozenset(
        {"counts", "email types", "external ids", "groups in groups", "unique names", "value paths"}
        | {"absent members", "any texts", "members by id", "unknown members"}
        | {"versions"}  # they change once a second
    ),
    SCIMMY: frozenset({"versions"}),
}
"""What each server does not do, for the tests that need it. Source: the servers themselves."""


def is_asked_for() -> bool:
    """Whether this run has another service than the package."""
    return any(os.environ.get(name) for name in (CANAILLE, SCIMMY, URL, URL_TOKEN))


def is_throw_away() -> bool:
    """Whether it is one that the run starts itself."""
    return any(os.environ.get(name) for name in LACKS)


@contextmanager
def chosen_backend() -> Iterator[RemoteBackend]:
    """The service that the environment asks for. Fails where it asks for half of one."""
    if command := _command():
        name, words = command
        with _running(words) as url:
            backend = RemoteBackend(url, TOKEN, LACKS[name])
            yield backend
            backend.close()
        return
    url, token = os.environ.get(URL, ""), os.environ.get(URL_TOKEN, "")
    if not url or not token:
        pytest.fail(f"set both {URL} and {URL_TOKEN}, or neither")
    backend = RemoteBackend(url.rstrip("/"), token)
    yield backend
    backend.close()


def refuse_strangers(service: ScimService) -> frozenset[str]:
    """What is there and stays; fails where that is anything: the suite prunes what it finds."""
    there = service.ids()
    if there:
        pytest.fail(
            f"the service holds {len(there)} users and groups that no test made, and the suite "
            "would prune them: use an empty tenant, with a token that belongs to none of its users"
        )
    return there


def _command() -> tuple[str, Sequence[str]] | None:
    if python := os.environ.get(CANAILLE):
        return CANAILLE, (python, str(_HERE / "canaille" / "server.py"))
    if folder := os.environ.get(SCIMMY):
        return SCIMMY, ("node", str(_HERE / "scimmy" / "server.cjs"), folder)
    return None


@contextmanager
def _running(command: Sequence[str]) -> Iterator[str]:
    """The base address of a server that prints its port, and ends when its input does."""
    environment = {**os.environ, "SCIM_TOKEN": TOKEN}
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port.isdigit():
            process.kill()
            pytest.fail(f"{' '.join(command)} did not start; run it by hand to see why")
        try:
            yield f"http://127.0.0.1:{port}/scim/v2"
        finally:
            process.stdin.close()
            process.wait(timeout=20)
