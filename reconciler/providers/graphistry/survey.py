"""Surveys a Graphistry of which no manifest says anything yet, for `import`.

Here belongs finding the organisations, and what no record says. Reading is for `observe`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from reconciler.errors import UnexpectedResponseError
from reconciler.provider import Identity
from reconciler.providers.graphistry.accounts import is_confirmed
from reconciler.providers.graphistry.normalize import SITE
from reconciler.providers.graphistry.observe import Sight, observe
from reconciler.providers.graphistry.shell import Shell
from reconciler.scope import Scope
from reconciler.state import Fields, Key, State
from reconciler.survey import Survey
from reconciler.wording import listed

_UNSAID: Final = "passwords, personal keys, what users have made, and the switches of the site"
_UNNAMED: Final = (
    "organisations: the options do not say how Graphistry keeps them; `reconciler doctor` prints "
    "what they could be"
)
_FEW: Final = 40
"""So many names are listed, and of more the number."""


def organisations(shell: Shell) -> tuple[str, ...]:
    """The IDs of all organisations that are nobody's personal one; none where the options do not
    name their models.
    """
    if not shell.options.has_organisations:
        return ()
    found = shell.read("slugs", models=shell.options.models)
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise UnexpectedResponseError(shell.target, "the organisations that were read are no list")
    return tuple(found)


def take_survey(shell: Shell, identity: Identity) -> tuple[Survey, Sight]:
    """All users, and who is in which organisation; with all that was read. Raises TargetError."""
    slugs = organisations(shell)
    sight = observe(shell, Scope(servers=frozenset(slugs)))
    survey = Survey(
        system=f"{identity.system} {identity.version}",
        state=State({key: _plain(key, fields) for key, fields in sight.state.records.items()}),
        untouchable=(identity.untouchable | {identity.account}) - {""},
        left_out={SITE: "is what the options say of the site's switches"},
        remarks=(_UNSAID, *_of_organisations(shell, sight, slugs), *_unconfirmed(sight.state)),
    )
    return survey, sight


def _plain(key: Key, fields: Fields) -> Fields:
    """An account without an address that is not confirmed: a manifest has it without that remark,
    and would confirm it.
    """
    if key.kind != "account" or is_confirmed(fields):
        return fields
    return {name: value for name, value in fields.items() if name != "email"}


def _of_organisations(shell: Shell, sight: Sight, slugs: Sequence[str]) -> Iterator[str]:
    if not shell.options.has_organisations:
        yield _UNNAMED
    held = {key.path[0] for key, _ in sight.state.of_kind("membership")}
    if rest := [slug for slug in slugs if slug not in held]:
        yield f"organisations that nobody is in: {listed(rest, _FEW)}"


def _unconfirmed(state: State) -> Iterator[str]:
    names = [key.path[0] for key, fields in state.of_kind("account") if not is_confirmed(fields)]
    if names:
        yield f"the addresses, which are not confirmed, of {listed(sorted(names), _FEW)}"
