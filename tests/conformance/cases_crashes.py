"""What every provider promises of a program that is killed: the next run makes it good.

The suite they belong to is `tests.conformance.suite`.
"""

from __future__ import annotations

from itertools import count

from tests.conformance.bench import Bench
from tests.conformance.crashing import (
    command_line,
    copy_of,
    faults_of,
    is_locked,
    run_by_itself,
    takeovers,
)
from tests.conformance.target import ConformanceTarget
from tests.conformance.turns import before_and_after, kinds_of_change


class CrashCases:
    """Killed anywhere, run again: the same as never killed."""

    def test_after_a_kill_at_any_point_of_the_journal_the_next_run_ends_as_if_there_was_none_apl_01(
        self, bench: Bench, target: ConformanceTarget
    ) -> None:
        """For every kind of change, on the real command line."""
        before, after = before_and_after(target, bench.capabilities)
        start = bench.ledger
        begun = run_by_itself(bench, before, start)
        assert begun.code == 0, begun.output
        with command_line(bench) as commands:
            at_first = commands.facts(before)
            changes = bench.changes(after)
            kinds = {(each.key.kind, each.action) for each in changes}
            assert kinds >= kinds_of_change(target, bench.capabilities)
            ledger = copy_of(start, "uninterrupted.sqlite3")
            uninterrupted = run_by_itself(bench, after, ledger)
            assert uninterrupted.code == 0, uninterrupted.output
            in_the_end = commands.facts(after)
            back = commands.apply(before, ledger)
            assert back.code == 0, back.output

            kills = 0
            first, step = target.crash_points
            for point in count(first, step):
                assert commands.facts(before) == at_first
                ledger = copy_of(start, f"killed-{point}.sqlite3")
                killed = commands.apply(after, ledger, crash_at=point)
                if not killed.was_killed:
                    assert killed.code == 0, killed.output
                    break
                kills += 1

                was_locked = is_locked(ledger)
                again = commands.apply_after_a_crash(after, ledger)

                assert again.code == 0, (point, again.output)
                assert commands.facts(after) == in_the_end, point
                assert faults_of(ledger) == (), point
                assert takeovers(ledger) == was_locked, point
                empty = commands.plan(after, ledger)
                assert empty.code == 0, (point, empty.output)
                back = commands.apply(before, ledger)
                assert back.code == 0, (point, back.output)
            if bench.capabilities.transactions:
                assert kills >= 10
            else:
                assert kills * step >= 2 * len(changes), "there are two points for each change"
