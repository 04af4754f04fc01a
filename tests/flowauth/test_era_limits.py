"""What releases of FlowAuth up to 1.17 cannot hold is refused with its line."""

from __future__ import annotations

import pytest

from reconciler.errors import ManifestError
from reconciler.sandbox.flowauth import by_hand
from reconciler.state import Key
from tests.flowauth.eras import DAILY, FLOWS, MANIFEST, ROUTE, apply, converge, run_of
from tests.flowauth.lab import Lab

OLDER = pytest.mark.parametrize("era", ["A", "B"])
DAILY_SCOPE = "admin3:daily_location:daily_location"


FLOWS_SCOPE = "admin3:flows:flows"
LONELY = f'get_result, "{DAILY_SCOPE}"]}}\n'
BOTH = ["9:3", "21:3"]
INNER = DAILY_SCOPE.replace("daily_location:daily", "modal_location:daily")
MODAL = INNER.replace("daily_location", "modal_location")


@pytest.mark.parametrize(
    "era, old, new, places, said",
    [
        ("A", LONELY, "get_result]}\n", ["20:3"], "gives get_result with a query only"),
        ("B", LONELY, "get_result]}\n", ["20:3"], "gives get_result with a query only"),
        ("A", FLOWS_SCOPE, "get_available_dates", BOTH, "is no right on an API route"),
        ("B", FLOWS_SCOPE, "get_available_dates", BOTH, "came with 1.18"),
        ("B", FLOWS_SCOPE, "admin3:flows:daily_location", BOTH, "spelled otherwise"),
        (
            "A",
            FLOWS_SCOPE,
            f'{FLOWS_SCOPE}", "nonspatial:flows:flows',
            BOTH,
            "cannot be nonspatial",
        ),
        ("A", "name: amina,", "name: kofi,", ["24:5"], "that of this user alone"),
        ("B", "name: amina,", "name: kofi,", ["24:5"], "that of this user alone"),
    ],
)
def test_what_a_release_cannot_hold_is_refused_with_its_line(
    lab: Lab, era: str, old: str, new: str, places: list[str], said: str
) -> None:
    lab.start(era=era)
    assert old in MANIFEST

    with run_of(lab, MANIFEST.replace(old, new)) as run, pytest.raises(ManifestError) as caught:
        run.plan()

    found = [str(each) for each in caught.value.problems if said in str(each)]
    assert [text.split("access.yaml:")[1].split(": ")[0] for text in found] == places
    assert lab.writes == []


def test_inner_queries_are_given_together_where_they_cannot_be_told_apart(lab: Lab) -> None:
    lab.start(era="A")
    both = MANIFEST.replace('"admin3:flows:flows"', f'"{MODAL}", "{INNER}"')
    some = both.replace(f'[run, "{MODAL}", "{INNER}"], token', f'[run, "{MODAL}"], token')
    assert some != both

    converge(lab, both)
    (found,) = refused(lab, some)

    assert found.startswith("21:")
    assert f"it would give {INNER} too" in found
    assert lab.observe().get(Key("role", ("store", "amina")))["scopes"] == (MODAL, "run")


def test_servers_that_need_a_secret_key_are_managed_and_not_created(lab: Lab) -> None:
    store = lab.start(era="A", has_secret_keys=True).store
    number = store.add_server("store")
    with store.transaction() as tables:
        tables.grouped.secret_keys[number] = "canary-key"

    converge(lab)
    more = MANIFEST.replace("users:\n", SECOND_SERVER, 1)
    (found,) = refused(lab, more)

    assert found.startswith(line_of(more, "  second:"))
    assert "have a secret key" in found
    assert "canary" not in found


SECOND_SERVER = """\
  second: {target: flowauth, token_expires: 2030-01-01T00:00:00Z, token_life: 2d}
users:
"""


def test_the_first_server_of_all_fails_with_what_to_do_where_it_needs_a_secret_key(
    lab: Lab,
) -> None:
    lab.start(era="A", has_secret_keys=True)

    outcomes = apply(lab)

    failed = [each for each in outcomes if each.status == "failed"]
    assert [each.change.key.kind for each in failed] == ["server"]
    assert "create it by hand" in failed[0].message
    assert {each.status for each in outcomes if each.change.key.kind == "role"} == {"skipped"}


# What does not fit what is there


def refused(lab: Lab, text: str = MANIFEST) -> list[str]:
    """Line and text of everything that a plan of this manifest refuses."""
    before = len(lab.writes)
    with run_of(lab, text) as run, pytest.raises(ManifestError) as caught:
        run.plan()
    assert len(lab.writes) == before
    return [str(each).split("access.yaml:")[1] for each in caught.value.problems]


def line_of(text: str, start: str) -> str:
    """The number of the line that begins so, as a place begins."""
    return f"{text[: text.index(start)].count(chr(10)) + 1}:"


AS_IT_IS = MANIFEST.replace(
    """    token_expires: 2030-01-01T00:00:00Z
    token_life: 2d
    scopes: [run, get_result, "admin3:daily_location:daily_location", "admin3:flows:flows"]
""",
    "    description: it is there\n",
)
OWN_SCOPES = 'scopes: [run, "admin3:flows:flows"], token_life: 1d'


@OLDER
@pytest.mark.parametrize(
    "text, said",
    [
        (
            AS_IT_IS.replace(OWN_SCOPES, 'scopes: [run, "admin3:gone:gone"]'),
            'the server "store" does not have the scopes admin3:gone:gone',
        ),
        (
            MANIFEST.replace(f", {OWN_SCOPES}", "").replace(', "admin3:flows:flows"]', "]"),
            'it has the scopes admin3:flows:flows, run, which the server "store" is to lose',
        ),
        (AS_IT_IS.replace("token_life: 1d", "token_life: 3d"), "longer than its server's, 2880"),
        (
            AS_IT_IS.replace("token_life: 1d", "token_expires: 2036-01-01T00:00:00Z"),
            "is later than its server's, 2035-01-01T00:00:00Z",
        ),
    ],
    ids=["missing", "lost", "life", "expires"],
)
def test_what_a_role_asks_beyond_its_server_is_refused_with_its_line(
    lab: Lab, era: str, text: str, said: str
) -> None:
    store = lab.start(era=era).store
    store.add_server("store")
    store.add_user("amina", "no password")
    every, some = ("run", "poll", "get_result"), ("run", "poll")
    if era == "A":
        routes = dict.fromkeys(("daily_location", "flows"), (every, ("admin3",)))
        by_hand.offer(store, "store", routes)
        by_hand.give(store, "amina", "store", {"flows": (some, ("admin3",))})
    else:
        by_hand.offer(store, "store", tuple(f"{a}&{q}" for a in every for q in (DAILY, FLOWS)))
        by_hand.give(store, "amina", "store", tuple(f"{action}&{FLOWS}" for action in some))

    found = refused(lab, text)

    assert len(found) == 1
    assert found[0].startswith(line_of(text, "  own:"))
    assert said in found[0]


def test_rights_that_differ_between_units_of_a_route_are_refused_with_the_line(lab: Lab) -> None:
    lab.start(era="A")
    mixed = '"run&flows.aggregation_unit.admin2", "get_result&flows.aggregation_unit.admin3"'
    text = MANIFEST.replace('"admin3:flows:flows"', mixed)

    found = refused(lab, text)

    said = "what may be done with flows differs between its aggregation units"
    assert [each[:4] for each in found if said in each] == ["9:3:", "21:3"]


@OLDER
@pytest.mark.parametrize("has_rights", [True, False])
def test_a_new_user_with_the_name_of_a_group_is_refused_with_the_line(
    lab: Lab, era: str, *, has_rights: bool
) -> None:
    store = lab.start(era=era).store
    by_hand.add_group(store, "kofi")
    if has_rights:
        store.add_server("other")
        held = ROUTE if era == "A" else (f"run&{DAILY}",)
        by_hand.offer(store, "other", held)
        by_hand.give(store, "kofi", "other", held)

    (found,) = refused(lab)

    assert found.startswith("16:")
    assert 'gives each user a group of the same name, and there is a group "kofi"' in found


@OLDER
def test_a_group_with_people_and_without_rights_is_not_made_a_role_behind_their_backs(
    lab: Lab, era: str
) -> None:
    store = lab.start(era=era).store
    store.add_user("stranger", "no password")
    by_hand.add_group(store, "reader", members=("stranger",))

    (found,) = refused(lab)

    assert found.startswith("20:")
    assert "who would get this role" in found


@OLDER
def test_a_role_whose_group_has_rights_elsewhere_is_refused_with_the_line(
    lab: Lab, era: str
) -> None:
    store = lab.start(era=era).store
    converge(lab)
    held = ROUTE if era == "A" else (f"run&{DAILY}",)
    store.add_server("second")
    by_hand.offer(store, "second", held)
    by_hand.give(store, "reader", "second", held)

    (found,) = refused(lab)

    assert found.startswith("20:")
    assert 'rights on other servers too, which would change with it: "second"' in found
