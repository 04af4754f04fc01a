"""The application: faults, routing, rights and handlers, one request at a time."""

from collections.abc import Callable
from dataclasses import replace

from reconciler.sandbox.http.application import Edits, FaultyApplication
from reconciler.sandbox.http.faults import Fault, FaultKind, FaultPlan
from reconciler.sandbox.http.messages import (
    Answer,
    RefusedError,
    Request,
    Response,
    Sending,
    json_reply,
)
from reconciler.sandbox.kohakuriver import routes_accounts, routes_tokens, routes_vps
from reconciler.sandbox.kohakuriver.callers import SYSTEM, caller_of, require_role
from reconciler.sandbox.kohakuriver.context import Context, Route, said
from reconciler.sandbox.kohakuriver.settings import KohakuRiverSettings
from reconciler.sandbox.kohakuriver.store import CrashedError, Store

_ROUTES = (*routes_accounts.ROUTES, *routes_tokens.ROUTES, *routes_vps.ROUTES)
_PREFIX = "/api"
_INFO = {"openapi": "3.1.0", "info": {"title": "HakuRiver Host", "version": "0.4.0"}, "paths": {}}


class Application(FaultyApplication):
    """Answers requests, each after the one before."""

    def __init__(
        self,
        settings: KohakuRiverSettings,
        store: Store,
        faults: FaultPlan,
        wait: Callable[[float], object],
        restart: Callable[[], None],
    ) -> None:
        super().__init__(faults, wait)
        self._settings = settings
        self._store = store
        self._restart = restart

    def prepare(self, fault: Fault, request: Request) -> None:
        """Faults that change the world before the request is looked at."""
        super().prepare(fault, request)
        if fault.kind is FaultKind.RESTART:
            self._restart()

    def answer(self, request: Request) -> Answer:
        """The answer; after a status 500 the connection is closed without a word."""
        answer = super().answer(request)
        if answer.response.status == 500 and answer.sending is Sending.WHOLE:
            return replace(answer, sending=Sending.CLOSE_AFTER)
        return answer

    def respond(self, request: Request, edits: Edits) -> Response:
        """The product's own answer, while nobody else is served."""
        with self._store.request():
            for edit in edits:
                edit()
            try:
                return self._dispatch(request)
            except RefusedError as refusal:
                return refusal.response
            except CrashedError:
                return self.server_error()
            except Exception as error:  # a bug here must not look like silence: tests read the list
                self._unplanned.append(error)
                return self.server_error()

    def _dispatch(self, request: Request) -> Response:
        if (request.method, request.path) == ("GET", "/openapi.json"):
            return json_reply(_INFO)
        route, arguments = _found(request)
        caller = caller_of(request, self._store)
        if not self._settings.auth_enabled:
            caller = SYSTEM
        if route.role:
            require_role(caller, route.role)
        context = Context(self._settings, self._store, request, caller, arguments)
        return route.handler(context)


def _found(request: Request) -> tuple[Route, tuple[str, ...]]:
    """The route and its arguments. Raises RefusedError with 307, 404 or 405."""
    path = request.path.removeprefix(_PREFIX)
    if path == request.path:
        raise routes_accounts.missing()
    matches = _matches(path)
    for route, arguments in matches:
        if route.method == request.method:
            return route, arguments
    if matches:
        raise said("Method Not Allowed", 405)
    if path.endswith("/") and _matches(path.rstrip("/")):
        header = (("Location", request.path.rstrip("/")),)
        raise RefusedError(Response(307, b"", "text/plain; charset=utf-8", header))
    raise routes_accounts.missing()


def _matches(path: str) -> list[tuple[Route, tuple[str, ...]]]:
    found = ((route, route.arguments(path)) for route in _ROUTES)
    pairs = [(route, arguments) for route, arguments in found if arguments is not None]
    return sorted(pairs, key=lambda pair: pair[0].path.count("*"))
