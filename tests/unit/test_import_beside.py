"""`import` of a system beside the manifest of another: together they plan nothing."""

from __future__ import annotations

from functools import partial

from reconciler.importing.access import access_manifest
from reconciler.importing.beside import Beside, beside
from reconciler.importing.place import Place
from reconciler.importing.trial import System, faults_of
from reconciler.manifest.load import parse_manifest
from reconciler.manifest.models import Manifest
from reconciler.providers.flowauth.normalize import normalize as flowauth_normalize
from reconciler.providers.mobiusflow.normalize import normalize as mobiusflow_normalize
from reconciler.providers.registry import provider_type
from reconciler.providers.scim.normalize import normalize as scim_normalize
from reconciler.state import Fields, Key, State
from reconciler.survey import Survey

FIRST = """\
version: 1
targets:
  people: {provider: scim, options: {url: "http://people", token: {env: TOKEN}}}
users:
  amina: {name: Amina Diallo, email: amina@example.org}
  kofi: {accounts: {here: kofi.m}}
  left: {state: departed}
  zora: {}
roles:
  reader: {target: people}
grants:
  - {user: amina, role: reader}
"""


def _beside(kind: str) -> Beside:
    capabilities = {name: provider_type(name).capabilities for name in ("scim", kind)}
    return beside({"a.yaml": FIRST}, "here", kind, capabilities)


def _accounts(**levels: str) -> dict[Key, Fields]:
    return {Key("account", (name.replace("_", "."),)): {"level": v} for name, v in levels.items()}


def _imported(records: dict[Key, Fields], kind: str) -> tuple[str, Manifest]:
    """The new file, and what all files say together."""
    other = _beside(kind)
    system = _system(kind, other)
    survey = Survey("a system", State(records))
    text = access_manifest(survey, Place("here", kind, {}), system)
    assert faults_of(text, "here", survey, system) == [], text
    return text, parse_manifest({**other.texts, "z.yaml": text}).manifest


def _system(kind: str, other: Beside) -> System:
    if kind == "mobiusflow":
        return System(provider_type(kind), mobiusflow_normalize, other)
    if kind == "flowauth":
        return System(provider_type(kind), partial(flowauth_normalize, "here"), other)
    return System(
        provider_type(kind),
        lambda desired, there: scim_normalize("here", desired, there, frozenset()),
        other,
    )


def test_users_of_the_other_files_are_named_and_not_written_again() -> None:
    records = _accounts(amina="editor", kofi_m="viewer", newcomer="viewer")

    text, whole = _imported(records, "mobiusflow")

    assert "  newcomer: {}\n" in text
    assert "amina: " not in text
    assert {(grant.user, grant.role) for grant in whole.grants} == {
        ("amina", "reader"),
        ("amina", "here-editor"),
        ("kofi", "here-viewer"),
        ("newcomer", "here-viewer"),
    }


def test_a_role_of_a_name_that_is_taken_gets_another_key() -> None:
    server = {"token_expires": "2030-01-01T00:00:00Z", "token_life_minutes": 60, "scopes": ("run",)}
    records = _accounts(amina="user") | {
        Key("server", ("api",)): server,
        Key("role", ("api", "reader")): server,
        Key("membership", ("api", "reader", "amina")): {},
    }

    _, whole = _imported(records, "flowauth")

    role = whole.roles["here-reader"]
    assert (role.server, role.name) == ("api", "reader")
    assert ("amina", "here-reader") in {(grant.user, grant.role) for grant in whole.grants}


def test_an_account_of_whom_the_other_files_say_otherwise_is_left_out_with_the_reason() -> None:
    fields = {"active": True, "name": "", "email": "", "title": ""}
    records: dict[Key, Fields] = {
        Key("account", ("amina",)): {**fields, "name": "A. Diallo", "title": "Dr."},
        Key("account", ("left",)): fields,
        Key("account", ("zora",)): {**fields, "active": False},
        Key("account", ("Kofi.M",)): fields,
        Key("role", ("all",)): {},
        Key("membership", ("all", "amina")): {},
        Key("membership", ("all", "left")): {},
    }

    text, whole = _imported(records, "scim")

    words = " ".join(line.lstrip("# ") for line in text.splitlines() if line.startswith("#"))
    assert "a plan would update the account amina: email '' -> 'amina@example.org'," in words
    assert "name 'A. Diallo' -> 'Amina Diallo'" in words
    assert "user zora: may not sign in, and the other files say state: active" in words
    assert "user left: a plan would" in words
    assert "user Kofi.M: the other files have a user kofi, with another account" in words
    assert set(whole.targets["here"].policy.protect) == {"amina", "left", "zora", "Kofi.M"}


def test_what_only_the_other_files_could_say_is_a_comment() -> None:
    fields = {"active": True, "name": "Zora", "email": "", "title": "Dr."}
    records: dict[Key, Fields] = {
        Key("account", ("zora",)): fields,
        Key("role", ("all",)): {},
        Key("membership", ("all", "zora")): {},
    }

    text, _ = _imported(records, "scim")

    assert "would have to say of their users: name, title of zora" in text
