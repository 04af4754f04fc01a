"""The roles that managed services bring to their servers: known, and nobody's to manage.

Here belongs which names are reserved on whose servers. A service is recognised by the role of its
own operators, which no customer can have made there. On any other server these names are ordinary
ones.

Sources, read in November 2026: Amazon RDS User Guide, "Understanding PostgreSQL roles and
permissions" and "Understanding the rds_superuser role"; Cloud SQL for PostgreSQL, "About PostgreSQL
users and roles"; AlloyDB for PostgreSQL, "Database user management overview"; Azure Database for
PostgreSQL, "Access management in flexible server"; Supabase Docs, "Postgres Roles". No page names
rdstopmgr, rdsproxyadmin, rdswriteforwarduser, pgsodium_* and pgtle_admin; servers of these services
were reported to have them. Nothing here was tried on a real service.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Service:
    """A managed service: its name for people, the role that it is recognised by, and which names
    are its own, as one pattern.
    """

    title: str
    sign: str
    names: re.Pattern[str]


_SUPABASE_NAMES: Final = (
    "supabase_.*|anon|authenticated|authenticator|service_role|dashboard_user|pgbouncer|"
    "pgsodium_.*|pgtle_admin"
)

SERVICES: Final = (
    Service(
        "Amazon RDS",
        "rdsadmin",
        re.compile("rds_.*|rds(admin|repladmin|topmgr|proxyadmin|writeforwarduser)"),
    ),
    Service("Cloud SQL", "cloudsqladmin", re.compile("cloudsql.*")),
    Service("AlloyDB", "alloydbadmin", re.compile("alloydb.*")),
    Service(
        "Azure Database for PostgreSQL",
        "azuresu",
        re.compile("azuresu|azure_superuser|azure_pg_admin|replication"),
    ),
    Service("Supabase", "supabase_admin", re.compile(_SUPABASE_NAMES)),
)

SIGNS: Final = tuple(each.sign for each in SERVICES)
"""The roles that services are recognised by."""


def reserved(names: Iterable[str]) -> Mapping[str, str]:
    """By name of a role that is there: the service whose own it is."""
    there = frozenset(names)
    found = [each for each in SERVICES if each.sign in there]
    return {
        name: service.title
        for service in found
        for name in sorted(there)
        if service.names.fullmatch(name)
    }


def service_remark(names: Iterable[str]) -> tuple[str, ...]:
    """Says whose server it is, where it is a service's."""
    own = reserved(names)
    titles = " and ".join(sorted({*own.values()}))
    if not own:
        return ()
    said = ", ".join(sorted(own))
    return (f"this is a server of {titles}: what is its own is left alone ({said})",)
