"""What our role may not do where a delegate is let into a schema to take back what it granted.

Here belongs knowing which right that needs, beside `rights`. Source: PostgreSQL docs, GRANT:
privileges are passed on by the owner, or by whom holds their grant option.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from reconciler.changes import Change
from reconciler.provider import Lack
from reconciler.providers.postgres.estates import Connect
from reconciler.providers.postgres.remedies import statement_text
from reconciler.providers.postgres.statements import Rendering, render

_NOT_OURS: Final = """
    SELECT nspname::text, current_user::text FROM pg_catalog.pg_namespace
     WHERE nspname = ANY (%s)
       AND NOT pg_catalog.has_schema_privilege(oid, 'USAGE WITH GRANT OPTION')
     ORDER BY 1
"""
_OPTION: Final = "GRANT USAGE ON SCHEMA {} TO {} WITH GRANT OPTION"


def lacking_to_lend(
    connect: Connect, changes: Sequence[Change], rendering: Rendering
) -> Iterator[Lack]:
    """What is lacking to lend delegates USAGE. Raises psycopg.Error, TargetError."""
    if not rendering.delegations:
        return
    lent: dict[str, dict[str, str]] = {}
    for statement in render(changes, rendering).taking:
        names = dict.fromkeys(statement.lent, statement.as_role)
        lent.setdefault(statement.database, {}).update(names)
    for database, roles in sorted(lent.items()):
        rows = connect(database).execute(_NOT_OURS, [sorted(roles)]).fetchall() if roles else ()
        for name, me in rows:
            what = (
                f"what {roles[str(name)]} granted in schema {name} is taken back only in its name, "
                "and it may not enter the schema: that needs the grant option of USAGE"
            )
            yield Lack(what, statement_text(_OPTION, str(name), str(me)), database)
