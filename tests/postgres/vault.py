"""An account whose password comes from outside, and looks at what a server keeps of it.

Here belongs what several tests of passwords do. What must hold is in the tests.
"""

from __future__ import annotations

from dataclasses import replace

import psycopg

from reconciler.plan import Plan
from reconciler.state import Key
from tests.postgres.desk import Desk, on_tables, one_role
from tests.postgres.proxy import Proxy

AMINA = Key("account", ("amina",))
GIVEN = replace(
    one_role(on_tables("select")),
    options={},
    accounts={"amina": {"password": {"env": "AMINA_PASSWORD"}}},
)
SECRET = "correct horse, battery staple"
KEPT = "SELECT rolpassword, xmin::text FROM pg_authid WHERE rolname = 'amina'"


def signs_in(desk: Desk, password: str) -> bool:
    with Proxy(desk.login("amina", password)) as proxy:
        try:
            psycopg.connect(f"{proxy.dsn} require_auth=scram-sha-256").close()
        except psycopg.OperationalError:
            return False
    return True


def password_changes(plan: Plan) -> list[tuple[object, object]]:
    return [
        ((each.before or {}).get("password"), (each.after or {}).get("password"))
        for each in plan.changes
        if each.key == AMINA and "password" in (each.after or {})
    ]
