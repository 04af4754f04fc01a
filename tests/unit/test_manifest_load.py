"""Manifests from files and texts: several as one, the places of values, and the digest."""

from __future__ import annotations

import io
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.manifest.load import load_manifest, parse_manifest
from reconciler.manifest.models import EnvRef
from reconciler.source import Source

_BASE = """\
version: 1
targets:
  db: {provider: postgres, options: {dsn: {env: DSN}, password: hunter2}}
roles:
  reader: {target: db}
users:
  amina: {name: Amina}
grants:
  - {user: amina, role: reader}
"""
_MORE = """\
# more people
users:
  kofi: {}
grants:
  - user: kofi
    role: reader
    until: 2027-06-30T02:00:00+02:00
  - {user: amina, role: reader, from: 2027-01-01T00:00:00Z}
"""


def _messages(*paths: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        load_manifest(paths)
    return [str(problem) for problem in caught.value.problems]


def _text_messages(**texts: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(texts)
    return [str(problem) for problem in caught.value.problems]


def test_files_are_one_manifest_and_each_value_knows_its_file() -> None:
    loaded = parse_manifest({"b.yaml": _MORE, "a.yaml": _BASE})

    assert loaded.files == ("a.yaml", "b.yaml")
    assert sorted(loaded.manifest.users) == ["amina", "kofi"]
    assert [grant.user for grant in loaded.manifest.grants] == ["amina", "kofi", "amina"]
    assert loaded.source("users", "amina") == Source("a.yaml", 7, 3, "users.amina")
    assert loaded.source("users", "kofi") == Source("b.yaml", 3, 3, "users.kofi")
    assert loaded.source("grants", 0) == Source("a.yaml", 9, 5, "grants.0")
    assert loaded.source("grants", 1, "role") == Source("b.yaml", 6, 5, "grants.1.role")
    assert loaded.source("grants", 2, "from") == Source("b.yaml", 8, 33, "grants.2.from")
    assert loaded.source("targets", "db", "options", "dsn", "env").column == 44


def test_a_value_that_was_left_out_has_the_place_of_what_is_around_it() -> None:
    loaded = parse_manifest({"a.yaml": _BASE, "b.yaml": _MORE})

    assert loaded.source("users", "kofi", "email") == Source("b.yaml", 3, 3, "users.kofi.email")
    assert loaded.source("groups") == Source("a.yaml", 1, 1, "groups")
    assert loaded.source() == Source("a.yaml", 1, 1, "")


def test_values_are_of_the_types_that_the_models_promise() -> None:
    manifest = parse_manifest({"a.yaml": _BASE, "b.yaml": _MORE}).manifest

    assert manifest.targets["db"].options == {"dsn": EnvRef(env="DSN"), "password": "hunter2"}
    assert manifest.targets["db"].policy.prune == "owned"
    assert manifest.grants[1].until == datetime(2027, 6, 30, tzinfo=UTC)
    assert manifest.grants[1].until.tzinfo is UTC
    assert manifest.grants[2].from_ == datetime(2027, 1, 1, tzinfo=UTC)


def test_option_values_are_in_no_repr_pln_08() -> None:
    loaded = parse_manifest({"a.yaml": _BASE})

    assert "hunter2" not in repr(loaded)
    assert "hunter2" not in repr(loaded.manifest)


def test_option_values_are_in_no_error_pln_08() -> None:
    text = _BASE.replace("hunter2", "[[hunter2]]").replace("env: DSN", "env: [hunter2]")

    messages = _text_messages(a=text)

    assert len(messages) == 2
    assert "hunter2" not in "".join(messages)


def test_the_digest_is_that_of_what_the_files_say() -> None:
    digest = parse_manifest({"a.yaml": _BASE}).digest
    flow = '{users: {amina: {"name": "Amina"}}, grants: [{role: reader, user: amina}], version: 1, '
    flow += "targets: {db: {options: {password: hunter2, dsn: {env: DSN}}, provider: postgres}}, "
    flow += "groups: {}, roles: {reader: {target: db}}} # the same"

    assert parse_manifest({"other.yaml": flow}).digest == digest
    assert len(digest) == 64


@pytest.mark.parametrize(
    "change",
    [
        ("name: Amina", "name: Amino"),
        ("provider: postgres", "provider: flowauth"),
        ("role: reader}", "role: reader, reason: x}"),
        ("users:", "groups: {g: {}}\nusers:"),
        ("env: DSN", "env: DSN2"),
    ],
)
def test_the_digest_changes_with_what_is_said(change: tuple[str, str]) -> None:
    assert change[0] in _BASE

    changed = parse_manifest({"a.yaml": _BASE.replace(*change)})

    assert changed.digest != parse_manifest({"a.yaml": _BASE}).digest


def test_man_05_one_name_in_two_files_shows_both_places() -> None:
    messages = _text_messages(**{"a.yaml": _BASE, "b.yaml": "users:\n  amina: {}\n  eva: {}\n"})

    assert messages == ['b.yaml:2:3: users.amina: "amina" stands twice; the first is at a.yaml:7:3']


def test_man_05_a_missing_file_and_the_faults_of_the_others_are_reported_together_del_04(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nuser: {}\n")

    messages = _messages(str(tmp_path / "none.yaml"), str(tmp_path / "a.yaml"))

    assert messages == [
        f"{tmp_path}/none.yaml: there is no such file; "
        "check the path, or make one with: reconciler init",
        f'{tmp_path}/a.yaml:2:1: user: unknown key "user"; did you mean "users"?',
    ]


def test_man_05_a_folder_is_its_yaml_files_in_order_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "20-more.yml").write_text(_MORE)
    (tmp_path / "10-base.yaml").write_text(_BASE)
    (tmp_path / ".hidden.yaml").write_text("not read")
    (tmp_path / "notes.txt").write_text("not read")
    (tmp_path / "below").mkdir()

    loaded = load_manifest([str(tmp_path)])

    assert loaded.files == (f"{tmp_path}/10-base.yaml", f"{tmp_path}/20-more.yml")


def test_man_05_a_folder_without_manifests_is_an_error_del_04(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")

    assert _messages(str(tmp_path)) == [
        f"{tmp_path}: no manifest is in this folder; "
        "a folder is read for its files *.yaml and *.yml"
    ]


def test_man_05_a_folder_with_the_name_of_a_manifest_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(_BASE)
    (tmp_path / "b.yaml").mkdir()

    messages = _messages(str(tmp_path))

    assert len(messages) == 1
    assert messages[0].startswith(f"{tmp_path}/b.yaml: is a folder inside a folder")


@pytest.mark.parametrize("second", ["a.yaml", "./a.yaml", "link.yaml", "."])
def test_man_05_the_same_file_twice_is_an_error(
    second: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(_BASE)
    if second == "link.yaml":
        Path("link.yaml").symlink_to("a.yaml")

    messages = _messages("a.yaml", second)

    assert len(messages) == 1
    assert "the same file is given twice" in messages[0]


def test_a_file_that_may_not_be_read_is_said_to_be_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(_BASE)
    path.chmod(0)
    if os.access(path, os.R_OK):  # root may read everything; the operating system must say no
        monkeypatch.setattr("builtins.open", _refuse)

    messages = _messages(str(path))

    assert messages == [f"{path}: the file may not be read; check its permissions"]


def _refuse(path: str, mode: str) -> None:
    raise PermissionError(13, "Permission denied", path)


def test_a_path_that_no_file_can_have_is_an_error() -> None:
    messages = _messages("a\0.yaml")

    assert messages == ["a\0.yaml: the path cannot be that of a file; check the path"]


def test_standard_input_can_be_the_manifest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(_BASE.encode())))

    loaded = load_manifest(["-"])

    assert loaded.source("users", "amina").short == "<stdin>:7"


@pytest.mark.parametrize("twice", [False, True])
def test_no_manifest_at_all_is_an_error(*, twice: bool) -> None:
    with pytest.raises(ManifestError, match="no manifest was given; name a file or a folder"):
        load_manifest([]) if twice else parse_manifest({})


def test_man_04_an_empty_file_is_an_error_beside_others_too() -> None:
    assert _text_messages(**{"a.yaml": _BASE, "b.yaml": "# nothing yet\n"}) == [
        "b.yaml:1:1: says nothing; a manifest begins with version: 1"
    ]


def test_the_version_stands_in_any_of_the_files_and_is_right_in_all() -> None:
    parse_manifest({"a.yaml": "users: {}\n", "b.yaml": "version: 1\n"})

    messages = _text_messages(**{"a.yaml": "version: 1\n", "b.yaml": "version: 2\n"})

    assert [message.split(",")[0] for message in messages] == ["b.yaml:1:1: version: must be 1"]


def test_a_plan_file_is_recognised() -> None:
    messages = _text_messages(plan='{"format": "reconciler.plan/v1", "changes": [], "id": "p"}')

    assert messages == [
        "plan:1:2: format: this is a plan file, not a manifest; "
        "show and apply take plan files; here the manifest is needed"
    ]


def test_man_10_all_faults_of_all_files_come_together_in_order_of_place() -> None:
    texts = {
        "c.yaml": "users:\n  amina: {nam: x}\n  kofi: {state: gone}\n",
        "a.yaml": "version: 1\nroles:\n  r: {}\n",
        "b.yaml": "grants:\n  - {user: nobody, role: r}\n  - {usr: x}\n  - {user: eva, role: r}\n",
    }

    places = [message.split(": ")[0] for message in _text_messages(**texts)]

    assert places == [
        *("a.yaml:3:3", "b.yaml:2:6", "b.yaml:3:5", "b.yaml:3:6", "b.yaml:4:6"),
        *("c.yaml:2:11", "c.yaml:3:10"),
    ]


def test_man_10_an_entry_with_a_fault_is_still_defined_for_the_others() -> None:
    messages = _text_messages(a=_BASE.replace("name: Amina", "name: 5"))

    assert messages == [
        'a:7:11: users.amina.name: must be a text, not the number 5; write it in quotes: "5"'
    ]


def test_a_file_that_ends_early_makes_no_names_undefined() -> None:
    messages = _text_messages(**{"a.yaml": "users: [", "b.yaml": _MORE})

    assert len(messages) == 1
    assert "a.yaml:2:1: users.0: the file ends before a bracket is closed" in messages[0]


def test_equal_rules_are_one_object_and_what_only_looks_alike_is_checked() -> None:
    rule = "{schema: '1', allow: [usage]}"
    good = f"{_ROLES}  one: {{server: db, privileges: [{rule}]}}\n"
    good += f"  two: {{server: db, privileges: [{rule}, {{schema: a, allow: [create]}}]}}\n"

    roles = parse_manifest({"access.yaml": good}).manifest.roles

    assert roles["one"].rules[0] is roles["two"].rules[0]
    assert roles["two"].rules[1].allow == ["create"]
    like = rule.replace("'1'", "1")
    with pytest.raises(ManifestError, match=r"roles\.three\.privileges\.0\.schema"):
        parse_manifest({"access.yaml": f"{good}  three: {{server: db, privileges: [{like}]}}\n"})


_ROLES = (
    "version: 1\n"
    "targets: {pg: {provider: postgres}}\n"
    "servers: {db: {target: pg, database: db}}\n"
    "roles:\n"
)
