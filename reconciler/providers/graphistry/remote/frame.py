"""A request and its answer: a list of operations, and one line between two marks."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping

from reconciler.providers.graphistry.remote.members import add_member, remove_member
from reconciler.providers.graphistry.remote.models import Loose, Refusal
from reconciler.providers.graphistry.remote.reading import READERS
from reconciler.providers.graphistry.remote.writing import (
    create_user,
    delete_user,
    set_switches,
    update_user,
)

PROTOCOL = 1
LONGEST_DETAIL = 200


WRITERS: dict[str, Callable[[Mapping[str, Loose]], None]] = {
    "create_user": create_user,
    "update_user": update_user,
    "delete_user": delete_user,
    "add_member": add_member,
    "remove_member": remove_member,
    "set_switches": set_switches,
}


def answer(request: Mapping[str, Loose]) -> None:
    """Carry out the operations of a request and print what became of them."""
    ends = time.time() + request["seconds"]
    results = [result_of(each, ends) for each in request["ops"]]
    sys.stdout.write(framed(request["nonce"], results))
    sys.stdout.flush()


def result_of(operation: Mapping[str, Loose], ends: float) -> dict[str, Loose]:
    """What became of one operation. None is begun when nobody waits for it any more."""
    try:
        if time.time() > ends:
            raise Refusal("late", "there was no time left to begin it")
        return {"ok": True, "value": carry_out(operation)}
    except Refusal as refusal:
        return failure(refusal.kind, str(refusal))
    except Exception as error:  # whatever it is: the one who asked has to be told
        return failure("internal", told(error, operation["args"].get("password")))


def carry_out(operation: Mapping[str, Loose]) -> Loose:
    """One operation. Writers run in a transaction, and undo what they did where they raise."""
    from django.db import transaction

    name, args = operation["op"], operation["args"]
    if name in READERS:
        return READERS[name](args)
    if name not in WRITERS:
        raise Refusal("unsupported", f"there is no operation {name}")
    with transaction.atomic():
        return WRITERS[name](args)


def told(error: BaseException, password: str | None) -> str:
    """An error in one line. Further lines of a database's message may show what it stores."""
    first = (str(error).splitlines() or [""])[0]
    text = f"{type(error).__name__}: {first}"
    return text.replace(password, "***") if password else text


def failure(kind: str, detail: str) -> dict[str, Loose]:
    """An operation that was not carried out."""
    return {"ok": False, "error": {"kind": kind, "detail": detail[:LONGEST_DETAIL]}}


def framed(nonce: str, results: Iterable[Loose]) -> str:
    """The one line of the answer, between its marks; ASCII, whatever the locale is."""
    reply = {"proto": PROTOCOL, "nonce": nonce, "results": list(results)}
    mark = f"<<<reconciler:{nonce}:"
    return f"\n{mark}begin>>>\n{json.dumps(reply)}\n{mark}end>>>\n"
