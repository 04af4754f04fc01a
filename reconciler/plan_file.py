"""The plan as a document: what a plan file holds, and reading it back.

Here belong the shape of `reconciler.plan/v1` and every check of a document somebody hands us. The
file itself is opened by the command line. A plan holds no secret, so neither does its document.
Pure.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, NoReturn, get_args

from reconciler.changes import Cause, Change
from reconciler.classify import Class, Difference, Direction
from reconciler.errors import PlanFileError
from reconciler.json_node import JsonNode, WrongShapeError
from reconciler.json_text import Json, canonical_text, json_text
from reconciler.plan import (
    FORMAT,
    AccessChange,
    AccessVerb,
    Finding,
    Plan,
    TargetPlan,
    Unasked,
    counts,
)
from reconciler.record_documents import (
    change_document,
    fields_document,
    key_document,
    read_change,
    read_fields,
    read_key,
)
from reconciler.source import Problem, Source

_VERSIONS: Final = re.compile(r"reconciler\.plan/v(?P<major>[1-9]\d{0,5})(\.\d{1,6})?", re.ASCII)
_READ_MAJOR: Final = 1
_HOW: Final = "make a plan file with: reconciler plan -o FILE"


# Writing


def to_document(plan: Plan) -> dict[str, Json]:
    """The plan as plain values, with a digest over all of them.

    Of the people, only those whom the plan touches are named.
    """
    document = _without_digest(plan)
    return {**document, "digest": digest_of(document)}


def plan_digest(plan: Plan) -> str:
    """The digest that the document of this plan has."""
    return digest_of(_without_digest(plan))


def _without_digest(plan: Plan) -> dict[str, Json]:
    return {
        "format": FORMAT,
        "at": plan.at,
        "valid_until": plan.valid_until,
        "manifest": {"files": list(plan.manifest), "digest": plan.manifest_digest},
        "targets": [_target_document(each) for each in with_touched_people(plan).targets],
        "findings": [finding_document(each) for each in plan.findings],
        "counts": dict(counts(plan.changes)),
    }


def to_text(plan: Plan) -> str:
    """The document as JSON text: the same bytes for the same plan, always."""
    return json_text(to_document(plan))


def digest_of(document: Mapping[str, Json]) -> str:
    """The SHA-256 over the canonical text of a document without its `digest`."""
    rest = {name: value for name, value in document.items() if name != "digest"}
    return hashlib.sha256(canonical_text(rest).encode()).hexdigest()


def with_touched_people(plan: Plan) -> Plan:
    """The plan with the names of those people alone whose accounts it touches, as files have it."""
    targets = [_with_touched_people(each, plan.findings) for each in plan.targets]
    return replace(plan, targets=tuple(targets))


def _with_touched_people(target: TargetPlan, findings: Iterable[Finding]) -> TargetPlan:
    keys = [change.key for change in target.changes]
    for finding in findings:
        if finding.target == target.target:
            keys += finding.keys
    touched = {part for key in keys for part in key.path}
    touched.update(target.new_passwords, (each.account for each in target.access))
    touched.update(part for each in target.drift for part in each.key.path)
    touched.update(each.account for each in target.drift_access)
    people = {name: text for name, text in (target.people or {}).items() if name in touched}
    return replace(target, people=people)


def _target_document(target: TargetPlan) -> dict[str, Json]:
    return {
        "target": target.target,
        "provider": target.provider,
        "system": target.system,
        "account": target.account,
        "changes": [change_with_sources(each) for each in target.changes],
        "unmanaged": [key_document(each) for each in target.unmanaged],
        "access": [access_document(each) for each in target.access],
        "new_passwords": list(target.new_passwords),
        "people": dict(target.people or {}),
        "drift": [difference_document(each) for each in target.drift],
        "drift_access": [access_document(each) for each in target.drift_access],
        "applied": target.applied,
        **unasked_document(target),
    }


def unasked_document(target: TargetPlan) -> dict[str, Json]:
    """Who holds what that no line asks for; nothing at all where nobody does."""
    if not target.unasked:
        return {}
    return {
        "unasked": [{"name": each.name, "rights": list(each.rights)} for each in target.unasked]
    }


def change_with_sources(change: Change) -> dict[str, Json]:
    """One change with the lines that ask for it as plain values."""
    sources: list[Json] = [_source_document(each) for each in change.sources]
    return {**change_document(change), "sources": sources}


def _source_document(source: Source) -> dict[str, Json]:
    return {
        "file": source.file,
        "line": source.line,
        "column": source.column,
        "path": source.path,
    }


def difference_document(difference: Difference) -> dict[str, Json]:
    """One difference as plain values. When it was first seen is not part of a plan."""
    sources: list[Json] = [_source_document(each) for each in difference.sources]
    return {
        "id": difference.id,
        **key_document(difference.key),
        "class": difference.class_,
        "direction": difference.direction,
        "cause": difference.cause,
        "desired": fields_document(difference.desired),
        "applied": fields_document(difference.applied),
        "observed": fields_document(difference.observed),
        "sources": sources,
    }


def access_document(access: AccessChange) -> dict[str, Json]:
    """What one account gains or loses as plain values."""
    return {
        "account": access.account,
        "person": access.person,
        "verb": access.verb,
        "rights": list(access.rights),
        "through": list(access.through),
    }


def finding_document(finding: Finding) -> dict[str, Json]:
    """One finding as plain values."""
    return {
        "id": finding.id,
        "rule": finding.rule,
        "target": finding.target,
        "message": finding.message,
        "keys": [key_document(each) for each in finding.keys],
        "blocking": finding.blocking,
        "accepted": finding.accepted,
        "accepted_by": finding.accepted_by,
        "holds": finding.holds,
    }


# Reading


def from_text(text: str, file: str = "the plan file") -> Plan:
    """The plan of a document's text; `file` is what messages call it.

    A newer minor version is read, what it adds is ignored. Raises PlanFileError for everything else
    that does not say exactly what `to_text` wrote.
    """
    document = _parsed(text, file)
    _check_format(document, file)
    try:
        if document.get("digest") != digest_of(document):
            _refuse(
                file,
                "its content does not fit its digest: it was edited by hand, or damaged on the way",
                "plan again; a plan is changed by changing the manifest",
            )
        return _plan(JsonNode(document, ""))
    except WrongShapeError as error:
        _refuse(file, str(error), "plan again with this version of reconciler")
    except RecursionError:
        _refuse(file, "it is not a plan: it is nested too deeply", _HOW)


def _refuse(file: str, message: str, hint: str, line: int = 0, column: int = 0) -> NoReturn:
    source = Source(file, line, column) if line else None
    raise PlanFileError([Problem(source, message if source else f"{file}: {message}", hint)])


def _parsed(text: str, file: str) -> dict[str, Json]:
    if not text.strip():
        _refuse(file, "the file is empty, so it is not a plan", _HOW)
    try:
        document = json.loads(
            text,
            parse_constant=_refuse_number,
            parse_float=_refuse_number,
            object_pairs_hook=_without_duplicates,
        )
    except json.JSONDecodeError as error:
        is_cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        begins = text.lstrip().startswith("{")
        what = (
            "the JSON ends too early: the file is truncated"
            if is_cut and begins
            else (f"it is not a plan: it is not JSON ({error.msg})")
        )
        _refuse(file, what, _HOW, error.lineno, error.colno)
    except (ValueError, RecursionError):
        _refuse(file, "it is not a plan: it has values or repeated names that no plan has", _HOW)
    if not isinstance(document, dict):
        _refuse(file, "it is JSON but not a plan", _HOW)
    return document


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a value of a plan")


def _without_duplicates(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """The object; ValueError for a name that stands twice: people may read the other value."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return result


def _check_format(document: Mapping[str, Json], file: str) -> None:
    given = document.get("format")
    if not isinstance(given, str):
        _refuse(file, 'it is JSON but not a plan: it has no "format"', _HOW)
    versions = _VERSIONS.fullmatch(given)
    if versions is None:
        _refuse(file, f'it is not a plan: its format is "{given}", a plan\'s is "{FORMAT}"', _HOW)
    if int(versions["major"]) > _READ_MAJOR:
        _refuse(
            file,
            f'it was made by a newer reconciler: it is "{given}", this one reads "{FORMAT}"',
            "use the version that made it, or plan again with this one",
        )


def _plan(node: JsonNode) -> Plan:
    manifest = node.get("manifest")
    targets = node.each("targets", _target)
    names = [each.target for each in targets]
    if len(set(names)) != len(names):
        raise WrongShapeError("targets names a target twice")
    return Plan(
        at=node.text("at"),
        valid_until=node.text("valid_until"),
        manifest=manifest.texts("files"),
        manifest_digest=manifest.text("digest"),
        targets=targets,
        findings=node.each("findings", _finding),
    )


def _target(node: JsonNode) -> TargetPlan:
    return TargetPlan(
        target=node.text("target"),
        provider=node.text("provider"),
        system=node.text("system"),
        account=node.text("account"),
        changes=node.each("changes", _change),
        unmanaged=node.each("unmanaged", read_key),
        access=node.each("access", _access),
        new_passwords=node.texts("new_passwords"),
        people={name: value.as_text() for name, value in node.items("people")},
        drift=node.each("drift", _difference),
        drift_access=node.each("drift_access", _access),
        applied=node.text("applied"),
        unasked=node.each("unasked", _unasked) if node.has("unasked") else (),
    )


def _unasked(node: JsonNode) -> Unasked:
    return Unasked(node.text("name"), node.texts("rights"))


def _change(node: JsonNode) -> Change:
    return read_change(node, node.each("sources", _source))


def _difference(node: JsonNode) -> Difference:
    return Difference(
        id=node.text("id"),
        key=read_key(node),
        class_=node.word("class", get_args(Class)),
        direction=node.word("direction", get_args(Direction)),
        cause=node.word("cause", get_args(Cause)),
        desired=read_fields(node, "desired"),
        applied=read_fields(node, "applied"),
        observed=read_fields(node, "observed"),
        sources=node.each("sources", _source),
    )


def _source(node: JsonNode) -> Source:
    return Source(node.text("file"), node.number("line"), node.number("column"), node.text("path"))


def _access(node: JsonNode) -> AccessChange:
    return AccessChange(
        account=node.text("account"),
        person=node.text("person"),
        verb=node.word("verb", get_args(AccessVerb)),
        rights=node.texts("rights"),
        through=node.texts("through"),
    )


def _finding(node: JsonNode) -> Finding:
    return Finding(
        id=node.text("id"),
        rule=node.text("rule"),
        target=node.text("target"),
        message=node.text("message"),
        keys=node.each("keys", read_key),
        blocking=node.flag("blocking"),
        accepted=node.flag("accepted"),
        accepted_by=node.text("accepted_by"),
        holds=node.flag("holds"),
    )
