"""A ledger as format 1 had it, written by hand: its journal knew one change an entry."""

from __future__ import annotations

import hashlib
from typing import Final

from reconciler.changes import Change
from reconciler.json_text import Json, canonical_text
from reconciler.ledger import Applied
from reconciler.ledger.database import Database, Transaction
from reconciler.ledger.schema import STEPS, prepare
from reconciler.state import Key, State
from tests.ledger.places import STARTED

AMINA: Final = Change("create", Key("account", ("amina",)), None, {"scopes": ("a", "b")}, "config")
KOFI: Final = Change("create", Key("account", ("kofi",)), None, {"scopes": ("a", "b")}, "config")
APPLIED: Final = Applied(
    "flowdb", State({Key("account", ("amina",)): {"login": True}}), "d" * 64, "c", "Esi", STARTED, 1
)

_APPLIED: Final[Json] = {
    "manifest_digest": "d" * 64,
    "commit": "c",
    "author": "Esi",
    "at": STARTED,
    "run_id": 1,
    "records": [{"kind": "account", "path": ["amina"], "fields": {"login": True}}],
}
_RUN: Final[Json] = {
    "run_id": 1,
    "kind": "apply",
    "started": STARTED,
    "plan_digest": "",
    "manifest_digest": "",
    "commit": "c",
    "author": "Esi",
    "command": "",
    "ended": "",
    "exit_code": None,
    "summary": "",
}


def make_format_1(database: Database) -> None:
    """Make such a ledger and close the database.

    It has an intent that was done, one of which nobody knows what became, and an accepted finding.
    """
    prepare(database, STEPS[:1], create=True)
    with database.write() as transaction:
        _append(transaction, "intent", "amina")
        _append(transaction, "result", "amina", "done")
        _append(transaction, "intent", "kofi")
        _append(transaction, "result", "kofi", "unknown")
        _append(transaction, "accepted")
        transaction.execute("INSERT INTO applied VALUES (?, ?)", "flowdb", canonical_text(_APPLIED))
        transaction.execute("INSERT INTO runs VALUES (?, ?, ?)", 1, "apply", canonical_text(_RUN))
    database.close()


def _append(transaction: Transaction, kind: str, name: str = "", status: str = "") -> None:
    """An entry about an account of this name, if any, behind the last one."""
    ((last, previous),) = transaction.rows("SELECT number, hash FROM journal_head")
    number = int(last) + 1
    content = canonical_text(
        {
            "number": number,
            "at": STARTED,
            "kind": kind,
            "run_id": 1,
            "target": "flowdb",
            "change": _change(name),
            "status": status or None,
            "message": "",
            "finding": "S-1" if kind == "accepted" else "",
            "by": "",
            "plan_digest": "",
        }
    )
    digest = hashlib.sha256(f"{previous}{content}".encode()).hexdigest()
    columns = (number, previous, digest, content, STARTED, kind, "flowdb", 1, _subject(name))
    marks = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
    transaction.execute(f"INSERT INTO journal VALUES ({marks})", *columns, status)
    transaction.execute("UPDATE journal_head SET number = ?, hash = ?", number, digest)


def _change(name: str) -> Json:
    """As the first ones were: without the accounts whose sessions are ended."""
    return (
        {
            "action": "create",
            "kind": "account",
            "path": [name],
            "before": None,
            "after": {"scopes": ["a", "b"]},
            "cause": "config",
        }
        if name
        else None
    )


def _subject(name: str) -> str:
    if not name:
        return ""
    text = canonical_text({"action": "create", "kind": "account", "path": [name]})
    return hashlib.sha256(text.encode()).hexdigest()
