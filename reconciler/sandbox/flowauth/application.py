"""The application: faults, routing, CSRF, rights, handlers and cookies, without any socket."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from urllib.parse import urlsplit

from reconciler.sandbox.flowauth import (
    routes_roles,
    routes_servers,
    routes_session,
    routes_tokens,
    routes_users,
)
from reconciler.sandbox.flowauth.context import Context, Request, Services
from reconciler.sandbox.flowauth.faults import Fault, FaultKind, FaultPlan
from reconciler.sandbox.flowauth.responses import (
    RefusedError,
    Response,
    csrf_error,
    debugger_page,
    echoing_refusal,
    page,
    proxy_page,
    server_error_page,
    unique_violation,
)
from reconciler.sandbox.flowauth.routing import Access, Route, Router
from reconciler.sandbox.flowauth.session import Session, SessionCodec
from reconciler.sandbox.flowauth.settings import Era
from reconciler.sandbox.flowauth.tables import DatabaseRefusedError, UniqueViolationError

_WRITES = ("POST", "PATCH", "PUT", "DELETE")
_NOT_ADMIN = "<Permission needs={Need(method='role', value='admin')} excludes=set()>"


class Sending(Enum):
    """How the edge is to send a reply."""

    WHOLE = "whole"
    CLOSE_AFTER = "whole, then close without saying so"
    HALF = "half of the body that was promised, then close"
    NOTHING = "close without a reply"
    RESET = "reset the connection without a reply"


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply with its cookies, and how to send it."""

    response: Response
    sending: Sending = Sending.WHOLE


class Application:
    """Answers one request at a time in each thread; state is in its store and its session keys."""

    def __init__(self, services: Services, faults: FaultPlan, restart: Callable[[], None]) -> None:
        self._services = services
        self._faults = faults
        self._restart = restart
        self._sessions = SessionCodec(services.signer, services.clock)
        self._router = Router(_routes(services.settings.era))
        self._unplanned: list[Exception] = []

    @property
    def unplanned_errors(self) -> tuple[Exception, ...]:
        """Errors of the simulator itself, which were answered with a 500: tests want none."""
        return tuple(self._unplanned)

    def answer(self, request: Request) -> Answer:
        """The answer to a request, with the faults that are armed for it."""
        hits = self._faults.take(request.method, request.path)
        for fault in hits:
            self._prepare(fault, request)
        for fault in hits:
            instead = self._instead(fault, request)
            if instead is not None:
                return instead
        edits = tuple(fault.edit for fault in hits if fault.edit is not None)
        answer = Answer(self._respond(request, edits))
        for fault in hits:
            answer = self._spoilt(fault, answer)
        return answer

    def _prepare(self, fault: Fault, request: Request) -> None:
        """Faults that change the world before the request is looked at."""
        match fault.kind:
            case FaultKind.SESSION_INVALIDATED:
                self._services.signer.change_key()
            case FaultKind.CSRF_EXPIRED:
                self._sessions.expire_csrf_tokens()
            case FaultKind.ADMIN_DEMOTED:
                self._demote_caller(request)
            case FaultKind.RESTART:
                self._restart()
            case FaultKind.DATABASE_LOCKED:
                self._services.wait(fault.seconds)

    def _instead(self, fault: Fault, request: Request) -> Answer | None:
        """The answer of a fault that keeps the request from being executed."""
        match fault.kind:
            case FaultKind.ERROR_500_BEFORE_EFFECT | FaultKind.DATABASE_LOCKED:
                return Answer(server_error_page())
            case FaultKind.CUT_BEFORE_EFFECT | FaultKind.RESTART:
                return Answer(server_error_page(), Sending.NOTHING)
            case FaultKind.RESET_BEFORE_EFFECT:
                return Answer(server_error_page(), Sending.RESET)
            case FaultKind.HTML_502:
                return Answer(proxy_page(502))
            case FaultKind.HTML_503:
                return Answer(proxy_page(503))
            case FaultKind.ECHO_400:
                return Answer(echoing_refusal(_shown(request)))
            case FaultKind.ECHO_500:
                return Answer(debugger_page(_shown(request)))
            case FaultKind.RATE_LIMITED_429:
                return Answer(proxy_page(429, (("Retry-After", str(fault.retry_after_s)),)))
        return None

    def _spoilt(self, fault: Fault, answer: Answer) -> Answer:
        """The answer as a fault leaves it after the request was executed."""
        match fault.kind:
            case FaultKind.ERROR_500_AFTER_EFFECT:
                return replace(answer, response=server_error_page())
            case FaultKind.HTML_504_AFTER_EFFECT:
                return replace(answer, response=proxy_page(504))
            case FaultKind.CUT_AFTER_EFFECT:
                return replace(answer, sending=Sending.NOTHING)
            case FaultKind.RESET_AFTER_EFFECT:
                return replace(answer, sending=Sending.RESET)
            case FaultKind.BODY_CUT_SHORT:
                return replace(answer, sending=Sending.HALF)
            case FaultKind.DROP_KEEP_ALIVE:
                return replace(answer, sending=Sending.CLOSE_AFTER)
            case FaultKind.HALF_JSON_BODY:
                body = answer.response.body
                return replace(
                    answer, response=replace(answer.response, body=body[: len(body) // 2])
                )
            case FaultKind.SLOW_REPLY:
                self._services.wait(fault.seconds)
        return answer

    def _demote_caller(self, request: Request) -> None:
        context = self._context(request)
        user = context.user()
        if user is not None:
            self._services.store.set_admin(user.username, is_admin=False)

    def _context(self, request: Request) -> Context:
        session = self._sessions.read(_cookie(request, "session"))
        return Context(self._services, request, session)

    def _respond(self, request: Request, edits: tuple[Callable[[], object], ...]) -> Response:
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

    def _dispatch(self, context: Context, edits: tuple[Callable[[], object], ...]) -> Response:
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


def _routes(era: Era) -> tuple[Route, ...]:
    return (
        *routes_session.ROUTES,
        *routes_users.ROUTES,
        *routes_servers.ROUTES,
        *routes_roles.ROUTES,
        *routes_tokens.ROUTES,
        *(routes_tokens.RENEWAL_ROUTES if era == "D" else ()),
    )


def _check_access(route: Route, context: Context) -> None:
    """401 for the anonymous and, with another text, for a user who is no administrator."""
    if route.access is Access.OPEN:
        return
    user = context.signed_in_user()
    if route.access is Access.ADMIN and not user.is_admin:
        raise RefusedError(page(401, _NOT_ADMIN))


def _shown(request: Request) -> str:
    """All of a request, as a debugger shows it; several times, since readers may shorten it."""
    said = request.body.decode(errors="replace")
    secrets = " ".join(request.headers.get(name, "") for name in ("cookie", "x-csrf-token"))
    return f"{said} {secrets} {request.method} {request.path} {said} {secrets}"


def _run(edits: tuple[Callable[[], object], ...]) -> None:
    for edit in edits:
        edit()


def _cookie(request: Request, name: str) -> str:
    """The value of a cookie; "" when it is absent."""
    for pair in request.headers.get("cookie", "").split(";"):
        key, _, value = pair.strip().partition("=")
        if key == name:
            return value
    return ""
