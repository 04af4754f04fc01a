"""Where a value was written, and what is wrong with it.

Here belong the two values that carry file, line and column from a manifest to every message:
`Source` and `Problem`. Reading files and raising errors does not belong here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """The place of one value: file as the user named it, line and column from 1, and its path.

    `path` is the dotted way to the value inside the document, such as `grants.3.role`.
    """

    file: str
    line: int
    column: int
    path: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    @property
    def short(self) -> str:
        """File and line alone, as a plan shows them beside a change."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault of an input: where (None where no place can be named), what, and what to do."""

    source: Source | None
    message: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.source}: " if self.source else ""
        path = f"{self.source.path}: " if self.source and self.source.path else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{where}{path}{self.message}{hint}"


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems in order of place, each once; those that have no place come first."""
    nowhere = Source("", 0, 0)
    return tuple(sorted(set(problems), key=lambda each: (each.source or nowhere, each.message)))


def suggest(word: str, known: Iterable[str]) -> str:
    """The hint `did you mean "..."?` for a word close to a known one, or an empty string."""
    import difflib  # only what is wrong needs a suggestion

    choices = sorted(known)
    folded = {choice.casefold(): choice for choice in reversed(choices)}
    close = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return f'did you mean "{folded[close[0]]}"?' if close else ""
