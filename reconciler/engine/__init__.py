"""The four steps over all targets: load, read, plan, apply."""

from reconciler.engine.inputs import Inputs, Limits, Origin, Progress
from reconciler.engine.planning import Choice
from reconciler.engine.reading import Reading
from reconciler.engine.run import Run

__all__ = ["Choice", "Inputs", "Limits", "Origin", "Progress", "Reading", "Run"]
