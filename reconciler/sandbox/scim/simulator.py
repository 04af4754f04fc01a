"""The HTTP edge of the package, and an administrator who makes things by hand."""

from __future__ import annotations

import json
from collections.abc import Callable

from reconciler.sandbox.http.application import Edits, FaultyApplication
from reconciler.sandbox.http.faults import FaultPlan
from reconciler.sandbox.http.messages import Request, Response
from reconciler.sandbox.http.simulator import HttpSimulator
from reconciler.sandbox.scim.backend import PackageBackend

_PREFIX = "/scim/v2"
_SCHEMAS = {
    "/Users": "urn:ietf:params:scim:schemas:core:2.0:User",
    "/Groups": "urn:ietf:params:scim:schemas:core:2.0:Group",
}


class _Application(FaultyApplication):
    """Hands what comes below the base on to the package."""

    def __init__(
        self, faults: FaultPlan, wait: Callable[[float], object], backend: PackageBackend
    ) -> None:
        super().__init__(faults, wait)
        self._backend = backend

    def respond(self, request: Request, edits: Edits) -> Response:
        """The package's answer; 404 outside of the base."""
        for edit in edits:
            edit()
        if not request.path.startswith(f"{_PREFIX}/"):
            return Response(404, b"<html>nothing here</html>", "text/html")
        path = request.path.removeprefix(_PREFIX)
        try:
            return self._backend.answer(request, path, request.query)
        except Exception as error:  # a bug of the package must not look like silence
            self._unplanned.append(error)
            return self.server_error()


class ScimSimulator(HttpSimulator):
    """One service on a free port of 127.0.0.1, which can be started once."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._backend = PackageBackend(token)
        self.serve(_Application(self.faults, self.stopping.wait, self._backend))

    @property
    def base(self) -> str:
        """All that comes before /Users in its addresses."""
        return f"{self.url}{_PREFIX}"

    def add(self, path: str, **attributes: object) -> str:
        """Create a resource at /Users or /Groups by hand; gives its id."""
        body = {"schemas": [_SCHEMAS[path]], **attributes}
        headers = {
            "authorization": f"Bearer {self._backend.token}",
            "content-type": "application/scim+json",
        }
        request = Request("POST", path, headers, json.dumps(body).encode())
        answer = self._backend.answer(request, path, "")
        if answer.status != 201:
            raise ValueError(f"the service takes no such resource: {answer.body.decode()}")
        return str(json.loads(answer.body)["id"])
