"""Surveys a FlowAuth of which no manifest says anything yet, for `import`. No I/O.

FlowAuth is read whole anyway: here belongs what its records do not say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from reconciler.provider import Identity
from reconciler.state import State
from reconciler.survey import Survey
from reconciler.wording import listed

_UNSAID: Final = "passwords, second factors, and the tokens that users have made"
_FEW: Final = 40
"""So many names are listed, and of more the number."""


def survey_of(identity: Identity, state: State, idle_groups: Mapping[str, Sequence[str]]) -> Survey:
    """What was read, whole. `idle_groups` have no rights on any server: of releases up to 1.17, by
    name, with their members.
    """
    idle = [
        f"{name} ({listed(who, _FEW) or 'nobody'})" for name, who in sorted(idle_groups.items())
    ]
    more = [f"groups without rights, with who is in them: {listed(idle, _FEW)}"] if idle else []
    return Survey(
        system=f"{identity.system} {identity.version}",
        state=state,
        untouchable=identity.untouchable | {identity.account},
        remarks=(_UNSAID, *more),
    )
