"""Load a manifest from files: the one module of the package that touches them.

Here belong finding and reading the files, and the steps from texts to a manifest: read, merge,
validate and check. Each step collects its faults, and all are raised together.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Final

from reconciler.errors import ManifestError
from reconciler.manifest.collector import gc_paused
from reconciler.manifest.digest import digest_of
from reconciler.manifest.merge import Merged, merge
from reconciler.manifest.models import Manifest
from reconciler.manifest.validate import validate
from reconciler.manifest.yaml_reader import LARGEST_FILE, read_yaml
from reconciler.manifest.yaml_values import YamlMap
from reconciler.source import Problem, Source

STDIN: Final = "-"
"""The path that stands for standard input."""

_STDIN_NAME: Final = "<stdin>"
_SUFFIXES: Final = (".yaml", ".yml")


@dataclass(frozen=True)
class LoadedManifest:
    """A valid manifest, its digest, and the places of its values.

    `files` are in order of their names.
    """

    manifest: Manifest
    files: tuple[str, ...]
    _merged: Merged = field(repr=False, compare=False)

    @cached_property
    def digest(self) -> str:
        """The SHA-256, in hexadecimal, of what the files say.

        Format, comments, the order of keys and of grants, and the split into files make no
        difference to it. It is made when it is first asked for.
        """
        return digest_of(self._merged)

    def source(self, *path: str | int) -> Source:
        """Where a value of the manifest was written, by its path, such as ("grants", 3, "role").

        For an entry of a mapping it is the place of its key, for one of a list that of the item,
        and for one that was left out that of the nearest value around it.
        """
        return self._merged.source(*path)

    def with_user(self, manifest: Manifest, user: str, key: str, value: str) -> LoadedManifest:
        """Another manifest, in which one user has one other value; its digest says so.

        Places are those of this one.
        """
        users = self._merged.entries["users"]
        entry = users[user]
        said = YamlMap({**entry, key: value} if isinstance(entry, YamlMap) else {key: value})
        entries = {**self._merged.entries, "users": {**users, user: said}}
        return LoadedManifest(manifest, self.files, replace(self._merged, entries=entries))


def load_manifest(paths: Sequence[str]) -> LoadedManifest:
    """The manifest of these files together; of a folder, of its *.yaml and *.yml files; of "-",
    of stdin.

    Raises ManifestError with every fault of every file.
    """
    reader = _FileReader()
    for path in paths:
        reader.read(path)
    return _parse(reader.texts, reader.problems)


def read_texts(paths: Sequence[str]) -> Mapping[str, bytes]:
    """The texts of these files, folders and standard input, by the names of the files.

    Raises ManifestError with every one that cannot be read.
    """
    reader = _FileReader()
    for path in paths:
        reader.read(path)
    if reader.problems:
        raise ManifestError(sorted(reader.problems, key=_place_of))
    return reader.texts


def parse_manifest(texts: Mapping[str, str | bytes]) -> LoadedManifest:
    """The manifest of these texts, by the names of their files. Pure.

    Raises ManifestError with every fault of every text.
    """
    return _parse(texts, ())


def _parse(texts: Mapping[str, str | bytes], unread: Sequence[Problem]) -> LoadedManifest:
    if not texts and not unread:
        raise ManifestError([Problem(None, "no manifest was given", "name a file or a folder")])
    with gc_paused():
        merged = merge(read_yaml(content, file) for file, content in texts.items())
        valid = validate(merged, is_complete=merged.is_complete and not unread)
        problems = [*unread, *merged.problems, *valid.problems]
        if problems:
            raise ManifestError(sorted(problems, key=_place_of))
        files = tuple(document.file for document in merged.documents)
        return LoadedManifest(valid.manifest, files, merged)


def _place_of(problem: Problem) -> tuple[bool, Source, str]:
    return problem.source is not None, problem.source or Source("", 0, 0), problem.message


class _FileReader:
    """Reads files and folders, and keeps their texts and what was wrong with them."""

    def __init__(self) -> None:
        self.texts: dict[str, bytes] = {}
        self.problems: list[Problem] = []
        self._given: dict[str, str] = {}

    def read(self, path: str) -> None:
        """Read a path as the user gave it."""
        if path == STDIN:
            self._read_file(_STDIN_NAME, _stdin)
        elif os.path.isdir(path):
            self._read_folder(path)
        else:
            self._read_file(path, partial(_content, path))

    def _read_folder(self, folder: str) -> None:
        try:
            names = sorted(name for name in os.listdir(folder) if _is_manifest_name(name))
        except OSError as error:
            self._refuse(folder, error)
            return
        if not names:
            hint = "a folder is read for its files *.yaml and *.yml"
            self.problems.append(Problem(None, f"{folder}: no manifest is in this folder", hint))
        for name in names:
            path = os.path.join(folder, name)
            self._read_file(path, partial(_content, path))

    def _read_file(self, path: str, read: Callable[[], bytes]) -> None:
        try:
            earlier = self._given.setdefault(os.path.realpath(path), path)
            if earlier == path and path not in self.texts:
                self.texts[path] = read()
                return
        except (OSError, ValueError) as error:
            self._refuse(path, error)
            return
        message = f"{path}: the same file is given twice"
        hint = f"the other time as {earlier}" if earlier != path else "name it once"
        self.problems.append(Problem(None, message, hint))

    def _refuse(self, path: str, error: OSError | ValueError) -> None:
        message, hint = _words(error)
        self.problems.append(Problem(None, f"{path}: {message}", hint))


def _is_manifest_name(name: str) -> bool:
    return name.endswith(_SUFFIXES) and not name.startswith(".")


def _stdin() -> bytes:
    return sys.stdin.buffer.read(LARGEST_FILE + 1)


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(LARGEST_FILE + 1)


def _words(error: OSError | ValueError) -> tuple[str, str]:
    match error:
        case FileNotFoundError():
            return "there is no such file", "check the path, or make one with: reconciler init"
        case PermissionError():
            return "the file may not be read", "check its permissions"
        case IsADirectoryError():
            return "is a folder inside a folder", "folders are not read recursively; name it too"
        case OSError():
            return f"the file cannot be read ({error.strerror})", "check the path"
    return "the path cannot be that of a file", "check the path"
