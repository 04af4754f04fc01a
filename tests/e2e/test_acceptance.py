"""Ten things that happen to whoever looks after everybody's access, one after the other, on three
systems: a PostgreSQL, a FlowAuth, and a third one in a file.

Each step runs the real command line, and looks at what a person is shown, at the exit code, and at
what the systems hold afterwards.
"""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from reconciler.sandbox.flowauth import Fault, FaultKind
from tests.e2e.acceptance_house import House, accepted_ids, furnished_house, with_accept

_ONE_SCREEN = 25


def test_whoever_looks_after_access_gets_through_ten_ordinary_and_bad_days(tmp_path: Path) -> None:
    with furnished_house(tmp_path) as house:
        _1_an_edit_with_a_typo_is_told_by_its_place(house)
        _2_a_preview_changes_nothing(house)
        _3_what_was_approved_is_applied_once(house)
        _4_a_commit_that_waits_is_no_drift(house)
        _5_drift_is_told_and_what_was_cut_is_held(house)
        _6_what_ends_is_taken_away_without_anybody(house)
        _7_a_user_who_vanished_is_one_failure(house)
        _8_nobody_loses_everything_by_a_typo(house)
        _9_nobody_is_locked_out_by_a_typo(house)
        _10_an_interrupted_apply_goes_on_where_it_was(house)
        _and_all_of_it_is_on_record(house)


def _1_an_edit_with_a_typo_is_told_by_its_place(house: House) -> None:
    with house.mistake(
        ("{group: support, role: wiki-editor}", "{group: suport, role: wiki-editor}")
    ):
        told = house.run("validate", exits=4)
    assert "access.yaml:121:6: grants.13.group: " in told
    assert 'did you mean "support"?' in told

    told = house.run("validate", exits=0)

    assert told.startswith("access.yaml is valid: 30 users, 8 groups, ")


def _2_a_preview_changes_nothing(house: House) -> None:
    before = house.everything()

    told = house.run("plan", "-o", "first.json", "--detailed-exitcode", exits=2)

    assert house.everything() == before
    assert "  Amina Diallo (amina)\n+   account (level: user), gets a temporary password" in told
    assert (
        "+   api: Esi Owusu and Nana Agyeman gain an account that may sign in, level admin" in told
    )
    assert "Plan: 207 to create, 0 to update, 0 to delete on 3 targets; 0 blocked." in told
    assert "To apply exactly this: reconciler apply first.json" in told
    assert house.run("show", "first.json", exits=0) in told


def _3_what_was_approved_is_applied_once(house: House) -> None:
    told = house.apply("first.json")

    assert "Apply: 207 done, 0 failed, 0 skipped; 0 blocked. Converged: yes." in told
    assert house.members("epidemiologists") == {"grace", "samuel", "mariam", "daniel"}
    assert house.api["esi"] == (True, ())
    assert house.api["grace"] == (False, ("api-analyst",))
    assert ("wiki-editor", "support") in house.wiki
    with house.signed_in("amina") as session:
        assert session.execute("SELECT count(*) FROM geography.admin3").fetchone()
    _nothing_is_left_to_do(house)
    again = house.run("apply", "first.json", exits=6)
    assert again.startswith("error: this plan was used already, by run 1 at ")


def _4_a_commit_that_waits_is_no_drift(house: House) -> None:
    house.edit(
        ("  felix: {name", "  peter: {name: Peter Ansah}\n  felix: {name"),
        ("joseph, comfort]", "joseph, comfort, peter]"),
        ("      - kwesi\n", ""),
        *((f"{line}\n", f"{line}\n    policy: {{protect: [nightly]}}\n") for line in _LAST_OPTIONS),
    )

    told = house.run("drift", exits=0)

    assert "12 changes of the manifest are not applied yet: reconciler plan" in told
    assert told.endswith("No drift: 3 targets are as the last apply left them.\n")
    assert house.run("status", exits=0).startswith("pending 12 · drift 0 · expiring 0\n")
    told = house.apply("--yes")
    assert "Apply: 12 done, " in told
    assert "kwesi" not in house.members("analysts")
    assert "kwesi" not in house.api
    assert ("ministry", "peter") in house.wiki
    _nothing_is_left_to_do(house)


_LAST_OPTIONS = (
    "      bootstrap_admin: admin",
    "    options: {dsn: {env: FLOWDB_DSN}}",
    "    options: {state: wiki.json}",
)


def _5_drift_is_told_and_what_was_cut_is_held(house: House) -> None:
    house.sql("ALTER ROLE kofi CREATEROLE")
    house.sql('GRANT DELETE ON geography.admin3 TO "db-reader"')
    house.sql("REVOKE engineers FROM fatou")
    house.sql('REVOKE SELECT ON geography.admin2 FROM "db-reader"')
    house.systems.flowauth.store.set_admin("kofi", is_admin=True)
    house.systems.flowauth.store.set_user_roles("amina", [])
    house.edit_wiki(without=("analysts", "abena"), with_=("engineers", "abena"))

    told = house.run("drift", exits=3)

    place = house.place_of("engineers: {members")
    assert (
        "  Fatou Sow (fatou)\n    is no longer a member of engineers\n      new: narrowed, " in told
    )
    assert f"Z, {place} says otherwise  D-" in told
    assert "    level is admin, was user\n      new: widened, since 20" in told
    assert "    has delete on table geography.admin3 in flowdb; lacks select on table" in told
    assert "to keep it, add: groups.engineers.members: abena" in told
    assert told.endswith("Drift: 3 widened, 3 narrowed, 1 mixed on 3 targets; 3 held.\n")
    held = _repair_all_but_what_was_cut(house)
    told = house.apply("--yes", *with_accept(held))
    assert "Apply: 3 done, 0 failed, 0 skipped; 0 blocked. Converged: yes.\n" in told
    assert "fatou" in house.members("engineers")
    assert house.api["amina"] == (False, ("api-analyst",))
    assert ("analysts", "abena") in house.wiki
    _nothing_is_left_to_do(house)


def _repair_all_but_what_was_cut(house: House) -> list[str]:
    """Apply; gives the ids of what it held."""
    told = house.apply("--yes")

    held = accepted_ids(told)
    assert len(held) == 3
    assert f"=   Held, see the findings above: {', '.join(held)}\n" in told
    assert told.endswith("0 blocked. Converged: yes, but 3 held.\n")
    assert house.api["kofi"] == (False, ("api-analyst",))
    assert not house.may("amina", "DELETE", "geography.admin3")
    assert house.may("amina", "SELECT", "geography.admin2")
    assert house.sql("SELECT rolcreaterole FROM pg_roles WHERE rolname = 'kofi'") == [(False,)]
    assert ("engineers", "abena") not in house.wiki
    assert "fatou" not in house.members("engineers")
    assert house.api["amina"] == (False, ())
    assert ("analysts", "abena") not in house.wiki
    told = house.run("drift", exits=3)
    assert "      still: narrowed, since " in told
    assert told.endswith("Drift: 0 widened, 3 narrowed, 0 mixed on 3 targets; 3 held.\n")
    assert house.run("status", exits=0).startswith("pending 0 · drift 3 narrowed · held 3 · ")
    return held


def _6_what_ends_is_taken_away_without_anybody(house: House) -> None:
    future, past = "until: 2035-06-30T00:00:00Z", "until: 2026-01-31T00:00:00Z"
    house.edit(
        (f"role: db-engineer, {future}", f"role: db-engineer, {past}"),
        (f"role: api-viewer, {future}", f"role: api-viewer, {past}"),
        ("policies:\n", "  - {user: linda, role: db-engineer}\n\npolicies:\n"),
    )
    house.run("plan", "-o", "mixed.json", exits=0)
    refused = house.run("apply", "mixed.json", "--only", "expiry", exits=5)
    assert "would also create membership db-engineer/linda on db" in refused

    with house.signed_in("jonas") as session:
        told = house.run("apply", "--only", "expiry", exits=0)

        with pytest.raises(psycopg.errors.AdminShutdown):
            session.execute("SELECT 1")

    assert "      ended 1 session of jonas\n" in told
    assert "Apply: 7 done, " in told
    assert not {"claire", "jonas", "aisha"} & house.api.keys()
    assert house.members("db-engineer") == {"engineers", "naa"}
    assert "jonas" in house.members("partners")
    assert "1 change of the manifest is not applied yet" in house.run("drift", exits=0)
    assert "Apply: 1 done, " in house.apply("--yes")
    assert "linda" in house.members("db-engineer")


def _7_a_user_who_vanished_is_one_failure(house: House) -> None:
    flowauth = house.systems.flowauth
    house.grant("{user: moses, role: api-viewer}")
    house.run("plan", "-o", "moses.json", exits=0)
    flowauth.store.delete_user("grace")
    assert "Converged: yes." in house.apply("moses.json")  # it does not touch her
    assert house.api["moses"] == (False, ("api-viewer",))

    house.edit(("[grace, samuel, mariam, daniel]", "[grace, mariam, daniel]"))
    house.grant("{user: linda, role: api-viewer}", "{user: mariam, role: api-viewer}")
    house.run("plan", "-o", "samuel.json", exits=0)
    flowauth.store.delete_user("samuel")
    before = house.everything()
    stale = house.apply("samuel.json", exits=6)
    assert "api: account samuel was level=user and is absent\n" in stale
    assert house.everything() == before

    in_between = Fault(
        FaultKind.OUTSIDE_EDIT,
        "POST",
        "/admin/users",
        edit=lambda: flowauth.store.delete_user("mariam"),
    )
    flowauth.faults.arm(in_between)
    told = house.apply("--yes", exits=8)
    assert '      there is no user "mariam" any more; plan again\n' in told
    assert ", 1 failed, 0 skipped; 0 blocked, 2 held. Converged: no.\n" in told
    assert house.api["linda"] == (False, ("api-viewer",))
    assert "samuel" not in house.members("epidemiologists")

    told = house.run("plan", exits=0)
    house.apply("--yes", *with_accept(accepted_ids(told)))
    assert house.api["grace"] == (False, ("api-analyst",))
    assert house.api["mariam"] == (False, ("api-analyst", "api-viewer"))
    _everything_is_as_asked(house)


def _8_nobody_loses_everything_by_a_typo(house: House) -> None:
    house.grant("{user: akosua, role: wiki-editor}")
    with house.mistake(("[felix, linda, moses]", "[]")):
        told = house.apply("--yes", exits=5)
    assert '"support" would be left without anybody; it would lose Felix Amoah, Linda Osei' in told
    assert ("wiki-editor", "akosua") in house.wiki  # the rest goes on
    assert house.members("support") == {"felix", "linda", "moses"}
    _everything_is_as_asked(house)
    before = house.everything()

    analysts = [f"      - {name}\n" for name in _ANALYSTS]
    with house.mistake(("".join(analysts), "")):
        told = house.run("plan", exits=4)
    assert "groups.analysts.members: has no value; write [] for none, or leave" in told
    with house.mistake(("".join(analysts[1:]), "")):
        told = house.apply("--yes", exits=5)
    assert '"analysts" on db would lose 7 of its 8 members (Abena Asante, ' in told
    assert "the most that one plan may take is 50 percent (policy.removals)" in told
    lines = [line for line in house.manifest.splitlines(keepends=True) if ", role: wiki-" in line]
    with house.mistake(*((line, "") for line in lines)):
        told = house.apply("--yes", exits=5)
    assert " people would lose everything they hold on wiki (" in told

    assert house.everything() == before
    _everything_is_as_asked(house)


_ANALYSTS = ("amina", "kofi", "abena", "kwame", "efua", "kojo", "adwoa", "yaa")


def _9_nobody_is_locked_out_by_a_typo(house: House) -> None:
    before = house.everything()

    with house.mistake(("  - {user: tool, role: db-platform}\n", ""), (_PLATFORM, "")):
        told = house.apply("--yes", exits=5)
    assert '"db-platform", which holds "access_tool", the account that reconciler uses' in told
    with house.mistake(("  tool: {kind: service", "  tool: {state: departed, kind: service")):
        told = house.apply("--yes", exits=0)
    assert '"access_tool" is the account reconciler uses' in told
    with house.mistake(*((f"  - {{user: {who}, role: api-admin}}\n", "") for who in _ADMINS)):
        told = house.apply("--yes", exits=5)
    assert "2 of 2 administrators of api (Esi Owusu, Nana Agyeman) would go" in told
    with house.mistake(("  - {user: naa, role: db-engineer, reason: for emergencies}\n", "")):
        told = house.apply("--yes", exits=5)
    assert 'the break-glass account "naa" (Naa Lamptey) on db would be altered' in told
    protection = "    policy: {protect: [nightly]}\n"
    with house.mistake(
        *((f"{line}\n{protection}", f"{line}\n") for line in _LAST_OPTIONS), *_NIGHTLY
    ):
        told = house.apply("--yes", exits=5)
        house.apply("--yes", exits=5)
    assert 'policy.protect of db no longer has "nightly"; it stays in force' in told

    assert house.everything() == before
    _everything_is_as_asked(house)


_ADMINS = ("esi", "nana")
_NIGHTLY = (
    ("  nightly: {kind: service, owner: esi}\n", ""),
    ("[dashboards, nightly]", "[dashboards]"),
)
_PLATFORM = """\
  db-platform:
    server: ghana-db
    privileges:
      - {database: flowdb, allow: [connect, create]}
"""


def _10_an_interrupted_apply_goes_on_where_it_was(house: House) -> None:
    house.edit(
        ("  felix: {name", "  ama: {name: Ama Serwaa}\n  felix: {name"),
        ("[felix, linda, moses]", "[felix, linda, moses, ama]"),
    )
    house.grant("{user: ama, role: api-viewer}")
    house.killed_apply(at="intent", lease_s=3600)
    facts = house.systems.flowauth.store.snapshot().users["ama"]
    assert "ama" not in house.members("support")

    told = house.apply("--yes", exits=7)
    assert "error: api: the lock is held by " in told
    assert "or once you free it: reconciler lock --break api" in told
    assert "db: held by " in house.run("lock", exits=0)
    for target in ("api", "db", "wiki"):
        house.run("lock", "--break", target, "--yes", exits=0)
    house.killed_apply(at="result", lease_s=0.05)
    assert "ama" in house.members("support")
    assert ("support", "ama") not in house.wiki
    told = house.apply("--yes")

    assert "db: an earlier run ended in the middle. Of what it was sending, 2 are done" in told
    assert ("support", "ama") in house.wiki
    assert house.systems.flowauth.store.snapshot().users["ama"] == facts
    house.signed_in("ama").close()  # her password is in the file of the run that died
    _nothing_is_left_to_do(house)


def _and_all_of_it_is_on_record(house: House) -> None:
    told = house.run("status", exits=0)
    assert told.startswith("pending 0 · drift 0 · expiring 0\n")
    assert len(told.splitlines()) <= _ONE_SCREEN
    told = house.run("log", exits=0)
    for end in (
        "exit 0  2 of 2 changes done\n",
        "exit 5  nothing done, something blocks\n",
        "exit 5  1 of 1 changes done, 11 blocked or held\n",
        "exit 6  the plan was stale\n",
        "exit 7  another apply was at work\n",
        "exit 8  6 of 7 changes done, 2 blocked or held\n",
    ):
        assert f"  {end}" in told, end
    assert told.count("  did not end") == 2
    told = house.run("log", "--journal", "-n", "1000", exits=0)
    assert "  lock of db taken over by " in told
    assert " on db accepted by " in told
    assert house.run("log", "--verify", exits=0).startswith("The record is whole: ")


def _everything_is_as_asked(house: House) -> None:
    told = house.run("plan", "--detailed-exitcode", exits=0)
    assert "Nothing to do: 3 targets are in sync.\n" in told


def _nothing_is_left_to_do(house: House) -> None:
    _everything_is_as_asked(house)
    told = house.run("drift", exits=0)
    assert told.endswith("No drift: 3 targets are as the last apply left them.\n")
