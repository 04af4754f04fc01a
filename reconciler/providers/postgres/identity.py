"""Which server this is, who we are there, and which roles nobody may touch.

Here belongs asking the server for it. Whose the roles of hosted services are is `services`.
"""

from __future__ import annotations

from reconciler.provider import Identity
from reconciler.providers.postgres.connect import Connection
from reconciler.providers.postgres.observe import catalog_query
from reconciler.providers.postgres.services import SIGNS, reserved


def read_identity(connection: Connection) -> Identity:
    """PostgreSQL's version, our role, the roles nobody may touch, and the cluster's number.

    Raises psycopg.Error.
    """
    row = connection.execute(catalog_query("identity"), {"signs": [*SIGNS]}).fetchone()
    assert row is not None
    account, untouchable, tells_place, is_of_service, owners = row
    services = reserved(role_names(connection)) if is_of_service else {}
    place = connection.execute(catalog_query("place")).fetchone() if tells_place else None
    assert isinstance(untouchable, list)
    assert isinstance(owners, list)
    names = frozenset(untouchable) | services.keys()
    where, only_owners = str(place[0]) if place else "", frozenset(owners) - services.keys()
    version = _shown(connection.info.server_version)
    return Identity("PostgreSQL", version, str(account), names, where, only_owners)


def role_names(connection: Connection) -> list[str]:
    """The names of all roles of the cluster. Raises psycopg.Error."""
    return [str(name) for name, *_ in connection.execute(catalog_query("roles")).fetchall()]


def _shown(version: int) -> str:
    return f"{version // 10000}.{version % 10000}"
