"""The contract between the engine and a provider.

Here belong the protocols that a provider fulfils, and nothing of any one of them. Finding the
provider of a name is `reconciler.providers.registry`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, PlainSerializer, PlainValidator, WithJsonSchema

from reconciler.changes import Change, Journal, Outcome
from reconciler.passwords import Marks, Standing
from reconciler.scope import Capabilities, Desired, Scope
from reconciler.secret import Secret
from reconciler.source import Problem
from reconciler.state import Key, State

if TYPE_CHECKING:
    from reconciler.survey import Survey


def _secret(value: object) -> Secret:
    if not isinstance(value, str | Secret) or not value:
        raise ValueError("needs a text that is not empty")
    return value if isinstance(value, Secret) else Secret(value)


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
    account that reaches it, and empty where that cannot be told. `server_owners` are those of
    `untouchable` who are so for owning a server alone.
    """

    system: str
    version: str
    account: str
    untouchable: frozenset[str] = frozenset()
    place: str = ""
    server_owners: frozenset[str] = frozenset()


class Provider(Protocol):
    """Adapter for one open target. Computes no differences, takes no decisions.

    Every method may raise a `TargetError`. None but `apply` writes anything anywhere.
    """

    def identify(self) -> Identity:
        """Which system, which version, which account we are."""

    def observe(self, scope: Scope) -> State:
        """The whole state of the target within the scope. Complete, or an error: never a shorter
        State. PartlyReadError where some kinds of record cannot be read at all, and all others can.
        """

    def normalize(self, desired: State, observed: State) -> State:
        """Desired in the spelling that `observe` will read back. No I/O, but for what only the
        target knows (decision 13); that leaves no trace there.

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


# What a provider may do beside. The engine asks `isinstance`: a provider either has all of one or
# nothing of it.


@runtime_checkable
class Surveying(Protocol):
    """A provider that can read all that is there, without a manifest that says what to look at."""

    def survey(self, servers: Sequence[str]) -> Survey:
        """Everything on the target, whole; of servers these, or all if there are none. A target
        that is read whole anyway is given none.

        Only reads. `normalize` may be asked next, as after `observe`.
        """


@runtime_checkable
class Scripting(Protocol):
    """A provider whose changes can be written down as SQL."""

    def script(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """The lines of a script for psql that does what `apply` would do, in the same transactions.

        What only `apply` can do, such as making passwords, is written so that it cannot be run.
        Everything in it is printable. May read the target; `observe` was called before.
        """


@dataclass(frozen=True, slots=True)
class Lack:
    """A right that our account has not and a plan needs.

    `what` is for people: `flowapi cannot be granted: that needs the ADMIN option`. `statement`
    gives it, run by an administrator in `database` (empty: in any); it is empty where no statement
    would.
    """

    what: str
    statement: str = ""
    database: str = ""


@dataclass(frozen=True, slots=True)
class Rights:
    """What our account lacks, and in `unchecked` of what nobody can say whether we may do it."""

    lacking: tuple[Lack, ...] = ()
    unchecked: tuple[str, ...] = ()


@runtime_checkable
class Examining(Protocol):
    """A provider that can say which rights it lacks, and other things that would go wrong later.

    Nothing here writes.
    """

    def clock(self) -> datetime:
        """The target's time, with a zone."""

    def lacking_to_read(self, scope: Scope) -> Rights:
        """What `observe` would be refused for this scope."""

    def lacking(self, changes: Sequence[Change]) -> Rights:
        """What `apply` would be refused for these changes. `observe` was called before."""

    def remarks(self) -> tuple[str, ...]:
        """What somebody should know of the target though nothing fails: for people, sorted."""


TOKEN_LAG: Final = "token-lag"
"""The rule of a `Warned` that names whose tokens outlive a change."""

ENDS: Final = "ends"
"""The rule of a `Warned` that names what else ends with a change: of that nothing goes on."""


@dataclass(frozen=True, slots=True)
class Warned:
    """What a provider has to say about a plan: a rule's name, a text for people, and the records
    of the changes that it is about. One that is `blocking` holds these back.
    """

    rule: str
    message: str
    keys: tuple[Key, ...] = ()
    blocking: bool = False


@runtime_checkable
class Limited(Protocol):
    """A provider that knows of limits of its target."""

    def warnings(self, changes: Sequence[Change]) -> tuple[Warned, ...]:
        """The limits that these changes come near to. No I/O; `observe` was called before."""


@runtime_checkable
class Doubting(Protocol):
    """A provider that cannot always tell whether what is asked is what is there."""

    def doubts(self) -> Mapping[Key, Mapping[str, str]]:
        """The values that `normalize` left as they are there, since nobody can tell, and why: by
        record and field, since the last `observe`. No I/O.
        """


@runtime_checkable
class Sharing(Protocol):
    """A provider whose target several manifests share, each with a mark on what is its own."""

    def foreign_names(self) -> frozenset[str]:
        """The names that bear another manifest's mark: no plan touches them. No I/O; `observe` was
        called before.
        """


@runtime_checkable
class Foreseeing(Protocol):
    """A provider whose target can say of some changes that they would fail, or bring about more."""

    def obstacles(self, changes: Sequence[Change]) -> tuple[Warned, ...]:
        """What the target has to say about these changes, each about one of them.

        A blocking one says why it would fail. Reads only where there is something to ask about.
        """


@runtime_checkable
class KeepingPasswords(Protocol):
    """A provider whose accounts' passwords can come from outside, and that knows them again."""

    def compare_passwords(
        self, given: Mapping[str, Secret], marks: Marks
    ) -> Mapping[str, Standing]:
        """How the passwords of these accounts stand, those that are given and those that are
        marked; of one that is not there nothing. Only reads. `apply` sends what is given here.
        """

    def password_marks(self) -> Marks:
        """What is to be remembered of the passwords that `apply` set, and of those that
        `compare_passwords` found as they are given.
        """


Notes = Mapping[str, str]
"""What a provider wants remembered of accounts, by their names. No secret is in it."""


@runtime_checkable
class Inviting(Protocol):
    """A provider whose target lets people make their accounts themselves, once they were invited.

    One that somebody was invited to make and has not made has the field `INVITED` alone, as
    observed and as desired; so has one that `apply` is to invite somebody to.
    """

    def recall(self, notes: Notes, unsettled: frozenset[str]) -> None:
        """Take what is remembered of those whom we invited, before `observe`: nothing, where the
        memory is lost. `unsettled` are the accounts to which an earlier run was inviting somebody
        when it died.
        """

    def notes(self) -> Notes:
        """What is to be remembered from now on. No I/O; `observe` was called before."""

    def invited(self) -> Mapping[str, str]:
        """The accounts that somebody was invited to make and has not made, each with when the
        invitation ends, for people. No I/O; `observe` was called before.
        """

    def lapsed(self) -> Mapping[str, str]:
        """The accounts whose invitation is over though nobody took it back, each with what to say
        of it, empty where `obstacles` does. No I/O; `observe` was called before.
        """


def _no_password_fault(value: str) -> None:
    """What is wrong with a password, on a target that takes none."""
    del value


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
    password_fault: Callable[[str], tuple[str, str] | None] = _no_password_fault
    """Why a password from outside cannot be used, and what to do; repeats nothing of it."""
    able: Callable[[Options], Capabilities] | None = None
    """What a target with these options can do, where options decide it: some of `capabilities`."""
