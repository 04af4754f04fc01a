"""A real SCIM service on loopback, which can be made as odd as services in the field are.

The service is the PyPI package scim2-server with its own storage in memory; what stands here is the
HTTP edge around it, and oddities that were seen in other services.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import load_default_provider

from reconciler.sandbox.http.application import Edits, FaultyApplication
from reconciler.sandbox.http.faults import FaultPlan
from reconciler.sandbox.http.messages import Request, Response
from reconciler.sandbox.http.simulator import HttpSimulator

TOKEN = "canary-scim-token"
PREFIX = "/tenant/scim/v2"

Json = dict[str, Any]  # a resource, which is made of whatever JSON is made of


@dataclass(slots=True)
class Oddities:
    """What this service does that RFC 7644 does not say.

    `page_cap`: the most resources in one answer, whatever is asked. `ignores_start_index`: each
    page is the first. `fails_on_count`: 500 with HTML where a count is asked. `no_patch`: 501.
    `hides_members`: no members in lists. `no_discovery`: 404 for what it says of itself.
    `drops_active`: users have no `active`. `silent_writes`: says yes and does nothing.
    `answers_nothing`: 204 without a body for all that is written, as some do. `lies_about_total`:
    says that there is one more.
    """

    page_cap: int = 0
    ignores_start_index: bool = False
    fails_on_count: bool = False
    no_patch: bool = False
    hides_members: bool = False
    no_discovery: bool = False
    drops_active: bool = False
    silent_writes: bool = False
    answers_nothing: bool = False
    lies_about_total: bool = False


class _Application(FaultyApplication):
    """Hands requests to the package's WSGI application, through the oddities."""

    def __init__(
        self, faults: FaultPlan, wait: Callable[[float], object], oddities: Oddities
    ) -> None:
        super().__init__(faults, wait)
        self.oddities = oddities
        self.storage = InMemoryStorage()
        provider = load_default_provider()
        self._inner = BearerTokenApplication(self.storage, provider, bearer_tokens=[TOKEN])

    def respond(self, request: Request, edits: Edits) -> Response:
        for edit in edits:
            edit()
        odd = self.oddities
        if not request.path.startswith(PREFIX):
            return Response(404, b"<html>nothing here</html>", "text/html")
        path = request.path.removeprefix(PREFIX)
        if odd.no_discovery and path in ("/ServiceProviderConfig", "/Schemas"):
            return Response(404, b"", "text/plain")
        query = dict(parse_qsl(request.query))
        if odd.fails_on_count and "count" in query:
            return Response(500, b"<h1>Internal Server Error</h1>", "text/html")
        if odd.no_patch and request.method == "PATCH":
            return _error(501, "PATCH is not implemented")
        if odd.silent_writes and request.method != "GET":
            return self._silent(request)
        if odd.page_cap and path in ("/Users", "/Groups"):
            query["count"] = str(min(int(query.get("count", odd.page_cap)), odd.page_cap))
        if odd.ignores_start_index:
            query.pop("startIndex", None)
        return self._changed(request, path, self.call(request, path, urlencode(query)))

    def call(self, request: Request, path: str, query: str) -> Response:
        """What the package answers."""
        environ: Json = {
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

        try:
            body = b"".join(self._inner(environ, start))
        except Exception as error:  # a bug of the package must not look like silence
            self._unplanned.append(error)
            return Response(500, b"", "text/plain")
        status, headers = head[0]
        kind = headers.pop("Content-Type", "application/scim+json")
        headers.pop("Content-Length", None)
        return Response(status, body, kind, tuple(headers.items()))

    def _changed(self, request: Request, path: str, response: Response) -> Response:
        odd = self.oddities
        if odd.answers_nothing and request.method != "GET" and response.status in (200, 201):
            return Response(204, b"", "text/plain")
        if not response.body or response.status >= 300:
            return response
        body = json.loads(response.body)
        if odd.lies_about_total and "totalResults" in body:
            body["totalResults"] += 1
        for row in body.get("Resources", [body]):
            if odd.drops_active and path.startswith("/Users"):
                row.pop("active", None)
            if odd.hides_members and path == "/Groups":
                row.pop("members", None)
        text = json.dumps(body).encode()
        return Response(response.status, text, response.content_type, response.headers)

    def _silent(self, request: Request) -> Response:
        if request.method == "POST":
            made = {**json.loads(request.body), "id": "made-up"}
            return Response(201, json.dumps(made).encode(), "application/scim+json")
        return Response(204, b"", "text/plain")


def _error(status: int, detail: str) -> Response:
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "detail": detail}
    text = json.dumps({**body, "status": str(status)}).encode()
    return Response(status, text, "application/scim+json")


class ScimService(HttpSimulator):
    """One service; `rows`, `post` and `edit` go around the provider and around the oddities."""

    def __init__(self, oddities: Oddities | None = None) -> None:
        super().__init__()
        self.oddities = oddities or Oddities()
        self._own = _Application(self.faults, self.stopping.wait, self.oddities)
        self.serve(self._own)

    @property
    def base(self) -> str:
        """What the option url is."""
        return f"{self.url}{PREFIX}"

    def rows(self, path: str) -> list[Json]:
        """All resources at `/Users` or `/Groups`."""
        found: list[Json] = self.ask("GET", path, query="count=1000")["Resources"]
        return found

    def post(self, path: str, **attributes: object) -> str:
        """Create a resource by hand; gives its id."""
        kind = "User" if path == "/Users" else "Group"
        schema = f"urn:ietf:params:scim:schemas:core:2.0:{kind}"
        made = self.ask("POST", path, {"schemas": [schema], **attributes})
        return str(made["id"])

    def ask(
        self, method: str, path: str, body: Mapping[str, object] | None = None, query: str = ""
    ) -> Json:
        """A request by an administrator; the JSON of the answer, empty where there is none."""
        text = b"" if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/scim+json"}
        answer = self._own.call(Request(method, path, headers, text), path, query)
        assert answer.status < 300, (method, path, answer.status, answer.body)
        return dict(json.loads(answer.body)) if answer.body else {}

    def id_of(self, path: str, name: str) -> str:
        """The id of a resource by its name."""
        attribute = "userName" if path == "/Users" else "displayName"
        (found,) = [row["id"] for row in self.rows(path) if row[attribute] == name]
        return str(found)
