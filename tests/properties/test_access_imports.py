"""Properties of `import` for systems of accounts and roles: whatever is there, a plan with the
manifest changes nothing, and nobody is lost without a word.

The systems are the real ones by their own rules, without any server.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from reconciler.importing.access import access_manifest
from reconciler.importing.names import shown
from reconciler.importing.place import Place
from reconciler.importing.said import duration
from reconciler.importing.trial import System
from reconciler.manifest.load import parse_manifest
from reconciler.manifest.scalars import parse_minutes
from reconciler.providers.flowauth.normalize import normalize as flowauth_normalize
from reconciler.providers.graphistry.normalize import normalize as graphistry_normalize
from reconciler.providers.graphistry.options import GraphistryOptions
from reconciler.providers.kohakuriver.normalize import normalize as kohakuriver_normalize
from reconciler.providers.mobiusflow.normalize import normalize as mobiusflow_normalize
from reconciler.providers.registry import provider_type
from reconciler.providers.scim.normalize import normalize as scim_normalize
from reconciler.state import Fields, Key, State, Value
from reconciler.survey import Survey
from tests.graphistry.installation import MODELS

NAMES = ("amina", "Amina", "kofi", "here-user", "null", "a: b", "*", "blank ", "e\u0301", "x" * 80)
TEXTS = ("", "Amina Diallo", "two\nlines", "a@example.org", " spaced  out ", "\u200b")
ORGANISATIONS = GraphistryOptions(**MODELS, role_names=("member", "owner"))
SYSTEMS: Mapping[str, System] = {
    "graphistry": System(
        provider_type("graphistry"), partial(graphistry_normalize, "here", ORGANISATIONS)
    ),
    "kohakuriver": System(provider_type("kohakuriver"), partial(kohakuriver_normalize, "here")),
    "flowauth": System(provider_type("flowauth"), partial(flowauth_normalize, "here")),
    "mobiusflow": System(provider_type("mobiusflow"), mobiusflow_normalize),
    "scim": System(
        provider_type("scim"),
        lambda desired, there: scim_normalize("here", desired, there, frozenset()),
    ),
}

_STANDING = {"graphistry": ("member", "owner", "emperor"), "kohakuriver": ("assignee",)}

_names = st.sampled_from(NAMES)
_texts = st.sampled_from(TEXTS)
_scopes = st.sets(st.sampled_from(["run", "dates", "", "odd\nscope"])).map(
    lambda found: tuple(sorted(found))
)
_limits: dict[str, st.SearchStrategy[Value]] = {
    "token_expires": st.sampled_from(["2030-01-01T00:00:00Z", "2031-01-01T00:00:00.500000Z"]),
    "token_life_minutes": st.sampled_from([0, 1, 60, 2880, 10**9]),
    "scopes": _scopes,
}
_ACCOUNTS: Mapping[str, st.SearchStrategy[Fields]] = {
    "graphistry": st.fixed_dictionaries(
        {
            "active": st.booleans(),
            "email": st.sampled_from(["", "a@example.org", "a@Example.org", "b@example.org", "@"]),
            "level": st.sampled_from(["user", "admin", "custom{superuser}"]),
            "name": _texts,
        }
    ),
    "kohakuriver": st.fixed_dictionaries(
        {
            "active": st.booleans(),
            "level": st.sampled_from(["anony", "admin", "emperor"]),
            "name": _texts,
        }
    ),
    "flowauth": st.fixed_dictionaries({"level": st.sampled_from(["user", "admin"])}),
    "mobiusflow": st.fixed_dictionaries(
        {},
        optional={
            "level": st.sampled_from(["viewer", "administrator", "custom{read}"]),
            "active": st.booleans(),
        },
    ),
    "scim": st.fixed_dictionaries(
        dict.fromkeys(("name", "email", "title", "department", "employee_number"), _texts),
        optional={"active": st.booleans()},
    ),
}


@st.composite
def _states(draw: st.DrawFn, system: str) -> State:
    """What may be there: roles on servers, roles in roles, or none, as the system has them."""
    accounts = draw(st.dictionaries(_names, _ACCOUNTS[system], max_size=6))
    records: dict[Key, Fields] = {Key("account", (n,)): fields for n, fields in accounts.items()}
    paths: list[tuple[str, ...]] = []
    if system == "scim":
        paths = [(name,) for name in sorted(draw(st.sets(_names, max_size=4)))]
        records |= {Key("role", path): {} for path in paths}
    if system == "flowauth":
        servers = sorted(draw(st.sets(_names, max_size=2)))
        limited = st.fixed_dictionaries(_limits)
        records |= {Key("server", (name,)): draw(limited) for name in servers}
        paths = [(each, name) for each in servers for name in draw(st.sets(_names, max_size=3))]
        records |= {Key("role", path): draw(limited) for path in paths}
    if system in _STANDING:
        places = sorted(draw(st.sets(_names, max_size=2)))
        paths = [(each, role) for each in places for role in _STANDING[system]]
        records |= {Key("object", (each, "vps", "")): {each: "amina"} for each in places}
    members = [*accounts, *(path[0] for path in paths if len(path) == 1)]
    if paths and members:
        edges = st.tuples(st.sampled_from(paths), st.sampled_from(members))
        for path, member in draw(st.sets(edges, max_size=8)):
            records[Key("membership", (*path, member))] = {}
    return State(records)


@given(st.integers(1, 10**8))
def test_minutes_are_written_as_the_manifest_reads_them(minutes: int) -> None:
    assert parse_minutes(duration(minutes)) == minutes


@given(st.sampled_from(sorted(SYSTEMS)), st.data())
def test_whatever_is_there_a_plan_changes_nothing_and_nobody_is_lost_dif_01(
    name: str, data: st.DataObject
) -> None:
    state = data.draw(_states(name))
    untouchable = data.draw(st.frozensets(_names, max_size=1))
    survey = Survey("a system", state, untouchable=untouchable)

    text = access_manifest(survey, Place("here", name, {}), SYSTEMS[name])

    assert "does not come out empty" not in text, text
    manifest = parse_manifest({"access.yaml": text}).manifest
    roles = {role.name or key for key, role in manifest.roles.items()}
    said = {"account": manifest.users.keys(), "server": manifest.servers.keys(), "role": roles}
    comments = " ".join(line.lstrip("# ") for line in text.splitlines() if line[:1] == "#")
    for key, _ in state.of_kind("account", "role", "server"):
        assert key.path[-1] in said[key.kind] or shown(key.path[-1]) in comments, (key, text)
