"""What an imported manifest does not say, as comments at its head.

Here belong words and counts. Nothing of what is named in them is ever changed by a plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from reconciler.importing.cast import Cast, Casting
from reconciler.importing.comment_lines import listed, wrapped
from reconciler.importing.names import is_sayable, shown

_HERE: Final = "of this manifest"


def head(casting: Casting, cast: Cast) -> str:
    """The comment lines at the top of the manifest."""
    survey = casting.survey
    written = [name for name in survey.servers if is_sayable(name)]
    databases = listed(written) or "no database"
    lines = list(wrapped(f"Read from {survey.system}, with privileges in {databases}."))
    if cast.left_out:
        lines += ["#", "# Left out and protected (policy.protect):"]
        for name, why in cast.left_out.items():
            lines += wrapped(f"- {shown(name)}: {why}")
    lines += ["#", "# Left out, and never changed:"]
    for text in _unsaid(casting, cast):
        lines += wrapped(f"- {text}")
    return "".join(f"{line}\n" for line in lines)


def _unsaid(casting: Casting, cast: Cast) -> Iterator[str]:
    yield "passwords"
    strange = _strange(casting, cast)
    parts: Mapping[str, Iterable[str]] = {
        "roles that cannot sign in, hold nothing and have nobody in them": map(shown, cast.idle),
        f"memberships of people in what is no group or role {_HERE}": _loose(casting, cast),
        f"memberships of those left out above in roles {_HERE} (drift shows them)": strange,
        "privileges that people hold directly": _direct(casting, cast, "privilege"),
        "default privileges that people hold directly": _direct(casting, cast, "default_privilege"),
        "the end (VALID UNTIL) of": map(shown, casting.unsaid_times()),
        "databases whose name a manifest cannot have": [
            shown(name) for name in casting.survey.servers if not is_sayable(name)
        ],
    }
    for what, names in parts.items():
        if found := list(names):
            yield f"{what}: {listed(found)}"
    for what, counts in sorted(casting.survey.aside.items()):
        found = [f"{shown(name)} ({number})" for name, number in sorted(counts.items())]
        yield f"{what}: {listed(found)}"


def _loose(casting: Casting, cast: Cast) -> Iterator[str]:
    declared = {*cast.groups, *cast.roles}
    users = set(cast.users)
    for container, member in sorted(casting.edges):
        if member in users and container not in declared:
            yield f"{shown(member)} in {shown(container)}"


def _strange(casting: Casting, cast: Cast) -> Iterator[str]:
    declared = {*cast.groups, *cast.roles}
    for container, member in sorted(casting.edges):
        if container in declared and member in cast.left_out:
            yield f"{shown(member)} in {shown(container)}"


def _direct(casting: Casting, cast: Cast, kind: str) -> Iterator[str]:
    counts: defaultdict[str, int] = defaultdict(int)
    for name in cast.users:
        for record in casting.held.get(name, ()):
            if record.key.kind == kind:
                counts[name] += len(record.fields)
    for name, number in sorted(counts.items()):
        yield f"{shown(name)} ({number})"
