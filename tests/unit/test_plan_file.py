"""The plan document: the same bytes always, a whole round trip, words for every unusable file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.changes import Change
from reconciler.errors import PlanFileError
from reconciler.json_text import json_text
from reconciler.plan import Plan, TargetPlan, Unasked
from reconciler.plan_file import digest_of, from_text, to_document, to_text, with_touched_people
from reconciler.plan_schema import plan_schema
from reconciler.state import Key
from tests.sample_plans import create, hostile_plan, in_sync_plan, plan_of, sample_plan

_PLANS = [sample_plan, in_sync_plan, hostile_plan]


def _edited(change: Callable[[dict[str, Any]], object]) -> str:
    """A document with a change and a digest that fits it: what another program may have written."""
    document: dict[str, Any] = json.loads(to_text(sample_plan()))
    change(document)
    return json_text({**document, "digest": digest_of(document)})


def _refusal(text: str) -> str:
    with pytest.raises(PlanFileError) as caught:
        from_text(text, "plan.json")
    return str(caught.value)


@pytest.mark.parametrize("make", _PLANS)
def test_a_plan_read_back_is_the_plan(make: Callable[[], Plan]) -> None:
    plan = make()

    read = from_text(to_text(plan))

    assert read == with_touched_people(plan)
    assert to_text(read) == to_text(plan)


def test_who_gets_what_is_owned_is_saved_and_fits_the_schema() -> None:
    gone = Change("delete", Key("account", ("kofi",)), {"login": True}, None, heir="archive")
    plan = plan_of(TargetPlan("flowdb", "postgres", "PostgreSQL 18", "admin", changes=(gone,)))

    document = to_document(plan)

    jsonschema.validate(document, plan_schema())
    assert from_text(to_text(plan), "plan.json").changes == (gone,)


def test_who_holds_what_no_line_asks_for_is_saved_and_fits_the_schema() -> None:
    held = (Unasked("mallory", ("select on table geography.cells in flowdb",)),)
    plan = plan_of(TargetPlan("flowdb", "postgres", "PostgreSQL 18", "admin", unasked=held))

    document = to_document(plan)

    jsonschema.validate(document, plan_schema())
    assert from_text(to_text(plan), "plan.json").target("flowdb").unasked == held


def test_only_people_whom_the_plan_touches_are_named() -> None:
    document = json.loads(to_text(sample_plan()))

    named = {target["target"]: sorted(target["people"]) for target in document["targets"]}

    assert named == {
        "archive": [],
        "flowauth": ["amina", "dashboards", "kofi"],
        "flowdb": ["amina", "kofi"],
    }


@pytest.mark.parametrize("make", _PLANS)
def test_every_plan_document_fits_its_schema_out_01(make: Callable[[], Plan]) -> None:
    schema = plan_schema()
    jsonschema.Draft202012Validator.check_schema(schema)

    document = json.loads(to_text(make()))

    jsonschema.Draft202012Validator(schema).validate(document)


@pytest.mark.parametrize(
    "path", [["targets", 1, "changes", 0, "kind"], ["findings", 0, "id"], ["at"]]
)
def test_the_schema_refuses_a_document_that_lacks_a_name(path: list[str | int]) -> None:
    document = json.loads(to_text(sample_plan()))
    node = document
    for step in path[:-1]:
        node = node[step]
    del node[path[-1]]

    errors = list(jsonschema.Draft202012Validator(plan_schema()).iter_errors(document))

    assert [error.validator for error in errors] == ["required"]


def test_the_schema_refuses_a_creation_of_what_is_there() -> None:
    document = json.loads(to_text(sample_plan()))
    document["targets"][2]["changes"][0]["before"] = {}

    assert not jsonschema.Draft202012Validator(plan_schema()).is_valid(document)


def test_the_text_is_the_same_whatever_the_hash_seed_pln_01() -> None:
    code = (
        "from tests.sample_plans import sample_plan; from reconciler.plan_file import to_text; "
        "print(to_text(sample_plan()))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "7")
    }

    assert len(texts) == 1


def test_the_order_of_building_does_not_show() -> None:
    forth = plan_of(
        TargetPlan("t", "p", "s", "a", people={"x": "X", "y": "Y"}, new_passwords=("x", "y"))
    )
    back = plan_of(
        TargetPlan("t", "p", "s", "a", people={"y": "Y", "x": "X"}, new_passwords=("x", "y"))
    )

    assert to_text(forth) == to_text(back)


def test_the_document_holds_nothing_that_a_terminal_obeys() -> None:
    text = to_text(hostile_plan())

    assert all(char.isprintable() or char == "\n" for char in text)


def test_a_newer_minor_version_is_read_and_what_it_adds_is_ignored_pln_07() -> None:
    def grow(document: dict[str, Any]) -> None:
        document["format"] = "reconciler.plan/v1.3"
        document["approvals"] = ["somebody"]
        document["targets"][2]["changes"][0]["risk"] = "low"

    assert from_text(_edited(grow)) == with_touched_people(sample_plan())


def test_a_newer_major_version_is_refused_as_newer_pln_07() -> None:
    text = _edited(lambda document: document.update(format="reconciler.plan/v2"))

    message = _refusal(text)

    assert message.startswith("plan.json: it was made by a newer reconciler")
    assert "reconciler.plan/v1" in message


def test_a_plan_edited_by_hand_is_refused_pln_02() -> None:
    text = to_text(sample_plan()).replace('"kofi"', '"mallory"', 1)

    assert "edited by hand" in _refusal(text)


def test_a_name_that_stands_twice_is_refused() -> None:
    text = to_text(sample_plan()).replace("{", '{"at": "for the eyes",', 1)

    assert "repeated names" in _refusal(text)


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "the file is empty"),
        ("  \n", "the file is empty"),
        ("Plan: 3 to create", "not JSON"),
        ("[]", "JSON but not a plan"),
        ("{}", 'no "format"'),
        ('{"format": 1}', 'no "format"'),
        ('{"format": "reconciler.report/v1"}', 'its format is "reconciler.report/v1"'),
        ('{"format": "reconciler.plan/v0"}', "not a plan"),
        ('{"format": "reconciler.plan/v1", "digest": NaN}', "values or repeated names"),
        ('{"format": "reconciler.plan/v1", "digest": 1.5}', "values or repeated names"),
        ('{"format": "reconciler.plan/v1", "digest": ' + "9" * 5000 + "}", "values or repeated"),
        ('{"format": "reconciler.plan/v1", "digest": ' + "[" * 100_000, "values or repeated"),
        ('{"format": "reconciler.plan/v1"}', "does not fit its digest"),
    ],
)
def test_what_is_not_a_plan_is_named(text: str, words: str) -> None:
    message = _refusal(text)

    assert words in message
    assert message.startswith("plan.json:")
    assert "\n" not in message


def test_a_file_cut_anywhere_is_refused() -> None:
    text = to_text(plan_of(TargetPlan("t", "p", "s", "a", (create(Key("account", ("x",)), {}),))))

    messages = {_refusal(text[:length]) for length in range(1, len(text.rstrip()))}

    assert sum("truncated" in message for message in messages) > len(messages) * 0.9


def _set(*path: str | int, to: object) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        node: Any = document  # a parsed JSON document
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = to

    return change


_CHANGE = ("targets", 2, "changes", 0)


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda d: d.pop("at"), "at is missing"),
        (_set("targets", to={}), "targets must be a list"),
        (_set("targets", 0, to=[]), "targets.0 must be an object"),
        (_set("targets", 1, "target", to="archive"), "names a target twice"),
        (_set("manifest", "files", to=[1]), "manifest.files.0 must be a text"),
        (_set(*_CHANGE, "action", to="replace"), "changes.0.action must be one of create, "),
        (_set(*_CHANGE, "kind", to="wish"), "changes.0.kind must be one of account, "),
        (_set(*_CHANGE, "path", to=[]), "changes.0.path must be a list that is not empty"),
        (_set(*_CHANGE, "after", to=None), "changes.0 must be a create with the sides"),
        (_set(*_CHANGE, "after", to=[]), "changes.0.after must be an object"),
        (_set(*_CHANGE, "after", to={"x": {}}), "changes.0.after.x must be a text, a whole"),
        (_set(*_CHANGE, "after", to={"x": [[]]}), "changes.0.after.x.0 must be a text"),
        (_set(*_CHANGE, "sources", 0, "line", to=True), "sources.0.line must be a whole number"),
        (_set("findings", 0, "accepted", to="yes"), "findings.0.accepted must be true or false"),
        (_set("targets", 2, "people", "amina", to=None), "people.amina must be a text"),
    ],
)
def test_a_value_of_the_wrong_shape_is_named_with_its_place(
    change: Callable[[dict[str, Any]], object], words: str
) -> None:
    message = _refusal(_edited(change))

    assert words in message
    assert "\n" not in message


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.data())
def test_a_document_with_anything_anywhere_is_a_plan_or_a_plan_file_error(
    data: st.DataObject,
) -> None:
    def replace_one(node: Any) -> None:  # a parsed JSON document
        while True:
            steps = list(node) if isinstance(node, dict) else list(range(len(node)))
            if not steps:
                return
            step = data.draw(st.sampled_from(steps))
            is_leaf = not isinstance(node[step], dict | list)
            if is_leaf or data.draw(st.booleans()):
                node[step] = data.draw(_JSON)
                return
            node = node[step]

    text = _edited(replace_one)

    try:
        plan = from_text(text)
    except PlanFileError:
        return  # any other exception is what this test looks for
    assert from_text(to_text(plan)) == with_touched_people(plan)


def test_the_digest_is_that_of_the_rest_of_the_document() -> None:
    document = to_document(sample_plan())

    assert document["digest"] == digest_of(document)
    assert document["digest"] != digest_of({**document, "at": "another time"})
