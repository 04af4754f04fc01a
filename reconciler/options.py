"""Resolves the options of a target: references to the environment and to files become values.

Here is the edge at which secrets come in. What the options are is each provider's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import get_args

from pydantic import ValidationError

from reconciler.errors import ManifestError
from reconciler.manifest.load import LoadedManifest
from reconciler.manifest.models import Account, EnvRef, FileRef
from reconciler.passwords import GivenPassword
from reconciler.provider import Options, ProviderType
from reconciler.scope import Desired
from reconciler.secret import Secret
from reconciler.source import Problem, suggest

_MAX_SECRET_BYTES = 64 * 1024


def check_options(loaded: LoadedManifest, target: str, kind: ProviderType) -> tuple[Problem, ...]:
    """What is wrong with the options of this target whatever its references lead to.

    No reference is followed, so it needs neither the environment nor the files.
    """
    given = loaded.manifest.targets[target].options
    references = {name for name, value in given.items() if isinstance(value, EnvRef | FileRef)}
    values = {name: "" if name in references else value for name, value in given.items()}
    try:
        kind.options(**values)
    except ValidationError as error:
        unknown = references & _names(kind)
        together = {""} if unknown else set()  # what is wrong with several options has no name
        return tuple(_problems(loaded, target, kind, error, unknown | together))
    return ()


def _names(kind: ProviderType) -> set[str]:
    """The names of the options of a kind."""
    return {field.alias or name for name, field in kind.options.model_fields.items()}


def _secret_names(kind: ProviderType) -> set[str]:
    """The names of those that are never shown, those that may be left out among them."""
    fields = kind.options.model_fields.items()
    return {field.alias or name for name, field in fields if _is_secret(field.annotation)}


def _is_secret(annotation: object) -> bool:
    return annotation is Secret or any(map(_is_secret, get_args(annotation)))


def resolve_options(
    loaded: LoadedManifest, target: str, kind: ProviderType, environment: Mapping[str, str]
) -> Options:
    """The options of this target with every reference replaced by its value.

    Raises ManifestError with every option that is unknown, missing, wrong, or refers to nothing. No
    message repeats a value.
    """
    values: dict[str, object] = {}
    problems: list[Problem] = []
    secrets = _secret_names(kind)
    for name, option in loaded.manifest.targets[target].options.items():
        try:
            values[name] = _resolve(option, environment, is_secret=name in secrets)
        except UnresolvedError as error:
            place = loaded.source("targets", target, "options", name)
            problems.append(Problem(place, error.message, error.hint))
    refused = {str(problem.source.path).split(".")[-1] for problem in problems if problem.source}
    try:
        options = kind.options(**values)
    except ValidationError as error:
        problems += _problems(loaded, target, kind, error, refused)
        raise ManifestError(sorted(problems, key=str)) from None
    if problems:
        raise ManifestError(sorted(problems, key=str))
    return options


def resolve_passwords(
    loaded: LoadedManifest, desired: Desired, kind: ProviderType, environment: Mapping[str, str]
) -> Mapping[str, GivenPassword]:
    """The passwords from outside of a target's accounts, by account.

    One whose reference leads nowhere has no value: it is to be left alone. Raises ManifestError
    with every one that cannot be used, by its reference. No message repeats a value.
    """
    result: dict[str, GivenPassword] = {}
    problems: list[Problem] = []
    for account, path in desired.passwords.items():
        entry = loaded.manifest.users[str(path[1])].accounts[desired.target]
        assert isinstance(entry, Account)
        assert entry.password is not None
        result[account] = given = _given_password(entry.password, environment)
        if given.value and (fault := kind.password_fault(given.value.reveal())):
            text = f"what {given.reference} leads to {fault[0]}"
            problems.append(Problem(loaded.source(*path), text, fault[1]))
    if problems:
        raise ManifestError(sorted(problems, key=str))
    return result


def _given_password(reference: EnvRef | FileRef, environment: Mapping[str, str]) -> GivenPassword:
    if isinstance(reference, FileRef):
        file, words = reference.file, f"{{file: {reference.file}}}"
    else:
        file, words = "", f"{{env: {reference.env}}}"
    try:
        value = Secret(resolve_reference(reference, environment))
    except UnresolvedError as error:
        return GivenPassword(words, None, error.message, file)
    return GivenPassword(words, value, file=file)


class UnresolvedError(Exception):
    """A reference that leads nowhere: what is wrong with it, and what to do. Holds no value."""

    def __init__(self, message: str, hint: str) -> None:
        self.message = message
        self.hint = hint
        super().__init__(message)


def _resolve(option: object, environment: Mapping[str, str], *, is_secret: bool) -> object:
    """The value of an option; a secret in a file can be read again, since files are renewed."""
    if isinstance(option, FileRef) and is_secret:
        return Secret(_read_secret(option.file), partial(_read_again, option.file))
    if isinstance(option, EnvRef | FileRef):
        return resolve_reference(option, environment)
    return option


def resolve_reference(reference: EnvRef | FileRef, environment: Mapping[str, str]) -> str:
    """What a reference leads to. Raises UnresolvedError where it leads nowhere."""
    if isinstance(reference, FileRef):
        return _read_secret(reference.file)
    name = reference.env
    if not environment.get(name):
        state = "empty" if name in environment else "not set"
        raise UnresolvedError(
            f"the environment variable {name} is {state}", f"set it: export {name}=..."
        )
    return environment[name]


def _read_secret(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_SECRET_BYTES + 1)
        text = content.decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UnresolvedError(
            f"the file {path} cannot be read: {reason}", "check path and mode"
        ) from None
    if len(content) > _MAX_SECRET_BYTES or not text.strip():
        size = "is empty" if not text.strip() else f"is larger than {_MAX_SECRET_BYTES // 1024} KiB"
        raise UnresolvedError(f"the file {path} {size}", "it must hold the value and nothing else")
    return text.rstrip("\r\n")


def _read_again(path: str) -> str:
    """What a file holds now; empty where it holds no value, as while it is being renewed."""
    try:
        return _read_secret(path)
    except UnresolvedError:
        return ""


def _problems(
    loaded: LoadedManifest,
    target: str,
    kind: ProviderType,
    error: ValidationError,
    refused: set[str],
) -> list[Problem]:
    result = []
    known = _names(kind)
    for detail in error.errors(include_input=False, include_url=False):
        name = str(detail["loc"][0]) if detail["loc"] else ""
        if name in refused:
            continue
        given = loaded.manifest.targets[target].options
        path = ("targets", target, "options", name) if name in given else ("targets", target)
        match detail["type"]:
            case "extra_forbidden":
                hint = suggest(name, known) or f"the options are {', '.join(sorted(known))}"
                text = f'"{name}" is not an option of {kind.name}'
            case "missing":
                text, hint = (
                    f'the option "{name}" is missing',
                    f"{kind.name} needs it under options",
                )
            case _:
                reason = detail["msg"].removeprefix("Value error, ")
                which = f'the option "{name}" is' if name else "the options are"
                text = f"{which} not usable: {reason}"
                hint = ""
        result.append(Problem(loaded.source(*path), text, hint))
    return result
