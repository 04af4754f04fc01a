"""The options of a PostgreSQL target."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field

from reconciler.provider import Options, SecretText
from reconciler.secret import Secret

_KEYWORD: Final = re.compile(r"""(?:ssl)?password\s*=\s*(?:'((?:[^'\\]|\\.)*)'|([^\s']\S*))""")
"""A password in a keyword string, in quotes or not; a backslash escapes (PostgreSQL docs, libpq,
"Keyword/Value Connection Strings")."""

_ESCAPED: Final = re.compile(r"\\(.)")


class PostgresOptions(Options):
    """How to reach a cluster, and how to treat new accounts.

    `dsn` is a libpq connection string or URI; its database is where roles are managed and the lock
    is taken. Databases of the manifest's servers are reached with the same string and their name.
    """

    dsn: SecretText = Field(description="Connection string or URI, as psql takes it")
    passwords: Literal["temporary", "none"] = Field(
        "temporary", description="Whether new accounts get a temporary password"
    )
    password_days: int = Field(7, ge=1, le=365, description="Days a temporary password is valid")
    connect_timeout_s: int = Field(10, ge=1, le=300, description="Seconds to wait for a connection")
    lock_timeout_s: int = Field(10, ge=1, le=3600, description="Seconds to wait for a lock")
    statement_timeout_s: int = Field(
        120, ge=1, le=86400, description="Seconds a statement may take"
    )

    def secrets(self) -> tuple[Secret, ...]:
        """The whole connection string, and the password in it."""
        text = self.dsn.reveal()
        return (self.dsn, *(Secret(each) for each in _passwords(text) if each))


def _passwords(dsn: str) -> tuple[str, ...]:
    """The passwords in a URI or keyword string, as written and as meant; empty if there is none."""
    if "://" in dsn:
        return tuple(_uri_passwords(dsn))
    written = [quoted or plain for quoted, plain in _KEYWORD.findall(dsn)]
    return (*written, *(_ESCAPED.sub(r"\1", each) for each in written))


def _uri_passwords(dsn: str) -> Iterator[str]:
    with suppress(ValueError):  # not a URI: the whole text is a secret anyway
        parts = urlsplit(dsn)
        found = [parts.password or ""]
        for pair in parts.query.split("&"):
            name, _, value = pair.partition("=")
            found += [value] if name in ("password", "sslpassword") else []
        for each in found:
            yield each
            yield unquote(each)
