"""The systems that the manifests in `examples/` are for, looked at without the program.

Here belongs starting one, what the examples need in it, the variables that they refer to, and the
answers of the system itself: what it holds, and whom it lets in.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import psycopg

from reconciler.sandbox.flowauth.settings import Era
from reconciler.sandbox.postgres.flowdb import DATABASE
from reconciler.sandbox.systems import SandboxSystems
from reconciler.secret import Secret
from tests.flowauth.legacy_target import LegacyTarget
from tests.flowauth.simulated import OWN, OWN_PASSWORD, facts, signs_in
from tests.flowauth.simulated import start_simulator as start_flowauth
from tests.graphistry.installation import new_installation
from tests.graphistry.target import GraphistryTarget
from tests.kohakuriver import simulated as kohakuriver
from tests.mobiusflow import simulated as mobiusflow
from tests.scim.service import ScimService
from tests.scim.target import ScimTarget

Facts = Mapping[str, object]

_ROLES = "SELECT rolname, rolcanlogin, rolsuper, rolvaliduntil::text FROM pg_roles"
_MEMBERS = "SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members"
_HELD = (
    "SELECT relname, grantee::regrole::text, privilege_type FROM pg_class, aclexplode(relacl)"
    " WHERE relnamespace = 'geography'::regnamespace AND grantee <> 0"
)


@dataclass(frozen=True, slots=True)
class System:
    """A running system: the variables of the examples, and what it says of itself.

    `facts` is everything that it holds, by a text that names whom it is about; `lets_in` says
    whether an account may sign in with this password.
    """

    environment: Mapping[str, str] = field(repr=False)
    facts: Callable[[], Facts]
    lets_in: Callable[[str, str], bool]


def postgres(systems: SandboxSystems) -> System:
    """The FlowDB of the sandbox."""
    dsn = systems.environment["FLOWDB_DSN"]

    def held() -> Facts:
        with psycopg.connect(dsn) as connection:
            roles = connection.execute(_ROLES).fetchall()
            links = connection.execute(_MEMBERS).fetchall()
            privileges = connection.execute(_HELD).fetchall()
        found: dict[str, object] = {f"role {name}": rest for name, *rest in roles}
        found |= {f"{member} in {role}": True for role, member in links}
        return found | {f"{word} on {where} of {who}": True for where, who, word in privileges}

    def lets_in(account: str, password: str) -> bool:
        own = systems.cluster.dsn(database=DATABASE, user=account, password=Secret(password))
        try:
            with psycopg.connect(own) as connection:
                connection.execute("SELECT count(*) FROM geography.admin3")
        except psycopg.OperationalError:
            return False
        return True

    return System({"FLOWDB_DSN": dsn}, held, lets_in)


def flowauth(systems: SandboxSystems) -> System:
    """The FlowAuth of the sandbox."""
    named = {k: v for k, v in systems.environment.items() if k.startswith("FLOWAUTH_")}
    simulator = systems.flowauth
    return System(
        named,
        lambda: facts(simulator.store.snapshot()),
        lambda account, password: signs_in(simulator.url, account, password),
    )


@contextmanager
def legacy_flowauth(era: Era) -> Iterator[System]:
    """A FlowAuth up to 1.17."""
    with start_flowauth(era=era) as simulator:
        target = LegacyTarget(simulator)
        environment = {
            "FLOWAUTH_URL": simulator.url,
            "FLOWAUTH_USERNAME": OWN,
            "FLOWAUTH_PASSWORD": OWN_PASSWORD,
        }
        yield System(environment, target.witness, target.sign_in)
    assert simulator.unplanned_errors == ()


@contextmanager
def river() -> Iterator[System]:
    """A KohakuRiver host with the VPS gpu."""
    with kohakuriver.start_simulator() as simulator:
        target = kohakuriver.SimulatedTarget(simulator)
        environment = {
            "RIVER_URL": simulator.url,
            "RIVER_ADMIN_SECRET": kohakuriver.ADMIN_SECRET,
        }
        yield System(environment, target.witness, target.sign_in)
    assert simulator.unplanned_errors == ()


@contextmanager
def plant() -> Iterator[System]:
    """A MobiusFlow engine of generation v1."""
    with mobiusflow.start_simulator() as simulator:
        target = mobiusflow.SimulatedTarget(simulator)
        environment = {
            "MOBIUSFLOW_URL": simulator.base,
            "MOBIUSFLOW_PASSWORD": mobiusflow.OWN_PASSWORD,
        }
        yield System(environment, target.witness, target.sign_in)
    assert simulator.unplanned_errors == ()


@contextmanager
def visuals() -> Iterator[System]:
    """A Graphistry, whose folder has the `./graphistry` that the provider runs by default."""
    with new_installation() as installation:
        target = GraphistryTarget(installation)
        program = installation.folder / "graphistry"
        words = shlex.join(installation.command)
        program.write_text(f"#!/bin/sh\nexec {words}\n", encoding="utf-8")
        program.chmod(0o755)
        environment = {"GRAPHISTRY_FOLDER": str(installation.folder)}
        yield System(environment, target.witness, target.sign_in)


@contextmanager
def people() -> Iterator[System]:
    """A SCIM service. It knows no passwords: whoever is active there is let in."""
    with ScimService() as service:
        target = ScimTarget(service)

        def lets_in(account: str, _: str) -> bool:
            users = {row["userName"]: row for row in service.rows("/Users")}
            return account in users and users[account]["active"] is True

        environment = {"SCIM_URL": service.base, "SCIM_TOKEN": service.token}
        yield System(environment, target.witness, lets_in)
    assert service.unplanned_errors == ()


@contextmanager
def six_systems(systems: SandboxSystems) -> Iterator[Mapping[str, System]]:
    """One of each kind, by the names of their targets in `examples/all-systems.yaml`."""
    with ExitStack() as stack:
        yield {
            "flowdb": postgres(systems),
            "flowauth": flowauth(systems),
            "river": stack.enter_context(river()),
            "plant": stack.enter_context(plant()),
            "visuals": stack.enter_context(visuals()),
            "people": stack.enter_context(people()),
        }
