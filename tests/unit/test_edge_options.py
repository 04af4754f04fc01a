"""Options of memberships: what lines ask for, what targets refuse, and the steps by grantor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.changes import Change
from reconciler.classify import direction
from reconciler.desired import expand
from reconciler.errors import CannotHoldError, ManifestError
from reconciler.explain import applied_to
from reconciler.holding import Holding
from reconciler.manifest.load import parse_manifest
from reconciler.providers.flowauth import PROVIDER as FLOWAUTH
from reconciler.providers.postgres import PROVIDER as POSTGRES
from reconciler.providers.postgres.edges import Options, grantors, joined, membership_records
from reconciler.providers.postgres.normalize import normalize
from reconciler.providers.postgres.statements.edges import Edge, EdgePlan
from reconciler.render.phrases import phrase
from reconciler.scope import Capabilities, Desired
from reconciler.state import EMPTY, Fields, Key, State

NOW = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)
MANIFEST = """
version: 1
targets:
  db: {{provider: {provider}, options: {{}}}}
servers:
  store: {{target: db}}
users:
  amina: {{}}
groups:
  analysts: {{members: [amina]}}
roles:
  reader: {{server: store, inherits: {inherits}}}
  writer: {{server: store}}
grants:
{grants}
"""
IN_READER = Key("membership", ("reader", "amina"))
OPTIONS = st.builds(Options, st.booleans(), st.booleans(), st.booleans())
Rows = dict[Edge, Options]


def desired(*grants: str, inherits: str = "[]", provider: str = "postgres") -> Desired:
    lines = "\n".join(f"  - {{{each}}}" for each in grants)
    text = MANIFEST.format(grants=lines, inherits=inherits, provider=provider)
    able = {"postgres": POSTGRES.capabilities, "flowauth": FLOWAUTH.capabilities}
    return expand(parse_manifest({"access.yaml": text}), able, NOW)["db"]


# What lines ask for


@pytest.mark.parametrize(
    "grants, fields",
    [
        (["user: amina, role: reader"], {}),
        (["user: amina, role: reader, admin: false, inherit: true, set: true"], {}),
        (["user: amina, role: reader, admin: true, set: false"], {"admin": True, "set": False}),
        (["user: amina, role: reader, inherit: false", "user: amina, role: reader"], {}),
        (
            [
                "user: amina, role: reader, admin: true, inherit: false, set: false",
                "user: amina, role: reader, inherit: false",
            ],
            {"admin": True, "inherit": False},
        ),
    ],
)
def test_a_membership_has_every_option_that_one_of_its_lines_gives(
    grants: list[str], fields: Fields
) -> None:
    assert desired(*grants).state.get(IN_READER) == fields
    assert desired(*reversed(grants)).state.get(IN_READER) == fields


def test_a_group_and_a_role_may_be_given_options_too() -> None:
    state = desired(
        "group: analysts, role: reader, set: false",
        inherits="[writer, {role: flowdb_admin, inherit: false}]",
    ).state

    assert state.get(Key("membership", ("reader", "analysts"))) == {"set": False}
    assert state.get(Key("membership", ("analysts", "amina"))) == {}
    assert state.get(Key("membership", ("writer", "reader"))) == {}
    assert state.get(Key("membership", ("flowdb_admin", "reader"))) == {"inherit": False}


def test_a_target_without_options_refuses_them_with_their_lines() -> None:
    with pytest.raises(ManifestError) as caught:
        desired(
            "user: amina, role: reader, admin: true",
            "user: amina, role: writer, until: 2020-01-01T00:00:00Z, inherit: false",
            inherits="[{role: writer, set: false}]",
            provider="flowauth",
        )

    places = {each.source.path for each in caught.value.problems if each.source}
    assert {"grants.0.admin", "grants.1.inherit", "roles.reader.inherits.0.set"} <= places
    assert all("on target" in each.message for each in caught.value.problems)


@pytest.mark.parametrize("entry", ["{role: writer, admn: true}", "{admin: true}", "[writer]"])
def test_an_entry_of_inherits_that_is_none_is_refused_at_its_place(entry: str) -> None:
    with pytest.raises(ManifestError) as caught:
        desired("user: amina, role: reader", inherits=f"[{entry}]")

    assert all(
        each.source and each.source.path.startswith("roles.reader.inherits.0")
        for each in caught.value.problems
    )


@pytest.mark.parametrize("option", ["inherit", "set"])
def test_an_older_server_refuses_what_it_has_no_word_for(option: str) -> None:
    asked = desired(f"user: amina, role: reader, {option}: false").state

    with pytest.raises(CannotHoldError, match=f"{option}: false needs PostgreSQL 16") as caught:
        normalize("db", asked, EMPTY, 150004)

    assert [key for key, _ in caught.value.faults] == [IN_READER]


# What is there


def test_a_pair_is_one_record_and_says_who_else_granted_it() -> None:
    rows = [
        ("reader", "amina", "postgres", False, False, True, True),
        ("reader", "amina", "dele", True, True, False, False),
        ("reader", "kofi", "postgres", False, False, True, True),
    ]

    found = dict(membership_records(rows))

    usual = {"admin": False, "inherit": True, "set": True}
    assert found[IN_READER] == {**usual, "admin": True, "granted_by": ("dele",)}
    assert found[Key("membership", ("reader", "kofi"))] == usual
    assert list(grantors(rows)["reader", "amina"]) == ["dele", "postgres"]


# What it means


def test_rights_come_along_set_first_and_inherit_then() -> None:
    half = {"become": {"inherit": False, "set": True}, "have": {"inherit": True, "set": False}}
    edges = {
        ("top", "a"): half["have"],  # a is in top
        ("a", "by_become"): half["become"],
        ("a", "by_have"): half["have"],
        ("b", "lost"): half["have"],
        ("top", "b"): half["become"],
    }
    records: dict[Key, Fields] = {Key("membership", pair): own for pair, own in edges.items()}
    records |= {Key("account", (who,)): {} for who in ("by_become", "by_have", "lost")}

    graph = Holding(State(records), Capabilities())

    assert graph.holders(("top",)) == {"by_become", "by_have"}
    assert graph.above(("by_become",)) == {("by_become",), ("a",), ("top",)}
    assert graph.above(("lost",)) == {("lost",), ("b",)}


def test_more_options_widen_and_fewer_narrow() -> None:
    assert direction({"admin": False}, {"admin": True}) == "widened"
    assert direction({"set": True}, {"set": False}) == "narrowed"
    assert direction({"admin": False, "set": True}, {"admin": True, "set": False}) == "mixed"


@pytest.mark.parametrize(
    "change, text",
    [
        (Change("create", IN_READER, None, {"admin": True, "set": True}), " (admin)"),
        (Change("create", IN_READER, None, {"inherit": False}), " (inherit: no)"),
        (Change("delete", IN_READER, {"granted_by": ("dele",)}, None), " (granted by dele)"),
        (
            Change(
                "update", IN_READER, {"admin": True, "granted_by": ("a", "b")}, {"admin": False}
            ),
            ": admin: yes -> no (granted by a, b)",
        ),
    ],
)
def test_a_phrase_says_what_is_unusual_of_a_membership(change: Change, text: str) -> None:
    assert phrase(change).text == f"member of reader{text}"


# Steps by grantor: an oracle that does as PostgreSQL 16 does

ROLE, OURS, NAMES = "r", "postgres", ("a", "b", "c", "d")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Rows, list[Change]]:
    """Edges as they can come about, and what is asked of some of the memberships."""
    rows: Rows = {}
    for member in draw(st.lists(st.sampled_from(NAMES), max_size=8)):
        able = {edge.member for edge, own in rows.items() if own.admin} - _passed_by(rows, member)
        grantor = draw(st.sampled_from(sorted({OURS} | able - {member})))
        rows[Edge(ROLE, member, grantor)] = draw(OPTIONS)
    changes = []
    for pair in sorted({edge.pair for edge in rows}):
        before = joined(own for edge, own in rows.items() if edge.pair == pair)
        after = draw(st.none() | OPTIONS)
        if after != before:
            changes.append(_asked(pair, before, after))
    return rows, [change for change in changes if draw(st.booleans())]


def _passed_by(rows: Rows, name: str) -> set[str]:
    """Who has it from this name, directly or not: they cannot grant it back."""
    found: set[str] = set()
    while fresh := {e.member for e in rows if e.grantor in found | {name}} - found:
        found |= fresh
    return found


def _asked(pair: tuple[str, str], before: Options, after: Options | None) -> Change:
    key = Key("membership", pair)
    if after is None:
        return Change("delete", key, before._asdict(), None)
    named = {n: value for n, value in after._asdict().items() if before._asdict()[n] != value}
    return Change("update", key, {n: before._asdict()[n] for n in named}, named)


def _admins(rows: Mapping[Edge, Options]) -> set[str]:
    return {edge.member for edge, own in rows.items() if own.admin} | {OURS}


def _dangling(rows: Mapping[Edge, Options]) -> set[str]:
    """Who granted something and may not grant: GRANT ... WITH ADMIN FALSE leaves such edges."""
    return {edge.grantor for edge in rows} - _admins(rows)


@given(world=worlds())
def test_steps_lead_to_what_is_asked_and_nobody_else_loses_anything(
    world: tuple[Rows, list[Change]],
) -> None:
    start, changes = world
    rows, asked = dict(start), applied_to(_state(start), changes)
    by_pair: dict[tuple[str, str], dict[str, Options]] = {}
    for edge in sorted(start):
        by_pair.setdefault(edge.pair, {})[edge.grantor] = start[edge]
    plan, dangling = EdgePlan(changes, by_pair), _dangling(start)

    steps: list[tuple[Edge, Options | None]] = [
        *plan.steps.giving.items(),
        *plan.steps.again.items(),
        *plan.ordered_taking(),
    ]
    for edge, options in steps:
        real = edge._replace(grantor=edge.grantor or OURS)
        assert options is not None or real in rows, "PostgreSQL would only warn"
        assert options is None or real.grantor in _admins(rows), "its grantor may not grant"
        if options is None:
            del rows[real]
        else:
            rows[real] = options
        assert _dangling(rows) <= dangling, "2BP01, or a grant whose grantor may grant no more"
        assert plan.steps.keys(edge, plan.changed), "nobody would tell what became of it"

    assert _state(rows) == asked


def _state(rows: Mapping[Edge, Options]) -> State:
    pairs = {edge.pair for edge in rows}
    return State(
        {
            Key("membership", pair): joined(
                own for edge, own in rows.items() if edge.pair == pair
            )._asdict()
            for pair in pairs
        }
    )
