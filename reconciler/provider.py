"""The contract between the engine and a provider.

Here belong the protocols that a provider fulfils, and nothing of any one of them. Finding the
provider of a name is `reconciler.providers.registry`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, PlainSerializer, PlainValidator, WithJsonSchema

from reconciler.changes import Change, Journal, Outcome
from reconciler.scope import Capabilities, Desired, Scope
from reconciler.secret import Secret
from reconciler.source import Problem
from reconciler.state import State


def _secret(value: object) -> Secret:
    if not isinstance(value, str) or not value:
        raise ValueError("needs a text that is not empty")
    return Secret(value)


SecretText = Annotated[
    Secret,
    PlainValidator(_secret),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string"}),
]
"""An option that is never shown, also where a model is dumped. Its validation errors do not repeat
the value.
"""


class Options(BaseModel):
    """Base of the options of a kind of target: frozen, unknown keys refused, inputs kept out of
    errors.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
        defer_build=True,  # a run builds those of the providers it uses, once
    )

    def secrets(self) -> tuple[Secret, ...]:
        """Every value that must not be shown; a provider adds what it derives from them."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return tuple(value for value in values if isinstance(value, Secret))


@dataclass(frozen=True, slots=True)
class Identity:
    """Which system answered, in which version, and as whom we are there.

    `account` and `untouchable` (more names, such as a bootstrap administrator) are never changed by
    any plan. `place` tells this system from others of its kind: without secrets, the same for every
    account that reaches it, and empty where that cannot be told.
    """

    system: str
    version: str
    account: str
    untouchable: frozenset[str] = frozenset()
    place: str = ""


class Provider(Protocol):
    """Adapter for one open target. Computes no differences, takes no decisions.

    Every method may raise a `TargetError`. None but `apply` writes anything anywhere.
    """

    def identify(self) -> Identity:
        """Which system, which version, which account we are."""

    def observe(self, scope: Scope) -> State:
        """The whole state of the target within the scope. Complete, or an error: never a shorter
        State.
        """

    def normalize(self, desired: State, observed: State) -> State:
        """Desired in the spelling that `observe` will read back. No I/O.

        Applying it to its own result changes nothing. Raises ManifestError with all it cannot hold.
        """

    def new_passwords(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """The accounts that `apply` would give a temporary password, in order. No I/O."""

    def preview(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """The statements or requests that `apply` would send, in order, without secrets. No I/O."""

    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        """Carry out the changes in this order; one outcome for each, whatever happens.

        Raises LockHeldError before anything was written; every later failure is an outcome.
        """

    def close(self) -> None:
        """Release connections. Safe to call twice."""


@dataclass(frozen=True, slots=True)
class ProviderType:
    """What is known of a kind of provider without opening one.

    `options` is the frozen pydantic model of `targets.NAME.options` after references were resolved.
    `check` gives everything a target of this kind cannot hold, by line, without I/O.
    `open` takes the target's name and its options; it may connect lazily.
    """

    name: str
    capabilities: Capabilities
    options: type[Options]
    check: Callable[[Desired], tuple[Problem, ...]]
    open: Callable[[str, Options], Provider]
    words: Mapping[str, str]
    """How this system reads the manifest's words (user, group, server, role, grant): for the docs.
    """
