"""What holds for every manifest: order says nothing, and no input breaks the reader."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.errors import ManifestError
from reconciler.manifest.load import parse_manifest
from reconciler.source import Problem

_NAMES = [f"name{number}" for number in range(6)]
_TIMES = ["2026-01-01T00:00:00Z", "2027-01-01T00:00:00+01:00"]


@st.composite
def _manifests(draw: st.DrawFn) -> dict[str, Any]:  # what json.dumps takes
    """Valid manifests of a few users, groups, roles and grants."""
    users = draw(st.lists(st.sampled_from(_NAMES), unique=True, min_size=1))
    roles = draw(st.lists(st.sampled_from(_NAMES), unique=True, min_size=1))
    grant = st.fixed_dictionaries(
        {"user": st.sampled_from(users), "role": st.sampled_from(roles)},
        optional={"until": st.sampled_from(_TIMES), "reason": st.text("ab ", min_size=1)},
    )
    members = st.lists(st.sampled_from(users), unique=True)
    unique = st.lists(grant, unique_by=lambda g: (g["user"], g["role"], g.get("until")))
    return {
        "version": 1,
        "targets": {"db": {"provider": "postgres", "options": {"port": draw(st.integers(1, 9))}}},
        "users": {user: {"name": draw(st.sampled_from(["A", "B"]))} for user in users},
        "groups": {f"g{n}": {"members": draw(members)} for n in range(draw(st.integers(0, 3)))},
        "roles": {role: {"target": "db"} for role in roles},
        "grants": draw(unique),
    }


def _shuffled(value: object, draw: st.DrawFn) -> object:
    if isinstance(value, dict):
        keys = draw(st.permutations(list(value)))
        return {key: _shuffled(value[key], draw) for key in keys}
    return value


@st.composite
def _two_spellings(draw: st.DrawFn) -> tuple[dict[str, str], dict[str, str]]:
    """One manifest as the texts of two files, twice: in different orders of files and keys."""
    manifest = draw(_manifests())
    first: dict[str, Any] = {"version": 1}
    second: dict[str, Any] = {"version": 1}
    for section in ("targets", "users", "groups", "roles"):
        for name, entry in manifest[section].items():
            part = draw(st.sampled_from([first, second]))
            part.setdefault(section, {})[name] = entry
    cut = draw(st.integers(0, len(manifest["grants"])))
    first["grants"], second["grants"] = manifest["grants"][:cut], manifest["grants"][cut:]
    files = {"a.yaml": first, "b.yaml": second}
    other = {name: files[name] for name in draw(st.permutations(list(files)))}
    indent = draw(st.sampled_from([None, 1, 4]))
    return (
        {name: json.dumps(part) for name, part in files.items()},
        {name: json.dumps(_shuffled(part, draw), indent=indent) for name, part in other.items()},
    )


@given(_two_spellings())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_the_order_of_files_and_keys_never_matters_dif_02(
    spellings: tuple[dict[str, str], dict[str, str]],
) -> None:
    one, other = (parse_manifest(texts) for texts in spellings)

    assert one.manifest == other.manifest
    assert one.digest == other.digest
    assert one.files == other.files


@given(_manifests(), st.data())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_the_split_into_files_and_the_order_of_grants_never_change_the_digest(
    manifest: dict[str, Any], data: st.DataObject
) -> None:
    grants = data.draw(st.permutations(manifest["grants"]))
    whole = {"m": json.dumps({**manifest, "grants": grants})}
    parts = {key: json.dumps({"version": 1, key: value}) for key, value in manifest.items()}

    assert parse_manifest(whole).digest == parse_manifest(parts).digest


@given(_manifests())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_every_value_leads_back_to_its_line(manifest: dict[str, Any]) -> None:
    text = json.dumps(manifest, indent=1)
    lines = text.splitlines()
    loaded = parse_manifest({"m": text})

    for user in manifest["users"]:
        source = loaded.source("users", user)
        assert lines[source.line - 1][source.column - 1 :].startswith(f'"{user}": {{')
    for index, grant in enumerate(manifest["grants"]):
        source = loaded.source("grants", index, "role")
        assert lines[source.line - 1][source.column - 1 :].startswith(f'"role": "{grant["role"]}"')


def _problems(content: str | bytes) -> tuple[Problem, ...]:
    """The problems of a text, none where it is a manifest; any other error passes through."""
    try:
        parse_manifest({"m": content})
    except ManifestError as error:
        return tuple(error.problems) or pytest.fail("an error without a problem")
    return ()


@given(st.binary(max_size=200) | st.text(max_size=200))
@settings(deadline=None)
def test_random_input_gives_a_manifest_or_a_manifest_error(content: str | bytes) -> None:
    assert all(problem.message and problem.source for problem in _problems(content))


_PIECES = st.sampled_from(
    [
        *("version: 1\n", "users:", "grants:", "roles:", "targets:", "options:", "members:", "\n"),
        *("  ", "- ", "{", "}", "[", "]", ",", ": ", "a", "b", "&a ", "*a", "!!str ", "!x ", "<<"),
        *("null", "~", "1", ".inf", "'", '"', "|\n", "#", "---\n", "...\n", "\t", "%", "@", "? "),
        *("user: a\n", "role: b\n", "until: 2027-01-01T00:00:00Z\n", "{env: A}", "allow: [x]"),
    ]
)


@given(st.lists(_PIECES, max_size=40).map("".join))
@settings(deadline=None, max_examples=400)
def test_pieces_of_manifests_in_any_order_give_a_manifest_or_a_manifest_error(text: str) -> None:
    assert all(problem.message and problem.source for problem in _problems(text))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("ab*", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("users", "grants", "roles", "targets", "groups", "servers", "a", "b"),
                    *("options", "policy", "privileges", "tables", "allow", "schema", "accounts"),
                    *("env", "user", "role", "from", "until", "token_life", "members", "name"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["users", "grants", "roles", "targets"]), _JSON))
@settings(deadline=None, max_examples=300)
def test_any_shape_below_the_sections_gives_a_manifest_or_faults_with_places(
    data: dict[str, object],
) -> None:
    text = json.dumps({"version": 1, **data}, allow_nan=True)

    problems = _problems(text)

    assert all(problem.source for problem in problems)
    assert not any("nput should" in str(problem) for problem in problems), "pydantic's own words"


def test_of_a_fault_in_each_of_many_entries_all_are_reported_man_10() -> None:
    users = {f"u{number}": {"kind": "robot"} for number in range(500)}

    with pytest.raises(ManifestError) as caught:
        parse_manifest({"m": json.dumps({"version": 1, "users": users})})

    assert len(caught.value.problems) == 500
