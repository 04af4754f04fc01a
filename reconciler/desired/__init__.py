"""From the manifest to what is asked of each target, at one instant.

Here belongs what a manifest means: which grants are active, which accounts follow from them, how
groups and inherited roles become records of a target that has them, or are flattened for one that
has not. Pure. The spelling of a target (upper case, wildcards, defaults) belongs to its provider.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from reconciler.desired.boundaries import has_ended, has_started, last_boundary, next_boundary
from reconciler.desired.edges import refuse_options
from reconciler.desired.holders import HolderExpansion
from reconciler.desired.mentions import mentioned
from reconciler.desired.objects import ObjectExpansion
from reconciler.desired.passwords import given_passwords
from reconciler.desired.public import PublicExpansion
from reconciler.desired.reach import Reach
from reconciler.desired.records import Records
from reconciler.desired.roles import RoleExpansion
from reconciler.desired.row_security import RowSecurityExpansion
from reconciler.desired.rules import RuleExpansion, Survey
from reconciler.desired.separations import held_together
from reconciler.desired.settings import SettingExpansion
from reconciler.desired.view import Clock, TargetView, Window
from reconciler.errors import ManifestError
from reconciler.manifest.load import LoadedManifest
from reconciler.manifest.models import Manifest
from reconciler.manifest.models import Policy as PolicyModel
from reconciler.manifest.models import Removals as RemovalsModel
from reconciler.scope import (
    Capabilities,
    Desired,
    Policy,
    Provenance,
    Removals,
    Scope,
    has_settings,
    object_kinds,
    places,
)
from reconciler.source import Problem, suggest
from reconciler.state import PRINCIPAL_KINDS, State

_COMMON: Final = frozenset({"account", "membership", "role", "privilege"})
"""The kinds of record that nearly all of thousands are of: looked through once for all others."""

__all__ = ["Window", "expand", "has_ended", "has_started", "last_boundary", "next_boundary"]


def expand(
    loaded: LoadedManifest,
    capabilities: Mapping[str, Capabilities],
    at: datetime,
    window: Window = "now",
) -> dict[str, Desired]:
    """What the manifest asks of each target at this instant, by name of target.

    `capabilities` are by name of provider. Another `window` asks what would be if grants that ended
    had not (`ended`), or if those that had to start had not (`unstarted`). Raises ManifestError
    with every word of the manifest that its target cannot hold.
    """
    manifest = loaded.manifest
    survey = _survey(manifest, Clock(at, window))
    problems = list(_unknown_providers(loaded, capabilities))
    result = {}
    for name, target in sorted(manifest.targets.items()):
        if target.provider in capabilities:
            view = TargetView(loaded, name, capabilities[target.provider], at, window=window)
            records = _records(view)
            passwords = given_passwords(view, records)
            rules = RuleExpansion(view, records, survey)
            rules.refuse_sessions()
            rules.refuse_heir()
            refuse_options(view, records)
            problems += records.problems
            result[name] = replace(_desired(view, records, rules), passwords=passwords)
    if problems:
        raise ManifestError(sorted(problems, key=str))
    return result


def _survey(manifest: Manifest, clock: Clock) -> Survey:
    reach = Reach(manifest)
    sessions = tuple(i for i, grant in enumerate(manifest.grants) if grant.end_sessions)
    return Survey(reach, held_together(manifest, clock, reach), sessions)


def _unknown_providers(
    loaded: LoadedManifest, capabilities: Mapping[str, Capabilities]
) -> Iterator[Problem]:
    for name, target in loaded.manifest.targets.items():
        if target.provider not in capabilities:
            known = suggest(target.provider, capabilities)
            hint = known or f"the providers are {', '.join(sorted(capabilities))}"
            place = loaded.source("targets", name, "provider")
            yield Problem(place, f'there is no provider "{target.provider}"', hint)


def _records(view: TargetView) -> Records:
    records = Records(view)
    roles = RoleExpansion(view, records)
    roles.add_servers()
    roles.add_roles()
    holders = HolderExpansion(view, records)
    holders.add_holders()
    holders.add_accounts()
    SettingExpansion(view, records).add_settings()
    RowSecurityExpansion(view, records).add_row_security()
    PublicExpansion(view, records).add_public()
    ObjectExpansion(view, records).add_objects()
    return records


def _desired(view: TargetView, records: Records, rules: RuleExpansion) -> Desired:
    target = view.manifest.targets[view.target]
    return Desired(
        target=view.target,
        provider=target.provider,
        state=State(records.fields),
        scope=_scope(view, records),
        policy=_policy(target.policy),
        provenance=Provenance(records.paths, lambda path: view.loaded.source(*path)),
        people={view.account_names[key]: user.name or key for key, user in view.users.items()},
        rules=rules.rules(),
        ends_sessions=rules.ends_sessions(),
    )


def _policy(policy: PolicyModel) -> Policy:
    return Policy(
        prune=policy.prune,
        leavers=policy.leavers,
        narrowed=policy.drift.narrowed,
        removals=_removals(policy.removals),
        heir=policy.heir or "",
    )


def _removals(removals: RemovalsModel) -> Removals:
    return Removals(removals.percent, removals.at_most, removals.floor)


def _scope(view: TargetView, records: Records) -> Scope:
    groups = records.names("group")
    rare = [key for key in records.fields if key[0] not in _COMMON]
    return Scope(
        accounts=records.names("account"),
        users=frozenset(view.account_names.values()),
        leavers=frozenset(
            view.account_names[name] for name, user in view.users.items() if user.state != "active"
        ),
        services=frozenset(
            view.account_names[name] for name, user in view.users.items() if user.kind == "service"
        ),
        groups=groups,
        open_members=frozenset(g for g in groups if view.manifest.groups[g].members is None),
        open_groups=frozenset(g for g in groups if view.manifest.groups[g].groups is None),
        roles=frozenset(key.path for key in records.fields if key[0] == "role")
        | records.standing_roles,
        emptied=records.emptied,
        foreign=mentioned(view, records),
        inherited=_inherited(records),
        servers=frozenset(view.servers.values()),
        protected=tuple(sorted(view.manifest.targets[view.target].policy.protect)),
        object_kinds=object_kinds(records.fields),
        places=places(records.fields),
        at_least=frozenset(
            path[-1] for name, path in view.role_paths.items() if view.roles[name].holds_at_least
        ),
        attributes=frozenset(
            name
            for key, fields in records.fields.items()
            if key[0] in PRINCIPAL_KINDS
            for name in fields
        ),
        settings=has_settings(rare),
        row_security=frozenset(key.path for key in rare if key.kind == "row_security"),
        policy_tables=frozenset(records.policy_tables),
        public=frozenset(key for key in rare if key.kind in ("public_privilege", "public_default")),
        ownerships=frozenset(key.path for key in rare if key.kind == "ownership"),
        schemas=frozenset(key.path for key in rare if key.kind == "schema"),
        schema_comments=any(records.fields[key] for key in rare if key.kind == "schema"),
    )


def _inherited(records: Records) -> frozenset[str]:
    """The foreign roles that a record makes somebody a member of."""
    if not records.foreign:
        return frozenset()
    containers = {key.path[0] for key in records.fields if key[0] == "membership"}
    return frozenset(records.foreign & containers)
