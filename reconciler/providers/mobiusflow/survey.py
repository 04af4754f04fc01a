"""Surveys a MobiusFlow of which no manifest says anything yet, for `import`. No I/O.

Its users are read whole anyway: here belongs what their records do not say.
"""

from __future__ import annotations

from typing import Final

from reconciler.provider import Identity
from reconciler.state import State
from reconciler.survey import Survey

_UNSAID: Final = "passwords, and everything of MobiusFlow but its users"


def survey_of(identity: Identity, state: State) -> Survey:
    """What was read, whole."""
    return Survey(
        system=f"{identity.system} {identity.version}",
        state=state,
        untouchable=identity.untouchable | {identity.account},
        remarks=(_UNSAID,),
    )
