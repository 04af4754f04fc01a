"""The services behind the HTTP edge of the tests: what each does, and one that is elsewhere.

Here belongs handing one request on and its answer back; the one in this process is the sandbox's.
What goes wrong on the way is `oddities` and the fault plan of the edge.
"""

from __future__ import annotations

from typing import Protocol

import httpx

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
