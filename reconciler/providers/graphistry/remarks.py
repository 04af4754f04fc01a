"""What Graphistry's plans ought to say beside their changes: what would fail, and what is risky.

Pure: what is there comes in as what was read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Final

from reconciler.changes import Change
from reconciler.provider import TOKEN_LAG, Warned
from reconciler.providers.graphistry.accounts import is_power_left
from reconciler.providers.graphistry.normalize import SITE
from reconciler.providers.graphistry.observe import Sight
from reconciler.providers.graphistry.options import SIGNUP_SWITCHES, GraphistryOptions
from reconciler.state import Key, State
from reconciler.wording import listed

_UNPINNED: Final = (
    "the options do not say how Graphistry keeps organisations, which no release documents; "
    "`reconciler doctor` prints what they could be"
)


def obstacles(
    options: GraphistryOptions, sight: Sight, changes: Sequence[Change]
) -> Iterator[Warned]:
    """What would fail: each about one change, which it holds back."""
    staying = _roles_by_member(sight.state, {c.key for c in changes if c.action == "delete"})
    for change in changes:
        why = ""
        if change.key.kind == "membership":
            why = _against_membership(options, sight, change) or _stray(staying, change)
        elif change.key.kind == "account" and change.action == "delete":
            why = _against_deletion(options, change)
        elif change.key == SITE:
            why = _against_switches(sight, change)
        if why:
            yield Warned("graphistry", why, (change.key,), blocking=True)


def _roles_by_member(state: State, leaving: Set[Key]) -> Mapping[tuple[str, str], Sequence[str]]:
    """The roles that each member of an organisation has and is to keep."""
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for key in state.records.keys() - leaving:
        if key.kind == "membership":
            found[key.path[0], key.path[2]].append(key.path[1])
    return found


def _against_membership(options: GraphistryOptions, sight: Sight, change: Change) -> str:
    if not options.has_organisations:
        return f"{change.key} cannot be managed: {_UNPINNED}"
    if change.key.path[0] in sight.unmanageable:
        return f"{change.key} cannot be managed: {sight.unmanageable[change.key.path[0]]}"
    return ""


def _stray(staying: Mapping[tuple[str, str], Sequence[str]], change: Change) -> str:
    """A member has one role: another that stays stands against it."""
    slug, _, member = change.key.path
    if change.action == "delete" or not (roles := staying.get((slug, member))):
        return ""
    text = f'"{member}" is {" and ".join(sorted(roles))} of {slug}, which stays'
    return f"{text}, and a member has one role: declare a role of this name there to manage it"


def _against_deletion(options: GraphistryOptions, change: Change) -> str:
    if options.allow_hard_delete:
        return ""
    return (
        f'deleting "{change.key.path[0]}" deletes what is theirs: move it with '
        "account-transfer-data.sh first, then set allow_hard_delete"
    )


def _against_switches(sight: Sight, change: Change) -> str:
    said = (sight.switches.get(name) for name in sorted(change.after or {}))
    return "; ".join(sorted({each for each in said if isinstance(each, str)}))


def warnings(
    options: GraphistryOptions, sight: Sight, changes: Sequence[Change]
) -> Iterator[Warned]:
    """What somebody should know before these changes are made."""
    yield from _switch_warnings(options, sight)
    cut = [each.key for each in changes if _shuts_out(each)]
    if cut:
        who = listed([f'"{key.path[0]}"' for key in cut])
        text = (
            f"Graphistry revokes no tokens: {who} may go on for as long as a token lives, an hour "
            "unless the site says otherwise"
        )
        yield Warned(TOKEN_LAG, text, tuple(cut))
    powerful = [key for key in cut if _keeps_power(sight.state, key)]
    if powerful:
        names = ", ".join(key.path[0] for key in powerful)
        text = f"these keep their flags of staff or superuser while inactive: {names}"
        yield Warned("flags-kept", f"{text}; whoever activates them gives these back", (*powerful,))
    added = tuple(c.key for c in changes if c.key.kind == "membership" and c.action == "create")
    if added:
        text = "these become members at once: nobody invites them, and they accept nothing"
        yield Warned("no-invitation", f"{text}: {', '.join(str(key) for key in added)}", added)


def _shuts_out(change: Change) -> bool:
    """Whether a change of an account takes something away."""
    if change.key.kind != "account" or change.action == "create":
        return False
    fields = change.after or {}
    return change.action == "delete" or fields.get("active") is False or "level" in fields


def _keeps_power(state: State, key: Key) -> bool:
    fields = state.get(key)
    return fields is not None and fields["level"] != "user"


def _switch_warnings(options: GraphistryOptions, sight: Sight) -> Iterator[Warned]:
    for name, wanted in sorted(options.switches.items()):
        value = sight.switches.get(name, wanted)
        if name in options.settings_write:
            continue
        if isinstance(value, str):
            yield Warned("site-setting", f"{name} cannot be compared: {value}")
        elif value != wanted:
            risk = "; accounts can appear without the manifest" if name in SIGNUP_SWITCHES else ""
            text = f"{name} is {_word(value)} and is to be {_word(wanted)}{risk}"
            yield Warned("site-setting", f"{text}: settings_write does not let apply turn it")


def _word(value: bool) -> str:  # a value to be shown
    return "on" if value else "off"


def of_the_site(
    options: GraphistryOptions, sight: Sight, candidates: Iterable[Mapping[str, object]]
) -> tuple[str, ...]:
    """What somebody should know of the target though nothing fails, sorted."""
    found = [each.message for each in _switch_warnings(options, sight)]
    for key, fields in sight.state.of_kind("account"):
        if is_power_left(fields):
            text = f'"{key.path[0]}" is inactive and would be {fields["level"]} if activated'
            found.append(text)
    admin = sight.state.get(Key("account", ("admin",)))
    if admin is not None and admin["active"] is True and options.service_account != "admin":
        found.append('there is an active account "admin", which cloud images come with')
    if not options.has_organisations:
        found += [f"organisations could be managed with {_pins(each)}" for each in candidates]
    return tuple(sorted(found))


def _pins(candidate: Mapping[str, object]) -> str:
    return ", ".join(f"{name}: {_shown(value)}" for name, value in candidate.items())


def _shown(value: object) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
