"""A simulated service as tests and the demo hold it: start, stop, look inside, arm faults."""

import ssl
import threading
from types import TracebackType
from typing import NamedTuple, TypeVar

from reconciler.sandbox.http.application import FaultyApplication
from reconciler.sandbox.http.faults import FaultPlan
from reconciler.sandbox.http.server import HttpServer, RequestLog

_Self = TypeVar("_Self", bound="HttpSimulator")


class RequestRecord(NamedTuple):
    """One request that was answered; `status` is 0 when the connection was cut instead."""

    method: str
    path: str
    status: int


class HttpSimulator:
    """One service on a free port of 127.0.0.1, which can be started once.

    A product's own simulator makes its `FaultyApplication` from `faults` and `stopping` (whose
    `wait` sleeps, but ends early at a stop) and gives it to `serve`.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.faults = FaultPlan()
        self.stopping = threading.Event()
        self._tls = tls
        self._log = RequestLog()
        self._application: FaultyApplication | None = None
        self._server: HttpServer | None = None

    def __enter__(self: _Self) -> _Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def is_started(self) -> bool:
        """Whether it was started, however it is now."""
        return self._server is not None

    @property
    def url(self) -> str:
        """The base address, without a slash at its end."""
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._running().server_port}"

    @property
    def requests(self) -> tuple[RequestRecord, ...]:
        """Every request so far, in order of answering; bodies are not kept."""
        return tuple(RequestRecord(*entry) for entry in self._log.entries())

    @property
    def unplanned_errors(self) -> tuple[BaseException, ...]:
        """Bugs of the simulator itself that a request ran into: a test wants this to be empty."""
        edge = () if self._server is None else tuple(self._server.edge_errors)
        own = () if self._application is None else self._application.unplanned_errors
        return (*own, *edge)

    def serve(self, application: FaultyApplication) -> None:
        """Say who answers. Before the start."""
        self._application = application

    def start(self) -> None:
        """Serve; raises RuntimeError when started before."""
        if self._server is not None:
            raise RuntimeError("this simulator was started before; make a new one")
        assert self._application is not None, "nobody said who answers"
        self._server = HttpServer(self._application, self._log, self._tls)
        self._server.start()

    def drop_connections(self) -> None:
        """Shut every open connection down, as a restart does. Address and data stay."""
        self._running().drop_connections()

    def stop(self) -> None:
        """Stop at once, also in the middle of slow replies; leaves no thread and no socket."""
        if self._server is None or self.stopping.is_set():
            return
        self.stopping.set()
        self._server.stop()

    def _running(self) -> HttpServer:
        if self._server is None:
            raise RuntimeError("this simulator has not been started")
        return self._server
