"""A manifest that every release of FlowAuth can hold, and runs over simulators of each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.changes import Outcome
from reconciler.engine import Inputs, Limits, Origin, Run
from reconciler.sandbox.flowauth import Store, by_hand
from tests.conformance.bench import NOW
from tests.flowauth.lab import Lab
from tests.flowauth.simulated import BOOTSTRAP, OWN, OWN_PASSWORD

MANIFEST = """\
version: 1
targets:
  flowauth:
    provider: flowauth
    options: {url: {env: URL}, username: {env: USERNAME}, password: {env: PASSWORD},
      bootstrap_admin: {env: BOOTSTRAP}}
    policy: {prune: all, leavers: delete}
servers:
  store:
    target: flowauth
    token_expires: 2030-01-01T00:00:00Z
    token_life: 2d
    scopes: [run, get_result, "admin3:daily_location:daily_location", "admin3:flows:flows"]
users:
  amina: {name: Amina}
  kofi: {name: Kofi}
groups:
  analysts: {members: [amina, kofi]}
roles:
  reader: {server: store, scopes: [get_result, "admin3:daily_location:daily_location"]}
  own: {server: store, name: amina, scopes: [run, "admin3:flows:flows"], token_life: 1d}
grants:
  - {group: analysts, role: reader}
  - {user: amina, role: own}
"""
"""Two people share a role; one has another of her own, which has her name."""

DAILY = "daily_location.aggregation_unit.admin3"
FLOWS = "flows.aggregation_unit.admin3"
ROUTE = {"daily_location": (("run", "poll", "get_result"), ("admin3",))}


def run_of(lab: Lab, text: str = MANIFEST, **more: str) -> Run:
    """A run of this manifest on the simulator that was started last, with a ledger.

    `more` are further variables of its environment.
    """
    path = lab.folder / "access.yaml"
    path.write_text(text, encoding="utf-8")
    environment = {
        "URL": lab.simulator.url,
        "USERNAME": OWN,
        "PASSWORD": OWN_PASSWORD,
        "BOOTSTRAP": BOOTSTRAP,
        **more,
    }
    origin = Origin(str(lab.folder / "ledger.sqlite3"), author="tests <tests@example.org>")
    return Run(Inputs((str(path),), (), environment, NOW, origin))


def changes_of(lab: Lab, text: str = MANIFEST) -> list[str]:
    """What a plan of it would change."""
    with run_of(lab, text) as run:
        return [f"{each.action} {each.key}" for each in run.plan().changes]


def apply(lab: Lab, text: str = MANIFEST, *, accepts: bool = True) -> tuple[Outcome, ...]:
    """What becomes of it."""
    with run_of(lab, text) as run:
        plan = run.plan()
        holding = {each.id for each in plan.findings if each.is_holding}
        report = run.apply(
            plan,
            accept=frozenset(holding) if accepts else frozenset(),
            credentials_out=new_file(lab.folder),
            limits=Limits(),
        )
        return report.outcomes


def converge(lab: Lab, text: str = MANIFEST) -> None:
    """Apply it, which must work and leave nothing to do."""
    outcomes = apply(lab, text)
    failed = [f"{each.change.key}: {each.message}" for each in outcomes if each.message]
    assert failed == [], failed
    assert changes_of(lab, text) == []


def groups_of(store: Store) -> Mapping[str, object]:
    """What groups hold, without their numbers."""
    facts = by_hand.group_facts(store)
    return {name: value for name, value in facts.items() if not name.startswith("group ")}


def fill(lab: Lab, era: str, *, users: int = 3, **settings: object) -> Store:
    """A simulator with two servers, users, and three groups of one of them with rights."""
    store = lab.start(era=era, **settings).store
    held = ROUTE if era == "A" else (f"run&{DAILY}",)
    for server in ("first", "second"):
        store.add_server(server)
        by_hand.offer(store, server, held)
    for number in range(users):
        store.add_user(f"user{number}", "no password")
    for number in range(3):
        by_hand.add_group(store, f"group{number}", members=(f"user{number}",))
        by_hand.give(store, f"group{number}", "first", held)
    return store


def new_file(folder: Path) -> str:
    """A path at which there is nothing."""
    return str(folder / f"credentials-{sum(1 for _ in folder.iterdir())}.jsonl")
