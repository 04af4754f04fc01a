"""What nobody can compare with what is there: it counts as changed where the manifest's words are.

A target that cannot tell whether two texts mean the same leaves them as they are there. Here
belongs what the memory adds: words that somebody edited since the last apply are to be written.
Pure.
"""

from __future__ import annotations

from reconciler.provider import Doubting, Provider
from reconciler.state import Fields, Key, State


def with_edits(provider: Provider, asked: State, normalized: State, applied: State) -> State:
    """The normalised state, in which doubtful values are the manifest's where those were edited.

    `asked` and `applied` are in manifest spelling.
    """
    if not isinstance(provider, Doubting):
        return normalized
    edited: dict[Key, Fields] = {}
    for key, reasons in provider.doubts().items():
        now, then = asked.get(key) or {}, applied.get(key) or {}
        edits = {n: now[n] for n in reasons if n in now and n in then and now[n] != then[n]}
        if edits and key in normalized:
            edited[key] = {**normalized.records[key], **edits}
    return State({**normalized.records, **edited}) if edited else normalized
