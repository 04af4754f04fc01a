"""What FlowAuth's plans say beside their changes."""

from __future__ import annotations

from reconciler.changes import Change
from reconciler.providers.flowauth.remarks import warnings
from reconciler.state import Key, State

READER, WRITER = Key("role", ("store", "reader")), Key("role", ("store", "writer"))
OBSERVED = State(
    {
        READER: {"scopes": ("get_result", "run")},
        WRITER: {"scopes": ("run",)},
        Key("account", ("amina",)): {"level": "user"},
        Key("membership", ("store", "reader", "amina")): {},
        Key("membership", ("store", "writer", "kofi")): {},
    }
)


def told(*changes: Change) -> list[str]:
    return [each.message for each in warnings(OBSERVED, changes)]


def narrowed(role: Key, before: tuple[str, ...], after: tuple[str, ...]) -> Change:
    return Change("update", role, {"scopes": before}, {"scopes": after})


def test_who_loses_a_role_is_named_since_tokens_live_on() -> None:
    key = Key("membership", ("store", "reader", "amina"))
    account = Key("account", ("amina",))
    gone = [Change("delete", each, {}, None) for each in (key, account)]

    (found,) = warnings(OBSERVED, gone)

    assert (found.rule, found.keys, found.blocking) == ("token-lag", (key,), False)
    assert found.message == (
        'FlowAuth revokes no tokens: those that "amina" made are good until they expire'
    )


def test_who_holds_a_role_that_loses_a_scope_is_named() -> None:
    (text,) = told(narrowed(READER, ("get_result", "run"), ("run",)))

    assert '"amina"' in text
    assert '"kofi"' not in text


def test_a_role_that_gains_a_scope_or_keeps_them_says_nothing() -> None:
    life = Change("update", WRITER, {"token_life_minutes": 60}, {"token_life_minutes": 30})

    assert told(narrowed(WRITER, ("run",), ("get_result", "run")), life) == []
