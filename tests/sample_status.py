"""How targets stand and what expires, to render: usual and hostile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.acknowledgements import parse_acknowledgements
from reconciler.expiring import Boundary, Expiring, Lapse, Person, Window, expiring
from reconciler.manifest.load import parse_manifest
from reconciler.source import Source
from reconciler.status import LockHolder, Status, Success, status_of
from tests.sample_plans import HOSTILE, forgotten_plan, hostile_plan, sample_plan

EXPIRING_MANIFEST = """\
version: 1
targets:
  flowdb: {provider: memory}
  flowauth: {provider: memory}
servers:
  ghana-db: {target: flowdb}
users:
  amina: {name: Amina Diallo}
  kofi: {name: Kofi Mensah}
  zoe: {name: Zoë Martin, state: departed}
groups:
  analysts: {members: [amina, kofi, zoe]}
roles:
  reader: {server: ghana-db}
  writer: {server: ghana-db, inherits: [reader]}
  analyst: {target: flowauth}
grants:
  - {group: analysts, role: reader, until: 2027-06-30T00:00:00Z, reason: DATA-142}
  - {user: amina, role: writer}
  - {user: kofi, role: writer, until: 2027-06-30T00:00:00Z}
  - {user: kofi, role: analyst, from: 2027-07-01T00:00:00Z}
  - {user: amina, role: analyst, until: 2027-06-01T00:00:00Z}
policies:
  never_together:
    - roles: [writer, analyst]
      except: [{user: kofi, until: 2027-06-28T00:00:00Z, reason: audit}]
"""

ACKNOWLEDGED = """\
version: 1
acknowledge:
  - {finding: S-0a1b2c3d, until: 2027-06-29T00:00:00Z, by: esi, reason: moving}
drift_baseline:
  - match: {target: flowdb, key: "privilege ghana-reader/*"}
    direction: widened
    until: 2027-06-27T00:00:00Z
    by: esi
    reason: migration
"""

NOW = datetime(2027, 6, 20, tzinfo=UTC)


def sample_expiring() -> Expiring:
    """Two grants end at once, one starts, one has ended; and three things that were lifted end."""
    loaded = parse_manifest({"access.yaml": EXPIRING_MANIFEST})
    lifted = parse_acknowledgements(ACKNOWLEDGED, ".reconciler/acknowledge.yaml")
    return expiring(loaded, Window(NOW, timedelta(days=14), "14d", ended=True), lifted)


def hostile_expiring() -> Expiring:
    """Hostile text in every place that somebody else wrote."""
    place = Source(HOSTILE, 3, 1, HOSTILE)
    people = (Person(HOSTILE, HOSTILE, (place,)),)
    boundary = Boundary(HOSTILE, "ends", HOSTILE, HOSTILE, HOSTILE, people, place, HOSTILE)
    lapse = Lapse(HOSTILE, "ends", "silence", HOSTILE, HOSTILE, HOSTILE, place)
    others = (replace(boundary, verb="starts", group=""), replace(boundary, verb="ended"))
    return Expiring(HOSTILE, HOSTILE, HOSTILE, (HOSTILE,), (boundary, *others), (lapse,))


def sample_status() -> Status:
    """Targets with a memory, one of them locked."""
    plan = sample_plan()
    success = Success("2027-01-01T03:00:00.000Z", "0123456789abcdef+uncommitted", "Esi Owusu", 7)
    lock = LockHolder("esi@laptop (process 7)", "2027-01-02T03:00:00.000Z", is_expired=False)
    memory = {"flowauth": (success, None), "flowdb": (None, lock)}
    targets = status_of(plan, memory)
    return Status(plan.at, plan.manifest, ".reconciler/ledger.sqlite3", "14d", 2, targets)


def forgotten_status() -> Status:
    """A target of which no earlier apply is known."""
    plan = forgotten_plan()
    return Status(plan.at, plan.manifest, "ledger", "14d", 0, status_of(plan, {}))


def hostile_status() -> Status:
    """Hostile text in every place that somebody else wrote."""
    success = Success(HOSTILE, HOSTILE, HOSTILE, 7)
    lock = LockHolder(HOSTILE, HOSTILE, is_expired=True)
    targets = status_of(hostile_plan(), {HOSTILE: (success, lock)})
    return Status(HOSTILE, (HOSTILE,), HOSTILE, HOSTILE, 2, targets)
