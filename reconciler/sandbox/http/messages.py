"""Requests and replies as a simulated service sees them, without any socket."""

import json
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; header names are in lower case, query and raw path as they were sent."""

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    query: str = ""
    raw_path: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP reply before cookies; `sets_cookies` is false where the product sends none."""

    status: int
    body: bytes
    content_type: str
    headers: tuple[tuple[str, str], ...] = ()
    sets_cookies: bool = True


class RefusedError(Exception):
    """A handler's way to end a request with an error reply; nothing is stored then."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"refused with {response.status}")
        self.response = response


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


def json_reply(
    value: object, status: int = 200, headers: tuple[tuple[str, str], ...] = ()
) -> Response:
    """A JSON reply in its shortest spelling, keys in their order."""
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return Response(status, body.encode(), "application/json", headers)


def proxy_page(status: int, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """The page of a reverse proxy in front of a service; the service's cookies are not on it."""
    title = f"{status} {HTTPStatus(status).phrase}"
    body = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
    return Response(status, body.encode(), "text/html", headers, sets_cookies=False)


def shown(request: Request) -> str:
    """All of a request, as a debugger shows it; several times, since readers may shorten it."""
    said = request.body.decode(errors="replace")
    names = ("cookie", "x-csrf-token", "authorization", "x-admin-token")
    secrets = " ".join(request.headers.get(name, "") for name in names)
    return f"{said} {secrets} {request.method} {request.path} {said} {secrets}"
