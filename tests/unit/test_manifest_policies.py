"""The words of the manifest that say what must not happen: `policies`, and what belongs to them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.errors import ManifestError
from reconciler.manifest.load import LoadedManifest, parse_manifest
from reconciler.manifest.models import EnvRef, FileRef, NeverTogether, Policies, Removals

_HEAD = """\
version: 1
targets: {db: {provider: postgres}}
users: {amina: {}, kofi: {}}
roles: {maker: {target: db}, checker: {target: db}, payer: {target: db}}
"""


def _load(text: str) -> LoadedManifest:
    return parse_manifest({"m": _HEAD + text})


def _policies(text: str) -> Policies:
    return _load(f"policies: {text}\n").manifest.policies


def _messages(text: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        _load(text)
    return [str(problem) for problem in caught.value.problems]


def test_what_is_left_out_has_the_careful_default() -> None:
    manifest = _load("groups: {g: {}}\ngrants: [{user: amina, role: maker}]\n").manifest

    assert manifest.policies == Policies()
    assert manifest.policies.max_plan_age == 24 * 60
    assert manifest.policies.removals == Removals(percent=50, at_most=50, floor=2)
    assert manifest.policies.plan_signature is None
    assert manifest.policies.separations == ()
    assert manifest.targets["db"].policy.drift.narrowed == "hold"
    assert manifest.targets["db"].policy.removals == Removals()
    assert (manifest.roles["maker"].min_holders, manifest.roles["maker"].risky) == (0, False)
    assert manifest.groups["g"].min_members == 0
    assert manifest.grants[0].end_sessions is False


def test_roles_apart_are_one_set_however_they_are_written_man_08() -> None:
    flat = _policies("{never_together: [maker, checker]}")
    sets = _policies(
        "{never_together: [{roles: [maker, checker]}, {roles: [checker, payer], "
        "except: [{user: kofi, until: 2027-06-30T02:00:00+02:00, reason: DATA-1}]}]}"
    )

    assert flat.separations == (NeverTogether(roles=["maker", "checker"]),)
    assert [each.roles for each in sets.separations] == [["maker", "checker"], ["checker", "payer"]]
    assert sets.separations[0].except_ == []
    assert sets.separations[1].except_[0].until == datetime(2027, 6, 30, tzinfo=UTC)
    assert _policies("{never_together: []}").separations == ()


@pytest.mark.parametrize(
    "sets, said",
    [
        ("[maker]", "m:5:12: policies.never_together: names 1 role; name two or more"),
        ("[{roles: []}]", "policies.never_together.0.roles: names no role; name two or more"),
        (
            "[maker, payer, maker]",
            'm:5:43: policies.never_together.2: "maker" stands twice in the list; '
            "the first is at m:5:29",
        ),
        (
            "[{roles: [payer, payer]}]",
            'policies.never_together.0.roles.1: "payer" stands twice in the list',
        ),
        (
            "[maker, chekcer]",
            'm:5:36: policies.never_together.1: the role "chekcer" is not defined; '
            'did you mean "checker"?',
        ),
        (
            "[{roles: [maker, paye]}]",
            'policies.never_together.0.roles.1: the role "paye" is not defined; '
            'did you mean "payer"?',
        ),
        (
            "[{roles: [maker, payer], except: [{user: kof, until: 2027-01-01T00:00:00Z}]}]",
            'policies.never_together.0.except.0.user: the user "kof" is not defined; '
            'did you mean "kofi"?',
        ),
        (
            "[{roles: [maker, payer], except: [{user: kofi}]}]",
            'policies.never_together.0.except.0.until: "until" is missing',
        ),
        (
            "[{roles: [maker, payer], exept: []}]",
            'policies.never_together.0.exept: unknown key "exept"; did you mean "except"?',
        ),
        ("maker", "policies.never_together: must be a list of roles, or of mappings"),
        ("", "policies.never_together: must be a list of roles, or of mappings"),
    ],
)
def test_a_faulty_set_of_roles_is_refused_at_its_place_man_08(sets: str, said: str) -> None:
    messages = _messages(f"policies: {{never_together: {sets}}}\n")

    assert len(messages) == 1
    assert said in messages[0]


def test_users_and_keys_of_policies_are_checked_like_all_others_man_01_man_06() -> None:
    assert _messages(
        "policies: {break_glass: [anima, kofi, kofi], removals: {flor: 1}, max: 1}\n"
    ) == [
        'm:5:26: policies.break_glass.0: the user "anima" is not defined; did you mean "amina"?',
        'm:5:39: policies.break_glass.2: "kofi" stands twice in the list; the first is at m:5:33',
        'm:5:57: policies.removals.flor: unknown key "flor"; did you mean "floor"?',
        'm:5:67: policies.max: unknown key "max"; possible are break_glass, max_plan_age, '
        "never_together, plan_signature, removals",
    ]


def test_a_policy_is_no_name_that_a_user_could_have_been_mistaken_for_man_06() -> None:
    messages = _messages("policies: {removals: {}, break_glass: [removals]}\n")

    assert messages == ['m:5:40: policies.break_glass.0: the user "removals" is not defined']


@pytest.mark.parametrize(
    "text, said",
    [
        ("policies: {removals: {percent: 101}}", "percent: must be at most 100, not 101"),
        ("policies: {removals: {at_most: -1}}", "at_most: must be at least 0, not -1"),
        ("policies: {removals: {floor: two}}", "floor: must be a whole number, not a text"),
        ("policies: {removals: {floor: 1.5}}", "floor: must be a whole number, not the number 1.5"),
        ("policies: {max_plan_age: 24}", "max_plan_age: must be a duration with its unit"),
        ("policies: {max_plan_age: 0h}", 'max_plan_age: "0h" is shorter than one minute'),
        ("policies: []", "policies: must be a mapping of names"),
        ("groups: {g: {min_members: -1}}", "groups.g.min_members: must be at least 0, not -1"),
        ("groups: {g: {min_members: true}}", "min_members: must be a whole number, not true"),
        (
            "grants: [{user: amina, role: maker, end_sessions: yes}]",
            "m:5:37: grants.0.end_sessions: must be true or false, not a text",
        ),
    ],
)
def test_numbers_and_switches_out_of_range_say_what_is_possible(text: str, said: str) -> None:
    messages = _messages(text + "\n")

    assert len(messages) == 1
    assert said in messages[0]


def test_unknown_keys_below_a_target_policy_are_corrected_man_01() -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(
            {
                "m": "version: 1\ntargets:\n  db:\n    provider: postgres\n"
                "    policy: {drift: {narowed: hold}, removals: {persent: 1}}\n"
            }
        )

    assert [str(problem) for problem in caught.value.problems] == [
        'm:5:22: targets.db.policy.drift.narowed: unknown key "narowed"; did you mean "narrowed"?',
        'm:5:49: targets.db.policy.removals.persent: unknown key "persent"; '
        'did you mean "percent"?',
    ]


# Signatures


def test_a_signature_has_the_keys_of_its_method() -> None:
    shared = _policies("{plan_signature: {method: hmac-sha256, key: {env: KEY}}}").plan_signature
    pair = _policies(
        "{plan_signature: {method: ed25519, private_key: {file: a}, public_key: {file: b}}}"
    ).plan_signature

    assert shared is not None
    assert pair is not None
    assert (shared.method, shared.key, shared.private_key) == (
        "hmac-sha256",
        EnvRef(env="KEY"),
        None,
    )
    assert (pair.private_key, pair.public_key) == (FileRef(file="a"), FileRef(file="b"))


@pytest.mark.parametrize(
    "signature, said",
    [
        ("method: hmac-sha256", "hmac-sha256 goes with key, not with no key at all; write key"),
        (
            "method: hmac-sha256, key: {env: A}, public_key: {env: B}",
            "hmac-sha256 goes with key, not with key and public_key",
        ),
        (
            "method: ed25519, public_key: {env: B}",
            "ed25519 goes with private_key and public_key, not with public_key",
        ),
        ("method: ed25519, key: {env: A}", "ed25519 goes with private_key and public_key"),
        ("method: rsa", 'method: "rsa" is not possible here; possible are hmac-sha256, ed25519'),
        ("key: {env: A}", '"method" is missing'),
    ],
)
def test_a_signature_with_other_keys_is_refused(signature: str, said: str) -> None:
    messages = _messages(f"policies: {{plan_signature: {{{signature}}}}}\n")

    assert len(messages) == 1
    assert said in messages[0]


def test_a_key_that_is_written_out_is_refused_and_not_repeated_pln_08() -> None:
    messages = _messages("policies: {plan_signature: {method: hmac-sha256, key: canary-1f0c}}\n")

    assert messages == [
        "m:5:50: policies.plan_signature.key: must be {env: NAME} or {file: PATH}, "
        "never the secret itself"
    ]


# Files and digests


def test_a_policy_stands_in_one_file_and_others_in_others_man_05() -> None:
    loaded = parse_manifest(
        {
            "a": _HEAD + "policies: {max_plan_age: 2h}\n",
            "b": "policies:\n  break_glass: [amina]\n  removals: {percent: 10}\n",
        }
    )

    assert loaded.manifest.policies.max_plan_age == 120
    assert loaded.manifest.policies.break_glass == ["amina"]
    assert str(loaded.source("policies", "removals", "percent")) == "b:3:14"
    assert str(loaded.source("policies", "max_plan_age")) == "a:5:12"


def test_one_policy_in_two_files_shows_both_places_man_05() -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(
            {
                "a": _HEAD + "policies: {max_plan_age: 2h}\n",
                "b": "policies:\n  max_plan_age: 2h\n",
            }
        )

    assert [str(problem) for problem in caught.value.problems] == [
        'b:2:3: policies.max_plan_age: "max_plan_age" stands twice; the first is at a:5:12'
    ]


def test_the_digest_of_a_manifest_without_policies_is_that_of_earlier_releases() -> None:
    text = "version: 1\ntargets: {db: {provider: postgres}}\nusers: {amina: {}}\n"

    digest = parse_manifest({"m": text}).digest

    assert digest == "e25a77c943683ce9c06f62fd449369575a52abe1a092bbb7ddd46c0ecb47976e"
    assert parse_manifest({"m": text + "policies: {}\n"}).digest == digest


def test_every_policy_is_part_of_the_digest_pln_03() -> None:
    texts = [
        *("", "{max_plan_age: 2h}", "{max_plan_age: 3h}", "{break_glass: [amina]}"),
        *("{removals: {percent: 1}}", "{never_together: [maker, checker]}"),
    ]

    digests = {_load(f"policies: {text}\n" if text else "").digest for text in texts}

    assert len(digests) == len(texts)
