"""The application: faults, routing, CSRF, rights, handlers and cookies, without any socket."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from reconciler.sandbox.flowauth import (
    routes_groups,
    routes_older,
    routes_roles,
    routes_servers,
    routes_session,
    routes_tokens,
    routes_users,
)
from reconciler.sandbox.flowauth.context import Context, Services
from reconciler.sandbox.flowauth.responses import (
    csrf_error,
    debugger_page,
    echoing_refusal,
    page,
    server_error_page,
    unique_violation,
)
from reconciler.sandbox.flowauth.routing import Access, Route, Router
from reconciler.sandbox.flowauth.session import Session, SessionCodec
from reconciler.sandbox.flowauth.settings import FlowAuthSettings
from reconciler.sandbox.flowauth.table import DatabaseRefusedError, UniqueViolationError
from reconciler.sandbox.http.application import Edits, FaultyApplication
from reconciler.sandbox.http.faults import Fault, FaultKind, FaultPlan
from reconciler.sandbox.http.messages import RefusedError, Request, Response, shown

_WRITES = ("POST", "PATCH", "PUT", "DELETE")
_NOT_ADMIN = "<Permission needs={Need(method='role', value='admin')} excludes=set()>"


class Application(FaultyApplication):
    """Answers one request at a time in each thread; state is in its store and its session keys."""

    def __init__(self, services: Services, faults: FaultPlan, restart: Callable[[], None]) -> None:
        super().__init__(faults, services.wait)
        self._services = services
        self._restart = restart
        self._sessions = SessionCodec(services.signer, services.clock)
        self._router = Router(_routes(services.settings))

    def prepare(self, fault: Fault, request: Request) -> None:
        """Faults that change the world before the request is looked at."""
        super().prepare(fault, request)
        match fault.kind:
            case FaultKind.SESSION_INVALIDATED:
                self._services.signer.change_key()
            case FaultKind.CSRF_EXPIRED:
                self._sessions.expire_csrf_tokens()
            case FaultKind.ADMIN_DEMOTED:
                self._demote_caller(request)
            case FaultKind.RESTART:
                self._restart()

    def server_error(self) -> Response:
        """The WSGI server's own page."""
        return server_error_page()

    def echoing_refusal(self, request: Request) -> Response:
        """In FlowAuth's shape."""
        return echoing_refusal(shown(request))

    def debugger_page(self, request: Request) -> Response:
        """A page of Werkzeug's debugger."""
        return debugger_page(shown(request))

    def _demote_caller(self, request: Request) -> None:
        context = self._context(request)
        user = context.user()
        if user is not None:
            self._services.store.set_admin(user.username, is_admin=False)

    def _context(self, request: Request) -> Context:
        session = self._sessions.read(_cookie(request, "session"))
        return Context(self._services, request, session)

    def respond(self, request: Request, edits: Edits) -> Response:
        """FlowAuth's answer, with its cookies."""
        context = self._context(request)
        try:
            response = self._dispatch(context, edits)
        except RefusedError as refusal:
            response = refusal.response
        except UniqueViolationError:
            response = unique_violation()
        except DatabaseRefusedError:
            response = server_error_page()
        except Exception as error:  # a bug here must not look like silence: tests read the list
            self._unplanned.append(error)
            response = page(500)
        return self._with_cookies(response, context.session)

    def _dispatch(self, context: Context, edits: Edits) -> Response:
        request = context.request
        try:
            route, context.arguments = self._router.find(
                request.method, request.path, self._origin(request)
            )
            self._check_csrf(route, context)
            _check_access(route, context)
        except RefusedError:
            _run(edits)
            raise
        if route.in_two_steps:
            context.outside_edits = edits
        else:
            _run(edits)
        response = route.handler(context)
        context.let_others_in()
        return response

    def _check_csrf(self, route: Route, context: Context) -> None:
        """Flask-WTF's check: a token of this session and, under https, a Referer of this origin."""
        if route.access is Access.OPEN or context.request.method not in _WRITES:
            return
        headers = context.request.headers
        token = headers.get("x-csrftoken") or headers.get("x-csrf-token", "")
        if not self._sessions.accepts_csrf(context.session, token):
            raise RefusedError(csrf_error())
        if self._services.settings.scheme_seen == "https":
            referer = urlsplit(headers.get("referer", ""))
            if f"{referer.scheme}://{referer.netloc}" != self._origin(context.request):
                raise RefusedError(csrf_error())

    def _origin(self, request: Request) -> str:
        return f"{self._services.settings.scheme_seen}://{request.headers.get('host', '')}"

    def _with_cookies(self, response: Response, session: Session) -> Response:
        if not response.sets_cookies:
            return response
        cookies = (("Vary", "Cookie"), *self._sessions.cookie_headers(session))
        return replace(response, headers=(*response.headers, *cookies))


def _routes(settings: FlowAuthSettings) -> tuple[Route, ...]:
    if settings.has_groups:
        return (
            *(r for r in routes_session.ROUTES if settings.has_version or r.path != "/version"),
            *routes_groups.ROUTES,
            *routes_older.ROUTES,
            *(routes_older.CAPABILITY_ROUTES if settings.era == "A" else ()),
        )
    return (
        *routes_session.ROUTES,
        *routes_users.ROUTES,
        *routes_servers.ROUTES,
        *routes_roles.ROUTES,
        *routes_tokens.ROUTES,
        *(routes_tokens.RENEWAL_ROUTES if settings.era == "D" else ()),
    )


def _check_access(route: Route, context: Context) -> None:
    """401 for the anonymous and, with another text, for a user who is no administrator."""
    if route.access is Access.OPEN:
        return
    user = context.signed_in_user()
    if route.access is Access.ADMIN and not user.is_admin:
        raise RefusedError(page(401, _NOT_ADMIN))


def _run(edits: Edits) -> None:
    for edit in edits:
        edit()


def _cookie(request: Request, name: str) -> str:
    """The value of a cookie; "" when it is absent."""
    for pair in request.headers.get("cookie", "").split(";"):
        key, _, value = pair.strip().partition("=")
        if key == name:
            return value
    return ""
