"""A PostgreSQL server in a container, for runs that ask for one by RECONCILER_TEST_PG=docker.

Here belongs what only a container engine needs. The throw-away server of a plain run is the
program's own (`reconciler.sandbox.postgres`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from reconciler.sandbox.postgres.initdb import generate_password
from reconciler.secret import Secret

IMAGE = os.environ.get("RECONCILER_TEST_PG_IMAGE", "postgres:18")

_SOCKETS = ("/var/run/docker.sock", "~/.docker/run/docker.sock", "~/.colima/default/docker.sock")
_HANGING_ENGINE_TIMEOUT_S = 2


class NoContainerEngineError(Exception):
    """RECONCILER_TEST_PG=docker was asked for where no container engine answers."""


@dataclass(frozen=True, slots=True)
class ContainerCluster:
    """A server in a container, with as much of `ThrowawayCluster`'s interface as tests need."""

    host: str
    port: int
    superuser: str
    superuser_password: Secret

    def dsn(
        self,
        *,
        database: str = "postgres",
        user: str | None = None,
        password: Secret | None = None,
    ) -> str:
        """A connection URL over TCP; the superuser's unless a user is named."""
        if user is None:
            user, password = self.superuser, self.superuser_password
        login = quote(user, safe="") + (f":{quote(password.reveal(), safe='')}" if password else "")
        return f"postgresql://{login}@{self.host}:{self.port}/{quote(database, safe='')}"


@contextmanager
def run_container(superuser: str) -> Iterator[ContainerCluster]:
    """A fresh server with this superuser, removed afterwards. Raises NoContainerEngineError."""
    check_engine()
    # Here and not above: it takes 0.15 s, and a plain run has no container.
    from testcontainers.community.postgres import PostgresContainer

    password = generate_password()
    container = PostgresContainer(
        IMAGE, username=superuser, password=password.reveal(), dbname="postgres", driver=None
    )
    with container as started:
        host, port = started.get_container_host_ip(), int(started.get_exposed_port(5432))
        yield ContainerCluster(host, port, superuser, password)


def check_engine() -> None:
    """Raise NoContainerEngineError unless a container engine answers.

    The socket file is looked for first: a failed connection of the docker client leaves a socket
    open, which pytest reports as a ResourceWarning. `docker` on PATH says nothing, it is a client
    only.
    """
    places = [Path(place).expanduser() for place in _SOCKETS]
    if "DOCKER_HOST" not in os.environ and not any(place.exists() for place in places):
        raise NoContainerEngineError(
            "RECONCILER_TEST_PG=docker, but there is no container engine: DOCKER_HOST is not set "
            f"and none of {', '.join(_SOCKETS)} exists"
        )
    # As in run_container.
    from docker.errors import DockerException
    from requests.exceptions import RequestException
    from testcontainers.core.docker_client import DockerClient

    try:
        DockerClient(timeout=_HANGING_ENGINE_TIMEOUT_S).client.ping()
    except (DockerException, RequestException, OSError, RuntimeError) as error:
        raise NoContainerEngineError(
            f"RECONCILER_TEST_PG=docker, but the container engine does not answer: {error}"
        ) from error
