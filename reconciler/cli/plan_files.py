"""Plan files on disk: written whole or not at all, and read with words for what is wrong.

Here belong the files of plans and of their signatures. What stands in them is `plan_file` and
`plan_signature`.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler import plan_signature
from reconciler.errors import ManifestError, PlanFileError, UsageError
from reconciler.plan import Plan
from reconciler.plan_file import from_text
from reconciler.plan_signature import Resolve
from reconciler.source import Problem

if TYPE_CHECKING:
    from reconciler.manifest.policies import PlanSignature

_MAX_SIGNATURE_BYTES: Final = 64 * 1024


def check_destination(path: str) -> None:
    """Refuse a place to which no plan can be written, before any work. Raises UsageError."""
    if path == "-":
        raise UsageError("-o takes a file; to print the document use --format json")
    place = Path(os.path.realpath(path))
    try:
        mode = place.stat().st_mode
    except FileNotFoundError:
        mode = None
    except OSError as error:
        raise UsageError(f"-o {path} cannot be written: {error.strerror}") from error
    if mode is not None and not stat.S_ISREG(mode):
        what = "a directory" if stat.S_ISDIR(mode) else "no ordinary file"
        raise UsageError(f"-o {path} is {what}; name a file, such as plan.json")
    if not os.access(place.parent, os.W_OK | os.X_OK):
        raise UsageError(f"-o {path} cannot be written: there is no writable folder {place.parent}")


def write_plan(path: str, text: str) -> None:
    """Write the document, readable by all; another reader sees the old file or the new one."""
    check_destination(path)
    place = Path(os.path.realpath(path))
    try:
        descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
        try:
            with open(descriptor, "wb") as file:
                os.fchmod(descriptor, 0o644)
                file.write(text.encode())
                file.flush()
                os.fsync(descriptor)
            os.replace(name, place)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(f"-o {path} cannot be written: {error.strerror}") from error


def read_plan(path: str) -> Plan:
    """The plan in this file. Raises PlanFileError for whatever makes it unusable."""
    try:
        text = Path(path).read_bytes().decode()
    except OSError as error:
        problem = Problem(None, f"{path}: the plan file cannot be read: {error.strerror}")
        raise PlanFileError([problem]) from error
    except UnicodeDecodeError as error:
        hint = "make a plan file with: reconciler plan -o FILE"
        raise PlanFileError([Problem(None, f"{path}: it is not a plan: not text", hint)]) from error
    return from_text(text, path)


# Signatures


@dataclass(frozen=True, slots=True)
class Signing:
    """Whether a plan file was signed: true with the `path` of the signature, or the `reason`."""

    path: str = ""
    reason: str = ""

    def __bool__(self) -> bool:
        return bool(self.path)


def signature_path(path: str) -> str:
    """Where the signature of a plan file stands."""
    return f"{path}.sig"


def write_signature(
    path: str,
    digest: str,
    policy: PlanSignature | None,
    environment: Mapping[str, str],
) -> Signing:
    """Sign the plan file at `path` that has this digest, where we have the key to sign with.

    Where we do not, a signature that was left there by an earlier plan is removed. Raises
    ManifestError for a key that is there and of no use, UsageError where the file cannot be
    written.
    """
    from reconciler.options import UnresolvedError  # pydantic: reading a plan does not need it

    place = signature_path(path)
    try:
        if policy is None:
            return _without_signature(place, "the manifest has no policies.plan_signature")
        text = plan_signature.sign(digest, policy, _resolver(environment))
    except UnresolvedError as error:
        return _without_signature(place, error.message)
    write_plan(place, text)
    return Signing(path=place)


def _without_signature(place: str, reason: str) -> Signing:
    try:
        Path(place).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{place} cannot be removed: {error.strerror}") from error
    return Signing(reason=reason)


def check_signature(
    path: str,
    digest: str,
    policy: PlanSignature | None,
    environment: Mapping[str, str],
) -> None:
    """Raise unless the plan file at `path`, which has this digest, may be applied.

    Without a policy every plan may. Raises BlockedError for one that is not signed, or not with
    our key; PlanFileError for a signature that cannot be read; ManifestError for a key that is not
    there or of no use.
    """
    from reconciler.options import UnresolvedError  # as above

    if policy is None:
        return
    text = _read_signature(path)
    try:
        plan_signature.verify(digest, text, policy, _resolver(environment), file=path)
    except UnresolvedError as error:
        message = f"policies.plan_signature: {error.message}"
        raise ManifestError([Problem(None, message, error.hint)]) from error


def _read_signature(path: str) -> str:
    place = signature_path(path)
    try:
        with Path(place).open("rb") as file:
            content = file.read(_MAX_SIGNATURE_BYTES + 1)
        text = content.decode()
    except FileNotFoundError as error:
        raise plan_signature.unsigned(path, place) from error
    except OSError as error:
        raise plan_signature.unreadable(path, f"{place}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise plan_signature.unreadable(path, f"{place} is not text") from None
    if len(content) > _MAX_SIGNATURE_BYTES:
        raise plan_signature.unreadable(path, f"{place} is too large")
    return text


def _resolver(environment: Mapping[str, str]) -> Resolve:
    from reconciler.options import resolve_reference  # as above

    return lambda reference: resolve_reference(reference, environment)
