"""Surveys a KohakuRiver host of which no manifest says anything yet, for `import`.

Here belongs finding a word for each VPS, and what no record says. Reading is for `observe`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from reconciler.provider import Identity
from reconciler.providers.kohakuriver import api, invitations
from reconciler.providers.kohakuriver.directory import Directory, matching
from reconciler.providers.kohakuriver.observe import observe
from reconciler.scope import Scope
from reconciler.state import State
from reconciler.survey import Survey
from reconciler.wording import listed

_UNSAID: Final = "passwords, API tokens and sessions, and all else of the host"
_FEW: Final = 40
"""So many names are listed, and of more the number."""


def take_survey(directory: Directory, identity: Identity) -> Survey:
    """All accounts, and who is assigned to which VPS. Raises TargetError."""
    rows = api.list_vps(directory.client)
    words = {row.task_id: _word(rows, row) for row in rows}
    state = observe(directory, Scope(servers=frozenset(words.values())))
    return Survey(
        system=f"{identity.system} {identity.version}".strip(),
        state=state,
        untouchable=identity.untouchable | {identity.account},
        remarks=(
            _UNSAID,
            *_unassigned(state, words),
            *_owned(rows, words),
            *invitations.told(directory),
        ),
    )


def _word(rows: Sequence[api.VpsRow], row: api.VpsRow) -> str:
    """What a manifest calls a VPS: its name, if it stands for this one alone; else its task_id."""
    name = row.name or ""
    is_plain = name.isprintable() and name == name.strip() != ""
    return name if is_plain and len(matching(rows, name)) == 1 else row.task_id


def _unassigned(state: State, words: Mapping[str, str]) -> Iterator[str]:
    assigned = {key.path[0] for key, _ in state.of_kind("membership")}
    if rest := sorted(set(words.values()) - assigned):
        yield f"VPS to which nobody is assigned: {listed(rest, _FEW)}"


def _owned(rows: Sequence[api.VpsRow], words: Mapping[str, str]) -> Iterator[str]:
    """Whose the VPS are: no manifest changes that."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.owner_username:
            found[row.owner_username].append(words[row.task_id])
    if found:
        each = [f"{owner} ({listed(sorted(vps), _FEW)})" for owner, vps in sorted(found.items())]
        yield f"who owns which VPS: {listed(each, _FEW)}"
