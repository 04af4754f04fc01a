"""Replies of the simulator, with the error shapes that FlowAuth answers with.

The shapes: (1) JSON with code and message, (2) JSON with status and statusText, (3) a Werkzeug
HTML page, (4) the text `CSRF error`, (5) the WSGI server's own 500 page, without cookies.
"""

import html
import json
from dataclasses import replace
from http import HTTPStatus

from reconciler.sandbox.http.messages import RefusedError, Response

HTML = "text/html; charset=utf-8"

_DESCRIPTIONS = {
    400: "The browser (or proxy) sent a request that this server could not understand.",
    401: (
        "The server could not verify that you are authorized to access the URL requested. You "
        "either supplied the wrong credentials, or your browser cannot say who you are."
    ),
    404: "The requested URL was not found on the server.",
    405: "The method is not allowed for the requested URL.",
    415: "The request did not carry the application/json content type.",
    500: "The server met an internal error and could not complete your request.",
}


def json_response(value: object, status: int = 200) -> Response:
    """A JSON reply, spelled as Flask spells it: sorted keys and a final newline."""
    body = json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n"
    return Response(status, body.encode(), "application/json")


def page(
    status: int, description: str | None = None, headers: tuple[tuple[str, str], ...] = ()
) -> Response:
    """Shape 3: a Werkzeug page for the status; `description` replaces its usual sentence."""
    phrase = HTTPStatus(status).phrase
    text = html.escape(_DESCRIPTIONS[status] if description is None else description)
    body = (
        f"<!doctype html>\n<html lang=en>\n<title>{status} {phrase}</title>\n"
        f"<h1>{phrase}</h1>\n<p>{text}</p>\n"
    )
    return Response(status, body.encode(), HTML, headers)


def redirect(location: str) -> Response:
    """Shape 3 with 308: the address with its slash; the method stays as it was."""
    link = html.escape(location)
    body = (
        "<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n"
        f'<p>You should be redirected to the target URL: <a href="{link}">{link}</a>.</p>\n'
    )
    return Response(308, body.encode(), HTML, (("Location", location),))


def csrf_error() -> Response:
    """Shape 4: a missing, foreign or expired CSRF token, or a bad Referer under https."""
    return Response(401, b"CSRF error", HTML)


def server_error_page() -> Response:
    """Shape 5: the WSGI server's page for an error that Flask did not answer; no cookies."""
    body = (
        b"<html>\n  <head>\n    <title>Internal Server Error</title>\n  </head>\n  <body>\n"
        b"    <h1><p>Internal Server Error</p></h1>\n  </body>\n</html>\n"
    )
    return Response(500, body, "text/html", sets_cookies=False)


def echoing_refusal(shown: str) -> Response:
    """Shape 1 from code that puts the request into its message."""
    answer = json_response({"code": 400, "message": f"Cannot read this: {shown}"}, 400)
    return replace(answer, sets_cookies=False)


def debugger_page(shown: str) -> Response:
    """A page of Werkzeug's debugger, which shows the request that met an error."""
    text = f"<html>\n<title>KeyError // Werkzeug Debugger</title>\n<pre>{html.escape(shown)}</pre>"
    return Response(500, text.encode(), "text/html", sets_cookies=False)


def unique_violation() -> Response:
    """Shape 2: any unique violation, whether of a name, an id or a link."""
    return json_response({"status": 400, "statusText": "Name already exists"}, 400)


def refused(message: str, *, code: int = 400, **extra: object) -> RefusedError:
    """Shape 1: the application's own refusal; `extra` is bad_field or need_two_factor."""
    return RefusedError(json_response({"code": code, "message": message, **extra}, code))


def not_found() -> RefusedError:
    """Shape 3 with 404, for an object that is not there."""
    return RefusedError(page(404))


def crashed() -> RefusedError:
    """Shape 3 with 500: an exception in FlowAuth's own code, as bad input causes it."""
    return RefusedError(page(500))
