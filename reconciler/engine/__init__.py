"""The four steps over all targets: load, read, plan, apply."""

from reconciler.engine.recording import Origin
from reconciler.engine.run import Inputs, Progress, Reading, Run

__all__ = ["Inputs", "Origin", "Progress", "Reading", "Run"]
