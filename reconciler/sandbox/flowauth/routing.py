"""Routes: which handler a method and path lead to, with 308, 404 and 405 as Werkzeug gives them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from reconciler.sandbox.flowauth.context import Context
from reconciler.sandbox.flowauth.responses import not_found, page, redirect
from reconciler.sandbox.http.messages import RefusedError, Response

Handler = Callable[[Context], Response]


class Access(Enum):
    """Who may call a route; CSRF is checked for every write but those of OPEN routes."""

    OPEN = "open"
    SIGNED_IN = "signed in"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path; `*` stands for one segment, which becomes an argument.

    An `in_two_steps` handler lets others in between its read and its commit.
    """

    method: str
    path: str
    handler: Handler
    access: Access = Access.ADMIN
    in_two_steps: bool = False

    def arguments(self, path: str) -> tuple[str, ...] | None:
        """The segments that stand for `*`, or None when the path is another."""
        own, given = self.path.split("/"), path.split("/")
        if len(own) != len(given):
            return None
        pairs = list(zip(own, given, strict=True))
        if any(mine not in ("*", theirs) or (mine == "*" and not theirs) for mine, theirs in pairs):
            return None
        return tuple(theirs for mine, theirs in pairs if mine == "*")


class Router:
    """Finds the route of a request; paths without `*` go before paths with it."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = sorted(routes, key=lambda route: route.path.count("*"))

    def find(self, method: str, path: str, origin: str) -> tuple[Route, tuple[str, ...]]:
        """The route and its arguments; `origin` is scheme and host for the 308.

        Raises RefusedError with 308, 404 or 405.
        """
        matches = self._matches(path)
        wanted = "GET" if method == "HEAD" else method
        for route, arguments in matches:
            if route.method == wanted:
                return route, arguments
        if matches:
            raise RefusedError(page(405, headers=(("Allow", _allowed(matches)),)))
        if self._matches(f"{path}/"):
            raise RefusedError(redirect(f"{origin}{path}/"))
        raise not_found()

    def _matches(self, path: str) -> list[tuple[Route, tuple[str, ...]]]:
        found = ((route, route.arguments(path)) for route in self._routes)
        return [(route, arguments) for route, arguments in found if arguments is not None]


def _allowed(matches: list[tuple[Route, tuple[str, ...]]]) -> str:
    methods = {route.method for route, _ in matches}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
