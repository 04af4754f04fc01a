"""The simulator as tests and the demo hold it: start, stop, restart, look inside, arm faults."""

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.sandbox.http.clock import Clock
from reconciler.sandbox.http.simulator import HttpSimulator
from reconciler.sandbox.kohakuriver.application import Application
from reconciler.sandbox.kohakuriver.settings import KohakuRiverSettings
from reconciler.sandbox.kohakuriver.store import Store


class KohakuRiverSimulator(HttpSimulator):
    """One host on a free port of 127.0.0.1, which can be started once.

    `store` may be read and edited by hand at any time.
    """

    def __init__(
        self,
        settings: KohakuRiverSettings,
        *,
        clock: Clock = time.time,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(tls=tls)
        self.settings = settings
        self.store = Store(settings, clock, self.stopping.wait)
        self.serve(Application(settings, self.store, self.faults, self.stopping.wait, self.restart))

    def restart(self, admin_secret: str | None = None) -> None:
        """What a restart of the host does: connections drop. Data, tokens and sessions stay.

        `admin_secret` is the new one, where somebody changed the configuration.
        """
        if admin_secret is not None:
            self.store.admin_secret = admin_secret
        self.drop_connections()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The whole host answers nobody, as long as this lasts."""
        with self.store.serial:
            yield
