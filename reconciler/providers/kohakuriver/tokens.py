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
    for number in range(_TRIES):
        try:
            if number:
                _drop(directory, cookie)  # else there might be two, and one that nobody has
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


def revoke_inherited(directory: Directory, row: api.UserRow, cookie: Secret) -> None:
    """Revoke the API tokens that a new account has already.

    They are those of one that somebody deleted by hand: the host gave its id again, and whoever has
    such a token signs in as the new account. Raises WriteError where there were any: there may be
    sessions too, which nobody can end. Where they cannot be listed, nothing is said: that is
    rare, and so are they.
    """
    try:
        found = api.list_tokens(directory.client, cookie)
        if not found or api.whose_session(directory.client, cookie).id != row.id:
            return
    except TargetError:
        return
    for token in found:
        with suppress(NotThereError):
            api.delete_token(directory.client, cookie, token.id)
    text = f'"{row.username}" is made, with the id of an account that was deleted by hand. That'
    text = f"{text} one's API tokens ({len(found)}) signed in as it, and are revoked"
    hint = "a session may still do so, for 30 days at the most: disable the new account, or delete"
    raise WriteError(directory.target, f"{text}; {hint} it and keep one with a higher id")


def _drop(directory: Directory, cookie: Secret) -> None:
    """Revoke what may have been made: a token that nobody was given."""
    for row in api.list_tokens(directory.client, cookie):
        if row.name == NAME:
            with suppress(NotThereError):
                api.delete_token(directory.client, cookie, row.id)
