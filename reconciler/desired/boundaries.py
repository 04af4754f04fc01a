"""When what a manifest says changes by itself: where grants start and end, and exemptions end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from reconciler.manifest.models import Manifest


def next_boundary(manifest: Manifest, at: datetime) -> datetime | None:
    """The first instant after `at` at which a grant starts or ends, or an exemption ends.

    None if there is none.
    """
    return min((time for time in _boundaries(manifest) if time > at), default=None)


def last_boundary(manifest: Manifest, at: datetime) -> datetime | None:
    """The last instant, not after `at`, at which a grant started or ended, or an exemption ended.

    None if there is none.
    """
    return max((time for time in _boundaries(manifest) if time <= at), default=None)


def _boundaries(manifest: Manifest) -> Iterator[datetime]:
    for grant in manifest.grants:
        if grant.from_ is not None:
            yield grant.from_
        if grant.until is not None:
            yield grant.until
    for apart in manifest.policies.separations:
        yield from (exemption.until for exemption in apart.except_)


def has_ended(manifest: Manifest, at: datetime) -> bool:
    """Whether a grant has ended by this instant, so that the window `ended` makes a difference."""
    return any(grant.until is not None and grant.until <= at for grant in manifest.grants)


def has_started(manifest: Manifest, at: datetime) -> bool:
    """Whether a grant with a start has begun, so that `unstarted` makes a difference."""
    return any(grant.from_ is not None and grant.from_ <= at for grant in manifest.grants)
