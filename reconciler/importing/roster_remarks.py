"""What the imported manifest of a system of accounts and roles does not say, as comments.

Here belong words. Nothing of what is named in them is ever changed by a plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from reconciler.importing.comment_lines import listed, wrapped
from reconciler.importing.draft import named
from reconciler.importing.names import shown
from reconciler.importing.roster import Roster
from reconciler.importing.said import Said, sayable, unsayable
from reconciler.state import Key

_WORDS: Final = {"account": "user", "role": "role", "server": "server"}


def head(roster: Roster, unsolved: Sequence[str]) -> str:
    """The comment lines at the top of the manifest; `unsolved` is what a plan would find wrong."""
    lines = wrapped(f"Read from {roster.survey.system}.")
    parts: Mapping[str, Iterable[str]] = {
        "A plan with this manifest does not come out empty:": unsolved,
        "Left out and protected (policy.protect):": _left_out(roster, is_protected=True),
        "Left out, by a name that something of this manifest has too:": _left_out(
            roster, is_protected=False
        ),
        "Less is said here than there is, and the rest is not managed:": _shortened(roster),
        "Left out, and never changed:": _unsaid(roster),
    }
    for title, items in parts.items():
        if found := list(items):
            lines += ["#", f"# {title}"]
            for each in found:
                lines += wrapped(f"- {each}")
    return "".join(f"{line}\n" for line in [*lines, ""])


def _left_out(roster: Roster, *, is_protected: bool) -> Iterator[str]:
    for key, why in sorted(roster.left_out.items()):
        if _is_protected(key, roster) == is_protected:
            yield f"{_named(key)}: {why}"


def _is_protected(key: Key, roster: Roster) -> bool:
    return key.kind != "server" and key.path[-1] not in named(roster)


def _shortened(roster: Roster) -> Iterator[str]:
    """Whose details made trouble."""
    for key, doubts in sorted(roster.doubts.items()):
        if key not in roster.left_out:
            yield f"{_named(key)}: {doubts[-1]}"


def _named(key: Key) -> str:
    return f"{_WORDS[key.kind]} {' of '.join(shown(part) for part in reversed(key.path))}"


def _unsaid(roster: Roster) -> Iterator[str]:
    parts: Mapping[str, Iterable[str]] = {
        "users who are given nothing here, so that nothing is asked of their accounts": (
            shown(name) for name in roster.idle if not roster.survey.has_nominal_roles
        ),
        "what users had who may not sign in": _levels_of_shut(roster),
        "memberships of those left out above in roles of this manifest (drift shows them)": (
            f"{shown(name)} in {' of '.join(shown(part) for part in reversed(path))}"
            for path, name in roster.strangers
        ),
        "what the other files would have to say of their users": _elsewhere(roster),
        "values that a manifest cannot have": _values(roster),
    }
    yield from roster.survey.remarks
    for what, names in parts.items():
        if text := listed(names):
            yield f"{what}: {text}"


def _levels_of_shut(roster: Roster) -> Iterator[str]:
    for name in roster.users:
        level = roster.accounts[name].get("level")
        if level is not None and roster.is_shut(name):
            yield f"{shown(name)} (level {level})"


def _elsewhere(roster: Roster) -> Iterator[str]:
    """What accounts have that the new file cannot say, since their users are in another."""
    for name in roster.users:
        if name in roster.beside.users:
            key, entry = roster.beside.users[name]
            said = {word for word in ("name", "email") if getattr(entry, word)}
            words = [*sayable(roster.profile(name), roster.attributes(name)).keys() - said]
            if words:
                yield f"{', '.join(sorted(words))} of {shown(key)}"


def _values(roster: Roster) -> Iterator[str]:
    """The words left out of entries, each with whose it is."""
    for name in roster.users:
        yield from _words_of(shown(name), roster.profile(name), roster.attributes(name))
    keys = (*(Key("server", (n,)) for n in roster.servers), *(Key("role", p) for p in roster.roles))
    for key in keys:
        yield from _words_of(_named(key), roster.limits(key), roster.scopes(key))


def _words_of(whose: str, *parts: Said) -> Iterator[str]:
    yield from (f"{word} of {whose}" for word in unsayable(*parts))
