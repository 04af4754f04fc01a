"""Makes the API token of a new account, and hands it over.

Only the account itself can make one, so it is made in the session of its registration. A session
that the host does not know makes a token of nobody's, with status 200: so each is tried first.
Source: KohakuRiver, POST /auth/tokens/create.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from reconciler.changes import Journal
from reconciler.errors import TargetError, WriteError
from reconciler.providers.kohakuriver import api
from reconciler.providers.kohakuriver.directory import Directory
from reconciler.providers.settling import NotThereError
from reconciler.secret import Secret

NAME: Final = "reconciler"
_TRIES: Final = 2


def hand_over_token(
    directory: Directory, row: api.UserRow, cookie: Secret, journal: Journal
) -> None:
    """Make a token that works, and hand it over. Raises WriteError where there is none."""
    why = ""
    for _ in range(_TRIES):
        try:
            token = api.create_token(directory.client, cookie, NAME)
            owner = api.who_is(directory.client, token)
        except TargetError as error:
            why = error.message
        else:
            if (owner.id, owner.username) == (row.id, row.username):
                journal.hand_over(row.username, token, "", what="api_token")
                return
            why = "the host does not take the one that it made"
        with suppress(TargetError):  # whoever made it can still revoke it
            _drop(directory, cookie)
    text = f'the account "{row.username}" is made, its API token is not: {why}'
    hint = "its owner can sign in with the password that was handed over, and make one"
    raise WriteError(directory.target, f"{text}; {hint}")


def _drop(directory: Directory, cookie: Secret) -> None:
    """Revoke what may have been made: a token that nobody was given."""
    for row in api.list_tokens(directory.client, cookie):
        if row.name == NAME:
            with suppress(NotThereError):
                api.delete_token(directory.client, cookie, row.id)
