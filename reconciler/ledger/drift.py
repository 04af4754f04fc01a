"""The drift that the ledger knows: what was found on each target, and since when.

Here belongs telling what is new from what was there before. Finding drift is for the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.json_text import Json, canonical_text
from reconciler.ledger.database import Transaction
from reconciler.ledger.documents import read_object
from reconciler.ledger.values import DriftNews, SeenDrift

_UPSERT: Final = (
    "INSERT INTO drift (target, id, first_seen, document) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (target, id) DO UPDATE SET document = excluded.document"
)


def note(
    transaction: Transaction, target: str, findings: Mapping[str, Mapping[str, Json]], now: str
) -> DriftNews:
    """Note all drift of a target by finding id; what is new, still there, or resolved.

    Findings that are no longer among them are forgotten: if one comes back, it is new.
    """
    before = {each.id: each for each in seen(transaction, target)}
    first_seen = {id: before[id].first_seen if id in before else now for id in sorted(findings)}
    for id, time in first_seen.items():
        transaction.execute(_UPSERT, target, id, time, canonical_text(findings[id]))
    resolved = tuple(each for id, each in sorted(before.items()) if id not in findings)
    for each in resolved:
        transaction.execute("DELETE FROM drift WHERE target = ? AND id = ?", target, each.id)
    worse = {id for id in before if id in findings and _is_worse(before[id], findings[id])}
    return DriftNews(
        first_seen=first_seen,
        new=tuple(id for id in first_seen if id not in before),
        still=tuple(id for id in first_seen if id in before and id not in worse),
        worse=tuple(sorted(worse)),
        resolved=resolved,
    )


def seen(transaction: Transaction, target: str) -> tuple[SeenDrift, ...]:
    """The drift of a target that was noted last, sorted by id."""
    rows = transaction.rows("SELECT id, first_seen, document FROM drift WHERE target = ?", target)
    found = (SeenDrift(str(id), str(time), read_object(str(text))) for id, time, text in rows)
    return tuple(sorted(found, key=lambda each: each.id))


def _is_worse(before: SeenDrift, finding: Mapping[str, Json]) -> bool:
    was, now = before.document.get("observed"), finding.get("observed")
    return canonical_text(was) != canonical_text(now)
