import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from hub.embedded.home import Home
from hub.embedded.postgres import Postgres
from hub.embedded.process import wait_for
from hub.embedded.valkey import Valkey
from hub.flow.context import Hub
from hub.keyring import Keyring
from hub.store import inbox
from hub.store.inbox import NewEvent
from tests.fixtures.running import COMMAND, Running

Start = Callable[..., Running]
RECOVERED_S = 105
CUSTOMERS = "select count(*) from golden where kind = 'customer'"


def _connect(hub: Hub) -> int:
    row = hub.db.one(
        "insert into connection (name, connector, flows, phase)"
        " values ('crm', 'webhook', '{\"customer\": \"in\"}', 'live') returning id"
    )
    assert row
    return int(row[0])


def _send(hub: Hub, connection_id: int, numbers: range, *, wake: bool = True) -> None:
    bodies = [
        b'{"type": "customer.updated", "timestamp": "2026-11-01T00:00:00Z", "data": {"id": "%d",'
        b' "updated_at": "2026-11-01T00:00:00.000000Z", "full_name": "Li %d"}}' % (number, number)
        for number in numbers
    ]
    events = [
        NewEvent(connection_id, "customer.updated", body, f"event {number}")
        for number, body in zip(numbers, bodies, strict=True)
    ]
    with hub.db.transaction() as conn:
        inbox.accept(conn, hub.keyring, events)
    if wake:
        hub.queue.wake("pipeline")


def _customers(hub: Hub, expected: int, seconds: float = RECOVERED_S) -> None:
    found = wait_for(lambda: (hub.db.one(CUSTOMERS) or (0,))[0] == expected, seconds, step_s=0.1)
    assert found, (
        f"{hub.db.one(CUSTOMERS)} of {expected}; {hub.db.all('select state, problem from event_work limit 3')}"
    )


def test_run_when_started_then_one_ready_line_and_ctrl_c_ends_all(start_hub: Start) -> None:
    running = start_hub("--workers", "1")
    url = running.wait_ready()
    assert running.get("/readyz")[0] == 200
    assert f"console {url}/" in running.errors.read_text()
    assert "first password of admin: " in running.errors.read_text()
    assert len(running.family()) > 8
    assert running.stop(signal.SIGINT) == 0
    assert running.is_gone()
    assert running.output.read_text() == f"ready {url}\n"
    assert sorted(path.name for path in (running.data_dir / "run").iterdir()) == []


def test_run_when_started_again_then_keeps_data_and_shows_no_password(start_hub: Start) -> None:
    first = start_hub("--workers", "1")
    first.wait_ready()
    with first.open() as hub:
        _send(hub, _connect(hub), range(5))
        _customers(hub, 5)
    assert first.stop(signal.SIGTERM) == 0
    second = start_hub("--workers", "1")
    second.wait_ready()
    assert "first password" not in second.errors.read_text()
    with second.open() as hub:
        _customers(hub, 5)


def test_run_when_the_launcher_is_killed_then_its_children_end_and_nothing_is_lost(start_hub: Start) -> None:
    first = start_hub("--workers", "1")
    first.wait_ready()
    with first.open() as hub:
        connection_id = _connect(hub)
        _send(hub, connection_id, range(3), wake=False)
    first.stop(signal.SIGKILL)
    # At once, while the old servers may still be ending.
    second = start_hub("--workers", "1")
    second.wait_ready()
    assert first.is_gone()
    with second.open() as hub:
        _send(hub, connection_id, range(3, 6))
        _customers(hub, 6)


def test_run_when_every_process_is_killed_then_starts_again_without_loss(start_hub: Start) -> None:
    first = start_hub("--workers", "1")
    first.wait_ready()
    with first.open() as hub:
        connection_id = _connect(hub)
        _send(hub, connection_id, range(300))
    first.kill(first.family())
    assert first.is_gone()
    second = start_hub("--workers", "1")
    second.wait_ready()
    with second.open() as hub:
        _customers(hub, 300)


def test_run_when_redis_forgets_or_dies_then_work_goes_on(start_hub: Start) -> None:
    running = start_hub("--workers", "1")
    running.wait_ready()
    with running.open() as hub:
        connection_id = _connect(hub)
        _send(hub, connection_id, range(5))
        _customers(hub, 5)
        with Redis.from_url(hub.settings.redis_url) as client:
            client.flushall()
        _send(hub, connection_id, range(5, 10), wake=False)
        _customers(hub, 10)
        (valkey,) = running.named("valkey-server")
        valkey.kill()
        _send(hub, connection_id, range(10, 15))
        _customers(hub, 15)
    assert "valkey had ended and was started again" in running.errors.read_text()


def test_run_when_redis_is_frozen_then_nobody_who_wakes_waits_and_work_goes_on_afterwards(start_hub: Start) -> None:
    running = start_hub("--workers", "1")
    running.wait_ready()
    with running.open() as hub:
        connection_id = _connect(hub)
        (valkey,) = running.named("valkey-server")
        valkey.suspend()
        started = time.monotonic()
        for number in range(20):
            _send(hub, connection_id, range(number, number + 1))
        assert time.monotonic() - started < 5
        valkey.resume()
        _customers(hub, 20)


def test_run_when_workers_web_and_postgres_are_killed_then_each_comes_back(start_hub: Start) -> None:
    running = start_hub("--workers", "2")
    running.wait_ready()
    with running.open() as hub:
        connection_id = _connect(hub)
        _send(hub, connection_id, range(200))
        running.kill(running.named("worker all"))
        _send(hub, connection_id, range(200, 400))
        _customers(hub, 400)
    running.kill([*running.named("postgres -D"), *running.named("main web")])
    assert wait_for(lambda: "postgres had ended" in running.errors.read_text(), RECOVERED_S)
    with running.open() as hub:
        _send(hub, connection_id, range(400, 410))
        _customers(hub, 410)
    assert wait_for(lambda: _is_ready(running), RECOVERED_S)


def _is_ready(running: Running) -> bool:
    try:
        return running.get("/readyz")[0] == 200
    except OSError:
        return False


def test_run_when_told_to_end_during_work_then_finishes_its_batch(start_hub: Start) -> None:
    running = start_hub("--workers", "1")
    running.wait_ready()
    with running.open() as hub:
        connection_id = _connect(hub)
        _send(hub, connection_id, range(2000))
        wait_for(lambda: (hub.db.one(CUSTOMERS) or (0,))[0] > 0, RECOVERED_S)
    running.stop(signal.SIGTERM)
    assert running.is_gone()
    log = (running.data_dir / "log" / "workers.log").read_text()
    assert "Error" not in log, log
    again = start_hub("--workers", "1")
    again.wait_ready()
    with again.open() as hub:
        assert hub.db.one("select count(*) from batch") in ((0,), (1,))
        _customers(hub, 2000, 60)
        assert hub.db.one("select count(*) from event_work where attempts > 0") == (0,)


def test_run_when_a_hub_runs_on_the_folder_then_a_second_is_refused(start_hub: Start) -> None:
    running = start_hub("--workers", "1")
    running.wait_ready()
    done = subprocess.run(
        [*COMMAND, "run"], cwd=running.folder, env=running.env, capture_output=True, text=True, check=False, timeout=40
    )
    assert done.returncode == 1
    assert f"(process {running.process.pid})" in done.stderr
    assert _is_ready(running)


def test_drain_when_a_hub_runs_then_talks_to_it(start_hub: Start) -> None:
    running = start_hub("--workers", "1")
    running.wait_ready()
    with running.open() as hub:
        connection_id = _connect(hub)
        _send(hub, connection_id, range(100))
        done = subprocess.run([*COMMAND, "drain"], cwd=running.folder, env=running.env, check=False, timeout=60)
        assert done.returncode == 0
        assert hub.db.one(CUSTOMERS) == (100,)


def test_drain_when_nobody_works_then_exit_code_1_and_says_what_is_left(start_hub: Start) -> None:
    running = start_hub("--workers", "1")
    running.wait_ready()
    with running.open() as hub:
        _send(hub, _connect(hub), range(3), wake=False)
        running.kill(running.named("worker all"))
        done = subprocess.run(
            [*COMMAND, "drain", "--timeout", "0"], cwd=running.folder, env=running.env, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "3 events" in done.stderr


def test_migrate_when_no_hub_runs_then_starts_servers_for_the_time_of_the_command(start_hub: Start) -> None:
    command = start_hub(command="migrate")
    assert command.process.wait(60) == 0, command.errors.read_text()
    assert command.output.read_text().startswith("at revision ")
    assert command.is_gone()
    assert not (command.data_dir / "postgres" / "postmaster.pid").exists()
    assert Home(command.data_dir).running() == {}


def test_run_when_addresses_are_given_then_uses_those_servers(
    start_hub: Start, database_url: str, valkey: Valkey
) -> None:
    env = {"DATABASE_URL": database_url, "REDIS_URL": valkey.url, "HUB_SECRET_KEY": Keyring.generate().export()}
    running = start_hub("--workers", "1", env=env)
    running.wait_ready()
    assert running.named("postgres -D") == []
    assert Home(running.data_dir).running() == {}
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select count(*) from person").fetchone() == (1,)
    assert running.stop() == 0
    assert running.is_gone()


def test_run_when_a_database_is_given_without_key_then_says_how(start_hub: Start, postgres: Postgres) -> None:
    running = start_hub(env={"DATABASE_URL": postgres.url_of("postgres"), "REDIS_URL": "redis://127.0.0.1:1/0"})
    assert running.process.wait(30) == 1
    assert "HUB_SECRET_KEY" in running.errors.read_text()
    assert "Traceback" not in running.errors.read_text()


def test_run_when_its_port_is_taken_then_says_so(start_hub: Start) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        running = start_hub("--port", str(taken.getsockname()[1]))
        assert running.process.wait(60) == 1
    assert running.output.read_text() == ""
    assert running.errors.read_text().startswith("error: ")
    assert running.is_gone()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_run_when_started_by_root_in_a_closed_folder_with_empty_home_then_runs(start_hub: Start) -> None:
    probe = start_hub("--help", env={"HOME": ""})
    probe.process.wait(20)
    probe.folder.chmod(0o700)
    running = start_hub("--workers", "1", env={"HOME": ""})
    running.wait_ready()
    assert running.get("/readyz")[0] == 200


def test_reload_when_a_policy_changes_then_the_new_release_is_in_force_and_a_broken_file_changes_nothing(
    start_hub: Start, tmp_path: Path
) -> None:
    env = {"HUB_MAPPINGS_DIR": str(tmp_path)}
    running = start_hub("--workers", "1", env=env)
    running.wait_ready()
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "customer.yaml").write_text("fields:\n  note: {policy: owner, connections: [crm]}\n")

    def reload() -> subprocess.CompletedProcess[str]:
        # Without the variable: a command finds the rules of the hub that runs.
        plain = {name: text for name, text in running.env.items() if name != "HUB_MAPPINGS_DIR"}
        return subprocess.run(
            [*COMMAND, "reload"], cwd=running.folder, env=plain, capture_output=True, text=True, check=False, timeout=90
        )

    before = _in_force(running)
    done = reload()
    assert done.returncode == 0, done.stderr
    assert _in_force(running) != before
    assert running.get("/readyz")[0] == 200
    assert "already" in reload().stderr
    (policies / "order.yaml").write_text("bad: [")
    broken = reload()
    assert (broken.returncode, "policies/order.yaml" in broken.stderr) == (1, True)
    assert running.get("/readyz")[0] == 200


def test_reload_when_no_hub_runs_then_the_next_start_has_them(start_hub: Start) -> None:
    running = start_hub("--help")
    running.process.wait(30)
    done = subprocess.run(
        [*COMMAND, "reload"],
        cwd=running.folder,
        env=running.env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, "release 1 is in force" in done.stderr) == (0, True), done.stderr


def _in_force(running: Running) -> object:
    with running.open() as hub:
        return hub.db.one("select value from setting where key = 'release'")
