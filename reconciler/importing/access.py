"""The manifest of a system of accounts and roles, made by trying until a plan changes nothing.

Here belongs the loop: what a trial finds wrong is a doubt about somebody, with which the next draft
is made.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.importing.comment_lines import SCHEMA_LINE
from reconciler.importing.draft import Draft, drafted
from reconciler.importing.place import Place
from reconciler.importing.roster import Roster
from reconciler.importing.roster_remarks import head
from reconciler.importing.trial import Fault, System, faults_of
from reconciler.state import Key
from reconciler.survey import Survey


def access_manifest(survey: Survey, place: Place, system: System) -> str:
    """The text of the manifest that says what the survey found, with comments on what it cannot.

    It ends: after a few doubts a thing is left out, and nothing is found wrong with it any more.
    """
    doubts: dict[Key, tuple[str, ...]] = {}
    while True:
        roster = Roster(survey, system.kind.capabilities, doubts, system.beside)
        draft = drafted(roster, place)
        faults = faults_of(draft.text, place.target, survey, system)
        news = _doubts(faults, draft, roster)
        if not news:
            comments = head(roster, [each.message for each in faults])
            return SCHEMA_LINE + comments + draft.text
        for key, message in news.items():
            doubts[key] = (*doubts.get(key, ()), message)


def _doubts(faults: Iterable[Fault], draft: Draft, roster: Roster) -> dict[Key, str]:
    """Whom of the draft the faults are about, each once."""
    found: dict[Key, str] = {}
    for each in faults:
        about = draft.things.get(each.line) if each.key is None else _about(each.key, roster)
        if about is not None:
            found.setdefault(about, each.message)
    return found


def _about(key: Key, roster: Roster) -> Key | None:
    """The account, role or server of the draft that a record has to do with; None for none.

    Of a membership an account that must not be in it; else a role that has the name of one, for
    whose sake nobody of this name is protected; else the role it is in.
    """
    if key.kind != "membership":
        return key if _is_in(key, roster) else None
    member = key.path[-1:]
    candidates = [Key("role", member), Key("role", key.path[:-1])]
    if member[0] in roster.users and roster.is_shut(member[0]):
        candidates.insert(0, Key("account", member))
    return next((each for each in candidates if _is_in(each, roster)), None)


def _is_in(key: Key, roster: Roster) -> bool:
    """Whether the draft has this."""
    match key.kind:
        case "account":
            return key.path[0] in roster.users
        case "role":
            return key.path in roster.roles
    return key.kind == "server" and key.path[0] in roster.servers
