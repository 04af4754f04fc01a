"""The text of `status` and of `expiring`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.render.expiring_text import expiring_summary, expiring_text
from reconciler.render.status_text import status_summary, status_text
from tests.sample_status import (
    forgotten_status,
    hostile_expiring,
    hostile_status,
    sample_expiring,
    sample_status,
)

Golden = Callable[[str, str], None]


def test_the_text_of_status_out_01(golden: Golden) -> None:
    golden("status.txt", status_text(sample_status()))


def test_the_text_of_what_expires(golden: Golden) -> None:
    golden("expiring.txt", expiring_text(sample_expiring()))


@pytest.mark.parametrize(
    "text",
    [
        status_text(hostile_status(), colour=False),
        expiring_text(hostile_expiring(), colour=False),
    ],
    ids=["status", "expiring"],
)
def test_hostile_names_are_harmless_out_03(text: str) -> None:
    assert all(line.isprintable() for line in text.split("\n"))


def test_the_first_line_says_what_is_pending_drifted_and_expiring() -> None:
    status = sample_status()

    assert status_summary(replace(status, targets=status.targets[:1])) == (
        "pending 0 · drift 0 · expiring 2"
    )
    assert status_text(status).startswith(
        "pending 18 · drift 2 widened, 1 narrowed, 1 mixed · held 1 · blocked 3 · expiring 2\n"
    )


def test_drift_is_not_known_where_nothing_is_remembered() -> None:
    forgotten, known = forgotten_status(), sample_status()

    assert status_summary(forgotten) == "pending 12 · drift not known · expiring 0"
    both = replace(known, targets=(known.targets[0], *forgotten.targets))
    assert "drift 0 (not known on flowdb) ·" in status_summary(both)


def test_a_lock_says_who_holds_it_since_when() -> None:
    status = sample_status()
    locked = status.targets[2]
    assert locked.lock is not None
    dead = replace(locked, lock=replace(locked.lock, is_expired=True))

    texts = [status_text(replace(status, targets=(each,))) for each in (locked, dead)]

    line = "held by esi@laptop (process 7) since 2027-01-02T03:00:00Z"
    assert f"    lock       {line}\n" in texts[0]
    assert f"    lock       {line}, who does not renew it\n" in texts[1]


def test_nothing_that_expires_is_said() -> None:
    nothing = replace(sample_expiring(), boundaries=(), lapses=())

    assert expiring_text(nothing) == (
        "No grant ends or starts within 14d, until 2027-07-04T00:00:00Z.\n"
    )


def test_grants_that_ended_are_counted_apart() -> None:
    assert expiring_summary(sample_expiring()) == (
        "2 grants end, 1 starts within 14d, until 2027-07-04T00:00:00Z; 1 ended already."
    )
