"""A provider is a folder, a line in the registry and a suite of tests: all three, or none."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from reconciler import providers
from reconciler.provider import ProviderType
from reconciler.providers import registry
from tests.conformance.suite import ProviderConformance

HERE = Path(__file__).parent


def _folders() -> list[str]:
    root = Path(providers.__path__[0])
    return sorted(each.parent.name for each in root.glob("*/__init__.py"))


def test_every_folder_has_a_line_in_the_registry_and_every_line_a_folder() -> None:
    assert _folders() == sorted(registry.NAMES)


@pytest.mark.parametrize("name", registry.NAMES)
def test_every_provider_is_found_under_its_own_name(name: str) -> None:
    found = registry.provider_type(name)

    assert isinstance(found, ProviderType)
    assert found.name == name
    assert found.words


@pytest.mark.parametrize("name", sorted({*registry.NAMES, *_folders()}))
def test_every_provider_goes_through_the_conformance_suite(name: str) -> None:
    assert (HERE / f"test_{name}.py").is_file(), f"write tests/conformance/test_{name}.py"

    module = importlib.import_module(f"tests.conformance.test_{name}")

    suites = [
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, ProviderConformance)
        and each.__name__.startswith("Test")
    ]
    assert suites, f"tests/conformance/test_{name}.py has no class Test...(ProviderConformance)"
    for suite in suites:
        assert suite.target is not ProviderConformance.target


def test_no_case_of_the_suite_is_replaced_by_a_provider() -> None:
    cases = {name for name in dir(ProviderConformance) if name.startswith("test_")}
    assert cases

    for subclass in ProviderConformance.__subclasses__():
        assert not cases & vars(subclass).keys(), subclass


def test_what_a_provider_declares_is_read_from_the_registry_alone() -> None:
    with pytest.raises(KeyError):
        registry.provider_type("nothing")
