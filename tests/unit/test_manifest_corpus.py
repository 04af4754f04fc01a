"""Every manifest of the corpus is accepted or refused, by the models and by the JSON schema alike.

A file of `invalid/` says in its first lines what is to happen: `# schema: rejects` or why a schema
cannot express the fault, and for each fault `# error: LINE: part of the message`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from reconciler.errors import ManifestError
from reconciler.manifest.load import parse_manifest
from reconciler.manifest.schema import json_schema, schema_text
from reconciler.manifest.yaml_reader import read_yaml
from reconciler.source import Problem

_ROOT = Path(__file__).parents[2]
_CORPUS = _ROOT / "tests" / "corpus" / "manifests"
_VALID = sorted((_CORPUS / "valid").glob("*.yaml"))
_INVALID = sorted((_CORPUS / "invalid").glob("*.yaml"))
_VALIDATOR = Draft202012Validator(json_schema())


def _problems(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(ManifestError) as caught:
        parse_manifest({path.name: path.read_bytes()})
    return tuple(caught.value.problems)


def _foretold(path: Path) -> list[tuple[int, str]]:
    found = re.findall(r"^# error: (\d+): (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return [(int(line), message) for line, message in found]


def _schema_says(path: Path) -> str:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# schema: "), f"{path.name} does not say what the schema does"
    return first.removeprefix("# schema: ")


def test_the_corpus_is_there() -> None:
    assert len(_VALID) >= 9
    assert len(_INVALID) >= 45


@pytest.mark.parametrize("path", _VALID, ids=lambda path: path.stem)
def test_a_valid_manifest_passes_the_models(path: Path) -> None:
    loaded = parse_manifest({path.name: path.read_bytes()})

    assert loaded.manifest.version == 1
    assert loaded.files == (path.name,)


@pytest.mark.parametrize("path", _VALID, ids=lambda path: path.stem)
def test_a_valid_manifest_passes_the_schema(path: Path) -> None:
    document = read_yaml(path.read_bytes(), path.name)

    assert [error.message for error in _VALIDATOR.iter_errors(document.data)] == []


@pytest.mark.parametrize("path", _INVALID, ids=lambda path: path.stem)
def test_an_invalid_manifest_gives_exactly_its_faults_each_on_its_line(path: Path) -> None:
    foretold = _foretold(path)
    assert foretold, f"{path.name} foretells no fault"

    problems = list(_problems(path))

    for line, message in foretold:
        match = [p for p in problems if p.source and p.source.line == line and message in str(p)]
        assert match, f"line {line}: {message!r} is not among {[str(p) for p in problems]}"
        problems.remove(match[0])
    assert problems == []


@pytest.mark.parametrize(
    "path",
    [path for path in _INVALID if _schema_says(path) == "rejects"],
    ids=lambda path: path.stem,
)
def test_the_schema_rejects_each_fault_that_it_can_express(path: Path) -> None:
    document = read_yaml(path.read_bytes(), path.name)
    errors = _VALIDATOR.iter_errors(document.data)
    refused = {tuple(str(step) for step in error.absolute_path) for error in errors}
    assert refused

    for problem in _problems(path):
        assert problem.source is not None
        steps = tuple(problem.source.path.split(".")) if problem.source.path else ()
        assert {steps, steps[:-1]} & refused, f"the schema accepts {problem}"


@pytest.mark.parametrize(
    "path",
    [path for path in _INVALID if _schema_says(path) != "rejects"],
    ids=lambda path: path.stem,
)
def test_a_fault_that_a_schema_cannot_express_says_why(path: Path) -> None:
    assert re.fullmatch(r"cannot express \(.{8,}\)", _schema_says(path))
    document = read_yaml(path.read_bytes(), path.name)

    if document.is_whole:
        assert _VALIDATOR.is_valid(document.data), "mark it: the schema rejects it"


def test_the_schema_is_one_and_lies_fresh_in_the_repository() -> None:
    Draft202012Validator.check_schema(json_schema())

    text = (_ROOT / "schemas" / "access.schema.json").read_text(encoding="utf-8")

    assert text == schema_text(), (
        "write it anew with: reconciler schema > schemas/access.schema.json"
    )
    assert json.loads(text)["$id"] == "urn:reconciler:access:v1"


def test_the_schema_describes_every_key_for_the_editor() -> None:
    schema = json_schema()

    shapes = [schema, *schema["$defs"].values()]

    for shape in shapes:
        assert shape["description"], shape["title"]
        for key, value in shape["properties"].items():
            assert value.get("description"), f"{shape['title']}.{key}"
