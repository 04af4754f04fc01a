"""A simulated MobiusFlow engine: a real HTTP server on loopback, with users kept in memory.

It speaks Engine API v1 as published, and of v3 what is published, with the rest as assumed or in
any of the ways that `Oddities` names. Its parts: `settings`, `store` (users), `tokens` (what signs
requests), `replies`, `v1` and `v3` (routes), `application` and `simulator`.
Sources: the vendor's API description "MobiusFlow API" 1.2.3; its request collection for v3; the
manual of Toolbox 3, "User Management".
"""

from reconciler.sandbox.http.clock import ManualClock
from reconciler.sandbox.http.faults import Fault, FaultKind
from reconciler.sandbox.mobiusflow.settings import Dialect, MobiusFlowSettings, Oddities
from reconciler.sandbox.mobiusflow.simulator import MobiusFlowSimulator
from reconciler.sandbox.mobiusflow.store import Store, UserRow

__all__ = [
    "Dialect",
    "Fault",
    "FaultKind",
    "ManualClock",
    "MobiusFlowSettings",
    "MobiusFlowSimulator",
    "Oddities",
    "Store",
    "UserRow",
]
