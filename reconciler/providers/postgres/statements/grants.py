"""What is given or taken on objects, and the words of GRANT and REVOKE for it.

Here belong the parts that object privileges, column privileges and default privileges have in
common. Which parts a change has is `privileges`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from psycopg import sql

from reconciler.privilege_words import OPTION
from reconciler.providers.postgres.privileges import LETTERS
from reconciler.providers.postgres.statements.statement import COMMA, quoted, quoted_list

_WORDS: Final = {word: sql.SQL(word) for word in LETTERS.values()}

Privileges = tuple[str, ...]


class Part(NamedTuple):
    """Privileges that go into one statement: themselves, or with `is_option` their grant option.

    Given is an option with its privilege, taken alone.
    """

    privileges: Privileges
    is_option: bool = False


@lru_cache(maxsize=4096)
def given_parts(words: Privileges) -> tuple[Part, ...]:
    """What has to be granted for these words, such as `SELECT` and `SELECT*`."""
    plain, options = _apart(words)
    without = tuple(each for each in plain if each not in options)
    return tuple(part for part in (Part(without), Part(options, True)) if part.privileges)


@lru_cache(maxsize=4096)
def taken_parts(words: Privileges) -> tuple[Part, ...]:
    """What has to be revoked for these words: a privilege takes its option with it."""
    plain, options = _apart(words)
    alone = tuple(each for each in options if each not in plain)
    return tuple(part for part in (Part(plain), Part(alone, True)) if part.privileges)


def _apart(words: Privileges) -> tuple[Privileges, Privileges]:
    plain = tuple(each for each in words if not each.endswith(OPTION))
    return plain, tuple(each.removesuffix(OPTION) for each in words if each.endswith(OPTION))


def words_of(part: Part, columns: Sequence[str] = ()) -> sql.Composable:
    """The privileges, each with the columns that it is about where there are any."""
    words: list[sql.Composable] = [_WORDS[each] for each in part.privileges]
    if columns:
        words = [sql.SQL("{} ({})").format(word, quoted_list(columns)) for word in words]
    return COMMA.join(words)


def granting(
    part: Part, words: sql.Composable, on: sql.Composable, who: Iterable[str]
) -> sql.Composed:
    """`GRANT words ON on TO who`, with the grant option if it is about that."""
    option = sql.SQL(" WITH GRANT OPTION" if part.is_option else "")
    return sql.SQL("GRANT {} ON {} TO {}{}").format(words, on, _grantees(who), option)


def revoking(
    part: Part, words: sql.Composable, on: sql.Composable, who: Iterable[str]
) -> sql.Composed:
    """`REVOKE words ON on FROM who`, or of the grant option alone."""
    option = sql.SQL("GRANT OPTION FOR " if part.is_option else "")
    return sql.SQL("REVOKE {}{} ON {} FROM {}").format(option, words, on, _grantees(who))


def _grantees(names: Iterable[str]) -> sql.Composable:
    """Roles; the empty name is PUBLIC, which is a word and no name."""
    return _grantee_list(tuple(names))


@lru_cache(maxsize=4096)
def _grantee_list(names: tuple[str, ...]) -> sql.SQL:
    """These in one piece, rendered once: hundreds of objects have the same hundred grantees."""
    listed = COMMA.join(quoted(name) if name else sql.SQL("PUBLIC") for name in names)
    return sql.SQL(listed.as_string(None))
