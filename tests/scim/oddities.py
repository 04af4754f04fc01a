"""What services in the field do that RFC 7644 does not say, put between a service and its client.

Here belong changes of requests and answers. Broken connections and crashes are the fault plan's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from reconciler.sandbox.http.messages import Request, Response

Json = dict[str, Any]  # a resource, which is made of whatever JSON is made of
Inner = Callable[[Request, str, str], Response]

HTML = Response(500, b"<h1>Internal Server Error</h1>", "text/html")


@dataclass(slots=True)
class Oddities:
    """What this service does that RFC 7644 does not say.

    Reading: `page_cap`: the most resources in one answer, whatever is asked. `ignores_start_index`:
    each page is the first. `fails_on_count`: 500 with HTML where a count is asked. `hides_members`:
    no members in lists. `omits_empty_lists`: no `Resources` where there are none. `reorders`: each
    list comes in another order than the one before. `lies_about_total`: says that there is one
    more. `drops_active`: users have no `active`. `shouts`: names of attributes in capitals.
    `edits`: what becomes of each resource.
    Discovery: `discovery`: the status of what it says of itself, 200 for saying it, 299 for HTML.
    `config`: what it says instead. `cursors`: lists are read from cursor to cursor,
    `forgets_total`: and do not say how long they are, `stuck`: and each names the first as next.
    Writing: `no_patch`: 501. `silent_writes`: says yes and does nothing. `answers_nothing`: 204
    without a body for all that is written. `empty_created`: 201 without a body. `talks_at_204`: a
    body where there should be none. `normalizes`: cuts names and lowers their case. `strict`:
    refuses what Canaille does, and has no schema that says so. `refuses_path`: 400 invalidPath for
    PATCH. `absent_member`: the status for removing a member who is not there.
    Errors: `bare_errors`: no schemas, no scimType, a number as status. `content_type`: instead of
    the right one. `shut`: the path that gives 403, or `shut_with`. `rotated`: the token that is
    good instead of the first one. `limits`: for each write to come, the Retry-After of its 429.
    `watch` sees each write, `queries` notes what was asked.
    """

    page_cap: int = 0
    ignores_start_index: bool = False
    fails_on_count: bool = False
    hides_members: bool = False
    omits_empty_lists: bool = False
    reorders: bool = False
    lies_about_total: bool = False
    drops_active: bool = False
    shouts: bool = False
    edits: Callable[[Json], object] | None = None
    discovery: int = 200
    config: Mapping[str, object] | None = None
    cursors: bool = False
    forgets_total: bool = False
    stuck: bool = False
    no_patch: bool = False
    silent_writes: bool = False
    answers_nothing: bool = False
    empty_created: bool = False
    talks_at_204: bool = False
    normalizes: bool = False
    strict: bool = False
    refuses_path: bool = False
    absent_member: int = 0
    bare_errors: bool = False
    content_type: str | None = None
    shut: str = ""
    shut_with: int = 403
    rotated: str = ""
    limits: list[str] = field(default_factory=list)
    watch: Callable[[Request], object] | None = None
    queries: list[str] = field(default_factory=list)


def answered(odd: Oddities, request: Request, path: str, inner: Inner) -> Response:
    """The answer of such a service to a request that its plain self answers by `inner`."""
    odd.queries.append(request.query)
    if odd.watch is not None and request.method != "GET":
        odd.watch(request)
    instead = _instead(odd, request, path)
    if instead is None:
        given = replace(request, body=_sent(odd, request.body))
        if odd.cursors and path in ("/Users", "/Groups") and request.method == "GET":
            instead = _by_cursor(odd, given, path, inner)
        elif odd.reorders and path in ("/Users", "/Groups") and request.method == "GET":
            instead = _reordered(given, path, inner, len(odd.queries))
        else:
            instead = inner(given, path, _query(odd, request.query, path))
    return _said(odd, request, path, instead)


def _instead(odd: Oddities, request: Request, path: str) -> Response | None:
    """What is answered without asking the service."""
    if odd.rotated and request.headers.get("authorization") != f"Bearer {odd.rotated}":
        return error(401, "the token is not good any more")
    if odd.shut and path.startswith(odd.shut):
        return error(odd.shut_with, "no right to this")
    if path in ("/ServiceProviderConfig", "/Schemas"):
        return _discovery(odd, path)
    if odd.fails_on_count and "count=" in request.query:
        return HTML
    if request.method == "GET":
        return None
    return _refused(odd, request)


def _refused(odd: Oddities, request: Request) -> Response | None:
    if odd.limits:
        return replace(error(429, "too many"), headers=(("Retry-After", odd.limits.pop(0)),))
    if odd.silent_writes:
        return _silent(request)
    if request.method == "PATCH" and odd.no_patch:
        return error(501, "PATCH is not implemented")
    if request.method == "PATCH" and odd.refuses_path:
        return error(400, "no such path", "invalidPath")
    if request.method == "PATCH" and odd.absent_member and b'"remove"' in request.body:
        return error(odd.absent_member, "no such member", "noTarget")
    if odd.strict and (reason := _too_much(request)):
        return error(400, reason, "invalidSyntax")
    return None


def _discovery(odd: Oddities, path: str) -> Response | None:
    if odd.discovery == 299:
        return Response(200, b"<html>a page</html>", "text/html")
    if odd.discovery != 200:
        return error(odd.discovery, "not here")
    if odd.config is not None and path == "/ServiceProviderConfig":
        return Response(200, json.dumps(odd.config).encode(), "application/scim+json")
    return None


def _too_much(request: Request) -> str:
    """What a service as strict as Canaille has against a body."""
    text = request.body.decode()
    if '"primary"' in text or '"type"' in text:
        return "Extra inputs are not permitted: emails, 0, primary"
    if '"members"' in text and '"add"' in text and '"$ref"' not in text:
        return "Field 'ref' is required"
    return ""


def _sent(odd: Oddities, body: bytes) -> bytes:
    """A body as the service takes it."""
    if not odd.normalizes or not body:
        return body
    sent = json.loads(body)
    for each in sent.get("emails", ()):
        each["value"] = each["value"].lower()
    for name in ("displayName", "title"):
        if name in sent:
            sent[name] = " ".join(sent[name].split())
    if "userName" in sent:
        sent["userName"] = sent["userName"].lower()
    return json.dumps(sent).encode()


def _query(odd: Oddities, query: str, path: str) -> str:
    given = dict(each.split("=", 1) for each in query.split("&") if each)
    if odd.page_cap and path in ("/Users", "/Groups"):
        given["count"] = str(min(int(given.get("count", odd.page_cap)), odd.page_cap))
    if odd.ignores_start_index:
        given.pop("startIndex", None)
    return "&".join(f"{name}={value}" for name, value in given.items())


def _reordered(request: Request, path: str, inner: Inner, turns: int) -> Response:
    """A page of the list, whose order is another one for each request."""
    given = dict(each.split("=", 1) for each in request.query.split("&") if each)
    start, count = int(given.get("startIndex", 1)), int(given.get("count", 100))
    whole = inner(request, path, "startIndex=1&count=1000")
    body = json.loads(whole.body)
    rows = body["Resources"]
    first = turns % max(len(rows), 1)
    rows = [*rows[first:], *rows[:first]]
    body["Resources"] = rows[start - 1 : start - 1 + count]
    return replace(whole, body=json.dumps(body).encode())


def _by_cursor(odd: Oddities, request: Request, path: str, inner: Inner) -> Response:
    """A page as RFC 9865 has it: it names the next one, and nobody can ask for its number."""
    given = dict(each.partition("=")[::2] for each in request.query.split("&") if each)
    if "startIndex" in given or "cursor" not in given:
        return error(400, "pages are asked for by cursor", "invalidValue")
    start = int(unquote(given["cursor"]).removeprefix("after&") or 1)
    size = min(int(given.get("count", "100")), odd.page_cap or 100)
    page = inner(request, path, f"startIndex={start}&count={size}")
    body = json.loads(page.body)
    total = body.pop("totalResults") if odd.forgets_total else body["totalResults"]
    if start + size <= total:
        body["nextCursor"] = "after&1" if odd.stuck else f"after&{start + size}"
    return replace(page, body=json.dumps(body).encode())


def _said(odd: Oddities, request: Request, path: str, answer: Response) -> Response:
    """The answer as the service gives it."""
    is_write = request.method != "GET"
    if is_write and odd.answers_nothing and answer.status in (200, 201):
        return Response(204, b"", "text/plain")
    if is_write and odd.empty_created and answer.status == 201:
        return Response(201, b"", "text/plain")
    if answer.status == 204 and odd.talks_at_204:
        return replace(answer, body=b'{"said": "done"}', content_type="application/json")
    if answer.body and answer.status < 300 and "json" in answer.content_type:
        answer = replace(answer, body=_edited(odd, path, answer.body))
    if answer.body and answer.status >= 400 and odd.bare_errors:
        said = {"status": answer.status, "detail": _detail(answer.body)}
        answer = replace(answer, body=json.dumps(said).encode())
    if odd.content_type is not None and "json" in answer.content_type:
        answer = replace(answer, content_type=odd.content_type)
    return answer


def _edited(odd: Oddities, path: str, text: bytes) -> bytes:
    body = json.loads(text)
    if odd.lies_about_total and "totalResults" in body:
        body["totalResults"] += 1
    for row in body.get("Resources", [body]):
        if odd.drops_active and path.startswith("/Users"):
            row.pop("active", None)
        if odd.hides_members and path == "/Groups":
            row.pop("members", None)
        if odd.edits is not None:
            odd.edits(row)
    if odd.omits_empty_lists and not body.get("Resources", True):
        del body["Resources"]
    return json.dumps(_shouted(body) if odd.shouts else body).encode()


def _shouted(value: Any) -> Any:  # Any: JSON of any kind
    if isinstance(value, dict):
        return {name.upper(): _shouted(each) for name, each in value.items()}
    return [_shouted(each) for each in value] if isinstance(value, list) else value


def _detail(body: bytes) -> str:
    try:
        return str(json.loads(body).get("detail", ""))
    except ValueError:
        return ""


def _silent(request: Request) -> Response:
    if request.method == "POST":
        made = {**json.loads(request.body), "id": "made-up"}
        return Response(201, json.dumps(made).encode(), "application/scim+json")
    return Response(204, b"", "text/plain")


def error(status: int, detail: str, kind: str = "") -> Response:
    """An error as RFC 7644, section 3.12 has it."""
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "detail": detail}
    said = {**body, "status": str(status), **({"scimType": kind} if kind else {})}
    return Response(status, json.dumps(said).encode(), "application/scim+json")
