"""What the conformance suite needs to know of one real target.

Here belong the interface that each provider's test module fulfils and the words for its faults. The
cases are in `tests.conformance.suite`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Final, Literal

Fault = Literal[
    "wrong_credentials",
    "cut_read",
    "failing_read",
    "cut_apply",
    "failing_write",
    "silent_write",
    "locked",
]
Scalar = str | int | bool
Option = str | int | list[str]
"""An option of a target, as YAML has it."""

Entry = Mapping[str, object]
"""An entry of a manifest, such as that of one role, as YAML has it."""

Servers = Mapping[str, Entry]
"""The servers of a manifest by name, each without its target."""

READ_FAULTS: Final[tuple[Fault, ...]] = ("cut_read", "failing_read")
WRITE_FAULTS: Final[tuple[Fault, ...]] = ("cut_apply", "failing_write")

NASTY_NAMES: Final[Mapping[str, str]] = {
    "single_quote": "o'brien",
    "double_quote": 'the "boss"',
    "space": "anna maria",
    "dots": "a.b.c",
    "leading_dash": "-rf",
    "mixed_case": "MixedCase",
    "unicode": "Zoë-名前",
    "63_bytes": "x" * 63,
    "63_bytes_of_unicode": "é" * 31 + "x",
    "64_bytes": "y" * 64,
    "sql": 'x"; DROP TABLE users; --',
    "html": "<b onclick='x'>&amp;</b>",
    "backslash": "a\\b",
    "percent": "100%s %(x)s",
    "url": "a/../b?c=d#e",
    "braces": "{0} {name}",
    "keyword": "select",
    "number": "12345",
    "reserved": "public",
}
"""Names that a careless provider quotes, folds, cuts or runs, by what is nasty about them."""


class ConformanceTarget(ABC):
    """One real target of a kind, empty but for what it cannot be without.

    Everything here reaches the target by other means than the provider under test.
    """

    provider: str
    """Its name in the registry."""

    own_account: str
    """The name of the account that the provider signs in with."""

    server_name: str = "store"
    """The name in the manifest of the one server that roles give access to."""

    rights: tuple[str, ...] = ()
    """Three rights that a role can be given, each without the others. None where being in a role is
    all that it gives; where a role is a level of the account, levels, lowest first."""

    holdable: frozenset[str] = frozenset(NASTY_NAMES)
    """The keys of NASTY_NAMES that all principals may have. The others must be refused."""

    attributes: Mapping[str, tuple[Scalar, Scalar]] = {}
    """For each attribute of an account that the capabilities declare, two values."""

    has_role_attributes: bool = True
    """Whether a role can have these attributes too, where there are any."""

    has_own_roles: bool = True
    """Whether a role can be made on it. Else the roles of the suite are levels, as `role` says."""

    standing_role: Entry | None = None
    """The manifest's entry of a role that is there whatever we do, where there is one: it is held
    or not. Its server is among those of `servers_in_turn`."""

    canaries: tuple[str, ...] = ()
    """Secrets among the options, right and wrong ones: texts that must be shown nowhere."""

    faults: frozenset[Fault] = frozenset()
    """The faults that `fault` can make."""

    clock_fields: frozenset[str] = frozenset()
    """Fields of an account that say when it was made, such as when its password runs out."""

    crash_points: tuple[int, int] = (0, 1)
    """At which point of the journal a run is killed first, and how many further it is killed next.
    """

    @abstractmethod
    def options(self) -> Mapping[str, Option]:
        """The provider's options for this target; texts reach the manifest as `{env: ...}`."""

    @abstractmethod
    def server(self) -> Entry:
        """The manifest's entry of the server, without its target."""

    @abstractmethod
    def role(self, rights: tuple[str, ...]) -> Entry:
        """The manifest's entry of a role on the server that gives these of `rights`.

        Where a role is a level: the highest of these, and for none the lowest that there is.
        """

    def servers_in_turn(self) -> tuple[Servers, Servers]:
        """The servers of one manifest and those of the next, by name.

        Where servers are managed: one that gains and loses something, one that goes, one that
        comes. The last of `rights` is what it loses; the other two are on the first in both.
        """
        servers = {self.server_name: self.server()}
        return servers, servers

    @abstractmethod
    def witness(self) -> Mapping[str, object]:
        """Each raw fact the target holds, by a name for it, without secrets.

        Facts are small (one account, one membership, one privilege), so that a new one leaves the
        others as they are. Where the target stamps an object's last write, the fact holds it.
        """

    @abstractmethod
    def add_bystanders(self) -> None:
        """Create an account, and something it holds, that no manifest of the suite names."""

    @abstractmethod
    def revoke_by_hand(self, account: str, role: str) -> None:
        """Take a role from an account, as an administrator would do it."""

    def fault(self, name: Fault) -> AbstractContextManager[None]:
        """Break the target in this way as long as the context lasts; `faults` names the ways.

        | fault | what happens |
        |---|---|
        | wrong_credentials | `options` gives credentials that the target refuses |
        | cut_read | the connection ends in the middle of the read |
        | failing_read | one page or statement of the read fails, not the first one |
        | cut_apply | the connection ends after something was written, before the last write |
        | failing_write | one write is refused that is not the first, and reads work |
        | silent_write | writes are answered with success and do nothing |
        | locked | somebody else is applying |
        """
        raise AssertionError(f"{self.provider} declares the fault {name} and cannot make it")

    def sign_in(self, account: str, password: str) -> bool:
        """Whether the target lets this account in with this password."""
        raise AssertionError(f"{self.provider} hands over passwords, and nothing can try them")
