"""An account that somebody was invited to make: nobody yet, and told as what it is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reconciler.changes import Change
from reconciler.cli.log import _words as log_words
from reconciler.engine.memory import Memories
from reconciler.explain import access_changes
from reconciler.holding import Holding
from reconciler.ledger import open_ledger
from reconciler.ledger.applied_documents import applied_texts, read_applied_head
from reconciler.ledger.values import Entry
from reconciler.plan import Finding, Plan
from reconciler.render.change_lines import Marks, drifted_keys, target_lines
from reconciler.render.documents import drift_json, status_json
from reconciler.render.drift_text import drift_text
from reconciler.render.phrases import phrase
from reconciler.render.status_text import status_summary, status_text
from reconciler.safety import judge
from reconciler.scope import Capabilities, Rules
from reconciler.selection import Remembered, select
from reconciler.state import EMPTY, INVITED, State
from reconciler.status import Status, status_of, tallies
from tests.ledger.cases_memory import applied
from tests.ledger.places import HandClock
from tests.safety_cases import account, situation
from tests.sample_plans import in_sync_plan

ABLE = Capabilities(
    levels=("user", "admin"), disabled={"active": False}, administrator={"level": "admin"}
)
AMINA = account("amina")
WAITING = State({AMINA: {INVITED: "admin"}})
TEXT = "amina is invited and has not registered yet"


def waiting_plan() -> Plan:
    """A plan in sync that waits for somebody on its first target."""
    plan = in_sync_plan()
    target = plan.targets[0].target
    finding = Finding("S-00000001", "pending-external", target, TEXT, (AMINA,), blocking=False)
    return replace(plan, findings=(finding,))


def waiting_status() -> Status:
    plan = waiting_plan()
    return Status(plan.at, plan.manifest, "ledger", "14d", 0, status_of(plan, {}))


# What it counts for


def test_whoever_is_invited_can_neither_sign_in_nor_administer() -> None:
    graph = Holding(WAITING, ABLE)

    assert not graph.may_sign_in("amina")
    assert not graph.has_access("amina")
    assert graph.administrators() == set()


def test_an_account_for_emergencies_that_nobody_has_made_yet_is_no_way_in() -> None:
    case = situation(WAITING, rules=Rules(break_glass=frozenset({"amina"})))

    (found,) = judge(replace(case, desired=replace(case.desired, state=WAITING)))

    assert (found.rule, found.blocking) == ("break-glass", True)
    assert "waits for whoever is invited to make it" in found.message


def test_a_plan_says_who_gains_an_invitation_and_to_what() -> None:
    change = Change("create", AMINA, None, {INVITED: "admin"})
    desired = situation().desired

    (gain,) = access_changes(desired, EMPTY, [change], ABLE)

    assert (gain.verb, gain.rights) == ("gains", ("an invitation to make an account (admin)",))


@pytest.mark.parametrize("leavers", ["disable", "delete"])
def test_the_invitation_of_one_who_leaves_goes_whatever_becomes_of_accounts(leavers: str) -> None:
    desired = situation().desired
    policy = replace(desired.policy, leavers="delete" if leavers == "delete" else "disable")
    known = Remembered(WAITING, lambda _key: "config")

    chosen = select(replace(desired, policy=policy), WAITING, ABLE, frozenset(), remembered=known)

    assert [(each.action, each.key) for each in chosen.changes] == [("delete", AMINA)]


def test_the_invitation_of_one_who_leaves_stays_while_nothing_is_remembered() -> None:
    chosen = select(situation().desired, WAITING, ABLE, frozenset())

    assert chosen.changes == ()


# How it is told


def test_an_unused_invitation_is_not_called_an_account() -> None:
    words = phrase(Change("delete", AMINA, {INVITED: "admin"}, None))

    assert words.text == "invitation, which was not used"


def test_a_plan_says_that_somebody_gets_an_invitation_and_no_password() -> None:
    change = Change("create", AMINA, None, {INVITED: "admin"})
    target = replace(in_sync_plan().targets[0], changes=(change,), new_passwords=("amina",))
    marks = Marks(frozenset(), frozenset(), drifted_keys(target))

    text = "\n".join(line.text for line in target_lines(target, marks))

    assert "account (invited: admin), gets an invitation" in text
    assert "password" not in text


def test_who_is_waited_for_is_no_drift_and_nothing_pending() -> None:
    (tally, *_) = tallies(waiting_plan())

    assert tally.waiting == (TEXT,)
    assert sum(tally.drift.values()) == sum(tally.pending.values()) == tally.blocked == 0


def test_drift_and_status_say_who_is_waited_for() -> None:
    status = waiting_status()

    assert f"Waiting, {status.targets[0].target}: {TEXT}" in drift_text(waiting_plan())
    assert "No drift" in drift_text(waiting_plan())
    assert f"    waiting    {TEXT}" in status_text(status)
    assert "waiting 1" in status_summary(status)


def test_documents_say_who_is_waited_for() -> None:
    documents = [json.loads(drift_json(waiting_plan())), json.loads(status_json(waiting_status()))]

    assert [each["targets"][0]["pending_external"] for each in documents] == [[TEXT], [TEXT]]
    assert not any("pending_external" in each["targets"][1] for each in documents)


def test_the_journal_says_in_words_what_was_noted() -> None:
    entry = Entry("noted", 4, "river", subject="amina", message="salt:digest")

    assert log_words(entry) == "noted of amina on river, to know an invitation again"


# What is remembered of it


def test_notes_come_back_with_the_applied_state_and_are_no_part_of_its_digest() -> None:
    plain = applied(EMPTY)
    noted = replace(plain, notes={'böse "name"': "salt:digest"})

    (before, digest), (after, same) = applied_texts(plain), applied_texts(noted)

    assert digest == same
    assert read_applied_head("flowdb", after.head).notes == {'böse "name"': "salt:digest"}
    assert read_applied_head("flowdb", before.head).notes == {}
    assert "notes" not in json.loads(before.head)


def test_what_was_noted_since_the_last_apply_that_ended_counts_most(tmp_path: object) -> None:
    place = f"{tmp_path}/ledger.sqlite3"
    with open_ledger(place, clock=HandClock()) as ledger:
        ledger.save_applied(replace(applied(EMPTY, run_id=3), notes={"amina": "old", "esi": "e"}))
        ledger.append(
            Entry("noted", 2, "flowdb", subject="kofi", message="of a run that was remembered"),
            Entry("noted", 4, "flowdb", subject="amina", message="first"),
            Entry("noted", 4, "flowdb", subject="amina", message="new"),
            Entry("noted", 4, "other", subject="amina", message="elsewhere"),
        )
        assert ledger.verify() == ()
    memories = Memories(place)

    notes = memories.notes("flowdb", "cluster 7")
    elsewhere = memories.notes("flowdb", "cluster 8")
    memories.close()

    assert notes == {"amina": "new", "esi": "e"}
    assert elsewhere == {}


def test_who_was_being_invited_when_a_run_died_is_known(tmp_path: object) -> None:
    place = f"{tmp_path}/ledger.sqlite3"
    invited = Change("create", AMINA, None, {INVITED: "admin"})
    other = Change("create", account("kofi"), None, {"level": "user"})
    with open_ledger(place, clock=HandClock()) as ledger:
        ledger.append(Entry("intent", 1, "flowdb", changes=(invited, other)))
    memories = Memories(place)

    found = memories.inviting("flowdb", "here")
    memories.close()

    assert found == {"amina"}
    assert Memories("").notes("flowdb", "") == {}
    assert Memories("").inviting("flowdb", "") == frozenset()
