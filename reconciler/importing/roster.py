"""Who and what of a system of accounts and roles goes into its manifest, and what is left out.

Here belongs the decision alone, for systems whose roles hold scopes and members and nothing else;
for PostgreSQL it is `cast`. What a manifest cannot say as it is goes without its details first, and
is left out where that does not help.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final, TypeVar

from reconciler.importing.beside import ALONE, Beside
from reconciler.importing.comment_lines import listed
from reconciler.importing.names import is_sayable, shown
from reconciler.importing.said import Said, limits_of, scopes_of, texts_of
from reconciler.scope import Capabilities, RolePath
from reconciler.state import Fields, Key, Kind
from reconciler.survey import Survey

Doubts = Mapping[Key, Sequence[str]]
"""What was wrong with each account, role and server of a manifest, one attempt after the other."""

_PATIENCE: Final[Mapping[Kind, int]] = {"account": 2, "role": 3, "server": 3}
"""After so many doubts a thing is left out: its details went before."""

_Name = TypeVar("_Name")


class Roster:
    """What a manifest says of the accounts, roles and servers of one survey."""

    def __init__(
        self,
        survey: Survey,
        capabilities: Capabilities,
        doubts: Doubts,
        beside: Beside = ALONE,
    ) -> None:
        self.survey = survey
        self.capabilities = capabilities
        self.doubts = doubts
        self.beside = beside

    # What is there

    @cached_property
    def accounts(self) -> Mapping[str, Fields]:
        """The accounts by name."""
        return {key.path[0]: fields for key, fields in self.survey.state.of_kind("account")}

    @cached_property
    def members(self) -> Mapping[RolePath, frozenset[str]]:
        """Who is in each role, also in one of which there is no record."""
        found: dict[RolePath, set[str]] = {
            key.path: set() for key, _ in self.survey.state.of_kind("role")
        }
        for key, _ in self.survey.state.of_kind("membership"):
            found.setdefault(key.path[:-1], set()).add(key.path[-1])
        return {path: frozenset(names) for path, names in sorted(found.items())}

    @cached_property
    def _containers(self) -> Mapping[RolePath, list[str]]:
        """In which others a role is, on a system where a manifest cannot say so."""
        found: dict[RolePath, list[str]] = {}
        for path, members in self.members.items():
            for name in members - self.accounts.keys():
                found.setdefault((name,), []).append(path[-1])
        return found

    @cached_property
    def _every_server(self) -> frozenset[str]:
        if not self.capabilities.roles_in_servers:
            return frozenset()
        managed = self.survey.state.names("server") if self.capabilities.managed_servers else ()
        return frozenset({*managed, *(path[0] for path in self.members)})

    # Who is in the manifest

    @cached_property
    def servers(self) -> tuple[str, ...]:
        """The servers, by name."""
        return tuple(sorted(self._every_server - self._servers_out.keys()))

    @cached_property
    def roles(self) -> tuple[RolePath, ...]:
        """The roles, by path."""
        return tuple(path for path in self.members if path not in self._roles_out)

    @cached_property
    def users(self) -> tuple[str, ...]:
        """The accounts, by name."""
        return tuple(sorted(self.accounts.keys() - self._accounts_out.keys()))

    def is_shut(self, name: str) -> bool:
        """Whether somebody may not sign in, which the manifest says by `state: disabled`."""
        disabled, fields = self.capabilities.disabled, self.accounts[name]
        return disabled is not None and all(fields.get(k) == v for k, v in disabled.items())

    def level(self, name: str) -> str:
        """The level of an account; empty where there are none, or it is none that can be given."""
        level = self.accounts[name].get("level")
        return str(level) if level in self.capabilities.levels else ""

    def holders(self, path: RolePath) -> list[str]:
        """The users whom the manifest gives this role."""
        return [name for name in sorted(self.members[path]) if name in self._active]

    def at_level(self, level: str) -> list[str]:
        """The users whom the manifest gives this level."""
        return [name for name in self.users if name in self._active and self.level(name) == level]

    @cached_property
    def _active(self) -> frozenset[str]:
        return frozenset(name for name in self.users if not self.is_shut(name))

    @cached_property
    def idle(self) -> list[str]:
        """The users who may sign in and are given nothing: nothing is asked of their accounts."""
        holding = {name for path in self.roles for name in self.members[path]}
        return [
            n for n in self.users if n in self._active and n not in holding and not self.level(n)
        ]

    # What is said of them

    def profile(self, name: str) -> Said:
        """Name and address of a user."""
        return self._unless_doubted(name, self.capabilities.profile)

    def attributes(self, name: str) -> Said:
        """The attributes of an account."""
        return self._unless_doubted(name, self.capabilities.attributes)

    def limits(self, key: Key) -> Said:
        """The limits of the tokens of a role or server."""
        return {} if self.attempts(key) else limits_of(self.survey.state.get(key) or {})

    def scopes(self, key: Key) -> Said:
        """The scopes of a role or server."""
        return {} if self.attempts(key) > 1 else scopes_of(self.survey.state.get(key) or {})

    def _unless_doubted(self, name: str, fields: Sequence[str]) -> Said:
        doubted = self.attempts(Key("account", (name,)))
        return {} if doubted else texts_of(self.accounts[name], fields)

    def attempts(self, key: Key) -> int:
        """How often something was wrong with this."""
        return len(self.doubts.get(key, ()))

    # What is left out

    @cached_property
    def left_out(self) -> Mapping[Key, str]:
        """Why each account, role and server is left out that is."""
        return {
            **{Key("account", (name,)): why for name, why in self._accounts_out.items()},
            **{Key("role", path): why for path, why in self._roles_out.items()},
            **{Key("server", (name,)): why for name, why in self._servers_out.items()},
        }

    @cached_property
    def strangers(self) -> list[tuple[RolePath, str]]:
        """Who is left out and is in a role of the manifest, with that role."""
        out = self._accounts_out
        return [
            (path, name) for path in self.roles for name in sorted(self.members[path] & out.keys())
        ]

    @cached_property
    def _servers_out(self) -> Mapping[str, str]:
        return _faulty(self._every_server, lambda name: self._fault(Key("server", (name,))))

    @cached_property
    def _roles_out(self) -> Mapping[RolePath, str]:
        return _faulty(self.members, self._role_fault)

    @cached_property
    def _accounts_out(self) -> Mapping[str, str]:
        faulty = _faulty(self.accounts, self._account_fault)
        return {**faulty, **_twins(self.accounts.keys() - faulty.keys())}

    def _fault(self, key: Key) -> str:
        """Why a thing cannot be in the manifest, whatever it holds; empty where it can."""
        if key in self.survey.left_out:
            return self.survey.left_out[key]
        if not all(map(is_sayable, key.path)):
            return "has a name that a manifest cannot have"
        doubts = self.doubts.get(key, ())
        return doubts[-1] if len(doubts) >= _PATIENCE[key.kind] else ""

    def _role_fault(self, path: RolePath) -> str:
        if why := self._fault(Key("role", path)):
            return why
        if len(path) > 1 and path[0] in self._servers_out:
            return f"its server {shown(path[0])} is left out"
        if inner := sorted(self.members[path] - self.accounts.keys()):
            return f"has {listed(map(shown, inner))} in it, and here a role has users alone"
        if outer := self._containers.get(path, ()):
            return f"is in {listed(map(shown, sorted(outer)))}, and here a role is in no other"
        return ""

    def _account_fault(self, name: str) -> str:
        if why := self._fault(Key("account", (name,))):
            return why
        if name in self.survey.untouchable:
            return "no plan touches it: the tool's own account, or one that is not ours to change"
        if rival := self.beside.rival(name):
            return f"the other files have a user {shown(rival)}, with another account here"
        if self.is_shut(name) and self._may_sign_in_elsewhere(name):
            return "may not sign in, and the other files say state: active of this user"
        if self.is_shut(name):
            held = [path[-1] for path in self.roles if name in self.members[path]]
            roles = listed(map(shown, held))
            return f"may not sign in and is in {roles}, which state: disabled takes" if held else ""
        if self.capabilities.levels and not self.level(name):
            level = self.accounts[name].get("level")
            return f"has the level {level}, which no role gives" if level else "has no level"
        return ""

    def _may_sign_in_elsewhere(self, name: str) -> bool:
        return name in self.beside.users and self.beside.users[name][1].state == "active"


def _twins(names: Iterable[str]) -> Mapping[str, str]:
    """Those of the names that another one differs from in nothing but case; the other stays.

    That is the one in small letters, where there is one.
    """
    found: dict[str, str] = {}
    first: dict[str, str] = {}
    for name in sorted(names, key=lambda each: (each != each.lower(), each)):
        other = first.setdefault(name.casefold(), name)
        if other != name:
            found[name] = f"differs from {shown(other)} in nothing but case"
    return found


def _faulty(names: Iterable[_Name], fault: Callable[[_Name], str]) -> Mapping[_Name, str]:
    """The names of which there is a fault, each with it."""
    return {name: why for name in names if (why := fault(name))}
