"""The engine's HTTP side: faults, prefix, routes, and how many requests there were at a time."""

import threading
from collections.abc import Callable
from urllib.parse import unquote

from reconciler.sandbox.http.application import Edits, FaultyApplication
from reconciler.sandbox.http.faults import Fault, FaultKind, FaultPlan
from reconciler.sandbox.http.messages import Answer, RefusedError, Request, Response, shown
from reconciler.sandbox.mobiusflow import v1, v3
from reconciler.sandbox.mobiusflow.context import Context, Services


class Application(FaultyApplication):
    """Answers requests; state is in its services."""

    def __init__(
        self, services: Services, faults: FaultPlan, wait: Callable[[float], object]
    ) -> None:
        super().__init__(faults, wait)
        self._services = services
        self._lock = threading.Lock()
        self._running = 0
        self.most_at_once = 0

    def answer(self, request: Request) -> Answer:
        """The answer with its faults, counted as long as it takes."""
        with self._lock:
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
        try:
            return super().answer(request)
        finally:
            with self._lock:
                self._running -= 1

    def prepare(self, fault: Fault, request: Request) -> None:
        """Faults that change the world before the request is looked at."""
        super().prepare(fault, request)
        match fault.kind:
            case FaultKind.SESSION_INVALIDATED:
                self._services.signer.change_key()
                self._services.sessions.drop()
            case FaultKind.ADMIN_DEMOTED:
                for row in self._services.store.rows():
                    self._services.store.change(row.id, roles=frozenset({"read"}))

    def server_error(self) -> Response:
        """In the engine's shape."""
        return self._services.error(500, "Internal Server Error")

    def timed_out(self) -> Response:
        """The engine's services did not answer its API in time."""
        return self._services.error(408, "Request Timeout")

    def echoing_refusal(self, request: Request) -> Response:
        """A schema failure that repeats what was sent."""
        return self._services.error(400, f"Cannot read this: {shown(request)}")

    def respond(self, request: Request, edits: Edits) -> Response:
        """The engine's answer."""
        try:
            for edit in edits:
                edit()
            return self._answered(request)
        except RefusedError as refusal:
            return refusal.response
        except Exception as error:  # a bug here must not look like silence: tests read the list
            self._unplanned.append(error)
            return self.server_error()

    def _answered(self, request: Request) -> Response:
        settings = self._services.settings
        inside = request.raw_path.removeprefix(settings.prefix)
        parts = tuple(unquote(part) for part in inside.split("/")[1:])
        context = Context(self._services, request, parts)
        if not request.raw_path.startswith(f"{settings.prefix}/"):
            raise context.refused(404, "Route not found")
        return v1.respond(context) if settings.dialect == "v1" else v3.respond(context)
