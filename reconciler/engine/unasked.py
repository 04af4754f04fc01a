"""Which privileges that no line asks for are left alone, in words.

Here belongs finding what a plan leaves of them. What is left alone is `reconciler.selection`.
"""

from __future__ import annotations

from collections import defaultdict

from reconciler.engine.reading import Reading
from reconciler.plan import Unasked
from reconciler.privilege_words import less
from reconciler.render.phrases import privilege_sentences
from reconciler.selection import Selection
from reconciler.state import EXACT_KINDS


def unasked(reading: Reading, chosen: Selection) -> tuple[Unasked, ...]:
    """Who will hold what that the manifest does not give them, in order of name."""
    keys = {key for key in chosen.unmanaged if key.kind in EXACT_KINDS} | reading.surplus.keys()
    if not keys:
        return ()
    after = {change.key: change.after for change in chosen.changes if change.key in keys}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for key in sorted(keys):
        left = after.get(key, reading.observed.get(key)) or {}
        asked = less(reading.desired.state.get(key) or {}, reading.surplus.get(key, {}))
        found[key.path[0]] += privilege_sentences(key, less(left, asked))
    return tuple(Unasked(name, tuple(rights)) for name, rights in sorted(found.items()) if rights)
