"""What comes before DROP OWNED: grants anew in our name, and revokes in the name of delegates.

Here belongs rendering; what there is to do is read by `handed_on`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from psycopg import sql

from reconciler.privilege_words import OPTION, table_and_column
from reconciler.providers.postgres.estates import HandedOn
from reconciler.providers.postgres.statements.grants import (
    Part,
    given_parts,
    granting,
    revoking,
    words_of,
)
from reconciler.providers.postgres.statements.privileges import on_object
from reconciler.providers.postgres.statements.statement import Statement


def settling(role: str, handed_on: Iterable[HandedOn]) -> Iterator[sql.Composed]:
    """Those whom the role granted something keep it, as ours; what delegates granted it goes."""
    found = tuple(handed_on)
    for each in found:
        if each.grantor == role:
            yield from _granted_anew(each)
    for each in found:
        if each.grantee == role:
            yield from _taken_back(each)


def _granted_anew(item: HandedOn) -> Iterator[sql.Composed]:
    both = {text for word in item.words for text in (word, word.removesuffix(OPTION))}
    on, columns = _place(item)
    for part in given_parts(tuple(sorted(both))):
        yield granting(part, words_of(part, columns), on, (item.grantee,))


def _taken_back(item: HandedOn) -> Iterator[sql.Composed]:
    on, columns = _place(item)
    part = Part(tuple(word.removesuffix(OPTION) for word in item.words))
    query = revoking(part, words_of(part, columns), on, (item.grantee,)) + sql.SQL(" CASCADE")
    lent = () if item.may_enter else (item.schema,)
    yield from Statement(query, (), as_role=item.grantor, lent=lent).queries


def _place(item: HandedOn) -> tuple[sql.Composable, tuple[str, ...]]:
    if item.kind != "column":
        return on_object(item.kind, item.schema, item.name), ()
    table, column = table_and_column(item.name)
    return on_object("table", item.schema, table), (column,)
