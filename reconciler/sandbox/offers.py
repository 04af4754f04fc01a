"""What `reconciler sandbox` can run: each system with something in it, and how to go on from there.

Here belong what the examples refer to, and what somebody made by hand in the systems that the demo
has not. A system that needs a package of its own imports it when it is asked for.
"""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from reconciler.sandbox.kohakuriver import KohakuRiverSettings, KohakuRiverSimulator
from reconciler.sandbox.mobiusflow import MobiusFlowSettings, MobiusFlowSimulator
from reconciler.sandbox.systems import OWN_ADMIN, flowdb_cluster, flowdb_environment, own_flowauth

_BY_HAND = "yaw"
"""Whom somebody made by hand; no example knows this person."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A running system: what it is called, the variables of its example, and its target there.

    `passwords` says whether new people get any; `commands` are of use beside plan and apply.
    """

    title: str
    environment: Mapping[str, str] = field(repr=False)
    example: str
    target: str
    commands: tuple[str, ...] = ()
    passwords: bool = True


@contextmanager
def _postgres() -> Iterator[Offer]:
    with flowdb_cluster() as cluster:
        bin_dir = cluster.binaries.bin_dir
        title = f"PostgreSQL {cluster.binaries.version} with a FlowDB in it"
        command = f'{shlex.quote(str(bin_dir / "psql"))} "$FLOWDB_DSN"'
        yield Offer(title, flowdb_environment(cluster), "access", "flowdb", (command,))


@contextmanager
def _flowauth() -> Iterator[Offer]:
    with own_flowauth() as (flowauth, environment):
        title = f"a FlowAuth simulator ({flowauth.settings.reported_version})"
        yield Offer(title, environment, "access", "flowauth")


@contextmanager
def _kohakuriver() -> Iterator[Offer]:
    """A host with two VPS, three accounts, a token and an open invitation."""
    secret = secrets.token_urlsafe(24)
    with KohakuRiverSimulator(KohakuRiverSettings(admin_secret=secret)) as river:
        store = river.store
        store.add_user("guard-night", "admin", display_name="Night watch")
        yaw = store.add_user(_BY_HAND, "operator", display_name="Yaw Boateng").id
        store.add_user("guest", "viewer")
        store.add_token(yaw, "laptop")
        store.add_invitation("viewer", created_by=yaw)
        store.add_vps("gpu", owner=yaw)
        store.assign(store.add_vps("render", owner=yaw).task_id, yaw)
        environment = {"RIVER_URL": river.url, "RIVER_ADMIN_SECRET": secret}
        look = (
            "reconciler import kohakuriver --option-env url=RIVER_URL"
            " --option-env admin_token=RIVER_ADMIN_SECRET"
        )
        title = "a KohakuRiver simulator with the VPS gpu"
        yield Offer(title, environment, "kohakuriver", "river", (look,))


@contextmanager
def _mobiusflow() -> Iterator[Offer]:
    """An engine with administrators, an editor, and somebody whose rights are no level."""
    password = secrets.token_urlsafe(24)
    settings = MobiusFlowSettings(admin_username=OWN_ADMIN, admin_password=password)
    with MobiusFlowSimulator(settings) as engine:
        engine.add("admin", secrets.token_urlsafe(24), "Administrator")
        engine.add(_BY_HAND, secrets.token_urlsafe(24), "Editor")
        engine.store.add("wall-panel", secrets.token_urlsafe(24), "read", "write")
        environment = {"MOBIUSFLOW_URL": engine.base, "MOBIUSFLOW_PASSWORD": password}
        look = (
            "reconciler import mobiusflow --option dialect=v1 --option-env url=MOBIUSFLOW_URL"
            f" --option username={OWN_ADMIN} --option-env password=MOBIUSFLOW_PASSWORD"
        )
        title = "a MobiusFlow simulator (Engine API v1)"
        yield Offer(title, environment, "mobiusflow", "plant", (look,))


@contextmanager
def _scim() -> Iterator[Offer]:
    """A service with four users, one of them shut, and a group."""
    from reconciler.sandbox.scim.simulator import ScimSimulator  # needs an optional package

    token = secrets.token_urlsafe(24)
    with ScimSimulator(token) as people:
        people.add("/Users", userName=OWN_ADMIN, active=True)
        people.add("/Users", userName="svc-backup", active=True)
        people.add("/Users", userName="esi", displayName="Esi Owusu", active=False)
        yaw = people.add("/Users", userName=_BY_HAND, displayName="Yaw Boateng", active=True)
        people.add("/Groups", displayName="Stewards", members=[{"value": yaw}])
        environment = {"SCIM_URL": people.base, "SCIM_TOKEN": token}
        look = (
            "reconciler import scim --option-env url=SCIM_URL --option-env token=SCIM_TOKEN"
            f" --option account={OWN_ADMIN}"
        )
        title = "a SCIM service (scim2-server)"
        yield Offer(title, environment, "scim", "people", (look,), passwords=False)


OFFERS: Mapping[str, Callable[[], AbstractContextManager[Offer]]] = {
    "postgres": _postgres,
    "flowauth": _flowauth,
    "kohakuriver": _kohakuriver,
    "mobiusflow": _mobiusflow,
    "scim": _scim,
}
"""By the names of their providers, in the order in which they are started."""
