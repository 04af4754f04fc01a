"""The simulator as tests and the demo hold it: start, stop, look inside, arm faults."""

import ssl
import time

from reconciler.sandbox.http.clock import Clock
from reconciler.sandbox.http.simulator import HttpSimulator
from reconciler.sandbox.mobiusflow.application import Application
from reconciler.sandbox.mobiusflow.context import Services
from reconciler.sandbox.mobiusflow.settings import MobiusFlowSettings, Oddities
from reconciler.sandbox.mobiusflow.store import SWITCHES_OF, Store
from reconciler.sandbox.mobiusflow.tokens import Sessions, Signer


class MobiusFlowSimulator(HttpSimulator):
    """One engine on a free port of 127.0.0.1, which can be started once.

    `store` may be read and edited by hand, and `oddities` changed, at any time.
    """

    def __init__(
        self,
        settings: MobiusFlowSettings,
        oddities: Oddities | None = None,
        *,
        clock: Clock = time.time,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(tls=tls)
        self.settings = settings
        self.oddities = oddities or Oddities()
        self.store = Store()
        self.sessions = Sessions()
        self.signer = Signer(clock)
        services = Services(settings, self.oddities, self.store, self.signer, self.sessions, clock)
        self._engine = Application(services, self.faults, self.stopping.wait)
        self.serve(self._engine)
        self.add(settings.admin_username, settings.admin_password, "Administrator")

    @property
    def base(self) -> str:
        """The whole base address of its API."""
        return f"{self.url}{self.settings.prefix}"

    @property
    def most_at_once(self) -> int:
        """How many requests were answered at the same time, at most."""
        return self._engine.most_at_once

    def add(self, username: str, password: str, role: str) -> str:
        """Create a user in a role of the manual by hand; gives the id."""
        roles = SWITCHES_OF[role] if self.settings.dialect == "v1" else {role}
        return self.store.add(username, password, *roles).id
