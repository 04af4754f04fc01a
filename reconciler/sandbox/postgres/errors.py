"""The error of this package: a throw-away server is no target, so it is no `TargetError`."""

from __future__ import annotations

from reconciler.errors import ReconcilerError


class ThrowawayServerError(ReconcilerError):
    """A throw-away PostgreSQL server could not be found, prepared or started."""
