"""The PyPI package scim2-server, asked one request at a time, without any socket."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from typing import Any

from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import load_default_provider

from reconciler.sandbox.http.messages import Request, Response


@cache
def _provider() -> Any:  # Any: what the package makes of its schemas
    """What the package can do, which holds no resources: to make it takes a third of a test."""
    return load_default_provider()


class PackageBackend:
    """The package with a storage of its own in memory; `token` is the one that it takes.

    `lacks` names what it cannot hold or do.
    """

    lacks: frozenset[str] = frozenset()

    def __init__(self, token: str) -> None:
        self.token = token
        self.storage = InMemoryStorage()
        self._inner = BearerTokenApplication(self.storage, _provider(), bearer_tokens=[token])

    def answer(self, request: Request, path: str, query: str) -> Response:
        """The answer to a request at a path below the base."""
        environ: dict[str, Any] = {  # what WSGI says
            "REQUEST_METHOD": request.method,
            "PATH_INFO": f"/v2{path}",
            "QUERY_STRING": query,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(request.body)),
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.url_scheme": "http",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SCRIPT_NAME": "",
        }
        for name, value in request.headers.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        head: list[tuple[int, dict[str, str]]] = []
        written: list[bytes] = []

        def start(
            status: str, headers: list[tuple[str, str]], *_: object
        ) -> Callable[[bytes], object]:
            head.append((int(status.split()[0]), dict(headers)))
            return written.append

        written.extend(self._inner(environ, start))
        body = b"".join(written)
        status, headers = head[0]
        kind = headers.pop("Content-Type", "application/scim+json")
        headers.pop("Content-Length", None)
        return Response(status, body, kind, tuple(headers.items()))
