"""Signatures of plan files, so that the job which applies takes only what the job which plans made.

Here belong making and checking the text of a signature, and judging the keys. The signature is
detached: it stands in a file of its own and signs the plan's digest, which covers all of the plan.
The files are opened by the command line. Pure but for what `resolve` does.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal, NoReturn, TypeAlias

from reconciler.errors import BlockedError, ManifestError, PlanFileError, ReconcilerError
from reconciler.json_text import canonical_text
from reconciler.source import Problem

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

    from reconciler.manifest.option_values import EnvRef, FileRef
    from reconciler.manifest.policies import PlanSignature

FORMAT: Final = "reconciler.plan-signature/v1"
"""What the documents of this module say of themselves."""

_DOMAIN: Final = b"reconciler.plan/v1\0"
"""Stands before the digest, so that a signature of something else is never one of a plan."""

_SHORTEST_HMAC_KEY_BYTES: Final = 32
"""A key shorter than the hash's output weakens it (RFC 2104, section 3)."""

_ED25519_BYTES: Final = 32  # the seed and the public key alike (RFC 8032, section 5.1.5)
_NAMES: Final = frozenset({"format", "method", "digest", "signature"})
_POLICY: Final = "policies.plan_signature"
_REMEDY: Final = "only the plan job makes signatures: let it plan again, and apply what it made"

Resolve: TypeAlias = "Callable[[EnvRef | FileRef], str]"
"""Gives the value behind a reference. What it raises is not caught here."""


def sign(digest: str, settings: PlanSignature, resolve: Resolve) -> str:
    """The text of the signature of a plan with this digest: the same for the same key, always.

    Raises ManifestError for a key that is of no use, ReconcilerError where `cryptography` is
    needed and missing.
    """
    message = _message(digest)
    if settings.method == "hmac-sha256":
        made = hmac.digest(_hmac_key(settings, resolve), message, hashlib.sha256)
    else:
        made = _private_key(settings, resolve).sign(message)
    return (
        canonical_text(
            {
                "format": FORMAT,
                "method": settings.method,
                "digest": digest,
                "signature": base64.b64encode(made).decode(),
            }
        )
        + "\n"
    )


def verify(
    digest: str,
    text: str,
    settings: PlanSignature,
    resolve: Resolve,
    *,
    file: str = "the plan file",
) -> None:
    """Raise unless the text signs a plan with this digest; `file` is what messages call the plan.

    Raises BlockedError for a signature that is not right, PlanFileError for a text that is no
    signature, and what `sign` raises for keys.
    """
    document = _parsed(text, file)
    if document["method"] != settings.method:
        _block(file, f'it is signed with "{document["method"][:40]}", not with "{settings.method}"')
    if document["digest"] != digest:
        _block(file, "its signature belongs to another plan")
    if not _is_right(digest, _bytes_of(document["signature"], file), settings, resolve):
        _block(file, f"its signature was not made with the key of {_POLICY}")


def unsigned(file: str, place: str) -> BlockedError:
    """The error for a plan that has no signature where one is asked for."""
    text = f"{file} is not signed: there is no {place}, and the manifest has {_POLICY}"
    return BlockedError(f"{text}. Nothing was written; {_REMEDY}")


def unreadable(file: str, reason: str) -> PlanFileError:
    """The error for something that stands where a signature is looked for and cannot be read."""
    message = f"{file}: its signature cannot be read: {reason}"
    return PlanFileError([Problem(None, message, _REMEDY)])


def _is_right(digest: str, given: bytes, settings: PlanSignature, resolve: Resolve) -> bool:
    message = _message(digest)
    if settings.method == "hmac-sha256":
        right = hmac.digest(_hmac_key(settings, resolve), message, hashlib.sha256)
        return hmac.compare_digest(right, given)
    key = _public_key(settings, resolve)
    from cryptography.exceptions import InvalidSignature  # there, since there is a key of it

    try:
        key.verify(given, message)
    except InvalidSignature:
        return False
    return True


def _message(digest: str) -> bytes:
    return _DOMAIN + bytes.fromhex(digest)


def _block(file: str, what: str) -> NoReturn:
    text = f"{file} is not what the plan job made: {what}"
    raise BlockedError(f"{text}. Nothing was written; {_REMEDY}")


# Reading


def _parsed(text: str, file: str) -> dict[str, str]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise unreadable(file, "it is not JSON") from None
    if not isinstance(document, dict) or not isinstance(document.get("format"), str):
        raise unreadable(file, "it is JSON, but no signature")
    if document["format"] != FORMAT:
        raise unreadable(file, f'its format is not "{FORMAT}"')
    if set(document) != _NAMES or not all(isinstance(each, str) for each in document.values()):
        raise unreadable(file, f"it must have {', '.join(sorted(_NAMES))}, and nothing else")
    return document


def _bytes_of(signature: str, file: str) -> bytes:
    try:
        return base64.b64decode(signature, validate=True)
    except ValueError:
        raise unreadable(file, '"signature" is not base64') from None


# Keys


def _reference(
    settings: PlanSignature, name: Literal["key", "private_key", "public_key"]
) -> EnvRef | FileRef:
    reference: EnvRef | FileRef | None = getattr(settings, name)
    assert reference is not None, "the manifest refuses a method without its keys"
    return reference


def _refuse_key(name: str, message: str, hint: str) -> NoReturn:
    """Say what is wrong with a key. Neither text holds anything of it."""
    raise ManifestError([Problem(None, f"{_POLICY}.{name}: {message}", hint)]) from None


def _hmac_key(settings: PlanSignature, resolve: Resolve) -> bytes:
    key = _key_bytes(resolve(_reference(settings, "key")))
    if len(key) < _SHORTEST_HMAC_KEY_BYTES:
        _refuse_key(
            "key",
            f"it has {len(key)} bytes and needs {_SHORTEST_HMAC_KEY_BYTES} or more",
            "make one with: openssl rand -base64 48",
        )
    return key


def _key_bytes(text: str) -> bytes:
    """The key as bytes, the same whether a file ends with a newline or not.

    A variable of the environment may hold bytes that are not UTF-8; Python hands them over as
    surrogates (PEP 383).
    """
    return text.rstrip("\r\n").encode(errors="surrogateescape")


_HOW: Final = "write it as PEM, or as base64 of its 32 bytes"


def _private_key(settings: PlanSignature, resolve: Resolve) -> Ed25519PrivateKey:
    reference = _reference(settings, "private_key")
    _need_cryptography()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    data = _key_bytes(resolve(reference))
    if b"-----BEGIN" not in data:
        return Ed25519PrivateKey.from_private_bytes(_raw(data, "private_key"))
    found = _pem_private_key(data)
    if not isinstance(found, Ed25519PrivateKey):
        _refuse_key("private_key", "it is the key of another method than Ed25519", _HOW)
    return found


def _pem_private_key(data: bytes) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if b" PUBLIC KEY-----" in data:
        _refuse_key("private_key", "it is a public key, which cannot sign", "name the private one")
    try:
        return load_pem_private_key(data, password=None)
    except TypeError:  # how it says that a password is needed
        _refuse_key(
            "private_key", "it is encrypted", "decrypt it, or keep it where it needs no password"
        )
    except (ValueError, UnsupportedAlgorithm):
        _refuse_key("private_key", "it looks like PEM and holds no PKCS#8 private key", _HOW)


def _public_key(settings: PlanSignature, resolve: Resolve) -> Ed25519PublicKey:
    reference = _reference(settings, "public_key")
    _need_cryptography()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    data = _key_bytes(resolve(reference))
    if b"-----BEGIN" not in data:
        raw = _raw(data, "public_key")
        try:
            return Ed25519PublicKey.from_public_bytes(raw)
        except ValueError:
            _refuse_key("public_key", "its bytes are no Ed25519 public key", _HOW)
    found = _pem_public_key(data)
    if not isinstance(found, Ed25519PublicKey):
        _refuse_key("public_key", "it is the key of another method than Ed25519", _HOW)
    return found


def _pem_public_key(data: bytes) -> PublicKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if b"PRIVATE KEY-----" in data:
        _refuse_key(
            "public_key",
            "it is a private key: whoever can read it can sign, and apply must not",
            "make the public one with: openssl pkey -pubout",
        )
    try:
        return load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        _refuse_key("public_key", "it looks like PEM and holds no public key", _HOW)


def _raw(data: bytes, name: str) -> bytes:
    try:
        raw = base64.b64decode(data, validate=True)
    except binascii.Error:
        _refuse_key(name, "it is neither PEM nor base64", _HOW)
    if len(raw) != _ED25519_BYTES:
        _refuse_key(name, f"it has {len(raw)} bytes and needs {_ED25519_BYTES}", _HOW)
    return raw


def _need_cryptography() -> None:
    try:
        import cryptography  # noqa: F401 - an optional package: only Ed25519 needs it
    except ModuleNotFoundError as error:
        if error.name != "cryptography":
            raise
        raise ReconcilerError(
            "ed25519 signatures of plans need a package that is not installed (cryptography): "
            "pip install 'reconciler[signatures]', or use the method hmac-sha256"
        ) from error
