"""What Graphistry's plans ought to say beside their changes: what would fail, and what is risky.

Pure: what is there comes in as what was read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Final

from reconciler.changes import Change
from reconciler.provider import ENDS, TOKEN_LAG, Warned
from reconciler.providers.graphistry.accounts import LAG, is_power_left, is_shut_out, loses
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
    there = sight.state.names("account") | _created(changes)
    for change in changes:
        why = ""
        if change.key.kind == "membership":
            why = _against_membership(options, sight, change) or _stray(staying, change)
        elif change.key.kind == "account" and change.action == "delete":
            why = _against_deletion(options, there, change)
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


def _created(changes: Sequence[Change]) -> Set[str]:
    keys = (each.key for each in changes if each.action == "create")
    return {key.path[0] for key in keys if key.kind == "account"}


def _against_deletion(options: GraphistryOptions, there: Set[str], change: Change) -> str:
    name, heir = change.key.path[0], change.heir
    if heir and not options.transfer_command:
        return (
            f'nothing would give what "{name}" owns to "{heir}", the heir: set transfer_command, '
            "or leave heir out of the policy"
        )
    if heir and (heir == name or heir not in there):
        return (
            f'what "{name}" owns cannot be given to the heir "{heir}": there has to be such a user'
        )
    if heir or options.allow_hard_delete:
        return ""
    return (
        f'deleting "{name}" deletes what is theirs: name an heir in the policy and set '
        "transfer_command, or move it by hand and set allow_hard_delete"
    )


def _against_switches(sight: Sight, change: Change) -> str:
    said = (sight.switches.get(name) for name in sorted(change.after or {}))
    return "; ".join(sorted({each for each in said if isinstance(each, str)}))


def warnings(
    options: GraphistryOptions,
    sight: Sight,
    changes: Sequence[Change],
    keys: Mapping[str, Warned | None],
) -> Iterator[Warned]:
    """What somebody should know before these changes are made.

    `keys` says which personal keys those have who are shut out, where it was asked.
    """
    yield from _switch_warnings(options, sight)
    cut = [each.key for each in changes if loses(each)]
    if cut:
        yield Warned(TOKEN_LAG, _lag(options, cut), tuple(cut))
    yield from _unended(options, changes)
    yield from _key_warnings(options, changes, keys)
    yield from _heir_warnings(options, changes)
    powerful = [key for key in cut if _keeps_power(sight.state, key)]
    if powerful:
        names = ", ".join(key.path[0] for key in powerful)
        text = f"these keep their flags of staff or superuser while inactive: {names}"
        yield Warned("flags-kept", f"{text}; whoever activates them gives these back", (*powerful,))
    added = tuple(c.key for c in changes if c.key.kind == "membership" and c.action == "create")
    if added:
        text = "these become members at once: nobody invites them, and they accept nothing"
        yield Warned("no-invitation", f"{text}: {', '.join(str(key) for key in added)}", added)


def _lag(options: GraphistryOptions, cut: Sequence[Key]) -> str:
    who = _quoted(cut)
    if not options.url:
        return f"Graphistry revokes no tokens: {who} {LAG}"
    return (
        f"apply logs out {who}, where this release can do that; whoever checks only the signature "
        "of a token lets them in for as long as it lives, an hour unless the site says otherwise"
    )


def _quoted(keys: Sequence[Key]) -> str:
    return listed([f'"{key.path[0]}"' for key in keys])


def _unended(options: GraphistryOptions, changes: Sequence[Change]) -> Iterator[Warned]:
    """Open sessions that a grant wants ended, where there is no way to do that."""
    for change in changes if not options.url else ():
        if change.end_sessions and not loses(change):
            text = f"sessions of {', '.join(change.end_sessions)} cannot be ended without url"
            yield Warned("sessions", f"{text}: set it, or end_sessions fails", (change.key,))


def _key_warnings(
    options: GraphistryOptions, changes: Sequence[Change], keys: Mapping[str, Warned | None]
) -> Iterator[Warned]:
    shut = [each.key for each in changes if is_shut_out(each)]
    if shut and not options.keys_command:
        text = f"personal keys of {_quoted(shut)} are not looked at: revoke them with manage-pat.sh"
        yield Warned("personal-keys", f"{text}, or set keys_command", tuple(shut))
    for key in shut:
        if said := keys.get(key.path[0]):
            yield said


def _heir_warnings(options: GraphistryOptions, changes: Sequence[Change]) -> Iterator[Warned]:
    for change in changes:
        if change.heir and options.transfer_command:
            text = f'what "{change.key.path[0]}" owns is given to "{change.heir}"'
            yield Warned(ENDS, f"{text}, and only then are they deleted", (change.key,))


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
