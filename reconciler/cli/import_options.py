"""The options of the target that `import` reads, from the command line.

Here belongs turning words into options that fit the system, with what to write instead where they
do not. No message repeats a value: it may be a secret in the wrong place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from reconciler.errors import UsageError
from reconciler.importing.yaml_text import Data
from reconciler.manifest.models import EnvRef, FileRef
from reconciler.options import UnresolvedError, resolve_reference
from reconciler.secret import Secret
from reconciler.source import suggest

if TYPE_CHECKING:
    from reconciler.provider import Options, ProviderType

DSN: Final = "dsn"


@dataclass(frozen=True, slots=True)
class Words:
    """What was written for options: `NAME=VALUE`, `NAME=VARIABLE` and `NAME=PATH`.

    `dsn_env` and `dsn_file` are short for the connection string of PostgreSQL.
    """

    plain: Sequence[str] = ()
    env: Sequence[str] = ()
    file: Sequence[str] = ()
    dsn_env: str | None = None
    dsn_file: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """The options of the target, and how the manifest is to write them."""

    options: Options
    written: Mapping[str, Data]


def given_options(kind: ProviderType, words: Words, environment: Mapping[str, str]) -> Given:
    """The options that these words give. Raises UsageError that says what to write."""
    plain = _pairs(words.plain, "--option", "VALUE")
    references = _references(kind, words)
    names = [*plain, *(name for name, _ in references)]
    _check_names(kind, names)
    for name in plain:
        _check_plain(kind, name, plain[name])
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"the option {twice[0]} is given twice")
    _check_complete(kind, names)
    lists = {name: _is_list(kind.options.model_fields[name]) for name in plain}
    values: dict[str, object] = {n: v if lists[n] else v[0] for n, v in plain.items()}
    values |= {name: _resolved(reference, environment) for name, reference in references}
    options = _validated(kind, values)
    written = {name: _as_read(getattr(options, name), values[name]) for name in plain}
    return Given(options, {**written, **{n: _written(each) for n, each in references}})


def _pairs(texts: Sequence[str], word: str, what: str) -> dict[str, list[str]]:
    """The values by name."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise UsageError(f"{word} is written as {word} NAME={what}")
        found[name].append(value)
    return dict(found)


def _references(kind: ProviderType, words: Words) -> list[tuple[str, EnvRef | FileRef]]:
    env = _pairs(words.env, "--option-env", "VARIABLE")
    file = _pairs(words.file, "--option-file", "PATH")
    found: list[tuple[str, EnvRef | FileRef]] = [
        *((name, EnvRef(env=each)) for name, given in env.items() for each in given),
        *((name, FileRef(file=each)) for name, given in file.items() for each in given),
        *((DSN, EnvRef(env=each)) for each in (words.dsn_env,) if each),
        *((DSN, FileRef(file=each)) for each in (words.dsn_file,) if each),
    ]
    if DSN in kind.options.model_fields and [name for name, _ in found].count(DSN) != 1:
        raise UsageError("say where the connection string is, with either --dsn-env or --dsn-file")
    return found


def _check_names(kind: ProviderType, names: Sequence[str]) -> None:
    known = kind.options.model_fields
    for name in names:
        if name not in known:
            hint = suggest(name, known) or f"the options are {', '.join(sorted(known))}"
            raise UsageError(f'"{name}" is not an option of {kind.name}; {hint}')


def _check_plain(kind: ProviderType, name: str, values: Sequence[str]) -> None:
    field = kind.options.model_fields[name]
    if _is_secret(field):
        why = f"{name} is a secret, which others see on a command line"
        raise UsageError(f"{why}: give it by {_how(field)}")
    if len(values) > 1 and not _is_list(field):
        raise UsageError(f"the option {name} is given twice")


def _check_complete(kind: ProviderType, names: Sequence[str]) -> None:
    """Every option that is missing, with what to write."""
    missing = [
        f"- {name}, by {_how(field)} ({field.description})"
        for name, field in kind.options.model_fields.items()
        if field.is_required() and name not in names
    ]
    if missing:
        raise UsageError("\n".join([f"{kind.name} needs more options:", *missing]))


def _how(field: FieldInfo) -> str:
    if _is_secret(field):
        return "--option-env NAME=VARIABLE or --option-file NAME=PATH"
    return "--option NAME=VALUE"


def _is_secret(field: FieldInfo) -> bool:
    """Whether the option is a secret, or one that may be left out."""
    return _is_a(field.annotation, Secret)


def _is_a(annotation: object, type_: type) -> bool:
    return annotation is type_ or any(_is_a(each, type_) for each in get_args(annotation))


def _is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is tuple


def _resolved(reference: EnvRef | FileRef, environment: Mapping[str, str]) -> str:
    try:
        return resolve_reference(reference, environment)
    except UnresolvedError as error:
        raise UsageError(f"{error.message}; {error.hint}") from None


def _validated(kind: ProviderType, values: Mapping[str, object]) -> Options:
    try:
        return kind.options.model_validate(values)
    except ValidationError as error:
        raise UsageError("\n".join(_faults(error))) from None


def _faults(error: ValidationError) -> Iterator[str]:
    for each in error.errors(include_input=False, include_url=False):
        name = str(each["loc"][0]) if each["loc"] else ""
        reason = each["msg"].removeprefix("Value error, ")
        yield f"the option {name} is not usable: {reason}" if name else reason


def _as_read(value: object, text: object) -> Data:
    """How the manifest writes a plain option: as what it was read as, and texts as they were."""
    if isinstance(value, bool | int):
        return value
    return [str(each) for each in text] if isinstance(text, list) else str(text)


def _written(reference: EnvRef | FileRef) -> Data:
    if isinstance(reference, FileRef):
        return {"file": reference.file}
    return {"env": reference.env}
