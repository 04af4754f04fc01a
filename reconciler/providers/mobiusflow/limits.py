"""What a plan is told: what MobiusFlow cannot do, what nobody has tried, what to look out for.

Pure. Nothing here is a guard: those are in `guards`, and in the writes themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from reconciler.changes import Change
from reconciler.passwords import asked_password
from reconciler.provider import Warned
from reconciler.providers.mobiusflow.options import MobiusFlowOptions
from reconciler.providers.mobiusflow.routes import Verb
from reconciler.state import Key, State
from reconciler.wording import listed

DEFAULT_ADMIN = "admin"


def warnings(
    options: MobiusFlowOptions, observed: State, changes: Sequence[Change]
) -> Iterator[Warned]:
    """Everything that is to be said of these changes."""
    if options.dialect == "v1":
        yield from _of_deactivation(options, changes)
    else:
        yield from _of_routes(options, changes)
    yield from _of_case(observed, changes)
    if DEFAULT_ADMIN in observed.names("account"):
        yield Warned("default-account", default_account())


def default_account() -> str:
    """What there is to say while the account is there that every engine comes with."""
    return (
        f'the account "{DEFAULT_ADMIN}", which every MobiusFlow comes with, is there: give it a '
        "password of its own, or name another administrator and delete it"
    )


def case_variants(observed: State) -> list[tuple[str, ...]]:
    """The accounts whose names differ only in case, together."""
    together: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(observed.names("account")):
        together[name.casefold()].append(name)
    return [tuple(names) for _, names in sorted(together.items()) if len(names) > 1]


def verbs_of(change: Change) -> tuple[Verb, ...]:
    """The rows of the table by which a change is made."""
    after = change.after or {}
    match change.action:
        case "create":
            return ("create",)
        case "delete":
            return ("delete",)
    level: tuple[Verb, ...] = ("set_role",) if "level" in after else ()
    password: tuple[Verb, ...] = ("set_password",) if asked_password(change) else ()
    active: tuple[Verb, ...] = ("set_active",) if "active" in after else ()
    return (*level, *password, *active)


def of_short_passwords(keys: Sequence[Key], shortest: int) -> Iterator[Warned]:
    """That these accounts' passwords from outside are too short, if there are any."""
    if keys:
        who = listed([f'"{key.path[-1]}"' for key in keys])
        text = (
            f"MobiusFlow takes no password of fewer than {shortest} characters "
            f"(min_password_length): that of {who} has fewer; make it longer where it is kept"
        )
        yield Warned("password-too-short", text, tuple(keys), blocking=True)


def _of_deactivation(options: MobiusFlowOptions, changes: Sequence[Change]) -> Iterator[Warned]:
    keys = [change.key for change in changes if (change.after or {}).get("active") is False]
    if not keys:
        return
    who = listed([f'"{key.path[-1]}"' for key in keys])
    if options.emulate_inactive:
        text = (
            f"{who} would lose every right and keep the password (emulate_inactive): the account "
            "can still log in, and sees nothing"
        )
        yield Warned("still-logs-in", text, tuple(keys))
    else:
        text = (
            f"MobiusFlow v1 cannot deactivate {who}: set leavers: delete in the policy of the "
            "target, or its option emulate_inactive: true, which takes every right instead"
        )
        yield Warned("cannot-deactivate", text, tuple(keys), blocking=True)


def _of_routes(options: MobiusFlowOptions, changes: Sequence[Change]) -> Iterator[Warned]:
    """One for each route that is used and that nobody has verified."""
    used: defaultdict[str, list[Key]] = defaultdict(list)
    table = options.table()
    for change in changes:
        for verb in verbs_of(change):
            if not table[verb].is_verified:
                used[verb].append(change.key)
    for used_verb, keys in sorted(used.items()):
        route = table[used_verb]
        who = listed([f'"{key.path[-1]}"' for key in keys])
        text = f"unverified: {who} by {route}, which MobiusFlow does not publish"
        if options.accept_unpublished_routes:
            text = f"{text}; whatever it answers, only what is read back counts"
            yield Warned("unverified-route", text, tuple(keys))
        else:
            hint = f'add "{route.text} verified" to the option routes'
            if any(each.split()[0] == used_verb for each in options.routes):
                hint = "write verified at its end in the option routes"
            text = f"{text}; try it, then {hint}, or set accept_unpublished_routes: true"
            yield Warned("unpublished-route", text, tuple(keys), blocking=True)


def _of_case(observed: State, changes: Sequence[Change]) -> Iterator[Warned]:
    """New accounts whose name is there in another case: nobody knows if that is another name."""
    there = {name.casefold(): name for name in sorted(observed.names("account"))}
    for change in changes:
        name = change.key.path[-1]
        other = there.get(name.casefold(), name)
        if change.action == "create" and other != name:
            text = f'"{name}" would be created, and "{other}" is there: is it the same person?'
            yield Warned("differs-in-case", text, (change.key,))
