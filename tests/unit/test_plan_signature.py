"""Only what the plan job signed is applied; keys that are of no use say so, and never themselves.

The files lie in a folder of each test's own.
"""

from __future__ import annotations

import base64
import builtins
import json
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.plan_files import check_signature, signature_path, write_signature
from reconciler.errors import (
    BlockedError,
    ManifestError,
    PlanFileError,
    ReconcilerError,
    UsageError,
)
from reconciler.json_text import canonical_text
from reconciler.manifest.option_values import EnvRef, FileRef
from reconciler.manifest.policies import PlanSignature
from reconciler.plan_signature import sign, verify

DIGEST = "5e" * 32
OTHER_DIGEST = "5f" * 32
CANARY = "canary-of-an-hmac-key-8d2b41c97e60aa35"


HMAC = PlanSignature(method="hmac-sha256", key=EnvRef(env="KEY"))
ED25519 = PlanSignature(
    method="ed25519", private_key=EnvRef(env="PRIVATE"), public_key=EnvRef(env="PUBLIC")
)

SEED = bytes(range(32))
PRIVATE = Ed25519PrivateKey.from_private_bytes(SEED)


def private_pem(key: Any = PRIVATE, encryption: KeySerializationEncryption | None = None) -> str:
    text: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
    return text.decode()


def public_pem(key: Any = PRIVATE) -> str:
    found = key.public_key()
    text: bytes = found.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return text.decode()


RSA = generate_private_key(65537, 2048)
RAW_PUBLIC = base64.b64encode(PRIVATE.public_key().public_bytes_raw()).decode()
ENVIRONMENT = {"KEY": CANARY, "PRIVATE": private_pem(), "PUBLIC": public_pem()}

METHODS = pytest.mark.parametrize("settings", [HMAC, ED25519], ids=["hmac-sha256", "ed25519"])


def resolver(environment: dict[str, str]) -> Callable[[EnvRef | FileRef], str]:
    def resolve(reference: EnvRef | FileRef) -> str:
        assert isinstance(reference, EnvRef)
        return environment[reference.env]

    return resolve


# Texts


@METHODS
def test_what_was_signed_is_accepted_and_the_same_plan_gives_the_same_bytes_pln_08(
    settings: PlanSignature,
) -> None:
    text = sign(DIGEST, settings, resolver(ENVIRONMENT))

    verify(DIGEST, text, settings, resolver(ENVIRONMENT))
    assert text == sign(DIGEST, settings, resolver(ENVIRONMENT))
    assert text == canonical_text(json.loads(text)) + "\n"
    assert json.loads(text)["format"] == "reconciler.plan-signature/v1"


def test_the_signature_is_the_one_that_other_programs_would_make_pln_08() -> None:
    text = sign(DIGEST, ED25519, resolver(ENVIRONMENT))

    given = base64.b64decode(json.loads(text)["signature"])
    PRIVATE.public_key().verify(given, b"reconciler.plan/v1\0" + bytes.fromhex(DIGEST))


@METHODS
@given(place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_no_bit_of_a_signature_can_be_changed_pln_08(
    settings: PlanSignature, place: int, bit: int
) -> None:
    document = json.loads(sign(DIGEST, settings, resolver(ENVIRONMENT)))
    given = bytearray(base64.b64decode(document["signature"]))
    given[place % len(given)] ^= 1 << bit
    forged = json.dumps(document | {"signature": base64.b64encode(given).decode()})

    with pytest.raises(BlockedError, match=r"not made with the key of policies\.plan_signature"):
        verify(DIGEST, forged, settings, resolver(ENVIRONMENT))


@METHODS
@pytest.mark.parametrize(
    "changed, said",
    [
        ({"digest": OTHER_DIGEST}, "belongs to another plan"),
        ({"method": "none"}, 'signed with "none", not with'),
        ({"signature": ""}, "not made with the key"),
    ],
)
def test_a_signature_that_says_something_else_is_blocked_pln_08(
    settings: PlanSignature, changed: dict[str, str], said: str
) -> None:
    document = json.loads(sign(DIGEST, settings, resolver(ENVIRONMENT)))

    with pytest.raises(BlockedError, match=said):
        verify(DIGEST, json.dumps(document | changed), settings, resolver(ENVIRONMENT))


def test_the_signature_of_one_method_is_none_of_the_other_pln_08() -> None:
    text = sign(DIGEST, HMAC, resolver(ENVIRONMENT | {"KEY": ENVIRONMENT["PUBLIC"]}))

    with pytest.raises(BlockedError, match='signed with "hmac-sha256", not with "ed25519"'):
        verify(DIGEST, text, ED25519, resolver(ENVIRONMENT))


@METHODS
def test_moving_a_signature_to_another_plan_is_blocked_even_where_it_names_it_pln_08(
    settings: PlanSignature,
) -> None:
    document = json.loads(sign(OTHER_DIGEST, settings, resolver(ENVIRONMENT)))
    moved = json.dumps(document | {"digest": DIGEST})

    with pytest.raises(BlockedError, match="not made with the key"):
        verify(DIGEST, moved, settings, resolver(ENVIRONMENT))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        "{}",
        '{"format": 1}',
        '{"format": "reconciler.plan-signature/v2"}',
        '{"format": "reconciler.plan-signature/v1"}',
        '{"format":"reconciler.plan-signature/v1","method":"","digest":"","signature":1}',
        '{"format":"reconciler.plan-signature/v1","method":"","digest":"","signature":"","x":""}',
    ],
)
def test_rubbish_is_no_signature_and_no_block_pln_08(text: str) -> None:
    with pytest.raises(PlanFileError, match=r"^plan\.json: its signature cannot be read: "):
        verify(DIGEST, text, HMAC, resolver(ENVIRONMENT), file="plan.json")


@pytest.mark.parametrize("signature", ["=", "a", "*", "é"])
def test_a_signature_that_is_no_base64_is_unreadable_pln_08(signature: str) -> None:
    document = json.loads(sign(DIGEST, HMAC, resolver(ENVIRONMENT)))

    with pytest.raises(PlanFileError, match="not base64"):
        verify(
            DIGEST,
            json.dumps(document | {"signature": signature}),
            HMAC,
            resolver(ENVIRONMENT),
        )


# Keys


@pytest.mark.parametrize(
    "private, public",
    [
        (private_pem(), public_pem()),
        (base64.b64encode(SEED).decode(), RAW_PUBLIC),
        (private_pem(), RAW_PUBLIC + "\n"),
        (f"{base64.b64encode(SEED).decode()}\r\n", public_pem()),
    ],
    ids=["pem", "raw", "pem-raw", "raw-pem"],
)
def test_an_ed25519_key_may_be_pem_or_raw_pln_08(private: str, public: str) -> None:
    resolve = resolver({"PRIVATE": private, "PUBLIC": public})

    verify(DIGEST, sign(DIGEST, ED25519, resolve), ED25519, resolve)


@pytest.mark.parametrize(
    "private, said",
    [
        ("of no use", "neither PEM nor base64"),
        (base64.b64encode(b"x" * 31).decode(), "has 31 bytes and needs 32"),
        (base64.b64encode(b"x" * 64).decode(), "has 64 bytes and needs 32"),
        (public_pem(), "a public key, which cannot sign"),
        (private_pem(RSA), "the key of another method than Ed25519"),
        (private_pem(encryption=BestAvailableEncryption(b"x")), "it is encrypted"),
        (private_pem().replace("M", "N"), "holds no PKCS#8 private key"),
        ("-----BEGIN PRIVATE KEY-----", "holds no PKCS#8 private key"),
    ],
)
def test_a_private_key_of_no_use_says_what_is_wrong_with_it_pln_08(private: str, said: str) -> None:
    with pytest.raises(ManifestError) as caught:
        sign(DIGEST, ED25519, resolver({"PRIVATE": private}))

    assert str(caught.value).startswith("policies.plan_signature.private_key: ")
    assert said in str(caught.value)
    shown = "".join(traceback.format_exception(caught.value))
    assert not [line for line in private.splitlines() if len(line) > 30 and line in shown]


@pytest.mark.parametrize(
    "public, said",
    [
        ("of no use", "neither PEM nor base64"),
        (base64.b64encode(b"x" * 33).decode(), "has 33 bytes and needs 32"),
        (private_pem(), "whoever can read it can sign"),
        (public_pem(RSA), "the key of another method than Ed25519"),
        (public_pem().replace("M", "N"), "holds no public key"),
    ],
)
def test_a_public_key_of_no_use_says_what_is_wrong_with_it_pln_08(public: str, said: str) -> None:
    text = sign(DIGEST, ED25519, resolver(ENVIRONMENT))

    with pytest.raises(ManifestError) as caught:
        verify(DIGEST, text, ED25519, resolver({"PUBLIC": public}))

    assert str(caught.value).startswith("policies.plan_signature.public_key: ")
    assert said in str(caught.value)


@pytest.mark.parametrize("key", ["k" * 31, "k" * 31 + "\n", "é" * 15])
def test_an_hmac_key_of_less_than_32_bytes_is_refused_pln_08(key: str) -> None:
    with pytest.raises(ManifestError, match=r"needs 32 or more; make one with: openssl rand"):
        sign(DIGEST, HMAC, resolver({"KEY": key}))


def test_an_hmac_key_may_be_any_bytes_and_a_line_break_at_its_end_does_not_count_pln_08() -> None:
    key = b"\xff\x80".decode(errors="surrogateescape") * 16

    text = sign(DIGEST, HMAC, resolver({"KEY": key}))

    verify(DIGEST, text, HMAC, resolver({"KEY": f"{key}\n"}))


def test_another_hmac_key_accepts_nothing_pln_08() -> None:
    text = sign(DIGEST, HMAC, resolver(ENVIRONMENT))

    with pytest.raises(BlockedError) as caught:
        verify(DIGEST, text, HMAC, resolver({"KEY": CANARY + "x"}))

    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_without_the_package_ed25519_says_what_to_install_and_hmac_works_pln_08(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.partition(".")[0] == "cryptography":
            raise ModuleNotFoundError(f"No module named {name!r}", name="cryptography")
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(ReconcilerError, match=r"pip install 'reconciler\[signatures\]'"):
        sign(DIGEST, ED25519, resolver(ENVIRONMENT))
    verify(DIGEST, sign(DIGEST, HMAC, resolver(ENVIRONMENT)), HMAC, resolver(ENVIRONMENT))


# Files


@METHODS
def test_a_signature_lies_beside_its_plan_and_is_accepted_pln_08(
    tmp_path: Path, settings: PlanSignature
) -> None:
    plan = str(tmp_path / "plan.json")

    signing = write_signature(plan, DIGEST, settings, ENVIRONMENT)

    assert signing
    assert signing.path == signature_path(plan) == f"{plan}.sig"
    check_signature(plan, DIGEST, settings, ENVIRONMENT)


def test_the_apply_job_needs_no_private_key_pln_08(tmp_path: Path) -> None:
    plan = str(tmp_path / "plan.json")
    write_signature(plan, DIGEST, ED25519, {"PRIVATE": ENVIRONMENT["PRIVATE"]})

    check_signature(plan, DIGEST, ED25519, {"PUBLIC": ENVIRONMENT["PUBLIC"]})
    with pytest.raises(BlockedError, match="belongs to another plan"):
        check_signature(plan, OTHER_DIGEST, ED25519, {"PUBLIC": ENVIRONMENT["PUBLIC"]})


def test_a_key_may_stand_in_a_file_pln_08(tmp_path: Path) -> None:
    plan = str(tmp_path / "plan.json")
    (tmp_path / "key").write_text(f"{CANARY}\n", encoding="utf-8")
    settings = PlanSignature(method="hmac-sha256", key=FileRef(file=str(tmp_path / "key")))

    write_signature(plan, DIGEST, settings, {})

    check_signature(plan, DIGEST, HMAC, {"KEY": CANARY})


def test_an_unsigned_plan_is_blocked_and_the_message_says_who_signs_pln_08(tmp_path: Path) -> None:
    plan = str(tmp_path / "plan.json")

    with pytest.raises(BlockedError) as caught:
        check_signature(plan, DIGEST, HMAC, ENVIRONMENT)

    assert str(caught.value) == (
        f"{plan} is not signed: there is no {plan}.sig, and the manifest has "
        "policies.plan_signature. Nothing was written; only the plan job makes signatures: let it "
        "plan again, and apply what it made"
    )
    assert caught.value.exit_code == 5


def test_without_the_key_nothing_is_signed_and_an_older_signature_goes_away_pln_08(
    tmp_path: Path,
) -> None:
    plan = str(tmp_path / "plan.json")
    assert write_signature(plan, DIGEST, HMAC, ENVIRONMENT)

    signing = write_signature(plan, OTHER_DIGEST, HMAC, {})

    assert not signing
    assert signing.reason == "the environment variable KEY is not set"
    assert list(tmp_path.iterdir()) == []


def test_without_the_key_nothing_is_applied_pln_08(tmp_path: Path) -> None:
    plan = str(tmp_path / "plan.json")
    write_signature(plan, DIGEST, HMAC, ENVIRONMENT)

    with pytest.raises(ManifestError, match="the environment variable KEY is not set; set it"):
        check_signature(plan, DIGEST, HMAC, {})


def test_a_short_key_is_an_error_and_leaves_no_signature_pln_08(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="it has 5 bytes"):
        write_signature(str(tmp_path / "plan.json"), DIGEST, HMAC, {"KEY": "short"})

    assert list(tmp_path.iterdir()) == []


def test_without_a_policy_nothing_is_signed_and_everything_may_be_applied_pln_08(
    tmp_path: Path,
) -> None:
    plan = str(tmp_path / "plan.json")

    assert not write_signature(plan, DIGEST, None, ENVIRONMENT)
    check_signature(plan, DIGEST, None, ENVIRONMENT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"\xff\xfe", b" " * 70_000, b"not JSON"])
def test_a_file_that_is_no_signature_is_an_input_error_pln_08(
    tmp_path: Path, content: bytes
) -> None:
    plan = tmp_path / "plan.json"
    Path(signature_path(str(plan))).write_bytes(content)

    with pytest.raises(PlanFileError, match="its signature cannot be read: ") as caught:
        check_signature(str(plan), DIGEST, HMAC, ENVIRONMENT)

    assert caught.value.exit_code == 4


def test_a_folder_in_the_place_of_the_signature_is_told_pln_08(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    Path(signature_path(str(plan))).mkdir()

    with pytest.raises(PlanFileError, match="its signature cannot be read: "):
        check_signature(str(plan), DIGEST, HMAC, ENVIRONMENT)
    with pytest.raises(UsageError):
        write_signature(str(plan), DIGEST, HMAC, ENVIRONMENT)
    with pytest.raises(UsageError, match="cannot be removed"):
        write_signature(str(plan), DIGEST, HMAC, {})
