"""The checklist of manifest cases, each by its number, and the rules that no corpus file shows."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from reconciler.errors import ManifestError
from reconciler.manifest.load import LoadedManifest, parse_manifest
from reconciler.manifest.merge import SECTIONS
from reconciler.manifest.models import Account, Manifest, PrivilegeRule

_HEAD = "version: 1\ntargets: {db: {provider: postgres}, fa: {provider: flowauth}}\n"


def _load(text: str) -> LoadedManifest:
    return parse_manifest({"m": _HEAD + text})


def _messages(text: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        _load(text)
    return [str(problem) for problem in caught.value.problems]


def test_man_01_unknown_and_duplicate_keys_are_reported_in_one_go() -> None:
    assert _messages("users:\n  amina: {emial: x}\n  amina: {}\ngroup: {}\n") == [
        'm:4:11: users.amina.emial: unknown key "emial"; did you mean "email"?',
        'm:5:3: users.amina: the key "amina" stands twice; the first is at m:4:3',
        'm:6:1: group: unknown key "group"; did you mean "groups"?',
    ]


def test_man_02_names_that_look_like_other_types_are_names() -> None:
    text = "users: {no: {}, 012: {}, 12:30: {}, on: {}}\ngroups: {off: {members: [no, 012, on]}}\n"

    manifest = _load(text).manifest

    assert list(manifest.users) == ["no", "012", "12:30", "on"]
    assert manifest.groups["off"].members == ["no", "012", "on"]


def test_man_02_a_name_that_yaml_reads_as_a_number_says_to_quote_it() -> None:
    messages = _messages("users: {12: {}}\ngroups: {g: {members: [12]}}\n")

    assert messages == [
        'm:4:24: groups.g.members.0: must be a text, not the number 12; write it in quotes: "12"'
    ]


def test_man_03_an_omitted_list_is_none_and_an_empty_one_is_empty() -> None:
    groups = _load("groups: {a: {}, b: {members: [], groups: []}}\n").manifest.groups

    assert (groups["a"].members, groups["a"].groups) == (None, None)
    assert (groups["b"].members, groups["b"].groups) == ([], [])


@pytest.mark.parametrize("key", ["members", "groups"])
def test_man_03_a_list_without_a_value_is_neither(key: str) -> None:
    assert _messages(f"groups: {{a: {{{key}: }}}}\n") == [
        f"m:3:14: groups.a.{key}: has no value; write [] for none, or leave the key out"
    ]


def test_man_04_a_manifest_that_says_nothing_is_an_error() -> None:
    with pytest.raises(ManifestError, match="m:1:1: says nothing"):
        parse_manifest({"m": b""})


def test_man_05_one_group_in_two_files_shows_both_places() -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest({"m": "version: 1\ngroups: {g: {}}\n", "n": "groups:\n  g: {}\n"})

    assert str(caught.value) == 'n:2:3: groups.g: "g" stands twice; the first is at m:2:10'


def test_man_06_every_undefined_name_is_found_and_a_near_one_suggested() -> None:
    assert _messages("users: {amina: {}}\ngrants:\n  - {user: anima, role: reader}\n") == [
        'm:5:6: grants.0.user: the user "anima" is not defined; did you mean "amina"?',
        'm:5:19: grants.0.role: the role "reader" is not defined',
    ]


def test_man_06_suggestions_come_quickly_from_many_names() -> None:
    users = "".join(f"  user{number}: {{}}\n" for number in range(3_000))
    grants = "".join(f"  - {{user: usr{number}, role: r}}\n" for number in range(300))

    messages = _messages(f"users:\n{users}roles: {{r: {{target: db}}}}\ngrants:\n{grants}")

    assert len(messages) == 300
    assert 'the user "usr7" is not defined; did you mean "user7"?' in messages[7]
    assert sum("did you mean" in message for message in messages) == 200


def test_man_07_a_cycle_is_shown_whole() -> None:
    text = "groups: {c: {groups: [a]}, a: {groups: [b]}, b: {groups: [c]}, d: {groups: [a]}}\n"

    assert _messages(text) == [
        "m:3:41: groups.a.groups.0: the groups contain each other: a -> b -> c -> a; "
        "break the cycle"
    ]


def test_man_07_two_ways_to_one_group_are_no_cycle() -> None:
    text = "groups: {top: {groups: [l, r]}, l: {groups: [x]}, r: {groups: [x]}, x: {}}\n"

    assert len(_load(text).manifest.groups) == 4


def test_man_07_a_chain_as_long_as_the_manifest_is_followed_to_its_end() -> None:
    chain = [f"  g{number}: {{groups: [g{number + 1}]}}\n" for number in range(5_000)]

    messages = _messages("groups:\n" + "".join(chain) + "  g5000: {groups: [g0]}\n")

    assert len(messages) == 1
    assert messages[0].endswith("g4999 -> g5000 -> g0; break the cycle")


def test_man_08_a_user_may_hold_several_roles_since_access_is_their_union() -> None:
    text = """\
users: {amina: {}}
groups: {g: {members: [amina]}}
roles: {viewer: {target: fa, level: viewer}, admin: {target: fa, level: admin}}
grants:
  - {user: amina, role: viewer}
  - {group: g, role: viewer}
  - {user: amina, role: admin, until: 2027-01-01T00:00:00Z}
  - {user: amina, role: admin, from: 2026-01-01T00:00:00Z}
"""

    assert len(_load(text).manifest.grants) == 4


def test_man_09_users_who_differ_in_case_alone_are_refused() -> None:
    assert _messages("users: {amina: {}, AMINA: {}, Straße: {}, STRASSE: {}}\n") == [
        'm:3:20: users.AMINA: the users "amina" and "AMINA" differ in nothing but case; '
        "rename one; the other is at m:3:9",
        'm:3:43: users.STRASSE: the users "Straße" and "STRASSE" differ in nothing but case; '
        "rename one; the other is at m:3:31",
    ]


@pytest.mark.parametrize(
    "accounts",
    [
        "a: {accounts: {db: x}}, b: {accounts: {db: x}}",
        "a: {accounts: {db: X}}, b: {accounts: {db: {name: x}}}",
        "x: {}, b: {accounts: {db: x}}",
        "b: {accounts: {db: X}}, x: {}",
        "x: {accounts: {fa: y}}, b: {accounts: {db: x}}",
    ],
)
def test_man_09_two_users_cannot_have_one_account(accounts: str) -> None:
    messages = _messages(f"users: {{{accounts}}}\n")

    assert len(messages) == 1
    assert "would have" in messages[0]
    assert "on db; give one of them another name" in messages[0]


@pytest.mark.parametrize(
    "accounts",
    [
        "a: {accounts: {db: b}}, b: {accounts: {db: a}}",
        "a: {accounts: {db: x}}, b: {accounts: {fa: x}}",
        "a: {accounts: {db: A}}",
        "a: {accounts: {db: {attributes: {login: true}}}}, b: {}",
    ],
)
def test_man_09_names_may_be_swapped_and_used_on_other_targets(accounts: str) -> None:
    assert _load(f"users: {{{accounts}}}\n").manifest.users["a"].accounts


@pytest.mark.parametrize("server", ["server: one", "target: fa"])
def test_roles_of_one_name_in_one_place_are_refused(server: str) -> None:
    roles = f"roles: {{a: {{server: one, name: x}}, x: {{{server}}}}}\n"

    messages = _messages("servers: {one: {target: fa}, two: {target: fa}}\n" + roles)

    assert len(messages) == 1
    assert 'the roles "a" and "x" have one name on fa: "x"' in messages[0]


def test_man_10_every_missing_field_is_named_where_it_should_stand() -> None:
    assert _messages("servers:\n  one: {}\nroles:\n  r: {target: db, privileges: [{}]}\n") == [
        'm:4:3: servers.one.target: "target" is missing; add it',
        'm:6:32: roles.r.privileges.0.allow: "allow" is missing; add it',
    ]


def _count_calls(action: Callable[[], object]) -> int:
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(None)
    return calls


def _many_grants(number: int) -> dict[str, str]:
    users = "".join(f"  u{n}: {{email: u{n}@example.org}}\n" for n in range(number))
    grants = "".join(
        f"  - {{user: u{n}, role: r, until: 2027-06-30T00:00:00Z}}\n" for n in range(number)
    )
    return {"m": f"{_HEAD}roles: {{r: {{target: db}}}}\nusers:\n{users}grants:\n{grants}"}


def test_man_11_the_work_for_10000_grants_grows_with_their_number_and_no_faster() -> None:
    few, many = _many_grants(1_000), _many_grants(10_000)

    assert len(parse_manifest(many).manifest.grants) == 10_000
    assert _count_calls(lambda: parse_manifest(many)) < 11 * _count_calls(
        lambda: parse_manifest(few)
    )


def test_a_departed_user_may_keep_grants_and_a_service_needs_no_owner() -> None:
    text = """\
users: {amina: {state: departed}, robot: {kind: service}, clock: {kind: service, owner: amina}}
roles: {r: {target: db}}
grants: [{user: amina, role: r}]
"""

    assert _load(text).manifest.users["clock"].owner == "amina"


def test_account_names_are_those_of_the_target() -> None:
    users = _load(
        "users: {a: {accounts: {db: x, fa: {attributes: {login: true}}}}, b: {}}\n"
    ).manifest.users

    assert users["a"].account_name("a", "db") == "x"
    assert users["a"].account_name("a", "fa") == "a"
    assert users["b"].account_name("b", "db") == "b"
    assert users["a"].accounts["fa"] == Account(attributes={"login": True})


def test_privileges_are_in_lower_case_and_temp_is_temporary() -> None:
    text = "roles: {r: {target: db, privileges: [{database: d, allow: [CONNECT, Temp]}]}}\n"

    rule = _load(text).manifest.roles["r"].privileges[0]

    assert rule == PrivilegeRule(database="d", allow=["connect", "temporary"])
    assert rule.kinds == ("database",)


@pytest.mark.parametrize(
    "text,minutes", [("2d", 2880), ("90m", 90), ("1h30m", 90), ("2w", 20160), ("1w1d1h1m", 11581)]
)
def test_durations_are_minutes(text: str, minutes: int) -> None:
    servers = _load(f"servers: {{s: {{target: fa, token_life: {text}}}}}\n").manifest.servers

    assert servers["s"].token_life == minutes


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00", "2027-01-01T24:30:00Z"]
)
def test_times_that_no_calendar_has_are_refused_tim_05(text: str) -> None:
    messages = _messages(f"servers: {{s: {{target: fa, token_expires: '{text}'}}}}\n")

    assert len(messages) == 1
    assert f'"{text}" is no time that exists' in messages[0]


def test_the_models_and_the_merge_know_the_same_sections() -> None:
    assert set(Manifest.model_fields) == {"version", *SECTIONS, "grants"}
