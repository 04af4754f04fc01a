"""The benchmark's workload, and what it makes of samples: numbers are compared across years only
if these stay as they are.
"""

from __future__ import annotations

import json
import re

import pytest
import yaml

from benchmarks.delay import Turns
from benchmarks.limits import change_statements, coalesced_statements
from benchmarks.manifests import people_manifest, workload_manifest
from benchmarks.peers import PEERS
from benchmarks.process import Sample
from benchmarks.rows import Aim, Limit, Row, row_of
from benchmarks.table import document, growth, markdown
from benchmarks.workload import SMALLEST, Kind, change_one_percent, draw
from reconciler.manifest.load import parse_manifest

SIZES = pytest.mark.parametrize("size", [100, 1000, 5000])
KINDS = pytest.mark.parametrize("kind", ["equal rights", "random rights"])


@pytest.mark.parametrize(
    "size, roles, edges, acl_items, facts",
    [
        (100, 105, 193, 1_260, 1_558),
        (1000, 1_050, 2_019, 12_600, 15_669),
        (5000, 5_250, 10_101, 63_000, 78_351),
    ],
)
def test_a_workload_has_the_published_counts(
    size: int, roles: int, edges: int, acl_items: int, facts: int
) -> None:
    workload = draw(size)

    assert workload.role_count == roles
    assert len(workload.edges) == len(set(workload.edges)) == edges
    assert workload.schema_acl_count + workload.table_acl_count == acl_items
    assert workload.fact_count == facts


@pytest.mark.parametrize(
    "size, coalesced, changed", [(100, 107, 3), (1000, 1_052, 21), (5000, 5_252, 101)]
)
def test_the_limit_takes_the_published_number_of_statements(
    size: int, coalesced: int, changed: int
) -> None:
    workload = draw(size)
    change = change_one_percent(workload)

    assert len(coalesced_statements(workload)) == coalesced
    assert len(change_statements(change)) == change.statement_count == changed


@SIZES
@KINDS
def test_a_workload_is_the_same_each_time(size: int, kind: Kind) -> None:
    assert draw(size, kind) == draw(size, kind)
    assert change_one_percent(draw(size)) == change_one_percent(draw(size))


@SIZES
def test_the_change_swaps_one_group_of_each_hundredth_user_and_adds_one_user(size: int) -> None:
    before = draw(size)

    change = change_one_percent(before)

    gone = set(before.edges) - set(change.after.edges)
    come = set(change.after.edges) - set(before.edges)
    assert gone == set(change.lost)
    assert come == {*change.gained, (before.groups[0], "usr_new")}
    assert [user for _, user in change.lost] == list(before.users[::100])
    assert [user for _, user in change.gained] == list(before.users[::100])
    assert len(set(change.after.edges)) == len(before.edges) + 1


def test_random_rights_make_every_group_unlike_every_other() -> None:
    workload = draw(1000, "random rights")

    assert len({repr(each) for each in workload.rights.values()}) == len(workload.groups)
    assert len(coalesced_statements(workload)) == 1_050 + 12 + 4 * 240
    assert workload.users == draw(1000).users
    assert workload.edges == draw(1000).edges


def test_there_are_no_more_groups_than_fit_the_row_of_a_table() -> None:
    workload = draw(20_000)

    assert len(workload.groups) == 250
    assert {group for group, _ in workload.edges} == set(workload.groups)


def test_too_small_a_workload_is_refused() -> None:
    with pytest.raises(ValueError, match=f"at least {SMALLEST}"):
        draw(SMALLEST - 1)


def test_the_manifest_of_a_workload_says_just_the_workload() -> None:
    workload = draw(100)

    manifest = parse_manifest({"bench.yaml": workload_manifest(workload)}).manifest

    assert tuple(manifest.users) == workload.users
    assert tuple(manifest.roles) == workload.groups
    assert tuple((grant.role, grant.user) for grant in manifest.grants) == workload.edges
    assert {len(role.privileges) for role in manifest.roles.values()} == {24}


def test_the_manifest_of_random_rights_says_every_right_once() -> None:
    workload = draw(100, "random rights")

    manifest = parse_manifest({"bench.yaml": workload_manifest(workload)}).manifest

    told = [
        (f"{rule.schema}.{table}" if table else rule.schema, word.upper(), name)
        for name, role in manifest.roles.items()
        for rule in role.rules
        for table in (rule.tables if rule.tables is not None else [""])
        for word in rule.allow
    ]
    assert sorted(told) == sorted(workload.privileges())


def test_the_manifest_of_people_has_ten_lines_a_person_and_is_valid() -> None:
    text = people_manifest(250)

    manifest = parse_manifest({"people.yaml": text}).manifest

    assert len(manifest.users) == len(manifest.grants) == 250
    assert [len(group.members or ()) for group in manifest.groups.values()] == [100, 100, 50]
    assert 10 <= text.count("\n") / 250 < 11


def test_a_row_is_measured_by_its_median_and_its_largest_memory() -> None:
    samples = [Sample(9.0, 50.0), Sample(1.0, 70.0), Sample(2.0, 60.0)]

    row = row_of("plan", 100, samples, Limit("process", 0.5), Aim("ratio", 3))

    assert (row.seconds, row.peak_mib, row.ratio, row.is_met) == (2.0, 70.0, 4.0, False)


def test_a_limit_has_neither_ratio_nor_verdict() -> None:
    row = Row("read", 100, (0.1,))

    assert (row.ratio, row.is_met) == (None, None)


def test_an_aim_in_seconds_does_not_look_at_the_ratio() -> None:
    row = Row("help", 0, (0.05,), None, Limit("python", 0.001), Aim("seconds", 0.1))

    assert row.is_met is True


def test_table_and_document_tell_the_same() -> None:
    row = Row("plan", 5000, (1.5, 1.0, 2.0), 80.0, Limit("process", 0.5, 40.0), Aim("ratio", 2))

    table, told = markdown([row]), json.loads(document("PostgreSQL 18", [row]))

    cells = [cell.strip() for cell in table.splitlines()[2].strip("|").split("|")]
    assert cells == [
        "plan",
        "5,000",
        "1.50",
        "1.00 to 2.00",
        "80",
        "2.0",
        "process",
        "0.500",
        "3.0",
        "ratio <= 2",
        "no",
    ]
    assert told["rows"][0]["median_s"] == 1.5
    assert told["rows"][0]["ratio"] == 3.0
    assert told["rows"][0]["memory_ratio"] == 2.0
    assert told["rows"][0]["samples_s"] == [1.5, 1.0, 2.0]
    assert told["rows"][0]["met"] is False


def test_growth_compares_the_time_of_a_user_at_the_two_largest_sizes() -> None:
    limit = Limit("process", 1.0)
    sizes = {100: 9.0, 5000: 1.0, 50_000: 12.0}
    rows = [Row("plan", size, (seconds,), None, limit) for size, seconds in sizes.items()]

    table = growth(rows)

    head, _, line = ([cell.strip() for cell in each.split("|")] for each in table.splitlines())
    assert head[2:4] == ["ms a user, 5,000", "ms a user, 50,000"]
    assert line[1:5] == ["plan", "0.200", "0.240", "1.20"]
    assert growth(rows[:1]) == ""


def test_a_turn_is_counted_when_a_client_speaks_after_its_server() -> None:
    turns = Turns()

    for link, is_client in [(1, True), (1, True), (2, True), (1, False), (1, True), (1, False)]:
        turns.note(link, is_client=is_client)

    assert turns.count == 3


def test_peers_are_given_all_users_and_groups_in_their_own_words() -> None:
    workload = draw(100)

    for peer in PEERS:
        said = yaml.safe_load(peer.write(workload, "postgres: {is_superuser: yes}\n"))

        names = set(re.findall(r"(?:grp|usr)_\d+", json.dumps(said)))
        assert names == {*workload.users, *workload.groups}, peer.name
