"""People whom a target invited and who have not made their accounts yet: what waits for them.

Here belongs what a reading makes of that, on any target that invites: rights that cannot be given
yet are not asked for, an invitation that is over is no drift, and each plan says who is waited for.
Inviting is for the provider.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from reconciler.engine.reading import Reading
from reconciler.plan import PENDING_EXTERNAL
from reconciler.provider import Inviting, Provider, Warned
from reconciler.render.phrases import path_text
from reconciler.state import INVITED, Fields, Key, State
from reconciler.wording import listed

if TYPE_CHECKING:
    from reconciler.engine.memory import Memories

INVITATION_OVER: Final = "invitation-over"


def remind(provider: Provider, memories: Memories, target: str, place: str) -> None:
    """Tell a provider that invites people what is remembered of that, before it observes."""
    if isinstance(provider, Inviting):
        provider.recall(memories.notes(target, place), memories.inviting(target, place))


def with_invited(reading: Reading, provider: Provider) -> Reading:
    """The reading without what cannot be done before somebody has registered.

    What was applied has the invitations that are ours, whoever died before that was remembered, and
    none of those that are over by themselves: they are to be made again, and nobody took them.
    """
    if not isinstance(provider, Inviting):
        return reading
    asked = reading.desired.state
    people = {key.path[-1] for key, fields in asked.of_kind("account") if INVITED in fields}
    waiting = tuple(sorted(k for k in asked.records if _waits(k, people))) if people else ()
    if waiting:
        held = frozenset(waiting)
        asked = State({key: each for key, each in asked.records.items() if key not in held})
    return replace(
        reading,
        desired=replace(reading.desired, state=asked),
        applied=_applied(reading, provider.lapsed()),
        waiting=waiting,
        notes=provider.notes(),
        remarks=(*reading.remarks, *_remarks(reading, provider, waiting)),
    )


def _waits(key: Key, people: Set[str]) -> bool:
    return key[0] == "membership" and key.path[-1] in people


def _applied(reading: Reading, over: Mapping[str, str]) -> State | None:
    observed = reading.observed.of_kind("account")
    ours: dict[Key, Fields] = {key: fields for key, fields in observed if INVITED in fields}
    if reading.applied is None or not (ours or over):
        return reading.applied
    ended = {Key("account", (name,)) for name in over}
    known = {**ours, **reading.applied.records}
    return State({key: fields for key, fields in known.items() if key not in ended})


def _remarks(reading: Reading, provider: Inviting, waiting: Sequence[Key]) -> Iterator[Warned]:
    """Who is waited for, with what, and whose invitation is over."""
    held: defaultdict[str, list[Key]] = defaultdict(list)
    for key in waiting:
        held[key.path[-1]].append(key)
    invited = provider.invited()
    for name in sorted({*invited, *held}):
        key = Key("account", (name,))
        if key in reading.desired.state:
            text = _waiting_text(_named(name, reading), invited.get(name), held[name])
            yield Warned(PENDING_EXTERNAL, text, (key, *held[name]))
    for name, why in sorted(provider.lapsed().items()):
        if why and Key("account", (name,)) in reading.desired.state:
            text = f"the invitation of {_named(name, reading)} {why}"
            yield Warned(INVITATION_OVER, text, (Key("account", (name,)),))


def _waiting_text(who: str, end: str | None, held: Sequence[Key]) -> str:
    rights = listed([path_text(key.path[:-1]) for key in held])
    if end is None:
        return f"{who} gets an invitation; until it is used, this waits: {rights}"
    text = f"{who} is invited and has not registered yet; the invitation ends {end}"
    return f"{text}; until then this waits: {rights}" if held else text


def _named(name: str, reading: Reading) -> str:
    person = reading.desired.people.get(name, name)
    return name if person == name else f"{name} ({person})"
