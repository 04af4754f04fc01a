"""What a route handler is given, and the shapes of what it answers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reconciler.sandbox.http.messages import RefusedError, Request, Response, json_reply
from reconciler.sandbox.kohakuriver.callers import Caller
from reconciler.sandbox.kohakuriver.settings import KohakuRiverSettings
from reconciler.sandbox.kohakuriver.store import Store
from reconciler.sandbox.kohakuriver.tables import Tables, UserRow


@dataclass(frozen=True, slots=True)
class Context:
    """One request on its way through a handler. `arguments` are the parts of its path."""

    settings: KohakuRiverSettings
    store: Store
    request: Request
    caller: Caller
    arguments: tuple[str, ...] = ()

    @property
    def tables(self) -> Tables:
        """All rows."""
        return self.store.tables

    def time_text(self, seconds: float | None) -> str | None:
        """A time as the product tells it: local, without its zone."""
        if seconds is None:
            return None
        local = datetime.fromtimestamp(seconds, self.settings.zone).replace(tzinfo=None)
        return local.isoformat(timespec="microseconds")

    def shown_user(self, row: UserRow) -> dict[str, object]:
        """A user as all routes show one."""
        return {
            "id": row.id,
            "username": row.username,
            "display_name": row.display_name,
            "role": row.role,
            "is_active": row.is_active,
            "created_at": self.time_text(row.created_at),
        }


Handler = Callable[[Context], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path below /api; `*` stands for one part, which becomes an argument.

    `role` is asked for by the framework, before the body is looked at; empty where it is not.
    """

    method: str
    path: str
    handler: Handler
    role: str = ""

    def arguments(self, path: str) -> tuple[str, ...] | None:
        """The parts that stand for `*`, or None when the path is another."""
        own, given = self.path.split("/"), path.split("/")
        if len(own) != len(given):
            return None
        pairs = list(zip(own, given, strict=True))
        if any(mine not in ("*", theirs) or not theirs for mine, theirs in pairs[1:]):
            return None
        return tuple(theirs for mine, theirs in pairs if mine == "*")


def said(text: str, status: int) -> RefusedError:
    """The application's own refusal."""
    return RefusedError(json_reply({"detail": text}, status))
