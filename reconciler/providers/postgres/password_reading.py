"""What a cluster keeps of passwords, compared with those from outside.

Here belongs reading pg_authid and saying how each password stands. No verifier and no password is
in what is given back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from reconciler.passwords import AS_GIVEN, Kept, Marks, PasswordMark, Standing
from reconciler.providers.postgres.connect import Connection
from reconciler.providers.postgres.observe import catalog_query
from reconciler.providers.postgres.verifiers import has_fingerprint, matches, parse_verifier
from reconciler.secret import Secret

_MAY_READ: Final = (
    "SELECT has_column_privilege('pg_authid', 'rolname', 'SELECT')"
    " AND has_column_privilege('pg_authid', 'rolpassword', 'SELECT')"
)


@dataclass(frozen=True, slots=True)
class Compared:
    """How passwords stand, by account; what is to be remembered of those found as given; and
    whether our role may read what the cluster keeps.
    """

    standings: Mapping[str, Standing] = field(default_factory=dict)
    marks: Marks = field(default_factory=dict)
    is_readable: bool = False


@dataclass(frozen=True, slots=True)
class _Rows:
    """What is kept, by account: verifiers of those that are given, salts of those only marked."""

    verifiers: Mapping[str, str | None] = field(repr=False)
    salts: Mapping[str, str | None]


def compare(connection: Connection, given: Mapping[str, Secret], marks: Marks) -> Compared:
    """How the passwords of these accounts stand. Raises psycopg.Error."""
    with connection.transaction():
        connection.execute("SET TRANSACTION READ ONLY")
        connection.execute("SET LOCAL search_path TO pg_catalog")  # no function of somebody else's
        row = connection.execute(_MAY_READ).fetchone()
        assert row is not None
        if not row[0]:
            return _unseen(given, marks)
        verifiers = dict(_read(connection, "passwords", given))
        salts = dict(_read(connection, "password_salts", marks.keys() - given.keys()))
    return _seen(_Rows(verifiers, salts), given, marks)


def _read(
    connection: Connection, catalog: str, names: Collection[str]
) -> Iterator[tuple[str, str | None]]:
    if names:
        rows = connection.execute(catalog_query(catalog), {"names": sorted(names)})
        for name, text in rows:
            yield str(name), None if text is None else str(text)


def _unseen(given: Mapping[str, Secret], marks: Marks) -> Compared:
    """What we know where nobody lets us read: what was set last, if that was from outside."""
    names = sorted(given.keys() | marks.keys())
    with ThreadPoolExecutor(2) as pool:  # each takes memory
        found = pool.map(lambda name: _remembered(given.get(name), marks.get(name)), names)
        return Compared(dict(zip(names, found, strict=True)))


def _remembered(given: Secret | None, mark: PasswordMark | None) -> Standing:
    if given is None or mark is None or not mark.fingerprint:
        return Standing("unknown")
    is_same = has_fingerprint(given.reveal(), mark.fingerprint)
    return Standing("as given" if is_same else "another")


def _seen(rows: _Rows, given: Mapping[str, Secret], marks: Marks) -> Compared:
    """How passwords stand against what is kept."""
    names = sorted(rows.verifiers)
    with ThreadPoolExecutor() as pool:  # hashing takes milliseconds each, side by side
        found = pool.map(lambda name: _against(given[name].reveal(), rows.verifiers[name]), names)
        compared = dict(zip(names, found, strict=True))
    standings = {
        name: Standing(kept, _is_ours(salt, marks.get(name)))
        for name, (kept, salt) in compared.items()
    }
    for name, text in rows.salts.items():
        kept: Kept = "none" if text is None else "unknown"
        standings[name] = Standing(kept, _is_ours(text or "", marks.get(name)))
    new = {n: PasswordMark(salt) for n, (kept, salt) in compared.items() if kept == AS_GIVEN}
    return Compared(standings, new, is_readable=True)


def _against(given: str, stored: str | None) -> tuple[Kept, str]:
    """What is kept, against what is given, and its salt; empty for what is no verifier."""
    if stored is None:
        return "none", ""
    verifier = parse_verifier(stored)
    if verifier is None:
        return ("md5" if stored.startswith("md5") else "another"), ""
    return ("as given" if matches(given, verifier) else "another"), verifier.salt_text


def _is_ours(salt: str, mark: PasswordMark | None) -> bool | None:
    """Whether what is kept has the salt of what we set; None where we remember nothing."""
    return None if mark is None else salt == mark.salt
