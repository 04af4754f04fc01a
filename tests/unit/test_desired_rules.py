"""What a manifest demands of who holds what on a target, beyond the records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.desired import expand
from reconciler.errors import ManifestError
from reconciler.manifest.load import parse_manifest
from reconciler.scope import Apart, Capabilities, Desired, Permanent, Policy, Removals, Separation
from reconciler.state import Key

NOON = datetime(2027, 6, 30, 12, 0, tzinfo=UTC)
WITH_GROUPS = Capabilities(groups=True, inheritance=True, foreign_roles=True, sessions=True)
FLAT = Capabilities(sessions=True)
SCOPED = Capabilities(roles_in_servers=True, levels=("user", "admin"), managed_servers=True)

BASE = """
version: 1
targets: {store: {provider: some}, other: {provider: other}}
servers: {db: {target: store}, api: {target: other}}
users:
  amina: {name: Amina Diallo}
  kofi: {accounts: {store: kofi_m}}
  esi: {}
  gone: {state: departed}
"""


def _all(
    text: str, capabilities: Capabilities = WITH_GROUPS, at: datetime = NOON
) -> dict[str, Desired]:
    kinds = {"some": capabilities, "other": SCOPED}
    return expand(parse_manifest({"m": BASE + text}), kinds, at)


def _store(text: str, capabilities: Capabilities = WITH_GROUPS, at: datetime = NOON) -> Desired:
    return _all(text, capabilities, at)["store"]


def _member(*path: str) -> Key:
    return Key("membership", path)


# Policy, fewest holders, emergencies


def test_the_policy_of_a_target_says_how_drift_and_removals_are_treated() -> None:
    text = BASE.replace(
        "{provider: some}",
        "{provider: some, policy: {drift: {narrowed: repair}, "
        "removals: {percent: 10, at_most: 3, floor: 0}}}",
    )
    found = expand(parse_manifest({"m": text}), {"some": FLAT, "other": SCOPED}, NOON)

    assert found["store"].policy == Policy(
        narrowed="repair", removals=Removals(percent=10, at_most=3, floor=0)
    )
    assert found["other"].policy == Policy(narrowed="hold", removals=Removals(50, 50, 2))


def test_a_manifest_without_rules_demands_nothing() -> None:
    desired = _store("roles: {maker: {server: db}}\ngrants: [{user: amina, role: maker}]")

    assert not desired.rules.min_holders
    assert not desired.rules.break_glass
    assert (desired.rules.apart, desired.rules.separations, desired.rules.permanent) == ((), (), ())
    assert desired.ends_sessions == frozenset()


def test_the_fewest_holders_are_by_the_path_of_role_and_group() -> None:
    text = """
groups: {team: {members: [amina], min_members: 1}, unused: {members: [esi], min_members: 1}}
roles:
  maker: {server: db, name: maker_on_db, min_holders: 2}
  any: {server: db, min_holders: 0}
  caller: {server: api, min_holders: 3}
grants: [{group: team, role: maker}]
"""
    found = _all(text)

    assert found["store"].rules.min_holders == {("maker_on_db",): 2, ("team",): 1}
    assert found["other"].rules.min_holders == {("api", "caller"): 3}


def test_the_fewest_members_of_a_group_are_unknown_where_it_is_flattened() -> None:
    text = """
groups: {team: {members: [amina], min_members: 1}}
roles: {maker: {server: db}}
grants: [{group: team, role: maker}]
"""
    assert _store(text, FLAT).rules.min_holders == {}


def test_a_role_that_is_only_a_level_cannot_have_a_fewest_number() -> None:
    with pytest.raises(ManifestError, match=r"roles.boss.min_holders: a level has no min_holders"):
        _all("roles: {boss: {target: other, level: admin, min_holders: 1}}")


def test_accounts_for_emergencies_are_known_where_nobody_gives_them_anything_any_more() -> None:
    text = """
roles: {maker: {server: db}}
grants:
  - {user: kofi, role: maker}
  - {user: esi, role: maker, until: 2027-06-30T12:00:00Z}
  - {user: gone, role: maker}
policies: {break_glass: [kofi, esi, gone, amina]}
"""
    found = _all(text)

    assert found["store"].rules.break_glass == {"kofi_m", "esi", "gone", "amina"}
    assert found["other"].rules.break_glass == {"kofi", "esi", "gone", "amina"}


# Roles that nobody may hold together


APART = """
roles: {maker: {server: db}, checker: {server: db}, caller: {server: api}}
policies:
  never_together:
    - roles: [maker, checker]
      except:
        - {user: kofi, until: 2027-06-30T12:00:00Z}
        - {user: esi, until: 2027-06-30T12:00:01Z}
    - {roles: [maker, caller]}
"""


def test_roles_apart_on_one_target_are_told_with_those_exempt_until_then_man_08() -> None:
    found = _all(APART)

    assert found["store"].rules.apart == (
        Apart(frozenset({("maker",), ("checker",)}), frozenset({"esi"})),
    )
    assert found["other"].rules.apart == ()


def test_who_holds_two_roles_apart_is_named_with_the_memberships_man_08() -> None:
    text = """
grants:
  - {user: kofi, role: maker}
  - {user: kofi, role: checker}
  - {user: esi, role: maker}
  - {user: esi, role: checker}
  - {user: amina, role: maker}
  - {user: gone, role: maker}
  - {user: gone, role: checker}
"""
    rules = _store(APART + text).rules

    assert rules.separations == (
        Separation(
            "kofi", ("checker", "maker"), (_member("checker", "kofi_m"), _member("maker", "kofi_m"))
        ),
    )


@pytest.mark.parametrize("seconds, people", [(-1, []), (0, ["kofi"]), (1, ["esi", "kofi"])])
def test_an_exemption_ends_at_its_instant_tim_01(seconds: int, people: list[str]) -> None:
    text = """
grants:
  - {user: kofi, role: maker}
  - {user: kofi, role: checker}
  - {user: esi, role: maker}
  - {user: esi, role: checker}
"""
    rules = _store(APART + text, at=NOON + timedelta(seconds=seconds)).rules

    assert [each.person for each in rules.separations] == people


def test_grants_that_are_not_active_separate_nobody() -> None:
    text = """
grants:
  - {user: amina, role: maker}
  - {user: amina, role: checker, until: 2027-06-30T12:00:00Z}
  - {user: amina, role: caller, from: 2027-06-30T12:00:01Z}
"""
    assert _store(APART + text).rules.separations == ()


def test_a_person_apart_over_two_targets_is_told_on_both_with_the_keys_of_each() -> None:
    text = "grants: [{user: amina, role: maker}, {user: amina, role: caller}]"

    found = _all(APART + text)

    roles = ("caller", "maker")
    assert found["store"].rules.separations == (
        Separation("Amina Diallo", roles, (_member("maker", "amina"),)),
    )
    assert found["other"].rules.separations == (
        Separation("Amina Diallo", roles, (_member("api", "caller", "amina"),)),
    )


NESTED = """
groups:
  inner: {members: [amina, esi]}
  aside: {members: [esi]}
  outer: {members: [kofi], groups: [inner, aside]}
grants: [{group: outer, role: maker}, {user: amina, role: checker}]
"""


def test_each_step_through_groups_that_leads_to_the_person_is_named() -> None:
    (separation,) = _store(APART + NESTED).rules.separations

    assert separation.person == "Amina Diallo"
    assert separation.keys == (
        _member("checker", "amina"),
        _member("inner", "amina"),
        _member("maker", "outer"),
        _member("outer", "inner"),
    )


def test_where_groups_are_flattened_only_the_memberships_of_the_person_are_named() -> None:
    (separation,) = _store(APART + NESTED, FLAT).rules.separations

    assert separation.keys == (_member("checker", "amina"), _member("maker", "amina"))


def test_a_role_that_includes_another_counts_as_both_of_them() -> None:
    text = """
roles:
  maker: {server: db}
  checker: {server: db}
  middle: {server: db, inherits: [maker, outside]}
  lead: {server: db, inherits: [middle, checker]}
grants: [{user: esi, role: lead}]
policies: {never_together: [maker, checker]}
"""
    (separation,) = _store(text).rules.separations

    assert (separation.person, separation.roles) == ("esi", ("checker", "maker"))
    assert separation.keys == (
        _member("checker", "lead"),
        _member("lead", "esi"),
        _member("maker", "middle"),
        _member("middle", "lead"),
    )


def test_a_role_that_is_only_a_level_is_held_by_the_account() -> None:
    text = """
roles: {boss: {target: other, level: admin, risky: true}, caller: {server: api}}
grants: [{user: amina, role: boss}, {user: amina, role: caller}]
policies: {never_together: [boss, caller]}
"""
    rules = _all(text)["other"].rules

    account = Key("account", ("amina",))
    assert rules.apart == ()
    assert rules.separations == (
        Separation(
            "Amina Diallo", ("boss", "caller"), (account, _member("api", "caller", "amina"))
        ),
    )
    assert rules.permanent == (Permanent("Amina Diallo", "boss", (account,)),)


# Grants of risky roles that never end


RISKY = """
groups: {team: {members: [kofi, esi, gone]}}
roles: {root: {server: db, risky: true}, heir: {server: db, inherits: [root]}, low: {server: db}}
grants:
  - {user: amina, role: root, until: 2027-07-01T00:00:00Z}
  - {user: amina, role: root, from: 2027-07-01T00:00:00Z}
  - {user: amina, role: low}
  - {user: gone, role: root}
  - {group: team, role: root}
  - {user: esi, role: heir}
"""


def test_a_grant_of_a_risky_role_without_an_end_is_told_and_one_that_includes_it() -> None:
    assert _store(RISKY).rules.permanent == (
        Permanent("esi", "heir", (_member("heir", "esi"),)),
        Permanent("group team", "root", (_member("root", "team"),)),
    )


def test_a_group_that_holds_a_risky_role_is_its_active_users_where_it_is_flattened() -> None:
    text = RISKY.replace(", inherits: [root]", "")

    assert _store(text, FLAT).rules.permanent == (
        Permanent("group team", "root", (_member("root", "esi"), _member("root", "kofi_m"))),
    )


# Sessions


SESSIONS = """
groups: {inner: {members: [amina]}, outer: {members: [gone], groups: [inner]}}
roles: {maker: {server: db}, checker: {server: db}}
grants:
  - {group: outer, role: maker, end_sessions: true}
  - {user: kofi, role: checker, until: 2027-06-30T12:00:00Z, end_sessions: true}
  - {user: esi, role: checker, from: 2027-06-30T12:00:01Z, end_sessions: true}
  - {user: amina, role: checker}
"""


def test_sessions_end_with_every_membership_by_which_such_a_grant_is_held_tim_06() -> None:
    assert _store(SESSIONS).ends_sessions == {
        _member("maker", "outer"),
        _member("outer", "gone"),
        _member("outer", "inner"),
        _member("inner", "amina"),
        _member("checker", "kofi_m"),
    }


def test_sessions_end_with_the_memberships_of_users_where_groups_are_flattened_tim_06() -> None:
    assert _store(SESSIONS, FLAT).ends_sessions == {
        _member("maker", "gone"),
        _member("maker", "amina"),
        _member("checker", "kofi_m"),
    }


def test_a_target_that_cannot_end_sessions_refuses_the_word_at_its_line() -> None:
    text = SESSIONS + "  - {user: amina, role: maker, end_sessions: false}\n"

    with pytest.raises(ManifestError) as caught:
        _store(text, Capabilities(groups=True))

    said = 'open sessions cannot be ended on target "store" (some); leave it out'
    assert [str(problem) for problem in caught.value.problems] == [
        f"m:14:33: grants.0.end_sessions: {said}",
        f"m:15:62: grants.1.end_sessions: {said}",
        f"m:16:60: grants.2.end_sessions: {said}",
    ]


# Heirs


HEIR = BASE.replace("{provider: some}", "{provider: some, policy: {heir: archive}}")


def _with_heir(capabilities: Capabilities) -> Desired:
    kinds = {"some": capabilities, "other": SCOPED}
    return expand(parse_manifest({"m": HEIR}), kinds, NOON)["store"]


def test_who_gets_what_is_owned_is_part_of_the_policy() -> None:
    assert _with_heir(Capabilities(heirs=True)).policy.heir == "archive"


def test_a_target_on_which_nothing_can_be_given_away_refuses_an_heir_at_its_line() -> None:
    with pytest.raises(ManifestError) as caught:
        _with_heir(Capabilities())

    (problem,) = caught.value.problems
    said = 'nothing can be given to an heir on target "store" (some); leave it out'
    assert str(problem) == f"m:3:44: targets.store.policy.heir: {said}"


# Provenance


def test_the_line_that_takes_an_account_away_is_known_although_there_is_no_record() -> None:
    desired = _store("roles: {maker: {server: db}}\ngrants: [{user: gone, role: maker}]")

    key = Key("account", ("gone",))
    assert key not in desired.state
    assert [place.path for place in desired.provenance.of(key)] == ["users.gone.state"]
    assert [str(place) for place in desired.provenance.of(key)] == ["m:9:10"]
    assert desired.provenance.of(Key("account", ("amina",))) == ()
