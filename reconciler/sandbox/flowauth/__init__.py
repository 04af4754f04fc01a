"""A FlowAuth on loopback: a real HTTP server that holds state and behaves like one of its releases.

What belongs here: the simulator, its routes and its store. It imports nothing of the program but
what simulators share, so a provider under test shares no code, and no misunderstanding, with it.
"""

from reconciler.sandbox.flowauth.settings import FlowAuthSettings
from reconciler.sandbox.flowauth.simulator import FlowAuthSimulator
from reconciler.sandbox.flowauth.snapshot import RoleFacts, ServerFacts, Snapshot, UserFacts
from reconciler.sandbox.flowauth.store import Store
from reconciler.sandbox.flowauth.totp import totp_code
from reconciler.sandbox.http.clock import ManualClock
from reconciler.sandbox.http.faults import Fault, FaultKind, FaultPlan, FiredFault
from reconciler.sandbox.http.simulator import RequestRecord

__all__ = [
    "Fault",
    "FaultKind",
    "FaultPlan",
    "FiredFault",
    "FlowAuthSettings",
    "FlowAuthSimulator",
    "ManualClock",
    "RequestRecord",
    "RoleFacts",
    "ServerFacts",
    "Snapshot",
    "Store",
    "UserFacts",
    "totp_code",
]
