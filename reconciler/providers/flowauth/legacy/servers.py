"""Writes servers of FlowAuth up to 1.17: what groups can be given on them, and limits of tokens.

FlowAuth takes what a server offers as one complete set, and a group cannot do what its server does
not offer, so a server changes in two steps: `widen` before its groups, `narrow` after them.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.changes import Change
from reconciler.errors import WriteError
from reconciler.providers.flowauth import api as shared
from reconciler.providers.flowauth.legacy import api
from reconciler.providers.flowauth.legacy.directory import Directory, Limits
from reconciler.providers.flowauth.legacy.words import (
    Rights,
    minimal,
    rights_of,
    with_polls,
    words_of,
)
from reconciler.providers.flowauth.times import to_flowauth
from reconciler.providers.http_connection import AmbiguousError
from reconciler.providers.settling import settle
from reconciler.state import Fields

_KEYED = (
    "if this comes again: the first releases create no server without a secret key, which a "
    "manifest does not hold, so create it by hand"
)


def create(ids: Directory, change: Change) -> None:
    """Create a server, then what it offers."""
    name, fields = change.key.path[0], change.after or {}
    if ids.server(name) is not None:
        raise WriteError(ids.target, f'there is a server "{name}" already; plan again')
    limits = wanted_limits(fields, None)

    def write() -> None:
        try:
            api.create_server(
                ids.client, name, expiry=limits.expiry, life_minutes=limits.life_minutes
            )
        except AmbiguousError as error:
            raise AmbiguousError(ids.target, f"{error.message}; {_KEYED}") from None

    settle(ids.target, f'server "{name}"', write, lambda: _limits_of(ids, name) == limits)
    rights = _rights(fields)
    if rights is not None:
        _offer(ids, name, rights)


def widen(ids: Directory, change: Change) -> bool:
    """Give a server what it gains. False where it is to lose something too, by `narrow`."""
    name, fields = change.key.path[0], change.after or {}
    there = _need_limits(ids, name)
    wanted = wanted_limits(fields, there)
    wider = Limits(max(there.expiry, wanted.expiry), max(there.life_minutes, wanted.life_minutes))
    _write_limits(ids, name, wider)
    rights = _rights(fields)
    if rights is None:
        return wider == wanted
    offered = _offered(ids, name)
    if why := ids.dialect.obstacle(offered):
        raise WriteError(
            ids.target, f"nothing is written, for it could not be written whole: {why}"
        )
    joined = ids.dialect.joined([offered, rights])
    _offer(ids, name, joined)
    return wider == wanted and minimal(joined) == minimal(rights)


def narrow(ids: Directory, change: Change) -> None:
    """Take from a server what it is to lose. Raises WriteError where a group still has it."""
    name, fields = change.key.path[0], change.after or {}
    rights = _rights(fields)
    if rights is not None:
        _refuse_rights_in_use(ids, name, rights)
        _offer(ids, name, rights)
    _write_limits(ids, name, wanted_limits(fields, _need_limits(ids, name)))


def delete(ids: Directory, change: Change) -> None:
    """Delete a server with all rights on it; it may be gone already."""
    name = change.key.path[0]
    number = ids.server(name)
    if number is not None:
        settle(
            ids.target,
            f'server "{name}"',
            lambda: shared.delete_server(ids.client, number),
            lambda: ids.server(name) is None,
        )


# Limits


def wanted_limits(fields: Fields, there: Limits | None) -> Limits:
    """The limits of the fields, and where they name none, those that are there."""
    expires, life = fields.get("token_expires"), fields.get("token_life_minutes")
    expiry = to_flowauth(expires) if isinstance(expires, str) else None
    minutes = life if isinstance(life, int) else None
    if there is not None:
        expiry = there.expiry if expiry is None else expiry
        minutes = there.life_minutes if minutes is None else minutes
    assert expiry is not None, "what is new has one: see `normalize`"
    assert minutes is not None, "what is new has one: see `normalize`"
    return Limits(expiry, minutes)


def _limits_of(ids: Directory, name: str) -> Limits | None:
    number = ids.server(name)
    return None if number is None else ids.server_limits(number)


def _need_limits(ids: Directory, name: str) -> Limits:
    ids.need_server(name)
    found = _limits_of(ids, name)
    if found is None:
        raise WriteError(ids.target, f'there is no server "{name}" any more; plan again')
    return found


def _write_limits(ids: Directory, name: str, limits: Limits) -> None:
    if _limits_of(ids, name) == limits:
        return
    number = ids.need_server(name)
    settle(
        ids.target,
        f'server "{name}"',
        lambda: api.set_server_limits(
            ids.client,
            number,
            name=name,
            expiry=limits.expiry,
            life_minutes=limits.life_minutes,
        ),
        lambda: _limits_of(ids, name) == limits,
    )


# Rights


def _rights(fields: Fields) -> Rights | None:
    scopes = fields.get("scopes")
    return with_polls(rights_of(scopes)) if isinstance(scopes, tuple) else None


def _offered(ids: Directory, name: str) -> Rights:
    return ids.dialect.offered(ids.client, ids.need_server(name))


def _offer(ids: Directory, name: str, rights: Rights) -> None:
    if minimal(_offered(ids, name)) == minimal(rights):
        return
    number = ids.need_server(name)
    settle(
        ids.target,
        f'what the server "{name}" offers',
        lambda: ids.dialect.offer(ids.client, number, rights),
        lambda: minimal(_offered(ids, name)) == minimal(rights),
    )


def _refuse_rights_in_use(ids: Directory, name: str, kept: Rights) -> None:
    """No group loses a right in silence: one that we did not narrow is not ours, or failed."""
    if minimal(_offered(ids, name)) <= with_polls(kept):
        return
    uses = list(_uses(ids, name, kept))
    if uses:
        text = f'the server "{name}" keeps the scopes that it is to lose: {"; ".join(uses)}'
        hint = "take them from these groups first, or delete the groups"
        raise WriteError(ids.target, f"{text}; {hint}")


def _uses(ids: Directory, name: str, kept: Rights) -> Iterator[str]:
    groups = ids.groups_on(ids.need_server(name))
    for group, held in sorted(groups.values(), key=lambda each: each[0]):
        if lost := minimal(held) - with_polls(kept):
            yield f'the group "{group}" has {", ".join(words_of(lost))}'
