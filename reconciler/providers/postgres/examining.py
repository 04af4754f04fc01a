"""What `doctor` asks of a server: the rights that our role lacks, and what is unwise there.

Here belongs asking. Which right a change needs is `rights`, and for rows and owners
`row_security_rights` and `ownership_rights`. Everything raises psycopg.Error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.changes import Change
from reconciler.provider import Rights
from reconciler.providers.postgres.connect import Connection
from reconciler.providers.postgres.entering_rights import lacking_to_lend
from reconciler.providers.postgres.estates import Connect
from reconciler.providers.postgres.footing import read_footing
from reconciler.providers.postgres.identity import role_names
from reconciler.providers.postgres.observe import catalog_query
from reconciler.providers.postgres.ownership_rights import lacking_for_owners
from reconciler.providers.postgres.rights import lacking, lacking_to_connect, md5_remark
from reconciler.providers.postgres.row_security import Table
from reconciler.providers.postgres.row_security_rights import (
    lacking_for_row_security,
    lacking_to_compare,
)
from reconciler.providers.postgres.services import service_remark
from reconciler.providers.postgres.statements import Rendering
from reconciler.scope import Scope


def lacking_to_read(connection: Connection, me: str, scope: Scope) -> Rights:
    """CONNECT, and TEMPORARY to compare policies: the catalogs are open to everybody."""
    names = {"names": sorted(scope.servers)}
    shut = connection.execute(catalog_query("rights_databases"), names).fetchall()
    rights = lacking_to_connect(me, [str(name) for (name,) in shut])
    more = lacking_to_compare(connection, me, scope.policy_tables)
    return replace(rights, lacking=(*rights.lacking, *more))


def lacking_to_apply(
    connect: Connect, changes: Sequence[Change], rendering: Rendering, owners: Mapping[Table, str]
) -> Rights:
    """What our role may not do of these changes; `owners` are those of the tables with policies."""
    footing = read_footing(changes, rendering.grantors or {}, connect)
    more = (
        *lacking_for_row_security(connect(""), changes, owners, rendering),
        *lacking_for_owners(connect, footing.me, changes, rendering),
        *lacking_to_lend(connect, changes, rendering),
    )
    rights = lacking(changes, footing, rendering)
    return replace(rights, lacking=tuple(dict.fromkeys((*rights.lacking, *more))))


def remarks(connection: Connection) -> tuple[str, ...]:
    """Who has a password stored as MD5, where we may see that, and whose server it is."""
    ((may_see,),) = connection.execute(
        "SELECT pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT')"
    ).fetchall()
    rows = connection.execute(catalog_query("rights_md5")).fetchall() if may_see else []
    md5 = md5_remark([str(name) for (name,) in rows])
    return (*md5, *service_remark(role_names(connection)))
