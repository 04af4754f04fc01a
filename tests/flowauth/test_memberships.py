"""Who holds which role: written from the user's side, next to what others write."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from reconciler.changes import Change
from reconciler.errors import UnexpectedResponseError
from reconciler.sandbox.flowauth import FaultKind, Store
from tests.conformance.bench import Notes
from tests.flowauth.lab import LIMITS, READER, WRITER, Lab, create, delete, statuses
from tests.flowauth.simulated import SERVER, facts

PATCH_USER = ("PATCH", "/admin/users/*")


class Editing(Notes):
    """A journal during whose first entry somebody else edits FlowAuth."""

    def __init__(self, edit: Callable[[], object]) -> None:
        super().__init__()
        self._edit = edit

    def intend(self, changes: Sequence[Change]) -> None:
        super().intend(changes)
        if len(self.intended) == 1:
            self._edit()


def roles_of(store: Store, user: str) -> tuple[tuple[str, str], ...]:
    return store.snapshot().users[user].roles


def test_a_role_is_given_and_taken_from_the_users_side_only(lab: Lab) -> None:
    store = lab.start_filled().store

    lab.apply(create("membership", *WRITER, "kofi"), delete("membership", *READER, "kofi"))

    kofi = store.user_id("kofi")
    assert roles_of(store, "kofi") == (WRITER,)
    assert lab.writes == [f"PATCH /admin/users/{kofi}"] * 2


def test_roles_that_no_change_names_are_kept(lab: Lab) -> None:
    store = lab.start_filled().store
    store.add_server("theirs")
    store.add_role("theirs", "their-role", users=("kofi",))
    store.add_role(SERVER, "by-hand", users=("kofi",))

    lab.apply(create("membership", *WRITER, "kofi"), delete("membership", *READER, "kofi"))

    assert roles_of(store, "kofi") == ((SERVER, "by-hand"), WRITER, ("theirs", "their-role"))


def test_a_role_that_somebody_gave_after_the_plan_is_kept(lab: Lab) -> None:
    store = lab.start_filled().store
    store.add_role(SERVER, "by-hand")

    def edit() -> None:
        store.set_user_roles("amina", [(SERVER, "by-hand")])

    outcomes = list(lab.open().apply([create("membership", *READER, "amina")], Editing(edit)))

    assert statuses(outcomes) == ["done"]
    assert roles_of(store, "amina") == ((SERVER, "by-hand"), READER)


def test_edits_of_other_users_in_the_moment_of_a_write_are_kept(lab: Lab) -> None:
    store = lab.start_filled().store

    def edit() -> None:
        store.set_user_roles("kofi", [READER, WRITER])
        store.add_user("esi", "no password")
        store.set_user_roles("esi", [WRITER])

    lab.arm(FaultKind.OUTSIDE_EDIT, *PATCH_USER, edit=edit)

    outcomes = lab.apply(create("membership", *WRITER, "amina"))

    assert statuses(outcomes) == ["done"]
    assert roles_of(store, "amina") == (WRITER,)
    assert roles_of(store, "kofi") == (READER, WRITER)
    assert roles_of(store, "esi") == (WRITER,)


def test_what_is_as_it_should_be_already_is_not_written(lab: Lab) -> None:
    lab.start_filled()

    outcomes = lab.apply(create("membership", *READER, "kofi"))

    assert statuses(outcomes) == ["done"]
    assert lab.writes == []


def test_a_role_that_flowauth_drops_in_silence_is_a_failure_apl_07(lab: Lab) -> None:
    store = lab.start_filled().store
    lab.arm(FaultKind.OUTSIDE_EDIT, *PATCH_USER, edit=lambda: store.delete_role(*WRITER))

    outcomes = lab.apply(create("membership", *WRITER, "kofi"))

    assert [r.status for r in lab.simulator.requests if r.method == "PATCH"] == [200]
    assert statuses(outcomes) == ["failed"]
    assert outcomes[0].message == (
        'the list of roles of "kofi" is not as it was written when read back'
    )
    assert roles_of(store, "kofi") == (READER,)


def test_an_id_that_was_given_to_another_user_meanwhile_is_not_written(lab: Lab) -> None:
    store = lab.start_filled().store
    store.add_user("last", "no password")
    number = store.user_id("last")

    provider = lab.open()
    first = create("membership", *READER, "last")
    second = create("membership", *WRITER, "last")
    running = provider.apply([first, second], Notes())
    assert next(running).status == "done"
    store.delete_user("last")
    assert store.add_user("another", "no password") == number

    rest = list(running)

    assert statuses(rest) == ["failed"]
    assert 'there is no user "last" any more' in rest[0].message
    assert roles_of(store, "another") == ()


def test_an_id_that_was_given_to_another_role_meanwhile_is_not_written(lab: Lab) -> None:
    store = lab.start_filled().store
    number = store.role_id(*WRITER)
    running = lab.open().apply(
        [create("membership", *WRITER, "amina"), create("membership", *WRITER, "kofi")], Notes()
    )
    assert next(running).status == "done"
    store.delete_role(*WRITER)
    assert store.add_role(SERVER, "all-powerful") == number

    rest = list(running)

    assert statuses(rest) == ["failed"]
    assert roles_of(store, "kofi") == (READER,)


def test_ids_that_changed_between_plan_and_apply_do_no_harm(lab: Lab) -> None:
    store = lab.start_filled().store
    provider = lab.open()
    provider.observe(lab.scope)
    store.delete_user("kofi")
    store.delete_user("amina")
    store.add_user("kofi", "no password")
    store.add_user("amina", "no password")
    store.delete_role(*WRITER)
    store.delete_role(*READER)
    store.add_role(*WRITER)
    store.add_role(*READER)

    outcomes = list(
        provider.apply(
            [create("membership", *READER, "amina"), create("membership", *WRITER, "kofi")],
            lab.notes,
        )
    )

    assert statuses(outcomes) == ["done", "done"]
    assert roles_of(store, "amina") == (READER,)
    assert roles_of(store, "kofi") == (WRITER,)


def test_a_user_edited_while_everything_is_read_is_an_error(lab: Lab) -> None:
    store = lab.start_filled().store
    lab.arm(
        FaultKind.OUTSIDE_EDIT, "GET", "/admin/users", edit=lambda: store.rename_user("kofi", "k")
    )
    lab.arm(
        FaultKind.OUTSIDE_EDIT,
        "GET",
        f"/admin/users/{store.user_id('kofi')}",
        edit=lambda: store.rename_user("k", "kofi"),
    )

    with pytest.raises(UnexpectedResponseError, match='the user "k" was changed by somebody else'):
        lab.observe()


def test_a_server_that_appears_while_everything_is_read_is_an_error(lab: Lab) -> None:
    store = lab.start_filled().store

    def edit() -> None:
        store.add_server("new")
        store.add_role("new", "new-role")

    lab.arm(FaultKind.OUTSIDE_EDIT, "GET", "/roles/", edit=edit)

    with pytest.raises(
        UnexpectedResponseError, match='the role "new-role" was changed by somebody else'
    ):
        lab.observe()


def test_an_interrupted_apply_finishes_what_it_sent_and_skips_the_rest(lab: Lab) -> None:
    store = lab.start_filled().store

    class Stopping(Notes):
        def is_stopping(self) -> bool:
            return len(self.intended) == 1

    changes = [
        create("membership", *WRITER, "amina"),
        create("membership", *WRITER, "kofi"),
        create("server", "second", **LIMITS),
    ]
    outcomes = list(lab.open().apply(changes, Stopping()))

    assert statuses(outcomes) == ["done", "skipped", "skipped"]
    assert [each.change for each in outcomes] == changes
    assert facts(store.snapshot()).keys() >= {"user amina holds writer on store"}
    assert roles_of(store, "kofi") == (READER,)
