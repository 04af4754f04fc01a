"""What several cases of the suite do: change an access, compare facts, search for secrets."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping

import pytest

from reconciler.state import Key
from tests.conformance.bench import TARGET, Access, Bench


def requires(condition: bool, reason: str) -> None:
    if not condition:
        pytest.skip(reason)


def with_names(bench: Bench, place: str, names: Iterable[str]) -> Access:
    """A manifest in which every name is that of an account, or of a group, or of a role."""
    chosen = tuple(names)
    first = bench.target.rights[:1]
    match place:
        case "account":
            grants = tuple((name, "plain-role") for name in chosen)
            return Access(users=chosen, roles={"plain-role": first}, grants=grants)
        case "group":
            groups = dict.fromkeys(chosen, ("plain-user",))
            grants = tuple((name, "plain-role") for name in chosen)
            users = ("plain-user",)
            return Access(users=users, groups=groups, roles={"plain-role": first}, grants=grants)
    grants = tuple(("plain-user", name) for name in chosen)
    return Access(users=("plain-user",), roles=dict.fromkeys(chosen, first), grants=grants)


def account_of(bench: Bench, access: Access, name: str) -> Mapping[str, object]:
    with bench.run(access) as run:
        fields = run.read()[TARGET].observed.get(Key("account", (name,)))
    assert fields is not None, f"there is no account {name}"
    return fields


def own_names(bench: Bench) -> set[str]:
    with bench.provider() as provider:
        identity = provider.identify()
    return {identity.account, *identity.untouchable}


def lost(before: Mapping[str, object], after: Mapping[str, object]) -> Mapping[str, object]:
    """The facts of before that are not there any more, or not as they were."""
    return {
        name: (fact, after.get(name, "absent"))
        for name, fact in before.items()
        if name not in after or after[name] != fact
    }


def whole_text(error: BaseException) -> str:
    """All that an error could show: its text, repr and traceback, and those of all behind it."""
    seen: list[BaseException] = []
    waiting: list[BaseException] = [error]
    while waiting:
        each = waiting.pop()
        seen.append(each)
        behind = [each.__cause__, each.__context__, *getattr(each, "failures", ())]
        waiting += [other for other in behind if other is not None and other not in seen]
    texts = [f"{each!r}\n{each}\n{each.args!r}\n{getattr(each, '__notes__', '')}" for each in seen]
    return "\n".join([*texts, *("".join(traceback.format_exception(each)) for each in seen)])


def assert_no_secret(bench: Bench, texts: Iterable[str]) -> None:
    requires(bool(bench.target.canaries), "the target's options hold no secret")
    for text in texts:
        for canary in bench.target.canaries:
            assert canary not in text
