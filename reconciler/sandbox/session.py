"""`reconciler sandbox`: throw-away systems, up until somebody presses Ctrl-C."""

from __future__ import annotations

import shlex
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from reconciler.sandbox.example import example_path
from reconciler.sandbox.offers import OFFERS, Offer
from reconciler.sandbox.systems import stopped_by_signals

_WIDTH = 100
_TURN_S = 0.5
_SHARED = "access"
"""The example that has two of the systems, and that commands read where none is named."""


def run_sandbox(out: Callable[[str], None], names: Sequence[str]) -> int:
    """Start these systems, say how to reach them, and wait. Gives the exit code: 0 after Ctrl-C."""
    try:
        with stopped_by_signals(), ExitStack() as stack:
            offers = [stack.enter_context(OFFERS[name]()) for name in OFFERS if name in names]
            out(directions(offers))
            _wait()
    except KeyboardInterrupt:
        out("Stopped; nothing is left of it.\n")
    return 0


def _wait() -> None:
    """Until a signal raises. In turns, since one that comes just before a wait does not end it."""
    while True:
        time.sleep(_TURN_S)


def directions(offers: Sequence[Offer]) -> str:
    """What is up, how it is reached, and for each manifest what to do with it."""
    is_one = len(offers) == 1
    up = f"{_titles(offers)} {'is' if is_one else 'are'} up on this machine."
    holds = "It holds" if is_one else "They hold"
    vanish = "vanishes" if is_one else "vanish"
    lines = [
        *textwrap.wrap(up, _WIDTH),
        f"{holds} nothing of yours and {vanish} when you press Ctrl-C here. In another terminal:",
        "",
        *(f"  {line}" for line in _preparations(offers)),
    ]
    for example in _examples(offers):
        commands = _commands([offer for offer in offers if offer.example == example])
        lines += ["", *(f"  {line}" for line in commands)]
    return "\n".join(lines) + "\n\n"


def _examples(offers: Sequence[Offer]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(offer.example for offer in offers))


def _preparations(offers: Sequence[Offer]) -> Iterator[str]:
    """The variables, and a manifest that refers to them beside the ledger it will have."""
    for offer in offers:
        for name, value in offer.environment.items():
            yield f"export {name}={shlex.quote(value)}"
    for example in _examples(offers):
        yield f"cp {shlex.quote(str(example_path(example)))} {example}.yaml"


def _titles(offers: Sequence[Offer]) -> str:
    *first, last = [offer.title for offer in offers]
    text = f"{', '.join(first)}, and {last}," if first else last
    return text[0].upper() + text[1:]


def _commands(offers: Sequence[Offer]) -> Iterator[str]:
    """What to do with the systems of one example."""
    example = offers[0].example
    file = "" if example == _SHARED else f" -f {example}.yaml"
    only = f" --target {offers[0].target}" if example == _SHARED and len(offers) == 1 else ""
    new = "passwords.jsonl" if example == _SHARED else f"{example}-passwords.jsonl"
    credentials = f" --credentials-out {new}" if offers[0].passwords else ""
    yield f"reconciler plan{file}{only}"
    yield f"reconciler apply{file}{only}{credentials}"
    for offer in offers:
        yield from offer.commands
