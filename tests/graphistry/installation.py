"""An installation of the stand-in: a folder with its database, looked at and changed by SQL."""

from __future__ import annotations

import atexit
import base64
import hashlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
PYTHON = os.environ.get("GRAPHISTRY_STAND_IN_PYTHON", sys.executable)
"""The interpreter whose Django runs the stand-in: set it to try another release of Django."""

MODELS = {
    "org_model": "teams.Organization",
    "slug_field": "slug",
    "membership_model": "teams.Membership",
    "user_field": "user",
    "org_field": "org",
    "role_field": "role",
}
ROLES = ["member", "admin", "owner"]


@cache
def _template() -> Path:
    """A database with all tables, made by Django once for each process."""
    folder = Path(tempfile.mkdtemp(prefix="graphistry-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "db.sqlite3"
    subprocess.run(
        [PYTHON, "-IB", "manage.py", "migrate", "--run-syncdb", "-v", "0"],
        cwd=HERE / "stand_in",
        env={**os.environ, "STAND_IN_DATABASE": str(path)},
        check=True,
    )
    return path


@cache
def _started_django() -> str:
    """The path of the socket of a `started_django`, one for each process of tests."""
    path = str(_template().with_name("socket"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        number = listener.fileno()
        process = subprocess.Popen(
            [PYTHON, "-IB", str(HERE / "started_django.py"), str(number)],
            stdin=subprocess.PIPE,
            pass_fds=(number,),
        )
    atexit.register(process.communicate)
    return path


class Installation:
    """Use `new_installation`. With `starts_django`, each run of its shell starts Django anew, as
    the product's does; else it is forked off one that has started.
    """

    def __init__(self, folder: Path, *, starts_django: bool = False) -> None:
        self.folder = folder
        self.starts_django = starts_django
        self.path = folder / "db.sqlite3"
        shutil.copy(_template(), self.path)

    @property
    def command(self) -> list[str]:
        """What the option `command` is."""
        shell = [str(HERE / "nexus_shell.py"), str(self.folder)]
        if self.starts_django:
            return [PYTHON, "-IB", *shell]
        return [PYTHON, "-ISB", str(HERE / "started_shell.py"), _started_django(), *shell]

    @contextmanager
    def trouble(self, what: str) -> Iterator[None]:
        """Let this go wrong as long as the block lasts; see `nexus_shell` and `users.trouble`."""
        path = self.folder / "trouble"
        path.write_text(what)
        try:
            yield
        finally:
            path.unlink()

    def calls(self) -> list[Mapping[str, object]]:
        """The arguments and environment of each run of the shell so far."""
        path = self.folder / "calls"
        lines = path.read_text().splitlines() if path.is_file() else []
        return [json.loads(line) for line in lines]

    def rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """What a statement gives; what it changes is committed."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(statement, values).fetchall()

    def add_user(
        self,
        name: str,
        email: str = "",
        *,
        flags: tuple[int, int, int] = (1, 0, 0),
        addresses: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        """A user; `flags` are active, staff, superuser, `addresses` have primary and verified."""
        self.rows(
            "INSERT INTO users_user (username, email, name, first_name, last_name, password, "
            "is_active, is_staff, is_superuser, date_joined) "
            "VALUES (?, ?, '', '', '', '!', ?, ?, ?, '2020-01-01')",
            *(name, email, *flags),
        )
        held = {email: (1, 1)} if addresses is None and email else addresses or {}
        for address, (primary, verified) in held.items():
            self.rows(
                'INSERT INTO account_emailaddress (user_id, email, "primary", verified) '
                "SELECT id, ?, ?, ? FROM users_user WHERE username = ?",
                *(address, primary, verified, name),
            )

    def add_organisation(self, slug: str, **members: str) -> None:
        """An organisation with these users in these roles."""
        self.rows("INSERT INTO teams_organization (slug, title) VALUES (?, '')", slug)
        for name, role in members.items():
            self.rows(
                "INSERT INTO teams_membership (user_id, org_id, role) SELECT u.id, o.id, ? "
                "FROM users_user u, teams_organization o WHERE u.username = ? AND o.slug = ?",
                *(role, name, slug),
            )

    def members(self, slug: str) -> dict[str, str]:
        """Who is in an organisation, with their roles."""
        found = self.rows(
            "SELECT u.username, m.role FROM teams_membership m JOIN users_user u ON "
            "u.id = m.user_id JOIN teams_organization o ON o.id = m.org_id WHERE o.slug = ?",
            slug,
        )
        return {row["username"]: row["role"] for row in found}

    def user(self, name: str) -> Mapping[str, object]:
        """One user with the addresses; KeyError where there is none."""
        found = self.rows("SELECT * FROM users_user WHERE username = ?", name)
        if not found:
            raise KeyError(name)
        addresses = self.rows(
            'SELECT email, "primary", verified FROM account_emailaddress WHERE user_id = ?',
            found[0]["id"],
        )
        return {**dict(found[0]), "addresses": sorted(tuple(each) for each in addresses)}

    def signs_in(self, name: str, password: str) -> bool:
        """Whether this user is let in with this password, by Django's way of storing one."""
        user = self.user(name)
        parts = str(user["password"]).split("$")
        if len(parts) != 4 or not user["is_active"]:
            return False
        _, rounds, salt, stored = parts
        found = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), int(rounds))
        return base64.b64encode(found).decode() == stored


@contextmanager
def new_installation(*, starts_django: bool = False) -> Iterator[Installation]:
    """An installation with nobody in it, for the time of the block."""
    with tempfile.TemporaryDirectory(prefix="graphistry-") as folder:
        yield Installation(Path(folder), starts_django=starts_django)
