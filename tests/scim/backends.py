"""The services behind the HTTP edge of the tests: a package in this process, or one elsewhere.

Here belongs handing one request on and its answer back. What goes wrong on the way is `oddities`
and the fault plan of the edge.
"""

from __future__ import annotations

import io
from functools import cache
from typing import Any, Protocol

import httpx
from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import load_default_provider

from reconciler.sandbox.http.messages import Request, Response

_LEFT_OUT = frozenset({"host", "content-length", "connection", "accept-encoding"})
_NOT_HANDED_BACK = frozenset({"content-type", "content-length", "connection", "transfer-encoding"})
_NOT_HANDED_BACK |= {"date", "server", "content-encoding"}


class Backend(Protocol):
    """What answers. `token` is the one it takes; `lacks` names what it cannot hold or do."""

    token: str
    lacks: frozenset[str]

    def answer(self, request: Request, path: str, query: str) -> Response:
        """The answer to a request at a path below the base."""


@cache
def _provider() -> Any:  # Any: what the package makes of its schemas
    """What the package can do, which holds no resources: to make it takes a third of a test."""
    return load_default_provider()


class PackageBackend:
    """The PyPI package scim2-server with a storage of its own in memory."""

    lacks: frozenset[str] = frozenset()

    def __init__(self, token: str) -> None:
        self.token = token
        self.storage = InMemoryStorage()
        self._inner = BearerTokenApplication(self.storage, _provider(), bearer_tokens=[token])

    def answer(self, request: Request, path: str, query: str) -> Response:
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

        def start(status: str, headers: list[tuple[str, str]], *_: object) -> None:
            head.append((int(status.split()[0]), dict(headers)))

        body = b"".join(self._inner(environ, start))
        status, headers = head[0]
        kind = headers.pop("Content-Type", "application/scim+json")
        headers.pop("Content-Length", None)
        return Response(status, body, kind, tuple(headers.items()))


class RemoteBackend:
    """A service at an address."""

    def __init__(self, url: str, token: str, lacks: frozenset[str] = frozenset()) -> None:
        self.token = token
        self.lacks = lacks
        self._url = url
        self._http = httpx.Client(timeout=60, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def answer(self, request: Request, path: str, query: str) -> Response:
        headers = {k: v for k, v in request.headers.items() if k not in _LEFT_OUT}
        url = httpx.URL(f"{self._url}{path}", query=query.encode() or None)
        found = self._http.request(request.method, url, headers=headers, content=request.body)
        kept = [(k, v) for k, v in found.headers.items() if k.lower() not in _NOT_HANDED_BACK]
        kind = found.headers.get("content-type", "text/plain")
        return Response(found.status_code, found.content, kind, tuple(kept))
