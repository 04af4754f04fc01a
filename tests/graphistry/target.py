"""The stand-in as the conformance suite wants a target: how to look at it and break it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.conformance.target import NASTY_NAMES, ConformanceTarget, Entry, Fault, Option
from tests.graphistry.installation import Installation

OWN = "reconciler"

_TROUBLE: Mapping[Fault, str] = {
    "cut_read": "cut 10",
    "cut_apply": "die 2",
    "failing_write": "refuse 2",
    "silent_write": "silent",
}
_HOLDABLE = ("63_bytes", "64_bytes", "63_bytes_of_unicode", "dots", "keyword", "mixed_case")
_ALSO = ("leading_dash", "number", "reserved", "unicode")


class GraphistryTarget(ConformanceTarget):
    """An installation with our own superuser, and nobody else."""

    provider = "graphistry"
    own_account = OWN
    rights = ("user", "staff", "admin")
    holdable = frozenset({*_HOLDABLE, *_ALSO})
    faults: frozenset[Fault] = frozenset({*_TROUBLE, "failing_read"})
    server_name = "store"

    def __init__(self, installation: Installation) -> None:
        assert self.holdable <= NASTY_NAMES.keys()
        self.installation = installation
        installation.add_user(OWN, "own@example.org", flags=(1, 1, 1))

    def options(self) -> Mapping[str, Option]:
        return {
            "command": self.installation.command,
            "service_account": OWN,
            "allow_hard_delete": True,
            "settings_off": [],
            "timeout_s": 60,
        }

    def server(self) -> Entry:
        return {}

    def role(self, rights: tuple[str, ...]) -> Entry:
        level = max(rights, key=self.rights.index, default=self.rights[0])
        return {"target": "target", "level": level}

    def witness(self) -> Mapping[str, object]:
        found: dict[str, object] = {}
        for row in self.installation.rows("SELECT * FROM users_user"):
            found[f"user {row['username']}"] = tuple(row)
        for row in self.installation.rows("SELECT * FROM account_emailaddress"):
            found[f"address {row['email']}"] = tuple(row)
        for row in self.installation.rows("SELECT * FROM teams_membership"):
            found[f"membership {row['id']}"] = tuple(row)
        for row in self.installation.rows("SELECT * FROM constance_constance"):
            found[f"setting {row['key']}"] = tuple(row)
        return found

    def add_bystanders(self) -> None:
        self.installation.add_user("stranger", "stranger@example.org", flags=(1, 1, 0))
        self.installation.add_organisation("strangers", stranger="owner")

    def revoke_by_hand(self, account: str, role: str) -> None:
        raise AssertionError("a role is a level, and no case takes one by hand")

    @contextmanager
    def fault(self, name: Fault) -> Iterator[None]:
        if name == "failing_read":
            self._rename("account_emailaddress", "gone")
            try:
                yield
            finally:
                self._rename("gone", "account_emailaddress")
        else:
            with self.installation.trouble(_TROUBLE[name]):
                yield

    def sign_in(self, account: str, password: str) -> bool:
        return self.installation.signs_in(account, password)

    def _rename(self, old: str, new: str) -> None:
        self.installation.rows(f"ALTER TABLE {old} RENAME TO {new}")
