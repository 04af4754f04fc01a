"""The house of the acceptance scenario: 30 people and services, 8 groups, and three systems.

Here belong the manifest, how somebody edits it, how commands are run and killed, and looking at
what the systems hold. What happens, and what must hold, is in the test.
"""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import psycopg
from psycopg import sql

from reconciler.sandbox.postgres.flowdb import DATABASE
from reconciler.sandbox.systems import SandboxSystems, sandbox_systems
from reconciler.secret import Secret
from tests.e2e.conftest import Program, clean_environment

OWN_ACCOUNT = "access_tool"
"""Who the program is on PostgreSQL: a login of its own, not the superuser of the installation."""

MANIFEST = """\
version: 1

targets:
  api:
    provider: flowauth
    options:
      url: {env: FLOWAUTH_URL}
      username: {env: FLOWAUTH_USERNAME}
      password: {env: FLOWAUTH_PASSWORD}
      bootstrap_admin: admin
  db:
    provider: postgres
    options: {dsn: {env: FLOWDB_DSN}}
  wiki:
    provider: memory
    options: {state: wiki.json}

servers:
  ghana-api:
    target: api
    token_expires: 2035-12-31T00:00:00Z
    token_life: 2d
    scopes: [run, get_result, get_available_dates]
  ghana-db: {target: db, database: flowdb}
  handbook: {target: wiki, database: handbook}

users:
  amina: {name: Amina Diallo}
  kofi: {name: Kofi Mensah}
  abena: {name: Abena Asante}
  kwame: {name: Kwame Boateng}
  efua: {name: Efua Sarpong}
  kojo: {name: Kojo Addo}
  adwoa: {name: Adwoa Nyarko}
  yaa: {name: Yaa Frimpong}
  kwesi: {name: Kwesi Appiah}
  esi: {name: Esi Owusu}
  nana: {name: Nana Agyeman}
  fatou: {name: Fatou Sow}
  ibrahim: {name: Ibrahim Traoré}
  grace: {name: Grace Tetteh}
  samuel: {name: Samuel Quaye}
  mariam: {name: Mariam Keita}
  daniel: {name: Daniel Lartey}
  akosua: {name: Akosua Darko}
  joseph: {name: Joseph Ofori}
  comfort: {name: Comfort Bonsu}
  claire: {name: Claire Dubois}
  jonas: {name: Jonas Weber}
  aisha: {name: Aisha Bello}
  felix: {name: Felix Amoah}
  linda: {name: Linda Osei}
  moses: {name: Moses Kamara}
  naa: {name: Naa Lamptey}
  dashboards: {kind: service, owner: esi}
  nightly: {kind: service, owner: esi}
  tool: {kind: service, owner: esi, accounts: {db: access_tool}}

groups:
  analysts:
    members:
      - amina
      - kofi
      - abena
      - kwame
      - efua
      - kojo
      - adwoa
      - yaa
      - kwesi
  engineers: {members: [esi, nana, fatou, ibrahim]}
  epidemiologists: {members: [grace, samuel, mariam, daniel]}
  ministry: {members: [akosua, joseph, comfort]}
  partners: {members: [claire, jonas, aisha]}
  support: {members: [felix, linda, moses]}
  services: {members: [dashboards, nightly]}
  everyone: {groups: [analysts, engineers, epidemiologists, ministry, partners, support, services]}

roles:
  db-reader:
    server: ghana-db
    inherits: [flowapi]
    privileges:
      - {schema: geography, tables: "*", allow: [select]}
  db-engineer:
    server: ghana-db
    inherits: [db-reader]
    privileges:
      - {schema: etl, tables: [etl_records], allow: [insert, update]}
  db-platform:
    server: ghana-db
    privileges:
      - {database: flowdb, allow: [connect, create]}
  api-viewer: {server: ghana-api, scopes: [get_result, get_available_dates]}
  api-analyst: {server: ghana-api, inherits: [api-viewer], scopes: [run]}
  api-admin: {target: api, level: admin}
  wiki-reader:
    server: handbook
    privileges:
      - {schema: pages, tables: "*", allow: [select]}
  wiki-editor:
    server: handbook
    inherits: [wiki-reader]
    privileges:
      - {schema: pages, tables: "*", allow: [insert, update]}

grants:
  - {group: everyone, role: db-reader}
  - {group: engineers, role: db-engineer, reason: DATA-17}
  - {user: naa, role: db-engineer, reason: for emergencies}
  - {user: jonas, role: db-engineer, until: 2035-06-30T00:00:00Z, end_sessions: true}
  - {group: analysts, role: api-analyst}
  - {group: epidemiologists, role: api-analyst}
  - {group: ministry, role: api-viewer}
  - {group: partners, role: api-viewer, until: 2035-06-30T00:00:00Z}
  - {group: services, role: api-viewer}
  - {user: tool, role: db-platform}
  - {user: esi, role: api-admin}
  - {user: nana, role: api-admin}
  - {group: everyone, role: wiki-reader}
  - {group: support, role: wiki-editor}

policies:
  break_glass: [naa]
"""

WIKI = {
    "format": "reconciler.memory/v1",
    "records": [
        {
            "kind": "object",
            "path": ["handbook", "table", "pages"],
            "fields": {"articles": "owner", "recipes": "owner"},
        }
    ],
}

_KILLED = -9

_BEFOREHAND = """
    CREATE ROLE {own} LOGIN SUPERUSER PASSWORD {password};
    CREATE ROLE "db-platform";
    GRANT CONNECT, CREATE ON DATABASE flowdb TO "db-platform";
    GRANT "db-platform" TO {own}
"""
"""What an administrator does once, before the program can work."""


@dataclass
class House:
    """The three systems, and the folder in which somebody edits the manifest and runs commands."""

    systems: SandboxSystems
    program: Program
    passwords: dict[tuple[str, str], str] = field(default_factory=dict)
    _files: int = 0

    @property
    def folder(self) -> Path:
        return self.program.folder

    # The manifest

    @property
    def manifest(self) -> str:
        return (self.folder / "access.yaml").read_text(encoding="utf-8")

    def edit(self, *changes: tuple[str, str]) -> None:
        """Replace texts of the manifest, each of which stands in it once."""
        text = self.manifest
        for old, new in changes:
            assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in the manifest"
            text = text.replace(old, new)
        (self.folder / "access.yaml").write_text(text, encoding="utf-8")

    def grant(self, *grants: str) -> None:
        """Add grants at the end."""
        lines = "".join(f"  - {each}\n" for each in grants)
        self.edit(("\npolicies:\n", f"{lines}\npolicies:\n"))

    def place_of(self, text: str) -> str:
        """The file and line of the manifest in which this text stands."""
        (number,) = (n for n, line in enumerate(self.manifest.splitlines(), 1) if text in line)
        return f"access.yaml:{number}"

    @contextmanager
    def mistake(self, *changes: tuple[str, str]) -> Iterator[None]:
        """An edit that somebody takes back when the block ends."""
        before = self.manifest
        self.edit(*changes)
        yield
        (self.folder / "access.yaml").write_text(before, encoding="utf-8")

    # Commands

    def run(self, *arguments: str, exits: int) -> str:
        """Run a command, which must end with this code; what it printed."""
        done = self.program(*arguments)
        self._write_down(arguments, done)
        assert done.returncode == exits, f"{arguments}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def apply(self, *arguments: str, exits: int = 0) -> str:
        """Run `apply` with a new file for passwords, and keep those that it gave."""
        with self._new_passwords() as file:
            return self.run("apply", *arguments, "--credentials-out", file, exits=exits)

    @contextmanager
    def _new_passwords(self) -> Iterator[str]:
        """The name of a new file, whose passwords are known once the block ends."""
        self._files += 1
        name = f"passwords-{self._files}.jsonl"
        yield name
        if (self.folder / name).exists():
            for line in (self.folder / name).read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                self.passwords[entry["target"], entry["account"]] = entry["password"]

    def killed_apply(self, *, at: Literal["intent", "result"], lease_s: float) -> None:
        """Run an `apply` that dies, as if its machine lost power: when it has just written down
        what it is about to send to the database, or has just sent it. Its locks live for so long.
        """
        with self._new_passwords() as file:
            arguments = ("apply", "--yes", "--credentials-out", file)
            done = subprocess.run(
                [sys.executable, "-c", _DYING, at, str(lease_s), *arguments],
                cwd=self.folder,
                env={**clean_environment(), **self.program.environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                timeout=60,
                check=False,
            )
        self._write_down(arguments, done)
        assert done.returncode == _KILLED, done.stdout + done.stderr

    def _write_down(
        self, arguments: tuple[str, ...], done: subprocess.CompletedProcess[str]
    ) -> None:
        """Keep what was said, for whoever looks for a fault in it."""
        with (self.folder / "transcript.txt").open("a", encoding="utf-8") as file:
            file.write(f"$ reconciler {' '.join(arguments)}\n{done.stdout}{done.stderr}")
            file.write(f"(exit code {done.returncode})\n\n")

    # What the systems hold

    @property
    def api(self) -> Mapping[str, tuple[bool, tuple[str, ...]]]:
        """Who is an administrator of FlowAuth, and the names of the roles of each."""
        users = self.systems.flowauth.store.snapshot().users
        return {
            name: (user.is_admin, tuple(role for _, role in user.roles))
            for name, user in users.items()
        }

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement as an administrator of the database."""
        dsn = self.systems.cluster.dsn(database=DATABASE)
        with psycopg.connect(dsn, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def members(self, role: str) -> set[str]:
        """Who is in a role of PostgreSQL."""
        found = self.sql(
            "SELECT member::regrole::text FROM pg_auth_members "
            f"WHERE roleid = '\"{role}\"'::regrole"
        )
        return {str(name).strip('"') for (name,) in found}

    def may(self, role: str, privilege: str, table: str) -> bool:
        """Whether a role may do this with a table of PostgreSQL."""
        ((answer,),) = self.sql(f"SELECT has_table_privilege('{role}', '{table}', '{privilege}')")
        return bool(answer)

    def signed_in(self, account: str) -> psycopg.Connection:
        """A session of somebody who has a temporary password."""
        password = Secret(self.passwords["db", account])
        dsn = self.systems.cluster.dsn(database=DATABASE, user=account, password=password)
        return psycopg.connect(dsn, autocommit=True)

    @property
    def wiki(self) -> set[tuple[str, ...]]:
        """The memberships of the third system: what it is in, and the member."""
        document = json.loads((self.folder / "wiki.json").read_text(encoding="utf-8"))
        return {tuple(each["path"]) for each in document["records"] if each["kind"] == "membership"}

    def edit_wiki(self, *, without: tuple[str, ...], with_: tuple[str, ...]) -> None:
        """What somebody does in the file by hand: one membership less, and another one more."""
        path = self.folder / "wiki.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        kept = [each for each in document["records"] if tuple(each["path"]) != without]
        assert len(kept) == len(document["records"]) - 1
        kept.append({"kind": "membership", "path": list(with_), "fields": {}})
        path.write_text(json.dumps({**document, "records": kept}), encoding="utf-8")

    def everything(self) -> tuple[object, ...]:
        """All that the three systems hold, for comparing before and after."""
        roles = self.sql(
            "SELECT rolname, rolcanlogin, rolcreaterole, rolsuper FROM pg_roles ORDER BY 1"
        )
        members = self.sql(
            "SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members ORDER BY 1, 2"
        )
        rights = self.sql("SELECT relname, relacl::text FROM pg_class ORDER BY oid")
        wiki = json.loads((self.folder / "wiki.json").read_text(encoding="utf-8"))
        return roles, members, rights, self.systems.flowauth.store.snapshot(), wiki


_DYING = """
import os, signal, sys
from reconciler.cli import main
from reconciler.ledger import locks
from reconciler.ledger.ledger import Ledger

moment, lease_s, sys.argv[1:] = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
record = Ledger.record

def die(entries, kind):
    if moment == kind and any((each.kind, each.target) == (kind, "db") for each in entries):
        os.kill(os.getpid(), signal.SIGKILL)

def deadly_record(ledger, *entries):
    die(entries, "result")
    written = record(ledger, *entries)
    die(entries, "intent")
    return written

Ledger.record = deadly_record
Ledger.lock.__kwdefaults__["ttl_s"] = lease_s
locks._BEATS_PER_LEASE = 0.001
main()
"""


def accepted_ids(output: str) -> list[str]:
    """The options that an output tells to give, in its order, once each."""
    return list(dict.fromkeys(re.findall(r"--accept ((?:D|S)-[0-9a-f]{8})", output)))


def with_accept(ids: list[str]) -> list[str]:
    """The options that accept these findings."""
    return [word for each in ids for word in ("--accept", each)]


@contextmanager
def furnished_house(folder: Path) -> Iterator[House]:
    """Three running systems that hold only what was there before, and a manifest nobody applied."""
    with sandbox_systems() as systems:
        password = secrets.token_urlsafe(24)
        with psycopg.connect(systems.environment["FLOWDB_DSN"], autocommit=True) as connection:
            own = sql.Identifier(OWN_ACCOUNT)
            text = sql.SQL(_BEFOREHAND).format(own=own, password=sql.Literal(password))
            connection.execute(text)
        at = f"127.0.0.1:{systems.cluster.port}"
        dsn = f"postgresql://{OWN_ACCOUNT}:{quote(password, safe='')}@{at}/{DATABASE}"
        systems.flowauth.store.set_admin(
            "admin", is_admin=False
        )  # two of the team are, from now on
        (folder / "access.yaml").write_text(MANIFEST, encoding="utf-8")
        (folder / "wiki.json").write_text(json.dumps(WIKI), encoding="utf-8")
        yield House(systems, Program(folder, {**systems.environment, "FLOWDB_DSN": dsn}))
        assert systems.flowauth.unplanned_errors == ()
