"""The documents of the project say what is so: links lead somewhere, manifests are valid, commands
exist, and the generated reference is what the program says today."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote

import click
import pytest

from reconciler.acknowledgements import parse_acknowledgements
from reconciler.cli import cli
from reconciler.desired import expand
from reconciler.errors import ManifestError
from reconciler.manifest.load import load_manifest, parse_manifest
from reconciler.providers import registry
from tests.conformance.bench import NOW

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
SHOWN = [str(page.relative_to(ROOT)) for page in PAGES]

_FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<text>.*?)^ *```$", re.M | re.S)
_LINK = re.compile(r"\[[^\]\n]*\]\((?P<to>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ (?P<text>.+)$", re.M)
_ACKNOWLEDGED = re.compile(r"^(acknowledge|drift_baseline):", re.M)
_COMMAND = re.compile(r"^(?: *|\$ |- run: |.*/bin/)reconciler (?P<name>[a-z][\w-]*)", re.M)


def _blocks(page: Path, kind: str) -> Iterator[str]:
    """The texts of the fenced blocks of this kind, less their indentation."""
    for match in _FENCE.finditer(page.read_text(encoding="utf-8")):
        if match["kind"] == kind:
            width = len(match["indent"])
            yield "".join(line[width:] or "\n" for line in match["text"].splitlines(keepends=True))


def _manifests(page: Path) -> list[str]:
    return [text for text in _whole_files(page) if not _ACKNOWLEDGED.search(text)]


def _whole_files(page: Path) -> Iterator[str]:
    """The blocks that show a whole file: a manifest, or one of acknowledgements."""
    return (text for text in _blocks(page, "yaml") if re.search(r"^version: 1$", text, re.M))


def _anchors(page: Path) -> set[str]:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return {_anchor(match["text"]) for match in _HEADING.finditer(text)}


def _anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "tools" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_that_a_newcomer_needs_are_there() -> None:
    needed = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/architecture.md"}

    assert needed <= set(SHOWN)


@pytest.mark.parametrize("page", PAGES, ids=SHOWN)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    broken = []
    for match in _LINK.finditer(text):
        path, _, anchor = unquote(match["to"]).partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        place = (page.parent / path).resolve() if path else page
        if not place.exists() or (anchor and anchor not in _anchors(place)):
            broken.append(match["to"])

    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=SHOWN)
def test_every_whole_manifest_of_a_page_is_valid_for_its_targets(page: Path) -> None:
    kinds = {name: registry.provider_type(name) for name in registry.NAMES}
    for number, text in enumerate(_manifests(page)):
        name = f"{page.name} block {number}"

        loaded = parse_manifest({name: text})
        desired = expand(loaded, {each: kinds[each].capabilities for each in kinds}, NOW)

        for target in desired.values():
            assert kinds[target.provider].check(target) == ()


@pytest.mark.parametrize("page", PAGES, ids=SHOWN)
def test_every_whole_file_of_acknowledgements_of_a_page_is_valid(page: Path) -> None:
    for text in _whole_files(page):
        if _ACKNOWLEDGED.search(text):
            found = parse_acknowledgements(text, page.name)
            assert found.accepted or found.baselines


def test_pages_show_whole_manifests() -> None:
    counts = {shown: len(_manifests(page)) for shown, page in zip(SHOWN, PAGES, strict=True)}

    for shown in ("README.md", "docs/manifest.md", "docs/providers/postgres.md"):
        assert counts[shown] > 0


def test_a_broken_manifest_in_a_page_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("1. A step\n\n   ```yaml\n   version: 1\n   usres: {}\n   ```\n")

    (text,) = _manifests(page)

    with pytest.raises(ManifestError, match="usres"):
        parse_manifest({"page": text})


@pytest.mark.parametrize("example", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_every_example_is_valid_and_some_page_leads_to_it(example: Path) -> None:
    kinds = {name: registry.provider_type(name) for name in registry.NAMES}
    loaded = load_manifest([str(example)])

    desired = expand(loaded, {name: kinds[name].capabilities for name in kinds}, NOW)

    assert loaded.manifest.grants
    assert [kinds[each.provider].check(each) for each in desired.values()] == [()] * len(desired)
    link = f"examples/{example.name})"
    assert [page for page in PAGES if link in page.read_text(encoding="utf-8")]


def test_one_example_has_every_kind_of_system() -> None:
    loaded = load_manifest([str(ROOT / "examples" / "all-systems.yaml")])

    kinds = {target.provider for target in loaded.manifest.targets.values()}
    assert kinds == set(registry.NAMES) - {"memory"}


def test_the_readme_and_the_page_of_the_manifest_lead_to_every_provider() -> None:
    for page in ("README.md", "docs/manifest.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        assert [name for name in registry.NAMES if f"providers/{name}.md)" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=SHOWN)
def test_every_command_that_a_page_tells_to_run_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    told = "\n".join(
        [*re.findall(r"`([^`\n]+)`", text), *_blocks(page, ""), *_blocks(page, "yaml")]
    )
    known = set(cli.list_commands(click.Context(cli)))

    named = {match["name"] for match in _COMMAND.finditer(told)}

    assert named <= known


def test_the_readme_names_every_command_and_every_exit_code() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    missing = [
        text
        for text in (
            *(f"`reconciler {name}`" for name in cli.list_commands(click.Context(cli))),
            *(f"`{code}`" for code in _generator().exit_codes()),
        )
        if text not in readme
    ]

    assert missing == []


def test_the_help_lists_the_same_exit_codes_as_the_reference() -> None:
    lines = (cli.epilog or "").splitlines()
    listed = {int(code) for line in lines for code in re.findall(r"(?:^|\s{2,})(\d+)\s", line)}

    assert listed == set(_generator().exit_codes())


def test_every_provider_has_a_page_with_its_tables() -> None:
    for name in registry.NAMES:
        text = (ROOT / "docs" / "providers" / f"{name}.md").read_text(encoding="utf-8")

        for option in registry.provider_type(name).options.model_fields:
            assert f"| `{option}` |" in text


def test_the_generated_reference_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "tools/reference.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_check_of_the_reference_finds_a_page_that_is_not_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    generator = _generator()
    monkeypatch.setattr(generator, "ROOT", tmp_path)
    assert generator.main([]) == 0
    capsys.readouterr()
    page = tmp_path / "docs" / "reference" / "exit-codes.md"
    page.write_text(page.read_text().replace("stale", "fresh").replace("Failed", "Won"))

    code = generator.main(["--check"])

    assert code == 1
    assert "docs/reference/exit-codes.md" in capsys.readouterr().err
    assert generator.main([]) == 0
    assert generator.main(["--check"]) == 0


def test_every_rule_of_findings_is_in_the_page_about_safety() -> None:
    sources = [
        path.read_text(encoding="utf-8")
        for folder in ("safety", "engine")
        for path in (ROOT / "reconciler" / folder).glob("*.py")
    ]
    told = re.compile(
        r"""(?:finding|Finding|Violation)\(\s*(?:[\w.]+,\s*)?"([a-z]+(?:-[a-z]+)*)","""
    )
    rules = {rule for text in sources for rule in told.findall(text)} | {"other-manifest"}

    page = (ROOT / "docs" / "safety.md").read_text(encoding="utf-8")

    assert len(rules) >= 15
    assert sorted(rule for rule in rules if f"`{rule}`" not in page) == []
