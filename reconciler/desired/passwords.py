"""The accounts of a target whose password comes from outside.

Here belongs which ones. The reference is followed by `reconciler.options`, and no part of it is in
a record.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.desired.records import Records
from reconciler.desired.view import TargetView
from reconciler.manifest.models import Account
from reconciler.scope import Path
from reconciler.state import Key


def given_passwords(view: TargetView, records: Records) -> Mapping[str, Path]:
    """The accounts that the records ask for and whose password the manifest refers to, each with
    the place of the reference. Where the target takes none, it is refused.
    """
    result: dict[str, Path] = {}
    for user, entry in view.users.items():
        account = entry.accounts.get(view.target)
        if not isinstance(account, Account) or account.password is None:
            continue
        path: Path = ("users", user, "accounts", view.target, "password")
        name = view.account_names[user]
        if not view.capabilities.given_passwords:
            records.refuse(path, "the password of an account cannot come from outside")
        elif Key("account", (name,)) in records.fields:
            result[name] = path
    return result
