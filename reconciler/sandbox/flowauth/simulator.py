"""The simulator as tests and the demo hold it: start, stop, restart, look inside, arm faults."""

import ssl
import time
from dataclasses import replace

from reconciler.sandbox.flowauth.application import Application
from reconciler.sandbox.flowauth.context import Services
from reconciler.sandbox.flowauth.session import Signer
from reconciler.sandbox.flowauth.settings import FlowAuthSettings
from reconciler.sandbox.flowauth.store import Store
from reconciler.sandbox.http.clock import Clock
from reconciler.sandbox.http.simulator import HttpSimulator


class FlowAuthSimulator(HttpSimulator):
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
        super().__init__(tls=tls)
        self.settings = settings if tls is None else replace(settings, scheme_seen="https")
        self.store = Store(self.settings)
        signer = Signer(clock)
        services = Services(self.settings, self.store, signer, clock, self.stopping.wait)
        self.serve(Application(services, self.faults, self.restart))

    def start(self) -> None:
        """Create the bootstrap administrator and serve; raises RuntimeError when started before."""
        if not self.is_started:
            self.store.restore_bootstrap_admin()
        super().start()

    def restart(self) -> None:
        """What a restart of FlowAuth does: connections drop, the bootstrap administrator is reset.

        Address, data and sessions stay.
        """
        self.store.restore_bootstrap_admin()
        self.drop_connections()
