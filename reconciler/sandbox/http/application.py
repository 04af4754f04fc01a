"""The shell around a product's own answers: the faults that are armed for a request.

Here belongs what a connection, a proxy or a crash can do to any service. What the product says
belongs to the product.
"""

import html
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace

from reconciler.sandbox.http.faults import Fault, FaultKind, FaultPlan
from reconciler.sandbox.http.messages import (
    Answer,
    Request,
    Response,
    Sending,
    json_reply,
    proxy_page,
    shown,
)

_PAGES = {
    FaultKind.HTML_200: 200,
    FaultKind.HTML_403: 403,
    FaultKind.HTML_404: 404,
    FaultKind.HTML_409: 409,
    FaultKind.HTML_502: 502,
    FaultKind.HTML_503: 503,
}
"""The pages of a proxy that keep a request from being executed, with their status."""

Edits = tuple[Callable[[], object], ...]
"""What somebody else does to the data meanwhile; each runs once, between a read and its commit."""


class FaultyApplication(ABC):
    """Answers one request at a time in each thread; a product says what."""

    def __init__(self, faults: FaultPlan, wait: Callable[[float], object]) -> None:
        self._faults = faults
        self._wait = wait
        self._unplanned: list[Exception] = []

    @property
    def unplanned_errors(self) -> tuple[Exception, ...]:
        """Errors of the simulator itself, which were answered with a 500: tests want none."""
        return tuple(self._unplanned)

    @abstractmethod
    def respond(self, request: Request, edits: Edits) -> Response:
        """The product's own answer. `edits` are to run between what it reads and what it commits.

        An error of the simulator itself goes into `_unplanned`.
        """

    def prepare(self, fault: Fault, request: Request) -> None:
        """Faults that change the world before the request is looked at; a product adds its own."""
        del request
        if fault.kind is FaultKind.DATABASE_LOCKED:
            self._wait(fault.seconds)

    def server_error(self) -> Response:
        """What the product answers where its own code fails."""
        return Response(500, b"Internal Server Error", "text/plain; charset=utf-8")

    def timed_out(self) -> Response:
        """What the product answers where a part of it did not answer in time."""
        return Response(408, b"Request Timeout", "text/plain; charset=utf-8")

    def echoing_refusal(self, request: Request) -> Response:
        """A refusal by code that puts the request into its message."""
        return json_reply({"detail": f"Cannot read this: {shown(request)}"}, 400)

    def debugger_page(self, request: Request) -> Response:
        """A debugger's page, which shows the request that met an error."""
        text = f"<html>\n<title>KeyError</title>\n<pre>{html.escape(shown(request))}</pre>"
        return Response(500, text.encode(), "text/html", sets_cookies=False)

    def answer(self, request: Request) -> Answer:
        """The answer to a request, with the faults that are armed for it."""
        hits = self._faults.take(request.method, request.path)
        for fault in hits:
            self.prepare(fault, request)
        for fault in hits:
            instead = self._instead(fault, request)
            if instead is not None:
                return instead
        edits = tuple(fault.edit for fault in hits if fault.edit is not None)
        answer = Answer(self.respond(request, edits))
        for fault in hits:
            answer = self._spoilt(fault, answer)
        return answer

    def _instead(self, fault: Fault, request: Request) -> Answer | None:
        """The answer of a fault that keeps the request from being executed."""
        match fault.kind:
            case FaultKind.ERROR_500_BEFORE_EFFECT | FaultKind.DATABASE_LOCKED:
                return Answer(self.server_error())
            case FaultKind.CUT_BEFORE_EFFECT | FaultKind.RESTART:
                return Answer(self.server_error(), Sending.NOTHING)
            case FaultKind.RESET_BEFORE_EFFECT:
                return Answer(self.server_error(), Sending.RESET)
            case FaultKind.TIMEOUT_408_BEFORE_EFFECT:
                return Answer(self.timed_out())
            case kind if kind in _PAGES:
                return Answer(proxy_page(_PAGES[kind]))
            case FaultKind.ECHO_400:
                return Answer(self.echoing_refusal(request))
            case FaultKind.ECHO_500:
                return Answer(self.debugger_page(request))
            case FaultKind.RATE_LIMITED_429:
                after = () if fault.retry_after_s < 0 else (("Retry-After", _text(fault)),)
                return Answer(proxy_page(429, after))
        return None

    def _spoilt(self, fault: Fault, answer: Answer) -> Answer:
        """The answer as a fault leaves it after the request was executed."""
        match fault.kind:
            case FaultKind.ERROR_500_AFTER_EFFECT:
                return replace(answer, response=self.server_error())
            case FaultKind.HTML_504_AFTER_EFFECT:
                return replace(answer, response=proxy_page(504))
            case FaultKind.TIMEOUT_408_AFTER_EFFECT:
                return replace(answer, response=self.timed_out())
            case FaultKind.EMPTY_BODY:
                return replace(answer, response=replace(answer.response, body=b""))
            case FaultKind.WRONG_CONTENT_TYPE:
                return replace(answer, response=replace(answer.response, content_type="text/plain"))
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
                self._wait(fault.seconds)
        return answer


def _text(fault: Fault) -> str:
    return str(fault.retry_after_s)
