"""The four steps over all targets: load, read, plan, apply."""

from reconciler.engine.planning import Choice
from reconciler.engine.reading import Reading
from reconciler.engine.recording import Origin
from reconciler.engine.run import Inputs, Limits, Progress, Run

__all__ = ["Choice", "Inputs", "Limits", "Origin", "Progress", "Reading", "Run"]
