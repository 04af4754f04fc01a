"""The simulator as tests and the demo hold it: start, stop, restart, look inside, arm faults."""

import ssl
import threading
import time
from dataclasses import replace
from types import TracebackType
from typing import NamedTuple

from reconciler.sandbox.flowauth.application import Application
from reconciler.sandbox.flowauth.clock import Clock
from reconciler.sandbox.flowauth.context import Services
from reconciler.sandbox.flowauth.faults import FaultPlan
from reconciler.sandbox.flowauth.server import HttpServer, RequestLog
from reconciler.sandbox.flowauth.session import Signer
from reconciler.sandbox.flowauth.settings import FlowAuthSettings
from reconciler.sandbox.flowauth.store import Store


class RequestRecord(NamedTuple):
    """One request that was answered; `status` is 0 when the connection was cut instead."""

    method: str
    path: str
    status: int


class FlowAuthSimulator:
    """One FlowAuth on a free port of 127.0.0.1, which can be started once.

    With `tls` it speaks https, and the application sees https whatever the settings say.
    `store` may be read and edited by hand at any time after the start.
    """

    def __init__(
        self,
        settings: FlowAuthSettings,
        *,
        clock: Clock = time.time,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.settings = settings if tls is None else replace(settings, scheme_seen="https")
        self.store = Store(self.settings)
        self.faults = FaultPlan()
        self._stopping = threading.Event()
        self._log = RequestLog()
        signer = Signer(clock)
        services = Services(self.settings, self.store, signer, clock, self._stopping.wait)
        self._application = Application(services, self.faults, self.restart)
        self._tls = tls
        self._server: HttpServer | None = None

    def __enter__(self) -> "FlowAuthSimulator":
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
        return (*self._application.unplanned_errors, *edge)

    def start(self) -> None:
        """Create the bootstrap administrator and serve; raises RuntimeError when started before."""
        if self._server is not None:
            raise RuntimeError("this simulator was started before; make a new one")
        self.store.restore_bootstrap_admin()
        self._server = HttpServer(self._application, self._log, self._tls)
        self._server.start()

    def restart(self) -> None:
        """What a restart of FlowAuth does: connections drop, the bootstrap administrator is reset.

        Address, data and sessions stay.
        """
        server = self._running()
        self.store.restore_bootstrap_admin()
        server.drop_connections()

    def stop(self) -> None:
        """Stop at once, also in the middle of slow replies; leaves no thread and no socket."""
        if self._server is None or self._stopping.is_set():
            return
        self._stopping.set()
        self._server.stop()

    def _running(self) -> HttpServer:
        if self._server is None:
            raise RuntimeError("this simulator has not been started")
        return self._server
