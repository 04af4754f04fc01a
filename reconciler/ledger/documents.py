"""Runs and entries of the journal as the JSON documents of the ledger, and reading them back.

Here belongs the spelling in which the ledger keeps them; that of applied states is
`applied_documents`. Whatever a person may have written (names, messages, an author) is kept in such
a document: its text escapes what a database cannot hold, such as U+0000. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Final, NamedTuple, get_args

from reconciler.changes import Change
from reconciler.json_node import JsonNode, WrongShapeError
from reconciler.json_text import Json, canonical_text
from reconciler.ledger.applied_documents import parsed
from reconciler.ledger.values import Entry, EntryKind, Result, ResultStatus, Run
from reconciler.record_documents import change_document, read_change
from reconciler.record_texts import RecordTexts

# Runs


def run_text(run: Run) -> str:
    """All that is known of a run."""
    return canonical_text(asdict(run))


def read_run(text: str) -> Run:
    """The run of this text."""
    return parsed(
        text,
        lambda node: Run(
            run_id=node.number("run_id"),
            kind=node.text("kind"),
            started=node.text("started"),
            plan_digest=node.text("plan_digest"),
            manifest_digest=node.text("manifest_digest"),
            commit=node.text("commit"),
            author=node.text("author"),
            command=node.text("command"),
            ended=node.text("ended"),
            exit_code=None if node.get("exit_code").value is None else node.number("exit_code"),
            summary=node.text("summary"),
            targets=node.texts("targets") if node.has("targets") else (),
        ),
    )


# Entries of the journal


class Content(NamedTuple):
    """What stands in an entry's content. `format` is that of the ledger that wrote it."""

    number: int
    at: str
    entry: Entry
    format: int


def entry_text(number: int, at: str, entry: Entry) -> str:
    """The content of an entry: what its hash is taken of."""
    rest = entry_document(replace(entry, changes=()))
    text = canonical_text({"number": number, "at": at, **rest})
    # no value holds this text: inside a string each quote has a backslash before it
    before, found, after = text.partition(_NO_CHANGES)
    assert found, "every entry has its changes"
    return f'{before}"changes":{RecordTexts().changes(entry.changes)}{after}'


_NO_CHANGES: Final = '"changes":[]'


def entry_document(entry: Entry) -> dict[str, Json]:
    """An entry as plain values; results that follow one another and are alike are one range."""
    return {
        "kind": entry.kind,
        "run_id": entry.run_id,
        "target": entry.target,
        "changes": [change_document(change) for change in entry.changes],
        "intent": entry.intent,
        "results": _ranges(entry.results),
        "message": entry.message,
        "finding": entry.finding,
        "by": entry.by,
        "plan_digest": entry.plan_digest,
        **({"subject": entry.subject} if entry.subject else {}),  # few entries have one
    }


def _ranges(results: Iterable[Result]) -> list[dict[str, Json]]:
    """So that thousands of changes that were done take a few bytes. In the order of the results."""
    ranges: list[dict[str, Json]] = []
    following, alike = -1, ("", "")
    for each in results:
        if each.index != following or (each.status, each.message) != alike:
            alike = (each.status, each.message)
            ranges.append({"first": each.index, "status": each.status, "message": each.message})
        ranges[-1]["last"] = each.index
        following = each.index + 1
    return ranges


def read_entry(text: str) -> Content:
    """The entry of this content, of whichever format."""
    return parsed(text, _content)


def _content(node: JsonNode) -> Content:
    is_old = node.has("change")
    number, at = node.number("number"), node.text("at")
    entry = Entry(
        kind=node.word("kind", get_args(EntryKind)),
        run_id=node.number("run_id"),
        target=node.text("target"),
        changes=_old_changes(node) if is_old else node.each("changes", read_change),
        intent=0 if is_old else node.number("intent"),
        results=_old_results(node) if is_old else _results(node),
        message=node.text("message"),
        finding=node.text("finding"),
        by=node.text("by"),
        plan_digest=node.text("plan_digest"),
        subject=node.text("subject") if node.has("subject") else "",
    )
    return Content(number, at, entry, 1 if is_old else 2)


def _results(node: JsonNode) -> tuple[Result, ...]:
    return tuple(result for each in node.each("results", _range) for result in each)


def _range(node: JsonNode) -> tuple[Result, ...]:
    first, last = node.number("first"), node.number("last")
    if not 0 <= first <= last:
        node.wrong("a range of indexes")
    status, message = node.word("status", get_args(ResultStatus)), node.text("message")
    return tuple(Result(index, status, message) for index in range(first, last + 1))


def _old_changes(node: JsonNode) -> tuple[Change, ...]:
    """The one change of an entry of format 1, which may know nothing of sessions."""
    change = node.get("change")
    if change.value is None:
        return ()
    if isinstance(change.value, dict):
        change = JsonNode({"end_sessions": [], **change.value}, change.place)
    return (read_change(change),)


def _old_results(node: JsonNode) -> tuple[Result, ...]:
    has_status = node.get("status").value is not None
    return (Result(0, node.word("status", get_args(ResultStatus))),) if has_status else ()


# Drift


def read_object(text: str) -> Mapping[str, Json]:
    """The document itself, which must be an object."""
    return parsed(text, lambda node: node.value if isinstance(node.value, dict) else _not_object())


def _not_object() -> Mapping[str, Json]:
    raise WrongShapeError("the document must be an object")
