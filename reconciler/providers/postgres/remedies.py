"""The statements that give what is lacking, as text for an administrator who runs them.

Here belongs writing them. What is lacking is `rights` and the other modules of rights. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import LiteralString

from psycopg import sql

from reconciler.provider import Lack
from reconciler.providers.postgres.edges import EDGE_OPTIONS_VERSION
from reconciler.providers.postgres.printable_sql import printable_sql
from reconciler.providers.postgres.statements import Statement
from reconciler.providers.postgres.statements.statement import quoted


def each_once(lacks: Iterable[Lack]) -> tuple[Lack, ...]:
    """These, the first of those that one statement gives, or that nothing does."""
    found: dict[tuple[str, str], Lack] = {}
    for lack in lacks:
        found.setdefault((lack.statement or lack.what, lack.database), lack)
    return tuple(found.values())


def statement_text(template: LiteralString, *names: str) -> str:
    """A statement with these names in it, quoted."""
    return printable_sql(sql.SQL(template).format(*map(quoted, names)).as_string(None))


def membership_text(role: str, member: str, version: int) -> str:
    """What lets a member act with the rights of a role, and become it."""
    if version >= EDGE_OPTIONS_VERSION:
        return statement_text("GRANT {} TO {} WITH INHERIT TRUE, SET TRUE", role, member)
    return statement_text("GRANT {} TO {}", role, member)


def text_of(statements: Sequence[Statement]) -> str:
    """All of these statements, for somebody who may run them."""
    texts = [printable_sql(q.as_string(None)) for each in statements for q in each.queries]
    if len(texts) > 1 and any(each.as_role for each in statements):
        texts = ["BEGIN", *texts, "COMMIT"]  # SET LOCAL lasts as long as its transaction
    return "; ".join(texts)
