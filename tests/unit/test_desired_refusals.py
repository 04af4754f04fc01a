"""What a target cannot hold is refused with its line, all of it together."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.desired import expand
from reconciler.errors import ManifestError
from reconciler.manifest.load import parse_manifest
from reconciler.scope import Capabilities

NOON = datetime(2027, 6, 30, 12, 0, tzinfo=UTC)
PLAIN = Capabilities()
LEVELS = Capabilities(levels=("user", "admin"), attributes=("comment", "quota"))
DATABASES = Capabilities(privileges=True, inheritance=True)
LEVELS_ALONE = Capabilities(roles=False, levels=("user", "admin"))
STANDING = Capabilities(
    roles=False, standing_roles=True, roles_in_servers=True, levels=("user", "admin")
)
SCOPED = Capabilities(scopes=True, managed_servers=True, roles_in_servers=True)


def _refused(entry: str, capabilities: Capabilities, provider: str = "some") -> list[str]:
    text = f"""version: 1
targets: {{store: {{provider: {provider}}}}}
servers: {{db: {{target: store}}, other: {{target: store}}}}
users: {{amina: {{}}}}
{entry}
"""
    with pytest.raises(ManifestError) as caught:
        expand(parse_manifest({"access.yaml": text}), {"some": capabilities}, NOON)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    "entry, capabilities, said",
    [
        (
            "roles: {r: {server: db, scopes: [run]}}",
            PLAIN,
            'access.yaml:5:25: roles.r.scopes: a role has no scopes on target "store" (some)',
        ),
        (
            "roles: {r: {server: db, token_life: 2d}}",
            PLAIN,
            "roles.r.token_life: a role has no token_life",
        ),
        (
            "roles: {r: {server: db, privileges: {mode: at_least, rules: []}}}",
            PLAIN,
            "roles.r.privileges: a role has no privileges",
        ),
        ("roles: {r: {server: db, level: admin}}", PLAIN, "roles.r.level: a role has no level"),
        (
            "roles: {r: {server: db, level: admni}}",
            LEVELS,
            'roles.r.level: "admni" is not a level on target "store" (some); did you mean "admin"?',
        ),
        (
            "roles: {r: {server: db, level: owner}}",
            LEVELS,
            "the levels are user, admin",
        ),
        (
            "roles: {r: {target: store, name: x}}",
            LEVELS_ALONE,
            'roles.r: a role has to be a level on target "store" (some); write target: store and '
            "level: one of user, admin",
        ),
        (
            "roles: {r: {server: db, level: admin}}",
            LEVELS_ALONE,
            "roles.r.server: a role has to be a level",
        ),
        (
            "roles: {r: {target: store}}",
            STANDING,
            "roles.r: a role has to be a level",
        ),
        (
            "roles: {r: {server: db}, s: {server: db, inherits: [r]}}",
            STANDING,
            "roles.s.inherits: a role has no inherits",
        ),
        (
            "roles: {r: {server: db, scopes: [run]}}",
            STANDING,
            "roles.r.scopes: a role has no scopes",
        ),
        (
            "roles: {r: {server: db, settings: {work_mem: 1MB}}}",
            DATABASES,
            "roles.r.settings: a role has no settings on target",
        ),
        (
            "roles: {r: {server: db, settings_in: {db: {work_mem: 1MB}}}}",
            DATABASES,
            "roles.r.settings_in: a role has no settings on target",
        ),
        (
            "roles: {r: {server: db, settings_in: {dbb: {work_mem: 1MB}}}}",
            Capabilities(settings=True),
            'roles.r.settings_in.dbb: there is no server with the database "dbb" on target "store" '
            '(some); did you mean "db"?',
        ),
        (
            "roles: {r: {server: db, attributes: {qota: 1}}}",
            LEVELS,
            'roles.r.attributes.qota: "qota" is not an attribute on target "store" (some); '
            'did you mean "quota"?',
        ),
        (
            "roles: {r: {server: db, attributes: {quota: 1.5}}}",
            LEVELS,
            "roles.r.attributes.quota: quota is not a whole number",
        ),
        (
            "roles: {r: {server: db, privileges: [{schema: geo, allow: [usage]}]}}",
            PLAIN,
            "roles.r.privileges.0: a role has no privileges",
        ),
        (
            "roles: {r: {server: db, inherits: [outside]}}",
            DATABASES,
            'roles.r.inherits.0: there is no role "outside"',
        ),
        (
            "roles: {r: {server: db, inherits: [outside]}}",
            SCOPED,
            'roles.r.inherits.0: a role cannot inherit "outside"',
        ),
        (
            "roles: {r: {server: db, inherits: [s]}, s: {server: other}}",
            SCOPED,
            "roles.r.inherits.0: a role cannot inherit a role of another server",
        ),
        (
            "roles: {r: {target: store}}",
            SCOPED,
            "roles.r: a role needs a server",
        ),
        (
            "roles: {r: {target: store, privileges: [{schema: geo, allow: [usage]}]}}",
            DATABASES,
            "roles.r.privileges.0: a privilege needs a database",
        ),
        (
            "roles: {r: {server: db, privileges: [{database: other, allow: [connect]}]}}",
            DATABASES,
            'roles.r.privileges.0.database: the role\'s database is "db", not "other"',
        ),
        (
            "roles: {r: {target: store, privileges: [{database: othr, allow: [connect]}]}}",
            DATABASES,
            'there is no server with the database "othr" on target "store" (some); '
            'did you mean "other"?',
        ),
    ],
)
def test_a_word_the_target_cannot_hold_is_refused_at_its_place(
    entry: str, capabilities: Capabilities, said: str
) -> None:
    problems = _refused(entry, capabilities)

    assert len(problems) == 1
    assert problems[0].startswith("access.yaml:5:")
    assert said in problems[0]


def test_a_provider_that_does_not_exist_is_refused_with_a_suggestion() -> None:
    problems = _refused("roles: {}", PLAIN, provider="sme")

    assert problems == [
        'access.yaml:2:19: targets.store.provider: there is no provider "sme"; did you mean "some"?'
    ]


def test_all_refusals_come_together_in_the_order_of_the_lines() -> None:
    entries = [f"  r{number}: {{server: db, scopes: [a], level: x}}" for number in range(8, 12)]

    problems = _refused("\n".join(["roles:", *entries]), PLAIN)

    words = [each.split(": ")[1] for each in problems]
    assert words == [f"roles.r{n}.{word}" for n in range(8, 12) for word in ("scopes", "level")]


def test_a_fault_that_several_roles_inherit_is_said_once() -> None:
    roles = "{a: {server: db, inherits: [b]}, b: {server: db, inherits: [outside]}}"

    problems = _refused(f"roles: {roles}", SCOPED)

    assert len(problems) == 1


def test_a_role_that_inherits_roles_without_scopes_says_nothing_of_scopes() -> None:
    text = """version: 1
targets: {store: {provider: some}}
servers: {db: {target: store}}
roles: {low: {server: db}, high: {server: db, inherits: [low]}}
"""
    desired = expand(parse_manifest({"access.yaml": text}), {"some": PLAIN}, NOON)["store"]

    assert [fields for _, fields in desired.state] == [{}, {}]
