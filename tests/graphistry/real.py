"""A real Graphistry as the conformance suite wants a target, where the environment names one.

It is looked at by programs of its own, sent the same way; nothing of it can be broken.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any

from tests.conformance.target import ConformanceTarget, Entry, Option
from tests.graphistry.target import GraphistryTarget

COMMAND, ACCOUNT = "GRAPHISTRY_COMMAND", "GRAPHISTRY_SERVICE_ACCOUNT"
NOT_ASKED_FOR = f"set {COMMAND} and {ACCOUNT} to try a real Graphistry; all others are deleted"

_MARK = "reconciler-tests:"
_IN_SHELL = (
    "import json; from django.contrib.auth import get_user_model as model, authenticate; "
    "print('\\n" + _MARK + "' + json.dumps({expression}, default=str))\n"
)


def is_asked_for() -> bool:
    """Whether the environment names a Graphistry."""
    return bool(os.environ.get(COMMAND) and os.environ.get(ACCOUNT))


class RealTarget(ConformanceTarget):
    """An installation that holds nothing but what may be lost."""

    provider = "graphistry"
    rights = GraphistryTarget.rights
    holdable = GraphistryTarget.holdable

    def __init__(self) -> None:
        self.command: list[str] = json.loads(os.environ[COMMAND])
        self.own_account = os.environ[ACCOUNT]

    def empty(self) -> None:
        """Delete everybody but our own account."""
        own = json.dumps(self.own_account)
        self._evaluate(f"[u.delete() for u in model().objects.exclude(username={own})]")

    def options(self) -> Mapping[str, Option]:
        return {
            "command": self.command,
            "service_account": self.own_account,
            "allow_hard_delete": True,
            "settings_off": [],
            "timeout_s": 300,
        }

    def server(self) -> Entry:
        return {}

    def role(self, rights: tuple[str, ...]) -> Entry:
        level = max(rights, key=self.rights.index, default=self.rights[0])
        return {"target": "target", "level": level}

    def witness(self) -> Mapping[str, object]:
        rows: list[list[object]] = self._evaluate(
            "list(model().objects.values_list('username', 'pk', 'email', 'name', 'is_active', "
            "'is_staff', 'is_superuser'))"
        )
        return {f"user {row[0]}": tuple(row) for row in rows}

    def add_bystanders(self) -> None:
        self._evaluate("model().objects.create_user('stranger', 's@example.org', None).pk")

    def revoke_by_hand(self, account: str, role: str) -> None:
        raise AssertionError("a role is a level, and no case takes one by hand")

    def sign_in(self, account: str, password: str) -> bool:
        said = f"username={json.dumps(account)}, password={json.dumps(password)}"
        return bool(self._evaluate(f"authenticate({said}) is not None"))

    def _evaluate(self, expression: str) -> Any:  # whatever it is
        text = _IN_SHELL.replace("{expression}", expression)
        run = subprocess.run(
            self.command, input=text, capture_output=True, text=True, check=True, timeout=300
        )
        return json.loads(run.stdout.rpartition(_MARK)[2].splitlines()[0])
