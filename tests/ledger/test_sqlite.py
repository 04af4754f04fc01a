"""The ledger in a file: the suite, and what only files can do."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.errors import LedgerError
from reconciler.ledger import Ledger, open_ledger, sqlite_database
from reconciler.ledger.schema import prepare
from reconciler.ledger.sqlite_file import open_file
from reconciler.ledger.values import Entry
from tests.ledger.cases_memory import ODD, applied
from tests.ledger.format_1 import make_format_1
from tests.ledger.places import HandClock, SqlitePlace, open_at
from tests.ledger.suite import LedgerSuite

IGNORED = "*\n!.gitignore\n!acknowledge.yaml\n"
ROOT = Path(__file__).parent.parent.parent


class TestSqlite(LedgerSuite):
    @pytest.fixture
    def place(self, sqlite_place: SqlitePlace) -> SqlitePlace:
        return sqlite_place


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def path(sqlite_place: SqlitePlace) -> Path:
    """Where the file of the ledger is to be."""
    return Path(sqlite_place.location)


@pytest.fixture
def closed(sqlite_place: SqlitePlace, clock: HandClock) -> Path:
    """The file of a ledger with something in it."""
    with open_at(sqlite_place, clock) as ledger:
        ledger.save_applied(applied(ODD))
        ledger.append(*(Entry("accepted", 1, message="x" * 900) for _ in range(100)))
    return Path(sqlite_place.location)


class TestFiles:
    def test_folder_and_files_are_for_nobody_else_and_not_for_git(
        self, sqlite_place: SqlitePlace, clock: HandClock, path: Path
    ) -> None:
        with open_at(sqlite_place, clock):
            modes = {name: mode_of(path.parent / name) for name in names_in(path.parent)}

        assert mode_of(path.parent) == 0o700
        assert {modes[path.name + end] for end in ("", "-wal", "-shm")} == {0o600}
        assert names_in(path.parent) == [".gitignore", path.name]
        assert (path.parent / ".gitignore").read_text() == IGNORED

    def test_our_folder_that_was_there_is_kept_out_of_git_too(
        self, sqlite_place: SqlitePlace, clock: HandClock, path: Path
    ) -> None:
        path.parent.mkdir()

        open_at(sqlite_place, clock).close()

        assert (path.parent / ".gitignore").read_text() == IGNORED

    def test_nothing_else_is_put_into_a_folder_of_somebody_else(
        self, tmp_path: Path, clock: HandClock
    ) -> None:
        open_ledger(str(tmp_path / "memory.db"), clock=clock).close()

        assert names_in(tmp_path) == ["memory.db"]

    def test_commits_are_written_ahead_and_synchronised(self, closed: Path) -> None:
        database = open_file(closed, create=False)
        assert database is not None
        with closing(database):
            assert database.connection.execute("PRAGMA journal_mode").fetchall() == [("wal",)]
            assert database.connection.execute("PRAGMA synchronous").fetchall() == [(2,)]

    def test_a_copy_in_another_journal_mode_is_used_and_set_right(
        self, closed: Path, clock: HandClock
    ) -> None:
        with closing(sqlite3.connect(closed)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE").fetchall()

        with open_ledger(str(closed), clock=clock) as ledger:
            assert ledger.verify() == ()

        with closing(sqlite3.connect(closed)) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchall() == [("wal",)]

    def test_a_reading_command_makes_no_folder(
        self, sqlite_place: SqlitePlace, clock: HandClock, path: Path
    ) -> None:
        open_at(sqlite_place, clock, create=False).close()

        assert not path.parent.exists()

    def test_a_closed_ledger_can_be_moved_as_one_file(
        self, closed: Path, tmp_path: Path, clock: HandClock
    ) -> None:
        shutil.copy(closed, tmp_path / "copy")

        with open_ledger(str(tmp_path / "copy"), clock=clock) as ledger:
            assert ledger.applied("flowdb") == applied(ODD)
            assert ledger.verify() == ()

    def test_a_folder_whose_own_folder_is_missing_is_not_made(
        self, tmp_path: Path, clock: HandClock
    ) -> None:
        with pytest.raises(LedgerError, match="No such file or directory"):
            open_ledger(str(tmp_path / "a" / "b" / "ledger"), clock=clock)

    def test_a_file_system_without_hard_links_is_refused_and_left_clean(
        self, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def no_links(_source: Path, _target: Path) -> None:
            raise OSError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", no_links)

        with pytest.raises(LedgerError, match="no hard links"):
            open_ledger(str(tmp_path / "ledger"), clock=clock)

        assert names_in(tmp_path) == []


class TestDamage:
    @pytest.mark.parametrize("create", [True, False])
    @pytest.mark.parametrize(
        "damage, said",
        [
            (lambda _: b"", "the file is empty"),
            (lambda _: b"version: 1\n" * 100, "not an SQLite database"),
            (lambda content: content[: len(content) // 2], "it is damaged"),
            (lambda content: content[:50], "it is damaged"),
            (
                lambda content: content[:8192] + b"\xff" * 4096 + content[12288:],
                "it is damaged",
            ),
            (lambda content: content[:-4096] + b"\xff" * 4096, "SQLite finds in it"),
            (lambda content: b"SQLite format 4" + content[15:], "not an SQLite database"),
        ],
        ids=["empty", "text", "half", "header", "page", "last-page", "magic"],
    )
    def test_a_damaged_file_is_refused_with_advice_and_left_as_it_is(
        self, closed: Path, clock: HandClock, damage: object, said: str, create: bool
    ) -> None:
        assert callable(damage)
        content = damage(closed.read_bytes())
        closed.write_bytes(content)

        with pytest.raises(LedgerError, match=said) as caught:
            open_ledger(str(closed), clock=clock, create=create)

        assert str(caught.value).startswith(f"{closed}: ")
        assert "restore it from a backup, or move it away: then nothing is deleted" in str(
            caught.value
        )
        assert closed.read_bytes() == content

    def test_another_program_s_database_is_refused_and_left_as_it_is(
        self, tmp_path: Path, clock: HandClock
    ) -> None:
        with closing(sqlite3.connect(tmp_path / "other")) as connection:
            connection.execute("CREATE TABLE meta (name TEXT, value TEXT)")

        with pytest.raises(LedgerError, match="not a ledger of reconciler"):
            open_ledger(str(tmp_path / "other"), clock=clock)

        with closing(sqlite3.connect(tmp_path / "other")) as connection:
            assert connection.execute("SELECT count(*) FROM sqlite_master").fetchall() == [(1,)]

    def test_a_folder_is_no_ledger(self, tmp_path: Path, clock: HandClock) -> None:
        with pytest.raises(LedgerError, match="it is not a file"):
            open_ledger(str(tmp_path), clock=clock)

    @pytest.mark.parametrize("create", [True, False])
    def test_a_log_whose_file_is_gone_is_not_put_into_a_new_ledger(
        self, sqlite_place: SqlitePlace, clock: HandClock, path: Path, create: bool
    ) -> None:
        with open_at(sqlite_place, clock):
            log = path.with_name(path.name + "-wal").read_bytes()
        path.unlink()
        path.with_name(path.name + "-wal").write_bytes(log)

        with pytest.raises(LedgerError, match=r"the file is gone, but .*-wal is there"):
            open_at(sqlite_place, clock, create=create)

        assert not path.exists()

    def test_a_number_that_became_text_is_damage(
        self, closed: Path, sqlite_place: SqlitePlace, clock: HandClock
    ) -> None:
        sqlite_place.sql("UPDATE journal SET number = 'x' WHERE number = 50")

        with (
            open_ledger(str(closed), clock=clock) as ledger,
            pytest.raises(LedgerError, match=r"must be a whole number.*it is damaged"),
        ):
            ledger.verify()


class TestLimits:
    def test_a_full_disk_is_named_and_nothing_recorded_is_lost(
        self, closed: Path, clock: HandClock
    ) -> None:
        database = open_file(closed, create=True)
        assert database is not None
        assert prepare(database, create=True)
        database.connection.execute("PRAGMA max_page_count = 1").fetchall()

        with Ledger(database, clock) as ledger:
            with pytest.raises(LedgerError, match="the disk is full"):
                ledger.append(Entry("accepted", 1, message="x" * 100_000))

            assert len(ledger.entries()) == 100
            assert ledger.verify() == ()

    def test_a_writer_that_does_not_end_is_named(
        self, closed: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sqlite_database, "BUSY_TIMEOUT_S", 0.01)
        with (
            open_ledger(str(closed), clock=clock) as ledger,
            closing(sqlite3.connect(closed, isolation_level=None)) as writer,
        ):
            writer.execute("BEGIN IMMEDIATE")

            with pytest.raises(LedgerError, match="another process has been writing"):
                ledger.append(Entry("run_ended", 1))
            assert len(ledger.entries()) == 100

            writer.execute("ROLLBACK")
            assert len(ledger.append(Entry("run_ended", 1))) == 1


READER = """
import os
import sys
import urllib.parse  # pathlib imports it late, and then it may not be readable any more
from datetime import UTC, datetime
from reconciler.errors import LedgerError
from reconciler.ledger import open_ledger

if os.geteuid() == 0:  # only now: nobody may not be allowed to read the interpreter's modules
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    create = sys.argv[2] == "create"
    with open_ledger(sys.argv[1], clock=lambda: datetime.now(UTC), create=create) as ledger:
        print(ledger.is_writable, len(ledger.entries()), ledger.verify())
        ledger.begin_run("plan")
except LedgerError as error:
    print(error.message)
"""


class TestRights:
    """What somebody without rights can do; root has all, so this is done as nobody."""

    @pytest.fixture
    def folder(self) -> Iterator[Path]:
        """A folder that others can reach, as tmp_path may not be."""
        with tempfile.TemporaryDirectory() as name:
            Path(name).chmod(0o755)
            yield Path(name)
            Path(name).chmod(0o755)

    def read_as_nobody(self, path: Path, how: str) -> list[str]:
        """What the reader says of the ledger, by line."""
        if os.geteuid() != 0 and os.access(path.parent, os.X_OK):
            path.parent.chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-B", "-W", "error", "-c", READER, str(path), how],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    def test_a_file_that_cannot_be_written_is_read_without_a_trace(
        self, closed: Path, folder: Path
    ) -> None:
        path = folder / "ledger"
        shutil.copy(closed, path)
        path.chmod(0o444)

        assert self.read_as_nobody(path, "read") == [
            "False 100 ()",
            "it was opened for reading only, so nothing is recorded",
        ]
        assert names_in(folder) == ["ledger"]

    def test_what_stands_in_the_log_alone_is_read_too(self, folder: Path, clock: HandClock) -> None:
        path = folder / "ledger"
        with open_ledger(str(path), clock=clock) as ledger:
            ledger.append(Entry("run_ended", 1))
            for each in folder.iterdir():
                each.chmod(0o444)

            assert self.read_as_nobody(path, "read")[0] == "False 1 ()"

    @pytest.mark.parametrize("how", ["read", "create"])
    def test_an_older_ledger_that_cannot_be_written_is_refused_and_left_as_it_is(
        self, folder: Path, how: str
    ) -> None:
        path = folder / "ledger"
        database = open_file(path, create=True)
        assert database is not None
        make_format_1(database)
        path.chmod(0o444)
        content = path.read_bytes()

        (said,) = self.read_as_nobody(path, how)

        assert said.startswith(
            {
                "read": "it has the older format 1 and may only be read here; run a command of",
                "create": "it cannot be written; check the rights",
            }[how]
        )
        assert path.read_bytes() == content

    def test_an_apply_does_not_begin_without_the_right_to_write(
        self, closed: Path, folder: Path
    ) -> None:
        path = folder / "ledger"
        shutil.copy(closed, path)
        path.chmod(0o444)

        (said,) = self.read_as_nobody(path, "create")

        assert said.startswith("it cannot be written; check the rights on the file and its folder")

    def test_a_file_that_cannot_be_read_is_an_error_and_not_an_empty_ledger(
        self, closed: Path, folder: Path
    ) -> None:
        path = folder / "ledger"
        shutil.copy(closed, path)
        path.chmod(0o000)

        (said,) = self.read_as_nobody(path, "read")

        assert said.startswith("it cannot be opened")

    def test_a_folder_that_cannot_be_looked_into_is_an_error(
        self, closed: Path, folder: Path
    ) -> None:
        inner = folder / ".reconciler"
        inner.mkdir()
        shutil.copy(closed, inner / "ledger")
        inner.chmod(0o000)

        (said,) = self.read_as_nobody(inner / "ledger", "read")
        inner.chmod(0o700)

        assert said.startswith("it cannot be opened: Permission denied")

    def test_a_ledger_cannot_be_made_in_a_folder_without_the_right(self, folder: Path) -> None:
        (said,) = self.read_as_nobody(folder / "ledger", "create")

        assert said.startswith("it cannot be opened: Permission denied")
        assert names_in(folder) == []
