"""A real SCIM service on loopback, which can be made as odd as services in the field are.

What answers is a `Backend`: the PyPI package scim2-server, unless a run asks for another one. What
stands here is the HTTP edge around it, and an administrator who goes around all that is odd.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from reconciler.sandbox.http.application import Edits, FaultyApplication
from reconciler.sandbox.http.faults import FaultPlan
from reconciler.sandbox.http.messages import Request, Response
from reconciler.sandbox.http.simulator import HttpSimulator
from reconciler.sandbox.scim.backend import PackageBackend
from tests.scim.backends import Backend
from tests.scim.oddities import Json, Oddities, answered

TOKEN = "canary-scim-token"
PREFIX = "/tenant/scim/v2"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

_CORE = "urn:ietf:params:scim:schemas:core:2.0"
_PAGES = 1000


class _Application(FaultyApplication):
    """Hands requests to the backend, through the oddities."""

    def __init__(
        self, faults: FaultPlan, wait: Callable[[float], object], oddities: Oddities, inner: Backend
    ) -> None:
        super().__init__(faults, wait)
        self.oddities = oddities
        self.inner = inner

    def respond(self, request: Request, edits: Edits) -> Response:
        for edit in edits:
            edit()
        if not request.path.startswith(PREFIX):
            return Response(404, b"<html>nothing here</html>", "text/html")
        path = request.path.removeprefix(PREFIX)
        return answered(self.oddities, request, path, self.call)

    def call(self, request: Request, path: str, query: str) -> Response:
        """What the backend answers, to whom the edge let pass."""
        if self.oddities.rotated:
            first = {"authorization": f"Bearer {self.inner.token}"}
            request = replace(request, headers={**request.headers, **first})
        try:
            return self.inner.answer(request, path, query)
        except Exception as error:  # a bug of the package must not look like silence
            self._unplanned.append(error)
            return Response(500, b"", "text/plain")


class ScimService(HttpSimulator):
    """One service; `rows`, `post` and `ask` go around the provider and around the oddities."""

    def __init__(self, oddities: Oddities | None = None, backend: Backend | None = None) -> None:
        super().__init__()
        self.oddities = oddities or Oddities()
        self.backend = backend or PackageBackend(TOKEN)
        wait = self.stopping.wait
        self._own = _Application(self.faults, wait, self.oddities, self.backend)
        self.serve(self._own)

    @property
    def base(self) -> str:
        """What the option url is."""
        return f"{self.url}{PREFIX}"

    @property
    def token(self) -> str:
        """What the option token is."""
        return self.backend.token

    def rows(self, path: str) -> list[Json]:
        """All resources at `/Users` or `/Groups`."""
        found: dict[str, Json] = {}
        for _ in range(_PAGES):
            page = self.ask("GET", path, query=f"startIndex={len(found) + 1}")
            found |= {row["id"]: row for row in page.get("Resources", ())}
            if len(found) >= page["totalResults"]:
                return list(found.values())
        raise AssertionError(f"{path} has no end")

    def post(self, path: str, **attributes: object) -> str:
        """Create a resource by hand, with all that the strictest wants; gives its id."""
        kind = "User" if path == "/Users" else "Group"
        filled: dict[str, object] = {"schemas": [f"{_CORE}:{kind}"], **attributes}
        if kind == "User":
            filled.setdefault("name", {"formatted": "A person", "familyName": "person"})
        else:
            filled["members"] = self._with_places(attributes.get("members", ()))
        return str(self.ask("POST", path, filled)["id"])

    def edit(self, path: str, key: str, *operations: Mapping[str, object]) -> None:
        """A PATCH by hand."""
        body = {"schemas": [PATCH], "Operations": list(operations)}
        self.ask("PATCH", f"{path}/{key}", body)

    def ask(
        self, method: str, path: str, body: Mapping[str, object] | None = None, query: str = ""
    ) -> Json:
        """A request by an administrator; the JSON of the answer, empty where there is none."""
        text = b"" if body is None else json.dumps(body).encode()
        headers = {
            "authorization": f"Bearer {self.token}",
            "content-type": "application/scim+json",
        }
        answer = self._own.call(Request(method, path, headers, text), path, query)
        assert answer.status < 300, (method, path, answer.status, answer.body[:500])
        return dict(json.loads(answer.body)) if answer.body else {}

    def id_of(self, path: str, name: str) -> str:
        """The id of a resource by its name."""
        attribute = "userName" if path == "/Users" else "displayName"
        (found,) = [row["id"] for row in self.rows(path) if row[attribute] == name]
        return str(found)

    def ids(self) -> frozenset[str]:
        """All that is there: paths of resources."""
        paths = ("/Groups", "/Users")
        return frozenset(f"{path}/{row['id']}" for path in paths for row in self.rows(path))

    def erase(self, kept: frozenset[str] = frozenset()) -> None:
        """Delete all but this: groups first, since some services clean up after users badly."""
        for path in sorted(self.ids() - kept):
            self.ask("DELETE", path)

    def _with_places(self, members: object) -> list[Json]:
        given = [dict(each) for each in members] if isinstance(members, list) else []
        return [{"$ref": f"{self.base}/Users/{each['value']}", **each} for each in given]
