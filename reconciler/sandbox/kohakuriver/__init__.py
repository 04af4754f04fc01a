"""A KohakuRiver host on loopback: a real HTTP server that behaves like upstream's of 2026-02-10.

What belongs here: the simulator, its routes and its rows. It imports nothing of the program but
what simulators share, so a provider under test shares no code, and no misunderstanding, with it.
"""

from reconciler.sandbox.kohakuriver.settings import KohakuRiverSettings
from reconciler.sandbox.kohakuriver.simulator import KohakuRiverSimulator
from reconciler.sandbox.kohakuriver.store import Store

__all__ = ["KohakuRiverSettings", "KohakuRiverSimulator", "Store"]
